#pragma once

#include "sioxx/engine/packet.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sioxx::engine {

class Encoded;
class Transport;

/// Which revision of the protocol a client speaks; its handshake says so, and it stays so (`EIO=4`, `EIO=3`).
/// v3_base64: it said `b64=1` as well and is sent no bytes, only text.
enum class Revision : std::uint8_t { v4, v3, v3_base64 };

/// One WebSocket message from a client. `bytes` is room for what has to be decoded. Nothing: no packet.
std::optional<Packet> decode_message(std::string_view data, bool binary, Revision revision,
                                     std::string& bytes);

/// One part of a message, to a client of that revision.
void write_message(Transport& to, const Encoded& part, Revision revision);

}  // namespace sioxx::engine
