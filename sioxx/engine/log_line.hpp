#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace sioxx {

/// One line of what the library does; the application writes it (it must be quick and thread-safe). Never
/// holds tokens or message contents; `sid` is cut to its first eight characters, because the whole is a
/// secret.
struct LogLine {
  enum class Level : std::uint8_t { debug, info, warning, error };
  Level level = Level::info;
  std::string_view event;  ///< e.g. "connection", "disconnection", "http_refused"
  std::string_view sid, socket, address, transport, reason, detail;
  std::int64_t duration_ms = -1;
};

using Log = std::function<void(const LogLine&)>;

}  // namespace sioxx
