#pragma once

#include <cstdint>

namespace sioxx::loop::fault {

/// Where the operating system can say no.
enum class Point : std::uint8_t { accept, watch, read, write };

/// Asked before each such call: 0 lets it through, any other value is the errno that it fails with instead.
/// Null outside tests, which walk every error path by failing the N-th call. Set it only while no shard runs.
using Hook = int (*)(Point point);
inline Hook hook = nullptr;

inline int at(Point point) { return hook == nullptr ? 0 : hook(point); }

}  // namespace sioxx::loop::fault
