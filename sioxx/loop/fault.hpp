#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace sioxx::loop::fault {

/// Where the operating system can say no.
enum class Point : std::uint8_t { accept, watch, read, write };

/// Asked before each such call: 0 lets it through, a positive value is the errno that it fails with instead, minus n lets n
/// bytes of a read or a write through and no more.
/// Null outside tests, which walk every error path by failing the N-th call. Set it only while no shard runs.
using Hook = int (*)(Point point);
inline Hook hook = nullptr;

inline int at(Point point) { return hook == nullptr ? 0 : hook(point); }

/// What of `bytes` the answer of at() lets through.
inline std::size_t let_through(int answer, std::size_t bytes) {
  return answer < 0 ? std::min(bytes, static_cast<std::size_t>(-answer)) : bytes;
}

}  // namespace sioxx::loop::fault
