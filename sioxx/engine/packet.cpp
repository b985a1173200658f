#include "sioxx/engine/packet.hpp"

// Grammar (Engine.IO protocol v4, "Packet encoding"):
//
//   text packet   = type *CHAR                    4hello   2   2probe   3   1   6
//   type          = "0" … "6"                     open close ping pong message upgrade noop
//   binary packet = the bytes of a message        one binary WebSocket frame; in a payload "b" and base64

namespace sioxx::engine {

std::optional<Packet> decode_text(std::string_view wire) {
  if (wire.empty() || wire.front() < '0' || wire.front() > '6') return std::nullopt;
  return Packet{static_cast<PacketType>(wire.front() - '0'), false, wire.substr(1)};
}

}  // namespace sioxx::engine
