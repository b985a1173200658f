// cursor = base64url( 24 characters of ISO time  36 characters of UUID )      60 bytes, so 80 characters, no
// padding
#include "rozmova/store/cursor.hpp"

#include "rozmova/model.hpp"
#include "rozmova/store/store.hpp"

#include <cstdint>

namespace rozmova::store {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t time_chars = 24;
constexpr std::size_t plain_bytes = time_chars + Uuid::text_bytes;
constexpr std::size_t cursor_chars = plain_bytes / 3 * 4;
static_assert(plain_bytes % 3 == 0);

}  // namespace

std::string encode(const Cursor& cursor) {
  std::string plain = iso_time(cursor.activity);
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
  const auto id = Uuid::parse(std::string_view(plain).substr(time_chars));
  if (!when || iso_time(*when) != time || !id) return std::nullopt;
  return Cursor{*when, *id};
}

bool valid_cursor(std::string_view text) { return decode_cursor(text).has_value(); }

}  // namespace rozmova::store
