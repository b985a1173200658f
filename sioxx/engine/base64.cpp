#include "sioxx/engine/base64.hpp"

#include <array>
#include <cstdint>

namespace sioxx::engine {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t none = 0xff;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = none;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr auto values = make_values();

std::uint32_t byte(char c) { return static_cast<unsigned char>(c); }
std::uint8_t value(char c) { return values[static_cast<unsigned char>(c)]; }

}  // namespace

void base64_encode(std::string_view bytes, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + base64_size(bytes.size()));
  char* to = out.data() + start;
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = byte(bytes[i]) << 16 | byte(bytes[i + 1]) << 8 | byte(bytes[i + 2]);
    *to++ = alphabet[group >> 18];
    *to++ = alphabet[group >> 12 & 63];
    *to++ = alphabet[group >> 6 & 63];
    *to++ = alphabet[group & 63];
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 0) return;
  const std::uint32_t group = byte(bytes[i]) << 16 | (rest == 2 ? byte(bytes[i + 1]) << 8 : 0);
  *to++ = alphabet[group >> 18];
  *to++ = alphabet[group >> 12 & 63];
  *to++ = rest == 2 ? alphabet[group >> 6 & 63] : '=';
  *to++ = '=';
}

bool base64_decode(std::string_view text, std::string& out) {
  if (text.size() % 4 != 0) return false;
  if (text.empty()) return true;
  std::size_t padding = 0;
  if (text.back() == '=') padding = text[text.size() - 2] == '=' ? 2 : 1;
  const std::size_t start = out.size();
  out.resize(start + text.size() / 4 * 3 - padding);
  char* to = out.data() + start;
  const std::size_t whole = text.size() - (padding != 0 ? 4 : 0);
  for (std::size_t i = 0; i < whole; i += 4) {
    const std::uint8_t a = value(text[i]), b = value(text[i + 1]), c = value(text[i + 2]),
                       d = value(text[i + 3]);
    if ((a | b | c | d) & 0xc0) return false;
    const std::uint32_t group = static_cast<std::uint32_t>(a << 18 | b << 12 | c << 6 | d);
    *to++ = static_cast<char>(group >> 16);
    *to++ = static_cast<char>(group >> 8);
    *to++ = static_cast<char>(group);
  }
  if (padding == 0) return true;
  const std::uint8_t a = value(text[whole]), b = value(text[whole + 1]);
  const std::uint8_t c = padding == 1 ? value(text[whole + 2]) : std::uint8_t{0};
  if ((a | b | c) & 0xc0) return false;
  if (padding == 2 ? (b & 15) != 0 : (c & 3) != 0) return false;
  *to++ = static_cast<char>(a << 2 | b >> 4);
  if (padding == 1) *to++ = static_cast<char>((b & 15) << 4 | c >> 2);
  return true;
}

}  // namespace sioxx::engine
