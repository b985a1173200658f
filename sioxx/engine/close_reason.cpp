#include "sioxx/engine/close_reason.hpp"

namespace sioxx {

std::string_view text(CloseReason reason) {
  switch (reason) {
    case CloseReason::transport_close: return "transport close";
    case CloseReason::transport_error: return "transport error";
    case CloseReason::ping_timeout: return "ping timeout";
    case CloseReason::parse_error: return "parse error";
    case CloseReason::forced_close: return "forced close";
    case CloseReason::server_namespace_disconnect: return "server namespace disconnect";
    case CloseReason::client_namespace_disconnect: return "client namespace disconnect";
    case CloseReason::server_shutting_down: return "server shutting down";
    case CloseReason::slow_consumer: return "slow consumer";
  }
  return "unknown";
}

bool may_reconnect(CloseReason reason) {
  switch (reason) {
    case CloseReason::server_namespace_disconnect:
    case CloseReason::client_namespace_disconnect: return false;
    default: return true;
  }
}

bool may_recover(CloseReason reason) {
  switch (reason) {
    case CloseReason::transport_close:
    case CloseReason::transport_error:
    case CloseReason::ping_timeout:
    case CloseReason::forced_close:
    case CloseReason::slow_consumer: return true;
    case CloseReason::parse_error:
    case CloseReason::server_namespace_disconnect:
    case CloseReason::client_namespace_disconnect:
    case CloseReason::server_shutting_down: return false;
  }
  return false;
}

}  // namespace sioxx
