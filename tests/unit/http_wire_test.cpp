// Raw bytes in, exact answers out: every shape of a request that two servers in a row might read differently, what is too
// long, too slow, too old. After a refusal nothing more is served, and the client can read why.
#include "net_world.hpp"

#include "sioxx/net/connection.hpp"

#include <algorithm>

namespace sioxx::net::test {
namespace {

/// Closes the connection, or goes on to the next request.
enum class Then : std::uint8_t { closes, goes_on };

struct Case {
  const char* what;
  std::string wire;
  int status;
  std::string_view code;  ///< of the error, or the body
  Then then = Then::closes;
};

std::string get(const std::string& target, const std::string& headers = "",
                const std::string& version = "HTTP/1.1") {
  return "GET " + target + " " + version + "\r\nHost: h\r\n" + headers + "\r\n";
}
std::string post(const std::string& headers, const std::string& rest) {
  return "POST /app HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n" + rest;
}
std::string chunked(const std::string& chunks) { return post("Transfer-Encoding: chunked\r\n", chunks); }
std::string with_nul(std::string text) {
  text[text.find('@')] = '\0';
  return text;
}

const std::string x20k(20'000, 'x');

const Case cases[] = {
    // ---- how long is it?
    {"length and coding", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG"), 400,
     "BAD_REQUEST"},
    {"coding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400,
     "BAD_REQUEST"},
    {"two lengths", post("Content-Length: 0\r\nContent-Length: 5\r\n", "hello"), 400, "BAD_REQUEST"},
    {"two equal lengths", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400, "BAD_REQUEST"},
    {"a list of lengths", post("Content-Length: 5, 5\r\n", "hello"), 400, "BAD_REQUEST"},
    {"a signed length", post("Content-Length: +5\r\n", "hello"), 400, "BAD_REQUEST"},
    {"a negative length", post("Content-Length: -5\r\n", "hello"), 400, "BAD_REQUEST"},
    {"a hexadecimal length", post("Content-Length: 0x5\r\n", "hello"), 400, "BAD_REQUEST"},
    {"a length with a space in it", post("Content-Length: 1 2\r\n", "hello"), 400, "BAD_REQUEST"},
    {"no length after the colon", post("Content-Length: \r\n", ""), 400, "BAD_REQUEST"},
    {"a length that overflows", post("Content-Length: 18446744073709551617\r\n", ""), 400, "BAD_REQUEST"},
    {"a length over the limit", post("Content-Length: 1048577\r\n", ""), 413, "PAYLOAD_TOO_LARGE"},
    {"the same, asked first", post("Content-Length: 1048577\r\nExpect: 100-continue\r\n", ""), 413,
     "PAYLOAD_TOO_LARGE"},
    {"another coding", post("Transfer-Encoding: gzip\r\n", ""), 400, "BAD_REQUEST"},
    {"a coding that looks like it", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"chunked twice in two lines",
     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"chunked twice in one", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400,
     "BAD_REQUEST"},
    {"chunked not last", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"gzip, then chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"identity", post("Transfer-Encoding: identity\r\n", ""), 400, "BAD_REQUEST"},
    {"chunked with a vertical tab",
     post("Transfer-Encoding: \x0b"
          "chunked\r\n",
          "0\r\n\r\n"),
     400, "BAD_REQUEST"},
    {"chunked in HTTP/1.0", "POST /app HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400, "BAD_REQUEST"},
    {"an underscore instead", post("Content_Length: 9\r\nContent-Length: 5\r\n", "hello"), 200,
     "POST /app hello", Then::goes_on},
    // ---- chunks
    {"chunks", chunked("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), 200, "POST /app hello!", Then::goes_on},
    {"chunks, hexadecimal in both cases", chunked("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), 200,
     "POST /app 01234567890123456789", Then::goes_on},
    {"trailers are read and dropped", chunked("5\r\nhello\r\n0\r\nX-Late: 1\r\n\r\n"), 200, "POST /app hello",
     Then::goes_on},
    {"a trailer without a colon", chunked("0\r\nnonsense\r\n\r\n"), 400, "BAD_REQUEST"},
    {"a trailer with a NUL", with_nul(chunked("0\r\nX: @\r\n\r\n")), 400, "BAD_REQUEST"},
    {"a trailer with a bare line feed", chunked("0\r\nX: y\n\r\n"), 400, "BAD_REQUEST"},
    {"a trailer that is folded", chunked("0\r\nX: y\r\n z: w\r\n\r\n"), 400, "BAD_REQUEST"},
    {"a trailer that names another host", chunked("0\r\nHost: evil\r\n\r\n"), 400, "BAD_REQUEST"},
    {"zeros in front of a chunk size", chunked("0000000000000005\r\nhello\r\n000\r\n\r\n"), 200,
     "POST /app hello", Then::goes_on},
    {"too many zeros", chunked("00000000000000005\r\nhello\r\n0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"a length in a trailer", chunked("5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n"), 400, "BAD_REQUEST"},
    {"a chunk extension", chunked("5;a=b\r\nhello\r\n0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"an extension of the last chunk", chunked("0;a\r\n\r\n"), 400, "BAD_REQUEST"},
    {"a chunk size that is none", chunked("xyz\r\nhello\r\n0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"no chunk size", chunked("\r\nhello\r\n0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"a signed chunk size", chunked("+5\r\nhello\r\n0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"a chunk size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"a chunk size that overflows", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"a chunk over the limit", chunked("100001\r\n"), 413, "PAYLOAD_TOO_LARGE"},
    {"a chunk that is longer than it says", chunked("4\r\nhello\r\n0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"a chunk that ends in a bare line feed", chunked("5\nhello\r\n0\r\n\r\n"), 400, "BAD_REQUEST"},
    {"a chunk size line without end", chunked("5" + x20k), 400, "BAD_REQUEST"},
    {"trailers without end", chunked("0\r\nX: " + x20k), 400, "BAD_REQUEST"},
    // ---- lines
    {"bare line feeds", "GET /app HTTP/1.1\nHost: h\n\n", 400, "BAD_REQUEST"},
    {"one bare line feed", "GET /app HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400, "BAD_REQUEST"},
    {"a bare carriage return", "GET /app HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400, "BAD_REQUEST"},
    {"two carriage returns", "GET /app HTTP/1.1\r\r\nHost: h\r\n\r\n", 400, "BAD_REQUEST"},
    {"a folded header", get("/app", "X: 1\r\n folded\r\n"), 400, "BAD_REQUEST"},
    {"a header folded by a tab", get("/app", "X: 1\r\n\tfolded\r\n"), 400, "BAD_REQUEST"},
    {"a first header that is folded", "GET /app HTTP/1.1\r\n Host: h\r\n\r\n", 400, "BAD_REQUEST"},
    {"a space before the colon", post("Content-Length : 5\r\n", "hello"), 400, "BAD_REQUEST"},
    {"a tab before the colon", post("Content-Length\t: 5\r\n", "hello"), 400, "BAD_REQUEST"},
    {"no colon", get("/app", "nonsense\r\n"), 400, "BAD_REQUEST"},
    {"no name", get("/app", ": x\r\n"), 400, "BAD_REQUEST"},
    {"a name with a slash", get("/app", "X/Y: x\r\n"), 400, "BAD_REQUEST"},
    {"a NUL in a value", with_nul(get("/app", "X: a@b\r\n")), 400, "BAD_REQUEST"},
    {"a NUL in a name", with_nul(get("/app", "X@: b\r\n")), 400, "BAD_REQUEST"},
    {"a NUL in the target", with_nul(get("/a@b")), 400, "BAD_REQUEST"},
    {"DEL in a value", get("/app", "X: a\x7f\r\n"), 400, "BAD_REQUEST"},
    {"octets above ASCII in a value", get("/app", "X: \xc3\xa9\r\n"), 200, "GET /app ", Then::goes_on},
    {"one empty line before", "\r\n" + get("/app"), 200, "GET /app ", Then::goes_on},
    {"two empty lines before", "\r\n\r\n" + get("/app"), 400, "BAD_REQUEST"},
    // ---- the request line
    {"two spaces", "GET  /app HTTP/1.1\r\nHost: h\r\n\r\n", 400, "BAD_REQUEST"},
    {"two spaces before the version", "GET /app  HTTP/1.1\r\nHost: h\r\n\r\n", 400, "BAD_REQUEST"},
    {"a space in front", " GET /app HTTP/1.1\r\nHost: h\r\n\r\n", 400, "BAD_REQUEST"},
    {"a tab between", "GET\t/app HTTP/1.1\r\nHost: h\r\n\r\n", 400, "BAD_REQUEST"},
    {"HTTP/0.9", "GET /app\r\n\r\n", 400, "BAD_REQUEST"},
    {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "VERSION_NOT_SUPPORTED"},
    {"HTTP/1.2", get("/app", "", "HTTP/1.2"), 505, "VERSION_NOT_SUPPORTED"},
    {"a version in small letters", get("/app", "", "http/1.1"), 400, "BAD_REQUEST"},
    {"HTTP/1.10", get("/app", "", "HTTP/1.10"), 400, "BAD_REQUEST"},
    {"HTTP/01.1", get("/app", "", "HTTP/01.1"), 400, "BAD_REQUEST"},
    {"a method that is no word", "G(T /app HTTP/1.1\r\nHost: h\r\n\r\n", 400, "BAD_REQUEST"},
    {"CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", 400, "BAD_REQUEST"},
    {"a target without slash", get("app"), 400, "BAD_REQUEST"},
    {"a fragment in the target", get("/app#x"), 400, "BAD_REQUEST"},
    {"an absolute target", get("http://h/app"), 200, "GET /app ", Then::goes_on},
    {"an absolute target of another host", get("http://evil/app"), 400, "BAD_REQUEST"},
    {"an absolute target with a user", get("http://me@h/app"), 400, "BAD_REQUEST"},
    {"an absolute target of another scheme", get("ftp://h/app"), 400, "BAD_REQUEST"},
    {"a broken escape", get("/a%zz"), 400, "BAD_REQUEST"},
    {"a NUL by escape", get("/a%00"), 400, "BAD_REQUEST"},
    {"dots are taken out", get("/x/../app"), 200, "GET /app ", Then::goes_on},
    {"TLS at the plain port", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), 400,
     "BAD_REQUEST"},
    // ---- Host
    {"no Host", "GET /app HTTP/1.1\r\n\r\n", 400, "BAD_REQUEST"},
    {"two Hosts", "GET /app HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400, "BAD_REQUEST"},
    {"a Host with a path", "GET /app HTTP/1.1\r\nHost: h/x\r\n\r\n", 400, "BAD_REQUEST"},
    {"a Host with a user", "GET /app HTTP/1.1\r\nHost: me@h\r\n\r\n", 400, "BAD_REQUEST"},
    {"a list of Hosts", "GET /app HTTP/1.1\r\nHost: h, i\r\n\r\n", 400, "BAD_REQUEST"},
    {"HTTP/1.0 without Host", "GET /app HTTP/1.0\r\n\r\n", 200, "GET /app "},
    {"an IPv6 Host", "GET /app HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200, "GET /app ", Then::goes_on},
    // ---- too much
    {"a head without end", get("/app", "X: " + x20k), 431, "HEADERS_TOO_LARGE"},
    {"a target without end", "GET /" + x20k, 431, "HEADERS_TOO_LARGE"},
    {"too many headers",
     [] {
       std::string many;
       for (int i = 0; i < 101; ++i) many += "X: 1\r\n";
       return get("/app", many);
     }(),
     431, "HEADERS_TOO_LARGE"},
    // ---- expectations and upgrades
    {"another expectation", post("Content-Length: 5\r\nExpect: a-miracle\r\n", "hello"), 417,
     "EXPECTATION_FAILED"},
    {"an expectation of HTTP/1.0 is passed over",
     "POST /app HTTP/1.0\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello", 200,
     "POST /app hello"},
    {"an upgrade in HTTP/1.0",
     "GET /socket.io/?EIO=4&transport=websocket HTTP/1.0\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
     400, "Bad request"},
    {"an upgrade with a body",
     "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nhi",
     400, "Bad request", Then::goes_on},
    {"an upgrade to HTTP/2 is passed over",
     get("/app", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"), 200,
     "GET /app ", Then::goes_on},
};

class HttpWire : public ::testing::Test {
 protected:
  HttpWire() {
    world.on_http = [this](http::Request&& request, http::Reply reply) {
      served.push_back(request.path);
      http::Response response;
      response.body = request.method + " " + request.path + " " + request.body;
      reply.send(std::move(response));
    };
  }
  static Options with_cors() {
    Options options;
    options.cors_origins = {"https://shop.example"};
    options.close_timeout_ms = 100;
    return options;
  }

  World world{with_cors()};
  std::vector<std::string> served;
};

TEST_F(HttpWire, EveryShapeHasItsAnswer) {
  for (const Case& one : cases) {
    served.clear();
    Client client(world);
    client.send(one.wire);
    const Answer answer = client.answer();
    EXPECT_EQ(answer.status, one.status) << one.what << ": " << answer.body;
    EXPECT_NE(answer.body.find(one.code), std::string::npos) << one.what << ": " << answer.body;
    client.send_some(get("/smuggled"));
    if (one.then == Then::goes_on) {
      EXPECT_EQ(client.answer().body, "GET /smuggled ") << one.what;
      continue;
    }
    EXPECT_EQ(answer.header("Connection"), "close") << one.what;
    EXPECT_TRUE(client.ended()) << one.what;
    EXPECT_TRUE(client.got.empty()) << one.what << ": " << client.got;
    for (const std::string& path : served) EXPECT_NE(path, "/smuggled") << one.what;
  }
}

TEST_F(HttpWire, EveryShapeHasTheSameAnswerAByteAtATime) {
  for (const Case& one : cases) {
    if (one.wire.size() > 1'000) continue;
    Client client(world);
    for (const char byte : one.wire) {
      client.send_some({&byte, 1});
      world.step();
    }
    EXPECT_EQ(client.answer().status, one.status) << one.what;
  }
}

TEST_F(HttpWire, RefusalsAreReadableForPagesAndWhileTheClientStillSends) {
  const std::string origin = "Origin: https://shop.example\r\n";
  for (const auto& [wire, status] :
       {std::pair(post(origin + "Content-Length: 9000000\r\n", ""), 413),
        std::pair(post(origin + "Content-Length: 1\r\nContent-Length: 1\r\n", ""), 400),
        std::pair(get("/app", origin + "X: " + x20k + "\r\n"), 431)}) {
    Client client(world);
    client.send(wire);
    client.send(std::string(2'000'000, 'x'));  // it does not look for an answer before it has sent everything
    const Answer answer = client.answer();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://shop.example");
    EXPECT_FALSE(client.reset);
  }
}

TEST_F(HttpWire, WhatARefusedClientGoesOnSendingIsBounded) {
  Client client(world);
  client.send(post("Content-Length: 900000000\r\n", ""));
  const std::string piece(1'000'000, 'x');
  std::size_t sent = 0;
  world.until([&] {
    sent += client.send_some(piece);
    world.step();
    return world.connected() == 0;
  });
  EXPECT_GT(world.connections(0).counters().bytes_in, Connection::discarded_bytes_max);
  EXPECT_LT(world.connections(0).counters().bytes_in, Connection::discarded_bytes_max + 1'000'000);
}

TEST(HttpWireSlow, ATrickleIsBoundedInTimeHoweverItComes) {
  Options options;
  options.http_header_timeout_ms = 60;
  options.http_body_timeout_ms = 60;
  options.close_timeout_ms = 60;
  World world(options);
  const auto trickle = [&](std::string wire, char filler) {
    Client client(world);
    client.send(wire);
    const auto begun = std::chrono::steady_clock::now();
    auto next = begun;
    bool open = true;
    world.until([&] {
      open = client.read_some();
      if (std::chrono::steady_clock::now() >= next) {
        client.send_some({&filler, 1});
        next += std::chrono::milliseconds(5);
      }
      return !open || std::chrono::steady_clock::now() - begun > std::chrono::seconds(2);
    });
    EXPECT_FALSE(open) << wire;
    EXPECT_EQ(client.answer().status, 408) << wire;
  };
  trickle("GET / HTTP/1.1\r\nHost: h\r\nX: ", 'x');
  trickle("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n", 'x');
  trickle("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n", 'x');
  trickle("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", 'x');
}

TEST(HttpWireLog, RefusalsAreLoggedSoManyTimesASecondAndThenCounted) {
  World world;
  for (int i = 0; i < 60; ++i) Client(world).get(polling + "&sid=x");
  const auto lines = [&] { return std::count(world.logged.begin(), world.logged.end(), "http_refused"); };
  EXPECT_GE(lines(), 20);
  EXPECT_LE(lines(), 42) << "two seconds at most have begun";
  const auto before = lines();
  EXPECT_TRUE(world.until([&] { return lines() == before + 1; })) << "how many more there were";
  EXPECT_EQ(world.connections(0).counters().http_refused, 60u);
}

}  // namespace
}  // namespace sioxx::net::test
