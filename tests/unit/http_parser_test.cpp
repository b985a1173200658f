#include "sioxx/net/http_parser.hpp"

#include "sioxx/net/http.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sioxx::net {
namespace {

using Step = HttpParser::Step;

struct Parsed {
  std::vector<http::Request> requests;
  int refused = 0;
  std::string reason;
  bool in_the_middle = false;
};

/// Feeds `wire` as a connection does: what was not used comes again in front of the next piece.
Parsed parse(const std::string& wire, std::size_t piece, std::size_t body_max = 1'000,
             HttpParser::Limits limits = {}) {
  HttpParser parser(limits);
  Parsed parsed;
  std::string held;
  for (std::size_t at = 0; at < wire.size(); at += piece) {
    held += wire.substr(at, piece);
    for (bool more = false; !more && !held.empty();) {
      std::string exact = held;  // its own memory, so that reading past it is seen
      HttpParser::Result result = parser.feed(exact);
      held.erase(0, result.used);
      if (result.step == Step::head) result.step = parser.accept_body(body_max);
      if (result.step == Step::complete) parsed.requests.push_back(parser.take_request());
      if (result.step == Step::refused) {
        parsed.refused = parser.refusal().status;
        parsed.reason = parser.refusal().reason;
        return parsed;
      }
      more = result.step == Step::more && result.used == 0;
      parsed.in_the_middle = result.step == Step::more;
    }
  }
  return parsed;
}

Parsed parse(const std::string& wire) { return parse(wire, wire.size()); }

/// The one request in `wire`.
http::Request one(const std::string& wire) {
  Parsed parsed = parse(wire);
  EXPECT_EQ(parsed.refused, 0) << parsed.reason;
  EXPECT_EQ(parsed.requests.size(), 1u);
  return parsed.requests.empty() ? http::Request() : parsed.requests.front();
}

int refused(const std::string& wire) {
  const int whole = parse(wire).refused;
  const int bytewise = parse(wire, 1).refused;
  EXPECT_EQ(whole, bytewise) << wire;
  return whole;
}

std::string get(const std::string& target, const std::string& more = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a.example\r\n" + more + "\r\n";
}

TEST(HttpParser, AGetIsTakenApart) {
  const http::Request request =
      one(get("/a%20b/c?x=1&y=%2F", "X-Thing:  two words \r\nACCEPT: */*\r\nEmpty:\r\n"));
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/a%20b/c?x=1&y=%2F");
  EXPECT_EQ(request.path, "/a b/c");
  EXPECT_EQ(request.query, "x=1&y=%2F");
  EXPECT_EQ(request.header("x-thing"), "two words");
  EXPECT_EQ(request.header("accept"), "*/*");
  EXPECT_EQ(request.header("host"), "a.example");
  EXPECT_EQ(request.header("empty"), "");
  EXPECT_EQ(request.headers.size(), 4u);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_TRUE(request.body.empty());
}

TEST(HttpParser, EveryCutGivesTheSame) {
  const std::string wire =
      "POST /p?q HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
      "\r\nPOST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n" +
      get("/last");
  for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
    const Parsed parsed = parse(wire, piece);
    ASSERT_EQ(parsed.refused, 0) << piece << ' ' << parsed.reason;
    ASSERT_EQ(parsed.requests.size(), 3u) << piece;
    EXPECT_EQ(parsed.requests[0].body, "hello");
    EXPECT_EQ(parsed.requests[1].body, "abc0123456789");
    EXPECT_EQ(parsed.requests[1].header("trailer"), "");
    EXPECT_EQ(parsed.requests[2].path, "/last");
  }
}

TEST(HttpParser, KeepAliveFollowsVersionAndHeader) {
  EXPECT_TRUE(one("GET / HTTP/1.1\r\nHost: h\r\n\r\n").keep_alive);
  EXPECT_FALSE(one("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n").keep_alive);
  EXPECT_FALSE(one("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(one("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
  EXPECT_FALSE(one("GET / HTTP/1.0\r\n\r\n").http11);
}

TEST(HttpParser, AmbiguousHeadsAreRefused) {
  EXPECT_EQ(refused("GET / HTTP/1.1\nHost: h\n\n"), 400) << "bare LF";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"), 400) << "bare LF later";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n"), 400) << "bare CR";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\n X: y\r\n\r\n"), 400) << "obs-fold";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\n\tX: y\r\n\r\n"), 400) << "obs-fold by tab";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), 400) << "space before the colon";
  EXPECT_EQ(refused("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << "two spaces";
  EXPECT_EQ(refused("GET /  HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << "two spaces behind";
  EXPECT_EQ(refused("GET / x HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << "space in the target";
  EXPECT_EQ(refused("GET /\t HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << "tab in the target";
  EXPECT_EQ(refused("GET / HTTP/1.1 \r\nHost: h\r\n\r\n"), 400) << "space at the end";
  EXPECT_EQ(refused(" GET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << "space in front";
  EXPECT_EQ(refused("G@T / HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << "method";
  EXPECT_EQ(refused(std::string("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 35)), 400) << "NUL";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\nX: a\x01\r\n\r\n"), 400) << "control byte";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\nX: eight or more \x1f bytes\r\n\r\n"), 400) << "a late one";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\nX: eight or more \x7f bytes\r\n\r\n"), 400) << "DEL";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\nConnection: close now\r\n\r\n"), 400) << "no list of words";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\nX: a\x7f\r\n\r\n"), 400) << "DEL";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\n: value\r\n\r\n"), 400) << "empty name";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\r\nX(: value\r\n\r\n"), 400) << "name";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 400) << "no Host";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"), 400) << "two Hosts";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400) << "Host with a space";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"), 400) << "Host list";
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: u@h\r\n\r\n"), 400) << "user in Host";
  EXPECT_EQ(refused("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << "two empty lines";
  EXPECT_EQ(refused("hello there\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / FTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/11\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refused("\x16\x03\x01\x02"), 400) << "TLS on a plain port";
}

TEST(HttpParser, SmugglingShapesAreRefused) {
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(refused(post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(refused(post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(refused(post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), 400) << "twice the same";
  EXPECT_EQ(refused(post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"), 400);
  for (const char* length : {"+3", "-3", "3,3", "0x3", "3 3", "", "three", "99999999999999999999"}) {
    EXPECT_EQ(refused(post + "Content-Length: " + length + "\r\n\r\nabc"), 400) << length;
  }
  for (const char* coding :
       {"gzip, chunked", "chunked, chunked", "identity", "xchunked", "chunked;q=1", ""}) {
    EXPECT_EQ(refused(post + "Transfer-Encoding: " + coding + "\r\n\r\n0\r\n\r\n"), 400) << coding;
  }
  EXPECT_EQ(refused(post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400)
      << "chunked in 1.0";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  for (const char* body :
       {"x\r\n", "3;ext=1\r\nabc\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "-1\r\n",
        "3 \r\nabcX\r\n0\r\n\r\n", "ffffffffffffffffff\r\n"}) {
    EXPECT_NE(refused(chunked + body), 0) << body;
  }
}

TEST(HttpParser, VersionsOtherThanOurs) {
  EXPECT_EQ(refused("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(refused("GET / HTTP/1.2\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
}

TEST(HttpParser, TheHeadIsBounded) {
  HttpParser::Limits limits{200, 5};
  EXPECT_EQ(parse(get("/", "X: " + std::string(300, 'x') + "\r\n"), 7, 0, limits).refused, 431);
  EXPECT_EQ(parse("GET /" + std::string(300, 'x'), 300, 0, limits).refused, 431) << "before its end";
  EXPECT_EQ(parse(get("/", "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\n"), 999, 0, limits).refused, 431);
  EXPECT_EQ(parse(get("/", "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n"), 999, 0, limits).refused, 0);
  std::string exact = get("/", "X: \r\n");
  exact.insert(exact.size() - 4, 200 - exact.size(), 'x');
  ASSERT_EQ(exact.size(), 200u);
  EXPECT_EQ(parse(exact, 3, 0, limits).refused, 0);
  exact.insert(exact.size() - 4, "x");
  EXPECT_EQ(parse(exact, 3, 0, limits).refused, 431);
}

TEST(HttpParser, TheBodyIsBounded) {
  const auto with_length = [](std::size_t n) {
    return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(n) + "\r\n\r\n" +
           std::string(n, 'x');
  };
  EXPECT_EQ(parse(with_length(10), 4, 10).refused, 0);
  EXPECT_EQ(parse(with_length(11).substr(0, 60), 60, 10).refused, 413) << "as soon as the length is known";
  const auto chunked = [](std::size_t n) {
    std::string wire = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t i = 0; i < n; ++i) wire += "1\r\nx\r\n";
    return wire + "0\r\n\r\n";
  };
  EXPECT_EQ(parse(chunked(10), 4, 10).requests.size(), 1u);
  EXPECT_EQ(parse(chunked(11), 4, 10).refused, 413);
  EXPECT_EQ(
      parse("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(50'000, '0'),
            100, 10)
          .refused,
      400)
      << "a chunk header without end";
}

TEST(HttpParser, ExpectContinue) {
  HttpParser parser({});
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n";
  EXPECT_EQ(parser.feed(head).step, Step::head);
  EXPECT_EQ(parser.accept_body(10), Step::more);
  EXPECT_TRUE(parser.expects_continue());
  EXPECT_EQ(parser.feed("ok").step, Step::complete);
  EXPECT_EQ(parser.take_request().body, "ok");
  EXPECT_FALSE(parser.expects_continue());
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: cake\r\n\r\n"), 417);
}

TEST(HttpParser, TargetForms) {
  EXPECT_EQ(one("GET http://h:80/p?q HTTP/1.1\r\nHost: H:80\r\n\r\n").path, "/p");
  EXPECT_EQ(one("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n").path, "/");
  EXPECT_EQ(one("GET http://h?x=1 HTTP/1.1\r\nHost: h\r\n\r\n").query, "x=1");
  EXPECT_EQ(one("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").path, "*");
  EXPECT_EQ(refused("GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET http://user@h/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET * HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refused("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refused(get("/a#b")), 400);
  EXPECT_EQ(refused(get("/%zz")), 400);
  EXPECT_EQ(refused(get("/%2")), 400);
  EXPECT_EQ(refused(get("/%00")), 400);
  EXPECT_EQ(refused(get("/%0a")), 400);
  EXPECT_EQ(refused("GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
}

TEST(HttpParser, PathsAreNormal) {
  const auto path = [](std::string_view raw) {
    std::string result;
    EXPECT_TRUE(normalise_path(raw, result)) << raw;
    return result;
  };
  EXPECT_EQ(path("/"), "/");
  EXPECT_EQ(path("/a/b"), "/a/b");
  EXPECT_EQ(path("/a/./b"), "/a/b");
  EXPECT_EQ(path("/a/../b"), "/b");
  EXPECT_EQ(path("/a/b/.."), "/a/");
  EXPECT_EQ(path("/a/b/."), "/a/b/");
  EXPECT_EQ(path("/../../etc/passwd"), "/etc/passwd");
  EXPECT_EQ(path("/%2e%2e/%2E%2e/etc"), "/etc");
  EXPECT_EQ(path("/a%2f..%2fb"), "/b");
  EXPECT_EQ(path("/.."), "/");
  EXPECT_EQ(path("/..."), "/...");
  EXPECT_EQ(path("/.hidden"), "/.hidden");
  EXPECT_EQ(path("/a//b"), "/a//b");
  EXPECT_EQ(path("/%D1%97%D0%B6%D0%B0%D0%BA"), "/їжак");
}

TEST(HttpParser, TokensOfLists) {
  const http::Request request =
      one(get("/", "Connection: keep-alive, Upgrade\r\nConnection: other\r\nUpgrade: h2c, WebSocket\r\n"));
  EXPECT_TRUE(has_token(request, "connection", "upgrade"));
  EXPECT_TRUE(has_token(request, "connection", "other"));
  EXPECT_FALSE(has_token(request, "connection", "close"));
  EXPECT_FALSE(has_token(request, "connection", "up"));
  EXPECT_TRUE(has_token(request, "upgrade", "websocket"));
}

TEST(Http, QueriesAreDecoded) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(http::parse_query("a=1&b=x+y&&c&d=%D1%97&=e&f=1=2"),
            (Pairs{{"a", "1"}, {"b", "x y"}, {"c", ""}, {"d", "ї"}, {"", "e"}, {"f", "1=2"}}));
  EXPECT_EQ(http::query_value("EIO=4&transport=polling", "transport"), "polling");
  EXPECT_EQ(http::query_value("EIO=4", "sid"), "");
  EXPECT_EQ(http::query_value("a=1&a=2", "a"), "1");
  EXPECT_EQ(http::query_value("a=%zz", "a"), "%zz");
  EXPECT_EQ(http::query_value("sidx=1&xsid=2&sid=3&sid=4", "sid"), "3");
  EXPECT_EQ(http::query_value("sid&sid=3", "sid"), "");
  EXPECT_EQ(http::query_value("t=1&sid=", "sid"), "");
  EXPECT_EQ(http::query_value("&&sid=3=4", "sid"), "3=4");
  EXPECT_EQ(http::query_value("t=%20&s%69d=a+b%21", "sid"), "a b!");
  EXPECT_EQ(http::query_value("t=%20&sid=3", "sid"), "3");
}

}  // namespace
}  // namespace sioxx::net
