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

// ---- any value, as other servers write it onto a bus

/// Exactly one value; binary goes to `attachments` as above. False: it is none, too deep, or holds too much binary.
bool read_msgpack(std::string_view wire, std::size_t depth_max, std::size_t attachments_max,
                  boost::json::value& out, Attachments& attachments);
void write_msgpack(std::string& out, const boost::json::value& value,
                   std::span<const std::string_view> attachments);

}  // namespace sioxx::socket
