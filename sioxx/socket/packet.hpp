#pragma once

#include "sioxx/engine/encoded.hpp"
#include "sioxx/socket/json.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sioxx::socket {

/// Socket.IO v5 packet types; the digit on the wire is the value (protocol, "Packet types").
enum class PacketType : std::uint8_t {
  connect,
  disconnect,
  event,
  ack,
  connect_error,
  binary_event,
  binary_ack
};

/// How long and how deep a packet from a client may be.
struct PacketLimits {
  std::size_t namespace_bytes_max = 256;
  std::size_t event_name_bytes_max = 256;
  std::size_t attachments_max = 10;
};

/// One decoded packet. `nsp` points into the wire text.
struct Packet {
  PacketType type = PacketType::event;
  std::string_view nsp = "/";
  std::optional<std::uint64_t> id;
  std::size_t attachments = 0;  ///< how many binary messages must follow
  std::size_t bytes = 0;        ///< of its text as it was received
  boost::json::value data;      ///< CONNECT: object or null; EVENT, ACK: array; else null
};

/// Why a text is no packet; for logs and tests. Whatever it is, the answer is to close the connection.
enum class Defect : std::uint8_t { none, type, attachments, nsp, id, json, msgpack, payload, event_name };
std::string_view text(Defect defect);

/// An ack id above this is refused: it would come back changed from a JavaScript client.
inline constexpr std::uint64_t ack_id_max = std::uint64_t{1} << 53;

Defect decode(std::string_view wire, JsonReader& json, const PacketLimits& limits, Packet& packet);
/// The two halves of it: what can be read at all, and what a client may say.
Defect parse(std::string_view wire, JsonReader& json, const PacketLimits& limits, Packet& packet,
             bool& has_payload);
Defect check(const Packet& packet, bool has_payload, const PacketLimits& limits);

/// Whether an application must not use this name (reference: RESERVED_EVENTS).
bool is_reserved(std::string_view event);

// ---- encoding: everything below appends one packet, without the engine's digit, as the reference prints it
/// `pid`: empty where sessions cannot be recovered.
void encode_connect(std::string& out, std::string_view nsp, std::string_view socket_id,
                    std::string_view pid = {});
void encode_connect_error(std::string& out, std::string_view nsp, std::string_view message,
                          const boost::json::object& data);
void encode_disconnect(std::string& out, std::string_view nsp);
void encode_event(std::string& out, std::string_view nsp, std::string_view event,
                  const boost::json::array& args, std::size_t attachments = 0,
                  std::optional<std::uint64_t> ack_id = std::nullopt);
/// `args_text`: a finished JSON array.
void encode_ack(std::string& out, std::string_view nsp, std::uint64_t id, std::string_view args_text);
void encode_ack(std::string& out, std::string_view nsp, std::uint64_t id, const boost::json::array& args,
                std::size_t attachments = 0);

/// The binary messages that follow a packet, as a chain; null when there are none.
engine::EncodedPtr chain_attachments(std::span<const std::string> attachments, bool compress = true);

}  // namespace sioxx::socket
