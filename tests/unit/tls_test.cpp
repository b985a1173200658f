// TLS on the descriptor, with OpenSSL's own client as the other side and certificates made on the spot.
#include "tls_world.hpp"

#include <stdexcept>

namespace sioxx::net::test {
namespace {

class TlsWorld : public ::testing::Test {
 protected:
  void secure(World& world, const std::string& name = "one") {
    const auto context = TlsContext::load(papers.cert(name), papers.key(name));
    for (unsigned shard = 0; shard < world.shards(); ++shard) world.connections(shard).use_tls(context);
  }
  static inline Papers papers;
};

TEST_F(TlsWorld, HttpAndPollingAndWebSocket) {
  World world;
  secure(world);
  http::Request seen;
  world.on_http = [&](http::Request&& request, http::Reply reply) {
    seen = std::move(request);
    http::Response response;
    response.body = std::string(3'000'000, 'x');
    reply.send(std::move(response));
  };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(world, version);
    ASSERT_TRUE(client.shake_hands());
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    ::SSL_get0_alpn_selected(client.ssl(), &protocol, &size);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(protocol), size), "http/1.1");
    EXPECT_TRUE(client.get("/").body == std::string(3'000'000, 'x'));
    EXPECT_TRUE(seen.secure);
    const std::string sid = sid_of(client.get(polling).body);
    EXPECT_EQ(sid.size(), 20u);
    client.send(Client::upgrade_request(websocket));
    EXPECT_EQ(client.answer().status, 101);
    ASSERT_TRUE(client.wait_for_bytes(2));
    client.got.clear();
    client.send(Client::frame(1, "4hello") + Client::frame(1, "4big 400000"));
    ASSERT_TRUE(client.wait_for_bytes(8 + 10 + 400'001));
    EXPECT_EQ(client.got.substr(2, 6), "4hello");
    const std::string large(300'000, 'y');
    client.got.clear();
    client.send(Client::frame(2, large));
    ASSERT_TRUE(client.wait_for_bytes(10 + large.size()));
    EXPECT_TRUE(client.got.substr(10) == large);
  }
}

TEST_F(TlsWorld, AConnectionGoesToItsSessionWithItsTls) {
  World world({}, 2);
  secure(world);
  std::string sids[2];
  {
    TlsClient first(world), second(world);
    for (TlsClient* client : {&first, &second}) {
      ASSERT_TRUE(client->shake_hands());
      const std::string sid = sid_of(client->get(polling).body);
      sids[*engine::Sessions::home_of(sid)] = sid;
    }
  }
  ASSERT_TRUE(world.until([&] { return world.connected() == 0; }));
  ASSERT_EQ(sids[0].size() + sids[1].size(), 40u);
  TlsClient client(world);
  ASSERT_TRUE(client.shake_hands());
  for (int round = 0; round < 4; ++round) {
    const std::string& sid = sids[round % 2];
    const std::string post =
        "POST " + polling + "&sid=" + sid + " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n4hi";
    client.send(post + "GET " + polling + "&sid=" + sid + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.answer().body, "ok");
    EXPECT_EQ(client.answer().body, "4hi");
  }
  EXPECT_GE(world.connections(0).counters().hand_overs + world.connections(1).counters().hand_overs, 3u);
  client.send(Client::upgrade_request(websocket + "&sid=" + sids[1]) + Client::frame(1, "2probe"));
  EXPECT_EQ(client.answer().status, 101);
  ASSERT_TRUE(client.wait_for_bytes(8));
  EXPECT_EQ(client.got.substr(2, 6), "3probe");
}

TEST_F(TlsWorld, APlainRequestIsAnsweredPlainly) {
  Options options;
  options.http_header_timeout_ms = 60;
  World world(options);
  secure(world);
  Client plain(world);
  const Answer answer = plain.post("/", std::string(100'000, 'x'));
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("TLS_REQUIRED"), std::string::npos);
  EXPECT_TRUE(plain.ended());
  EXPECT_FALSE(plain.reset);
  for (const std::string& noise :
       {std::string("\x80\x2e\x01\x03\x01", 5), std::string(100, '\0'), std::string("hello\r\n\r\n")}) {
    Client other(world);
    other.send(noise);
    EXPECT_TRUE(other.ended());
  }
  EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
}

TEST_F(TlsWorld, OldVersionsAndOtherProtocolsAreRefused) {
  World world;
  secure(world);
  TlsClient old(world, TLS1_1_VERSION), h2(world, TLS1_3_VERSION, "\x02h2"), none(world, TLS1_3_VERSION, "");
  EXPECT_FALSE(old.shake_hands());
  EXPECT_FALSE(h2.shake_hands());
  EXPECT_TRUE(none.shake_hands());
  EXPECT_EQ(none.get(polling).status, 200);
}

TEST_F(TlsWorld, EndsAreToldOnBothSides) {
  World world;
  secure(world);
  TlsClient client(world);
  ASSERT_TRUE(client.shake_hands());
  EXPECT_EQ(client.get(polling, "Connection: close\r\n").status, 200);
  EXPECT_FALSE(client.wait_for_bytes(1));
  EXPECT_EQ(client.ended, 0) << "close_notify, no truncation";
  TlsClient leaving(world);
  ASSERT_TRUE(leaving.shake_hands());
  ::SSL_shutdown(leaving.ssl());
  EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
  TlsClient cut(world);
  ASSERT_TRUE(cut.shake_hands());
  cut.socket().shutdown_write();
  EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
}

TEST_F(TlsWorld, SlowAndHalfHandshakesEnd) {
  Options options;
  options.http_header_timeout_ms = 40;
  World world(options);
  secure(world);
  Client silent(world), half(world);
  half.send(std::string("\x16\x03\x01\x02\x00\x01\x00", 7));
  TlsClient shaken(world);
  ASSERT_TRUE(shaken.shake_hands());
  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(half.ended());
  EXPECT_FALSE(shaken.wait_for_bytes(1)) << "no request followed";
  EXPECT_EQ(shaken.ended, 0) << "close_notify, no truncation";
  EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
}

TEST_F(TlsWorld, ManyHandshakesLeaveTurnsForOthers) {
  World world;
  secure(world);
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(std::make_unique<TlsClient>(world));
  ASSERT_TRUE(world.until([&] { return world.connected() == 40; }));
  for (const auto& client : clients) ::SSL_do_handshake(client->ssl());  // every first flight is there
  world.step();
  int shaken = 0;
  for (const auto& client : clients) shaken += ::SSL_do_handshake(client->ssl()) == 1;
  EXPECT_LE(shaken, Connections::tls_handshakes_a_turn_max);
  for (const auto& client : clients) EXPECT_TRUE(client->shake_hands());
}

TEST_F(TlsWorld, TicketsResumeAndNewPapersAreShownToNewConnections) {
  World world;
  secure(world);
  TlsClient first(world);
  ASSERT_TRUE(first.shake_hands());
  EXPECT_EQ(first.peer_name(), "one");
  EXPECT_EQ(first.get(polling).status, 200);
  SSL_SESSION* const session = ::SSL_get1_session(first.ssl());
  TlsClient again(world);
  ::SSL_set_session(again.ssl(), session);
  ASSERT_TRUE(again.shake_hands());
  EXPECT_EQ(::SSL_session_reused(again.ssl()), 1);
  ::SSL_SESSION_free(session);
  secure(world, "two");
  TlsClient later(world);
  ASSERT_TRUE(later.shake_hands());
  EXPECT_EQ(later.peer_name(), "two");
  EXPECT_EQ(first.get(polling).status, 200) << "who is there goes on";
}

TEST_F(TlsWorld, RefusalsAreReadableOverTlsToo) {
  Options options;
  options.connections_max = 1;
  World world(options);
  secure(world);
  TlsClient first(world);
  ASSERT_TRUE(first.shake_hands());
  TlsClient second(world);
  ASSERT_TRUE(second.shake_hands());
  EXPECT_EQ(second.get("/").status, 503);
}

TEST_F(TlsWorld, WhatIsWrongWithTheFilesIsSaid) {
  const auto complaint = [](const std::string& cert, const std::string& key) -> std::string {
    try {
      TlsContext::load(cert, key);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "none";
  };
  const auto says = [&](const std::string& cert, const std::string& key, const std::string& part) {
    const std::string text = complaint(cert, key);
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  papers.make("locked", "secret");
  EXPECT_EQ(complaint(papers.cert("one"), papers.key("one")), "none");
  says("/nowhere/x.crt", papers.key("one"), "/nowhere/x.crt cannot be read: No such file");
  says(papers.cert("one"), "/nowhere/x.key", "/nowhere/x.key cannot be read");
  says(papers.write("empty", ""), papers.key("one"), "is no certificate in PEM form");
  says(papers.cert("one"), papers.cert("one"), "is no private key in PEM form");
  says(papers.cert("one"), papers.key("two"), "does not belong to the certificate");
  says(papers.cert("locked"), papers.key("locked"), "passphrase");
}

TEST_F(TlsWorld, NoiseDoesNoHarm) {
  World world({}, 2);
  secure(world);
  for (unsigned seed = 0; seed < 60; ++seed) {
    Client client(world);
    std::string hello("\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03", 11);
    for (unsigned i = 0; i < 260; ++i) hello += static_cast<char>((seed * 2'654'435'761u + i * 40'503u) >> 7);
    hello.resize(seed * 4 + 5);
    client.send_some(hello);
    world.steps(2);
    if (seed % 2 == 0) client.abort();
  }
  EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
}

}  // namespace
}  // namespace sioxx::net::test
