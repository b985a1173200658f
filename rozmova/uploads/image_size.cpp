// Where the numbers stand:
//
//   PNG    89 "PNG" 0D 0A 1A 0A | length(4) "IHDR" width(4) height(4)              big endian    (PNG 3rd ed. §11.2.1)
//   GIF    "GIF87a" | "GIF89a", width(2) height(2)                                 little endian (GIF89a §18)
//   WebP   "RIFF" length(4) "WEBP" then one of                                     little endian (RFC 9649 §2)
//            "VP8 " length(4) frame tag(3) 9D 01 2A width(2) height(2)             14 bits each
//            "VP8L" length(4) 2F, 14 bits width-1, 14 bits height-1
//            "VP8X" length(4) flags(4) width-1(3) height-1(3)
//   JPEG   FF D8, then segments FF marker length(2) …; C0–CF without C4, C8, CC:
//            length(2) precision(1) height(2) width(2)                             big endian    (ITU T.81 §B.2.2)

#include "rozmova/uploads/image_size.hpp"

#include <algorithm>

namespace rozmova::uploads {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t head_bytes = 30;  ///< enough for all but JPEG
constexpr std::size_t frame_bytes =
    9;  ///< of a JPEG's frame header: marker, length, precision, height, width

std::uint32_t byte(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }
std::uint32_t big(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | byte(bytes, at + i);
  return value;
}
std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = size; i > 0; --i) value = value << 8 | byte(bytes, at + i - 1);
  return value;
}

bool is_frame(std::uint32_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}
/// Markers that stand alone, without a length.
bool is_bare(std::uint32_t marker) { return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8); }

}  // namespace

void ImageScanner::feed(std::string_view bytes) {
  while (state_ != State::done && !bytes.empty()) {
    if (skip_ > 0) {
      const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
      bytes.remove_prefix(skipped);
      skip_ -= skipped;
      looked_at_ += skipped;
      continue;
    }
    const std::size_t taken = std::min(bytes.size(), head_bytes);
    kept_ += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    looked_at_ += taken;
    if (state_ == State::head) look_at_head();
    if (state_ == State::jpeg_marker) walk_jpeg();
    if (looked_at_ > looked_at_bytes_max) state_ = State::done;
  }
}

void ImageScanner::found(std::uint32_t width, std::uint32_t height) {
  state_ = State::done;
  if (width == 0 || height == 0 || width > static_cast<std::uint32_t>(side_max) ||
      height > static_cast<std::uint32_t>(side_max))
    return;
  size_ = ImageSize{static_cast<std::int32_t>(width), static_cast<std::int32_t>(height)};
}

void ImageScanner::look_at_head() {
  const std::string_view head = kept_;
  if (head.starts_with("\xff\xd8\xff"sv)) {
    kept_.erase(0, 2);
    state_ = State::jpeg_marker;
    return;
  }
  if (head.size() < head_bytes) return;
  if (head.starts_with("\x89PNG\r\n\x1a\n"sv) && head.substr(12, 4) == "IHDR") {
    return found(big(head, 16, 4), big(head, 20, 4));
  }
  if (head.starts_with("GIF8"sv)) return found(little(head, 6, 2), little(head, 8, 2));
  if (head.starts_with("RIFF"sv) && head.substr(8, 4) == "WEBP") {
    const std::string_view kind = head.substr(12, 4);
    if (kind == "VP8 " && head.substr(23, 3) == "\x9d\x01\x2a"sv)
      return found(little(head, 26, 2) & 0x3fffU, little(head, 28, 2) & 0x3fffU);
    if (kind == "VP8L" && byte(head, 20) == 0x2f) {
      const std::uint32_t bits = little(head, 21, 4);
      return found((bits & 0x3fffU) + 1, ((bits >> 14) & 0x3fffU) + 1);
    }
    if (kind == "VP8X") return found(little(head, 24, 3) + 1, little(head, 27, 3) + 1);
  }
  state_ = State::done;
}

void ImageScanner::walk_jpeg() {
  for (;;) {
    const std::string_view rest = kept_;
    if (rest.size() < 4) return;
    if (byte(rest, 0) != 0xff) {
      state_ = State::done;
      return;
    }
    const std::uint32_t marker = byte(rest, 1);
    if (marker == 0xff) {  // filling
      kept_.erase(0, 1);
      continue;
    }
    if (is_bare(marker)) {
      kept_.erase(0, 2);
      continue;
    }
    if (is_frame(marker)) {
      if (rest.size() < frame_bytes) return;
      return found(big(rest, 7, 2), big(rest, 5, 2));
    }
    const std::uint32_t length = big(rest, 2, 2);
    if (length < 2 || marker == 0xd9 || marker == 0xda) {  // the picture begins, or ends, without a frame
      state_ = State::done;
      return;
    }
    const std::size_t whole = std::size_t{length} + 2;
    if (whole > rest.size()) {
      skip_ = whole - rest.size();
      kept_.clear();
      return;
    }
    kept_.erase(0, whole);
  }
}

}  // namespace rozmova::uploads
