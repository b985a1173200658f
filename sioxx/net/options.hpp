#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sioxx::net {

/// What the network floor may be told; the Server fills it from its own Options. Never changes once shards
/// run.
struct Options {
  /// Engine paths, e.g. "/socket.io/" (the form without the last slash is taken too). The index is the
  /// `route` of House::sessions().
  std::vector<std::string> paths{"/socket.io/"};
  /// Paths of plain WebSockets, exactly as they are asked for. The index is that of House::raw_handler().
  std::vector<std::string> raw_paths;
  std::int64_t http_header_timeout_ms =
      10'000;  ///< from accept, or from a request's first byte, to the end of its head
  std::int64_t http_body_timeout_ms = 60'000;  ///< for a body to arrive, and for any progress of an answer
  std::int64_t http_idle_timeout_ms = 65'000;  ///< keep-alive between requests
  std::int64_t close_timeout_ms = 3'000;  ///< for a peer to take the last bytes and close, then it is dropped
  std::size_t max_payload_bytes = 1'000'000;     ///< one WebSocket message, one polling POST
  std::size_t send_queue_bytes_max = 1'048'576;  ///< of a plain WebSocket; sessions watch their own
  std::size_t http_body_bytes_max = 1'048'576;   ///< requests to the application's own routes
  std::size_t http_head_bytes_max = 16'384;
  std::size_t http_headers_max = 100;
  /// TCP connections, and beside them, counted by themselves, sessions that poll; 0: unlimited.
  std::size_t connections_max = 100'000;
  /// The same two of one address; 0: unlimited. Behind a trusted proxy the addresses are those that it tells,
  /// and of the connections only WebSockets are counted.
  std::size_t connections_per_ip_max = 200;
  /// Connections that may come within a second, and at once; more are answered 503. 0: unlimited.
  std::size_t accepts_per_second_max = 0;
  std::vector<std::string>
      cors_origins;  ///< allowed origins; "*" any (then without credentials); empty: none
  bool cors_credentials = true;
  std::vector<std::string> cors_exposed_headers;  ///< that scripts of other origins may read
  bool trust_proxy = false;
  bool allow_upgrades = true;
  /// Answers of text are compressed (gzip, deflate) when the client accepts it and they are of this size; above it
  /// compressing would hold up the shard for too long.
  bool http_compression = true;
  std::size_t http_compression_bytes_min = 1'024;
  std::size_t compression_bytes_max = 262'144;
  /// permessage-deflate (RFC 7692) for clients that offer it; messages below the size are sent as they are.
  bool websocket_compression = false;
  std::size_t websocket_compression_bytes_min = 1'024;
  /// What processes that serve together sign the requests with that they give each other; empty: none is given or taken.
  std::string relay_secret;
  /// Another process that says nothing for so long is gone. Longer than a poll waits.
  std::int64_t relay_silence_ms_max = 60'000;
  bool allow_eio3 = false;  ///< clients of Engine.IO protocol 3 (Socket.IO 2) are let in
};

}  // namespace sioxx::net
