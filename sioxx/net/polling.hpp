#pragma once

#include "sioxx/net/http.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sioxx::net {

class Connection;
struct Options;

/// Which engine path this is: the index in Options::paths. "/socket.io/" takes itself, "/socket.io" and all
/// below.
std::optional<unsigned> engine_route(const Options& options, std::string_view path);

/// Serves one request on an engine path, on the shard where its session lives: handshake, GET, POST,
/// WebSocket upgrade; every refusal as the reference words it (Engine.IO v4, "HTTP long-polling", "Upgrade").
void serve_engine(Connection& connection, unsigned route, http::Request& request);

/// What the reference says of a session that is not there.
http::Response session_unknown_answer();

/// A second POST while one is still arriving: 400, and the session ends (the reference's "data request
/// overlap").
void refuse_parallel_post(Connection& connection, unsigned route, const std::string& sid);

}  // namespace sioxx::net
