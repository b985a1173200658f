#pragma once

#include "rozmova/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rozmova::uploads {

/// The boundary of `multipart/form-data; boundary=…`; nothing when it is another type or has none that is allowed.
std::optional<std::string> multipart_boundary(std::string_view content_type);

/// Takes a multipart/form-data body apart as it comes: some small fields, then one file, whose bytes it passes on and
/// never keeps. Pure; one per body.
class Multipart {
 public:
  static constexpr std::size_t part_head_bytes_max = 4'096;
  static constexpr std::size_t field_bytes_max = 2'048;
  static constexpr int fields_max = 10;

  enum class Event : std::uint8_t {
    more,   ///< all bytes are used up
    field,  ///< name() and value()
    file,   ///< a file begins: file_name(), file_type(); its bytes follow
    bytes,  ///< piece() of the file
    end,    ///< the file is whole, and no other one follows; fields behind it are of no interest
    wrong,  ///< reason(); nothing more can be made of this body
  };

  explicit Multipart(std::string_view boundary);

  void feed(std::string_view bytes) { buffer_ += bytes; }
  /// The next thing that happened; ask until it says `more`, `end` or `wrong`.
  Event next();

  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  const std::string& file_name() const { return value_; }
  const std::string& file_type() const { return type_; }
  const std::string& piece() const { return value_; }
  const std::string& reason() const { return value_; }

 private:
  enum class State : std::uint8_t { preamble, head, field, file_start, file, late_field, end, wrong };

  Event wrong(std::string reason);
  Event begin_part();
  bool read_part_head(std::string_view head);

  State state_ = State::preamble;
  const std::string delimiter_;  ///< CRLF "--" boundary
  std::string buffer_;
  std::string name_, value_, type_;
  bool is_file_ = false;   ///< the part whose head was read last
  bool has_file_ = false;  ///< it is whole; what comes now stands behind it
  int fields_ = 0;
};

}  // namespace rozmova::uploads
