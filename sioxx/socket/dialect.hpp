#pragma once

#include <cstdint>

namespace sioxx::socket {

/// How a client writes its packets; known from its first message, or from the engine's revision. Kept in
/// Session::mark().
enum class Dialect : std::uint8_t {
  undecided,
  json,     ///< Socket.IO v5
  json_v4,  ///< Socket.IO 2: protocol revision 4 (legacy.hpp)
  msgpack,  ///< Socket.IO v5 with socket.io-msgpack-parser (msgpack.hpp)
};

}  // namespace sioxx::socket
