#pragma once

#include <cstdint>
#include <string_view>

namespace sioxx {

/// Why a session or a socket ended. The texts are the field's own (Socket.IO documentation, "disconnect"
/// event), and "slow consumer" of ours.
enum class CloseReason : std::uint8_t {
  transport_close,
  transport_error,
  ping_timeout,
  parse_error,
  forced_close,  ///< the engine was closed without a disconnect packet ("forced close")
  server_namespace_disconnect,
  client_namespace_disconnect,
  server_shutting_down,
  slow_consumer,
};

std::string_view text(CloseReason reason);

/// Whether the client may connect again by itself at once; false when it was told to go.
bool may_reconnect(CloseReason reason);

/// Whether the client may come back to the session that ended so (connection state recovery): the connection broke,
/// nobody wanted to go, and there will still be somebody to come back to.
bool may_recover(CloseReason reason);

}  // namespace sioxx
