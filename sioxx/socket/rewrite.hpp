#pragma once

#include "sioxx/engine/encoded.hpp"

#include <cstdint>
#include <string_view>

namespace sioxx::socket {

/// Copies of an encoded EVENT with another head; attachments, order and flags stay. They exist so that a
/// broadcast is encoded once by whoever sends it and each shard adds what only it knows. Null when the message
/// is no EVENT of the default encoding, or has an ack id already. Any thread.
engine::EncodedPtr with_namespace(const engine::EncodedPtr& event, std::string_view nsp);
engine::EncodedPtr with_ack_id(const engine::EncodedPtr& event, std::uint64_t id);
/// With the offset as one more argument (socketio-wire §3.7).
engine::EncodedPtr with_offset(const engine::EncodedPtr& event, std::uint64_t offset);
/// As it was before with_offset(): for sockets that cannot come back.
engine::EncodedPtr without_offset(const engine::EncodedPtr& event);

}  // namespace sioxx::socket
