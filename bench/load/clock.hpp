#pragma once

#include <cstdint>
#include <ctime>

namespace bench {

inline constexpr std::uint64_t ns_per_second = 1'000'000'000;
inline constexpr std::uint64_t ns_per_ms = 1'000'000;

constexpr std::uint64_t to_ns(double seconds) noexcept { return static_cast<std::uint64_t>(seconds * 1e9); }

/// Nanoseconds of the monotonic clock. Read once per received batch, never per frame.
[[nodiscard]] inline std::uint64_t now_ns() noexcept {
  timespec ts{};
  ::clock_gettime(CLOCK_MONOTONIC, &ts);
  return static_cast<std::uint64_t>(ts.tv_sec) * ns_per_second + static_cast<std::uint64_t>(ts.tv_nsec);
}

}  // namespace bench
