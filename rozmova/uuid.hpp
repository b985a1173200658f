#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rozmova {

/// A UUID (RFC 9562) as a value; printed lower-case with hyphens.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  static constexpr std::size_t text_bytes = 36;

  auto operator<=>(const Uuid&) const = default;
  bool is_nil() const { return *this == Uuid{}; }
  std::string text() const;
  void append_to(std::string& out) const;
  void write_to(char* out) const;  ///< exactly text_bytes characters

  /// Accepts upper and lower case, the hyphenated form only; nothing otherwise.
  static std::optional<Uuid> parse(std::string_view text);
  /// Version 7 (RFC 9562 §5.7): the given time in milliseconds, then random bits; ids made by one thread within the same
  /// millisecond still grow.
  static Uuid v7(std::int64_t unix_ms);
  /// The time that it was made with; of another version: any number.
  std::int64_t unix_ms() const;
};

}  // namespace rozmova

template <>
struct std::hash<rozmova::Uuid> {
  std::size_t operator()(const rozmova::Uuid& id) const noexcept;
};
