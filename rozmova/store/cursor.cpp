// cursor = base64url( 24 characters of ISO time  3 digits of microseconds  36 characters of UUID )
//                                                                         63 bytes, so 84 characters, no padding
#include "rozmova/store/cursor.hpp"

#include "rozmova/model.hpp"
#include "rozmova/store/store.hpp"

#include <cstdint>

namespace rozmova::store {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t time_chars = 24;
constexpr std::size_t digits = 3;
constexpr std::size_t plain_bytes = time_chars + digits + Uuid::text_bytes;
constexpr std::int64_t us_per_ms = 1'000;
constexpr std::size_t cursor_chars = plain_bytes / 3 * 4;
static_assert(plain_bytes % 3 == 0);

}  // namespace

std::string encode(const Cursor& cursor) {
  const std::int64_t part = (cursor.activity_us % us_per_ms + us_per_ms) % us_per_ms;
  std::string plain = iso_time((cursor.activity_us - part) / us_per_ms);
  for (const std::int64_t unit : {100, 10, 1}) plain += static_cast<char>('0' + part / unit % 10);
  cursor.id.append_to(plain);
  std::string out;
  out.reserve(cursor_chars);
  for (std::size_t i = 0; i + 2 < plain.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(plain[at]));
    };
    const std::uint32_t group = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) out.push_back(alphabet[group >> shift & 63U]);
  }
  return out;
}

std::optional<Cursor> decode_cursor(std::string_view text) {
  if (text.size() != cursor_chars) return std::nullopt;
  std::string plain;
  plain.reserve(plain_bytes);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const std::size_t value = alphabet.find(text[i + k]);
      if (value == std::string_view::npos) return std::nullopt;
      group = group << 6U | static_cast<std::uint32_t>(value);
    }
    for (const unsigned shift : {16U, 8U, 0U}) plain.push_back(static_cast<char>(group >> shift & 0xffU));
  }
  const std::string_view time = std::string_view(plain).substr(0, time_chars);
  const auto when = parse_iso_time(time);
  std::int64_t part = 0;
  for (const char c : std::string_view(plain).substr(time_chars, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    part = part * 10 + (c - '0');
  }
  const auto id = Uuid::parse(std::string_view(plain).substr(time_chars + digits));
  if (!when || iso_time(*when) != time || !id) return std::nullopt;
  return Cursor{*when * us_per_ms + part, *id};
}

bool valid_cursor(std::string_view text) { return decode_cursor(text).has_value(); }

}  // namespace rozmova::store
