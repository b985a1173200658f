#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sioxx::net {

/// Takes the chunks of one request's body apart (RFC 9112 §7.1), byte by byte as they come, and strictly: no extensions, no
/// line end but CRLF. Trailers are read by the rules of headers, bounded, and dropped. Pure.
class ChunkedBody {
 public:
  enum class Step : std::uint8_t { more, complete, too_large, extension, broken };
  struct Result {
    Step step = Step::more;
    std::size_t used = 0;
  };

  explicit ChunkedBody(std::size_t trailer_bytes_max) : trailer_bytes_max_(trailer_bytes_max) {}

  /// Appends what is body to `body`; `too_large` as soon as a chunk announces more than `body_bytes_max` in all.
  Result feed(std::string_view bytes, std::string& body, std::uint64_t body_bytes_max);

 private:
  enum class State : std::uint8_t { size_first, size, size_lf, data, data_cr, data_lf, trailer, trailer_lf };
  Step take(char byte, std::uint64_t body_bytes_max);
  Step end_of_line();

  State state_ = State::size_first;
  std::uint8_t digits_ = 0;
  std::uint64_t chunk_ = 0;  ///< what is left of it
  std::uint64_t body_ = 0;   ///< announced so far
  std::size_t trailer_bytes_ = 0;
  const std::size_t trailer_bytes_max_;
  std::string line_;  ///< of a trailer, not whole yet
};

/// RFC 9110 §5.6.2.
bool is_token(std::string_view text);

}  // namespace sioxx::net
