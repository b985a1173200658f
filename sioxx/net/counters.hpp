#pragma once

#include <cstdint>

namespace sioxx::net {

/// What one shard's network floor has done. Plain integers: written by the shard's thread, read by asking the
/// shard.
struct Counters {
  std::uint64_t http_connections = 0;  ///< open now
  std::uint64_t websockets = 0;        ///< open now
  std::uint64_t http_requests = 0;
  std::uint64_t http_refused = 0;  ///< requests answered by net itself with 4xx or 5xx
  std::uint64_t upgrades = 0;      ///< WebSocket handshakes that were accepted
  std::uint64_t hand_overs = 0;    ///< connections given to another shard
  std::uint64_t relayed = 0;       ///< requests given to another process
  std::uint64_t relay_lost = 0;    ///< of these, those that no answer came to
  std::uint64_t tunnels = 0;       ///< open now: WebSockets whose session lives in another process
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t frames_in = 0, frames_out = 0;
  std::uint64_t protocol_errors = 0;  ///< WebSockets closed with 1002, 1007 or 1009
};

}  // namespace sioxx::net
