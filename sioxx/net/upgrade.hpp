#pragma once

#include "sioxx/net/http.hpp"
#include "sioxx/net/options.hpp"
#include "sioxx/net/raw_websocket.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sioxx::net {

class Connection;
class WebSocket;

/// Whether a GET asks for a WebSocket at all; whether it does so rightly is check_handshake()'s.
bool wants_websocket(const http::Request& request);

/// What is wrong with a WebSocket handshake (RFC 6455 §4.2.1).
enum class HandshakeFault : std::uint8_t { none, version, shape };
HandshakeFault check_handshake(const http::Request& request);
/// 426: the version that is spoken here.
http::Response upgrade_required();

/// Answers 101, agrees on compression if that is switched on, and turns the connection into a WebSocket. `unread` is what
/// it must be fed once somebody serves it.
WebSocket& accept_websocket(Connection& connection, const http::Request& request, std::string& unread);

/// Serves one request on a path of plain WebSockets: an upgrade, or 4xx.
void serve_raw(Connection& connection, const RawHandler& handler, const http::Request& request);

/// Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2).
std::string websocket_accept(std::string_view key);

}  // namespace sioxx::net
