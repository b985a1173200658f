#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sioxx::net {

/// What a WebSocket does about compression (RFC 7692), fixed by its handshake.
enum class Deflate : std::uint8_t {
  off,
  receive,  ///< the peer may compress; we do not, because it asked for a smaller window than ours
  both,
};

/// The answer to a Sec-WebSocket-Extensions header.
struct DeflateAnswer {
  Deflate deflate = Deflate::off;
  std::string header;  ///< value of the answer's Sec-WebSocket-Extensions; empty when off
};

/// Takes the first offer of permessage-deflate that can be accepted (RFC 7692 §5, §7.1); all others, malformed ones too,
/// are passed over. Both sides are always told to start every message afresh (…_no_context_takeover), so nobody keeps a
/// dictionary between messages. Pure.
DeflateAnswer negotiate_deflate(std::string_view extensions);

}  // namespace sioxx::net
