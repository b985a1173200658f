#include "sioxx/engine/process_id.hpp"

#include "sioxx/engine/id.hpp"

namespace sioxx::engine {
namespace {

constexpr unsigned bits_a_letter = 6;
constexpr unsigned bits = 64;

}  // namespace

ProcessId ProcessId::of(const std::array<unsigned char, bytes>& random) {
  std::uint64_t value = 0;
  for (const unsigned char byte : random) value = value << 8 | byte;
  return ProcessId(value == 0 ? 1 : value);
}

// Ten letters of six bits, and one of the four that are left, in its upper bits.
std::string ProcessId::text() const {
  std::string text(letters, 'A');
  for (std::size_t i = 0; i < letters; ++i) {
    const auto used = static_cast<unsigned>(i) * bits_a_letter;
    const std::uint64_t rest = value_ << used;
    text[i] = Id::letters[rest >> (bits - bits_a_letter)];
  }
  return text;
}

std::optional<ProcessId> ProcessId::parse(std::string_view text) {
  if (text.size() != letters) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i + 1 < letters; ++i) {
    const auto letter = Id::value(text[i]);
    if (!letter) return std::nullopt;
    value = value << bits_a_letter | *letter;
  }
  const auto last = Id::value(text.back());
  if (!last || (*last & 3) != 0) return std::nullopt;
  return ProcessId(value << 4 | *last >> 2);
}

}  // namespace sioxx::engine
