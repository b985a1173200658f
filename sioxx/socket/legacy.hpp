#pragma once

#include "sioxx/socket/packet.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace sioxx::socket {

// What clients of Socket.IO 2 (protocol revision 4) write and expect otherwise than those of v5. They are
// connected to "/" without asking; to other namespaces they say what they want to say in a query:
//
//   -> 0/admin?token=t,      <- 0/admin,            and for "/", unasked:   <- 0
//   refused                  <- 4/admin,"why"       or, when the refusal has data, that: 4{"code":"NO"}

/// How long the query of a CONNECT may be, beside the namespace.
inline constexpr std::size_t connect_query_bytes_max = 8'192;

/// Takes the query off the namespace of a CONNECT and makes it the payload, as v5 has it: an object of strings.
void take_connect_query(Packet& packet);

void encode_connect_v4(std::string& out, std::string_view nsp);
void encode_connect_error_v4(std::string& out, std::string_view nsp, std::string_view message,
                             const boost::json::object& data);

}  // namespace sioxx::socket
