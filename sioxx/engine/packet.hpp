#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sioxx::engine {

/// Engine.IO v4 packet types; the digit on the wire is the value (protocol, "Packet encoding").
enum class PacketType : std::uint8_t { open = 0, close, ping, pong, message, upgrade, noop };

/// One packet as it stands in somebody else's buffer; `data` without the type digit. A binary packet is
/// always a message.
struct Packet {
  PacketType type = PacketType::message;
  bool binary = false;
  std::string_view data;
};

/// Text form: one digit, then data. Nothing on an empty text or an unknown type.
std::optional<Packet> decode_text(std::string_view wire);

constexpr char digit(PacketType type) { return static_cast<char>('0' + static_cast<int>(type)); }

}  // namespace sioxx::engine
