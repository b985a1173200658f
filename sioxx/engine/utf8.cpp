// Table 3-7 of the Unicode Standard, as code: what the first byte is says how many follow and what the second
// may be.
//
//   00..7F                      -
//   C2..DF                      80..BF
//   E0                          A0..BF 80..BF           (less would be overlong)
//   E1..EC EE EF                80..BF 80..BF
//   ED                          80..9F 80..BF           (more would be a surrogate)
//   F0                          90..BF 80..BF 80..BF
//   F1..F3                      80..BF 80..BF 80..BF
//   F4                          80..8F 80..BF 80..BF    (more would be beyond U+10FFFF)

#include "sioxx/engine/utf8.hpp"

#include <cstddef>
#include <cstring>

namespace sioxx::engine {

bool Utf8Checker::feed(std::string_view piece) {
  const char* at = piece.data();
  const char* const end = at + piece.size();
  while (at != end) {
    if (pending_ == 0) {
      while (end - at >= 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, at, 8);
        if ((eight & 0x8080808080808080u) != 0) break;
        at += 8;
      }
      while (at != end && static_cast<unsigned char>(*at) < 0x80) ++at;
      if (at == end) return true;
    }
    const auto byte = static_cast<std::uint8_t>(*at++);
    if (pending_ != 0) {
      if (byte < low_ || byte > high_) return false;
      --pending_;
      low_ = 0x80;
      high_ = 0xbf;
    } else if (byte >= 0xc2 && byte <= 0xdf) {
      pending_ = 1;
    } else if (byte >= 0xe0 && byte <= 0xef) {
      pending_ = 2;
      if (byte == 0xe0) low_ = 0xa0;
      if (byte == 0xed) high_ = 0x9f;
    } else if (byte >= 0xf0 && byte <= 0xf4) {
      pending_ = 3;
      if (byte == 0xf0) low_ = 0x90;
      if (byte == 0xf4) high_ = 0x8f;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace sioxx::engine
