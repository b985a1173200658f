#include "sioxx/server.hpp"

namespace sioxx {

Stats& operator+=(Stats& sum, const Stats& part) {
  sum.sessions += part.sessions;
  sum.websocket_sessions += part.websocket_sessions;
  sum.sockets += part.sockets;
  sum.rooms += part.rooms;
  sum.http_connections += part.http_connections;
  sum.sessions_opened += part.sessions_opened;
  sum.sessions_closed += part.sessions_closed;
  sum.upgrades += part.upgrades;
  sum.events_in += part.events_in;
  sum.events_out += part.events_out;
  sum.bytes_in += part.bytes_in;
  sum.bytes_out += part.bytes_out;
  sum.slow_consumers += part.slow_consumers;
  sum.ephemeral_dropped += part.ephemeral_dropped;
  sum.letters_refused += part.letters_refused;
  sum.parse_errors += part.parse_errors;
  sum.relayed += part.relayed;
  sum.relay_lost += part.relay_lost;
  sum.tunnels += part.tunnels;
  // Of these there is one for the whole server.
  if (part.bus.attached) sum.bus = part.bus;
  if (part.redis_adapter.attached) sum.redis_adapter = part.redis_adapter;
  return sum;
}

}  // namespace sioxx
