#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace sioxx {

/// A WebSocket (RFC 6455) with nothing on top of it: no Engine.IO, no heartbeat, no session. Belongs to the library; use
/// it only within the handler's call, on its shard's thread.
class RawWebSocket {
 public:
  /// One message; `data` of a text message must be UTF-8. Over send_queue_bytes_max the connection is closed (1008).
  virtual void send(std::string_view data, bool binary) = 0;
  /// Says goodbye with this code (RFC 6455 §7.4.1) behind all that has been sent; nothing is heard afterwards.
  virtual void close(std::uint16_t code = 1000, std::string_view reason = {}) = 0;

 protected:
  ~RawWebSocket() = default;
};

/// Called for each message, on the shard of the connection; the bytes last for the call.
using RawHandler = std::function<void(RawWebSocket&, std::string_view data, bool binary)>;

}  // namespace sioxx
