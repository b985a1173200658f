#pragma once

#include <cstdint>
#include <string_view>

namespace sioxx::engine {

/// Checks UTF-8 (RFC 3629) piece by piece: says no at the first byte that cannot be part of valid text.
class Utf8Checker {
 public:
  bool feed(std::string_view piece);
  /// Whether the text may end here (not in the middle of a character).
  bool complete() const { return pending_ == 0; }
  void reset() { *this = Utf8Checker(); }

 private:
  std::uint8_t pending_ = 0;  ///< continuation bytes still to come
  std::uint8_t low_ =
      0x80;  ///< bounds of the next one: they exclude overlong forms, surrogates and > U+10FFFF
  std::uint8_t high_ = 0xbf;
};

inline bool is_utf8(std::string_view text) {
  Utf8Checker checker;
  return checker.feed(text) && checker.complete();
}

}  // namespace sioxx::engine
