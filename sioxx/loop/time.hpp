#pragma once

#include <cstdint>

namespace sioxx::loop {

/// Milliseconds of a clock that never runs backwards. Only a Shard reads the clock; everybody else is told.
using TimeMs = std::int64_t;

/// Milliseconds since 1970 (UTC), for what people read: handshakes, rows, logs.
using WallMs = std::int64_t;

}  // namespace sioxx::loop
