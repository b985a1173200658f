#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sioxx::engine {

/// Which process of a cluster: eight random bytes, made when a Server is made; a process that starts again is another
/// one. As text: eleven letters of Id (six bits each, the highest first), so that it, or the beginning of it, may stand
/// in ids, in the names of channels and in logs. A value.
class ProcessId {
 public:
  static constexpr std::size_t bytes = 8;
  static constexpr std::size_t letters = 11;

  /// Nobody: what a default-made one says.
  constexpr ProcessId() = default;
  constexpr explicit ProcessId(std::uint64_t value) : value_(value) {}
  static ProcessId of(const std::array<unsigned char, bytes>& random);
  /// Nothing for a text that is not exactly what text() writes.
  static std::optional<ProcessId> parse(std::string_view text);

  std::string text() const;
  constexpr std::uint64_t value() const { return value_; }
  constexpr explicit operator bool() const { return value_ != 0; }
  friend constexpr auto operator<=>(const ProcessId&, const ProcessId&) = default;

 private:
  std::uint64_t value_ = 0;
};

}  // namespace sioxx::engine
