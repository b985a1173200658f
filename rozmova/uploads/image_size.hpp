#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rozmova::uploads {

struct ImageSize {
  std::int32_t width = 0;
  std::int32_t height = 0;
};

/// Reads width and height of a PNG, GIF, WebP or JPEG from its headers while the file comes by, without decoding
/// anything: numbers that a file tells of itself. Pure; keeps a few bytes.
class ImageScanner {
 public:
  /// Past this a JPEG that has not told its size is not asked any more.
  static constexpr std::uint64_t looked_at_bytes_max = 2'097'152;
  static constexpr std::int32_t side_max = 1'000'000;

  void feed(std::string_view bytes);
  std::optional<ImageSize> size() const { return size_; }

 private:
  enum class State : std::uint8_t { head, jpeg_marker, done };

  void look_at_head();
  void walk_jpeg();
  void found(std::uint32_t width, std::uint32_t height);

  State state_ = State::head;
  std::string kept_;        ///< bytes that are not understood yet
  std::uint64_t skip_ = 0;  ///< of what comes, before anything is looked at
  std::uint64_t looked_at_ = 0;
  std::optional<ImageSize> size_;
};

}  // namespace rozmova::uploads
