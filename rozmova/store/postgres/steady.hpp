#pragma once

#include <chrono>
#include <cstdint>

namespace rozmova::store::postgres {

/// Milliseconds of a clock that nobody sets: for deadlines.
inline std::int64_t steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace rozmova::store::postgres
