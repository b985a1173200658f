#include "sioxx/net/upgrade.hpp"

#include "sioxx/net/connection.hpp"
#include "sioxx/net/cors.hpp"
#include "sioxx/net/http_parser.hpp"
#include "sioxx/net/permessage_deflate.hpp"
#include "sioxx/net/response.hpp"
#include "sioxx/net/websocket.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <memory>

namespace sioxx::net {
namespace {

/// A WebSocket key is 16 bytes in base64: 22 characters and "==".
bool is_websocket_key(std::string_view key) {
  const auto base64 = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, base64);
}

struct FreeDigest {
  void operator()(EVP_MD* digest) const { ::EVP_MD_free(digest); }
  void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
};

/// SHA-1, looked up once: OpenSSL 3's SHA1() looks for it anew in each call, which costs several times the hashing.
const EVP_MD* sha1() {
  static const std::unique_ptr<EVP_MD, FreeDigest> found(::EVP_MD_fetch(nullptr, "SHA1", nullptr));
  return found.get();
}

/// Every line of a header that may be repeated, as one list (RFC 9110 §5.3).
std::string joined_header(const http::Request& request, std::string_view lower_case_name) {
  std::string all;
  for (const auto& [name, value] : request.headers) {
    if (name != lower_case_name) continue;
    if (!all.empty()) all += ',';
    all += value;
  }
  return all;
}

}  // namespace

bool wants_websocket(const http::Request& request) {
  return request.method == "GET" && has_token(request, "upgrade", "websocket");
}

HandshakeFault check_handshake(const http::Request& request) {
  if (request.header("sec-websocket-version") != "13") return HandshakeFault::version;
  const bool good = request.http11 && has_token(request, "connection", "upgrade") &&
                    is_websocket_key(request.header("sec-websocket-key")) && request.body.empty();
  return good ? HandshakeFault::none : HandshakeFault::shape;
}

http::Response upgrade_required() {
  http::Response response = error_response(426, "UPGRADE_REQUIRED", "WebSocket version 13 is spoken here.");
  response.headers.emplace_back("Upgrade", "websocket");
  response.headers.emplace_back("Sec-WebSocket-Version", "13");
  return response;
}

WebSocket& accept_websocket(Connection& connection, const http::Request& request, std::string& unread) {
  DeflateAnswer answer;
  if (connection.home().options().websocket_compression)
    answer = negotiate_deflate(joined_header(request, "sec-websocket-extensions"));
  std::string head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  head += "Sec-WebSocket-Accept: ";
  head += websocket_accept(request.header("sec-websocket-key"));
  if (answer.deflate != Deflate::off) {
    head += "\r\nSec-WebSocket-Extensions: ";
    head += answer.header;
  }
  head += "\r\n\r\n";
  ++connection.home().count().upgrades;
  return connection.become_websocket(head, answer.deflate, unread);
}

void serve_raw(Connection& connection, const RawHandler& handler, const http::Request& request) {
  if (!wants_websocket(request)) return connection.respond(upgrade_required());
  switch (check_handshake(request)) {
    case HandshakeFault::version: return connection.respond(upgrade_required());
    case HandshakeFault::shape:
      return connection.respond(error_response(400, "BAD_REQUEST", "This is no WebSocket handshake."));
    case HandshakeFault::none: break;
  }
  if (!Cors(connection.home().options()).admits(request.header("origin"), request.header("host")))
    return connection.respond(error_response(403, "FORBIDDEN", "Pages of this origin may not connect."));
  std::string unread;
  WebSocket& websocket = accept_websocket(connection, request, unread);
  websocket.serve(handler);
  websocket.feed({unread.data(), unread.size()});
}

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(::EVP_MD_CTX_new());
  unsigned char digest[SHA_DIGEST_LENGTH] = {};
  ::EVP_DigestInit_ex2(context.get(), sha1(), nullptr);
  ::EVP_DigestUpdate(context.get(), text.data(), text.size());
  ::EVP_DigestFinal_ex(context.get(), digest, nullptr);
  unsigned char base64[SHA_DIGEST_LENGTH * 2];
  const int size = ::EVP_EncodeBlock(base64, digest, SHA_DIGEST_LENGTH);
  return {reinterpret_cast<const char*>(base64), static_cast<std::size_t>(size)};
}

}  // namespace sioxx::net
