#pragma once

#include "sioxx/socket/event.hpp"
#include "sioxx/socket/packet.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace sioxx::socket {

/// One binary message of socket.io-msgpack-parser as the packet that the JSON dialect would have made of it:
/// binary goes to `attachments`, in its place stands placeholder(n). `packet.nsp` points into `wire`. A date
/// becomes the text that JSON.stringify makes of it, what JavaScript calls undefined becomes null.
Defect decode_msgpack(std::string_view wire, std::size_t depth_max, const PacketLimits& limits,
                      Packet& packet, Attachments& attachments);

/// Appends a packet of ours; a placeholder(n) in it becomes attachments[n].
void encode_msgpack(std::string& out, const Packet& packet, std::span<const std::string_view> attachments);

}  // namespace sioxx::socket
