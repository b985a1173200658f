#include "net_world.hpp"

namespace sioxx::net::test {
namespace {

constexpr std::string_view unknown_session = R"({"code":1,"message":"Session ID unknown"})";

// ---- the engine's path (socketio-wire "Engine-level answers") ---------------------------------------------

TEST(Polling, HandshakePostGetAndKeepAlive) {
  World world;
  Client client(world);
  const Answer open = client.get(polling);
  EXPECT_EQ(open.status, 200);
  EXPECT_EQ(open.header("Content-Type"), "text/plain; charset=UTF-8");
  EXPECT_EQ(open.header("Connection"), "keep-alive");
  EXPECT_NE(open.header("Date"), "");
  ASSERT_EQ(open.body.substr(0, 2), "0{");
  EXPECT_NE(open.body.find(R"("upgrades":["websocket"])"), std::string::npos);
  const std::string target = polling + "&sid=" + sid_of(open.body);
  const Answer post = client.post(target,
                                  "4one\x1e"
                                  "4two");
  EXPECT_EQ(post.status, 200);
  EXPECT_EQ(post.body, "ok");
  EXPECT_EQ(post.header("Content-Type"), "text/html");
  EXPECT_EQ(client.get(target).body,
            "4one\x1e"
            "4two");
  EXPECT_EQ(world.connections(0).counters().http_requests, 3u);
  EXPECT_EQ(world.connected(), 1u);
}

TEST(Polling, AGetWaitsUntilAPostOnAnotherConnectionBringsSomething) {
  World world;
  const std::string target = polling + "&sid=" + open_session(world);
  Client waiting(world), posting(world);
  waiting.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
  world.steps(5);
  EXPECT_TRUE(waiting.read_some());
  EXPECT_TRUE(waiting.got.empty());
  EXPECT_EQ(posting.post(target, "4hello").body, "ok");
  EXPECT_EQ(waiting.answer().body, "4hello");
}

TEST(Polling, RefusalsAreTheReferences) {
  World world;
  const std::string sid = open_session(world);
  const struct {
    std::string request;
    int status;
    std::string body;
  } cases[] = {
      {"GET /socket.io/", 400, R"({"code":0,"message":"Transport unknown"})"},
      {"GET /socket.io/?EIO=4&transport=tram", 400, R"({"code":0,"message":"Transport unknown"})"},
      {"GET " + polling + "&sid=AAAAAAAAAAAAAAAAAAAA", 400, std::string(unknown_session)},
      {"GET " + polling + "&sid=nonsense", 400, std::string(unknown_session)},
      {"POST " + polling, 400, R"({"code":2,"message":"Bad handshake method"})"},
      {"PUT " + polling, 400, R"({"code":2,"message":"Bad handshake method"})"},
      {"OPTIONS " + polling, 400, R"({"code":2,"message":"Bad handshake method"})"},
      {"GET " + websocket, 400, R"({"code":3,"message":"Bad request"})"},
      {"GET " + websocket + "&sid=" + sid, 400, R"({"code":3,"message":"Bad request"})"},
      {"GET /socket.io/?EIO=3&transport=polling", 400,
       R"({"code":5,"message":"Unsupported protocol version"})"},
      {"GET /socket.io/?transport=polling", 400, R"({"code":5,"message":"Unsupported protocol version"})"},
      {"PUT " + polling + "&sid=" + sid, 500, ""},
  };
  for (const auto& one : cases) {
    Client client(world);
    client.send(one.request + " HTTP/1.1\r\nHost: h\r\n\r\n");
    const Answer answer = client.answer();
    EXPECT_EQ(answer.status, one.status) << one.request;
    EXPECT_EQ(answer.body, one.body) << one.request;
    if (!one.body.empty()) {
      EXPECT_EQ(answer.header("Content-Type"), "application/json");
    }
  }
  EXPECT_EQ(world.session_count(), 1u);
}

TEST(Polling, ThePathWorksWithoutItsLastSlashAndBelow) {
  World world;
  Client client(world);
  EXPECT_EQ(client.get("/socket.io?EIO=4&transport=polling").status, 200);
  EXPECT_EQ(client.get("/socket.io/x?EIO=4&transport=polling").status, 200);
  EXPECT_EQ(client.get("/socket.iox?EIO=4&transport=polling").status, 404);
}

TEST(Polling, ASecondGetEndsTheSession) {
  World world;
  const std::string target = polling + "&sid=" + open_session(world);
  Client first(world), second(world);
  first.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
  world.steps(5);
  const Answer refused = second.get(target);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, "");
  const Answer closed = first.answer();
  EXPECT_EQ(closed.status, 200);
  EXPECT_EQ(closed.body, "1");
  EXPECT_EQ(second.get(target).body, unknown_session);
}

TEST(Polling, AnAbortedGetEndsTheSessionAtOnce) {
  for (const bool with_reset : {false, true}) {
    World world;
    const std::string target = polling + "&sid=" + open_session(world);
    Client waiting(world);
    waiting.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    world.steps(5);
    ASSERT_EQ(world.session_count(), 1u);
    with_reset ? waiting.abort() : waiting.close();
    EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
    EXPECT_EQ(world.ends.size(), 1u);
    Client after(world);
    EXPECT_EQ(after.get(target).body, unknown_session);
  }
}

TEST(Polling, AClosePacketByPostIsAnsweredOnTheWaitingGet) {
  World world;
  const std::string target = polling + "&sid=" + open_session(world);
  Client waiting(world), posting(world);
  waiting.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
  world.steps(5);
  EXPECT_EQ(posting.post(target, "1").status, 200);
  EXPECT_EQ(waiting.answer().body, "6");
  EXPECT_EQ(posting.get(target).status, 400);
}

TEST(Polling, ABadPayloadIsRefusedAndTheSessionIsGone) {
  World world;
  const std::string target = polling + "&sid=" + open_session(world);
  Client client(world);
  EXPECT_EQ(client.post(target, "abc").status, 400);
  EXPECT_EQ(client.get(target).body, unknown_session);
}

TEST(Polling, WhatTheLayerAboveCannotReadIsRefusedAlike) {
  World world;
  const std::string target = polling + "&sid=" + open_session(world);
  Client client(world);
  const Answer answer = client.post(target, "4unreadable");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, R"({"code":3,"message":"Bad request"})");
  EXPECT_EQ(client.get(target).body, unknown_session);
}

// ---- how many, and what they cost -------------------------------------------------------------------------

TEST(PollingLimits, OneConnectionOpensNoMoreSessionsThanItsAddressMay) {
  Options options;
  options.connections_per_ip_max = 3;
  options.cors_origins = {"https://shop.example"};
  World world(options);
  Client client(world);
  const std::string origin = "Origin: https://shop.example\r\n";
  std::string wire;
  for (int i = 0; i < 5; ++i) wire += "GET " + polling + " HTTP/1.1\r\nHost: h\r\n" + origin + "\r\n";
  client.send(wire);
  std::vector<std::string> sids;
  for (int i = 0; i < 3; ++i) sids.push_back(sid_of(client.answer().body));
  for (int i = 0; i < 2; ++i) {
    const Answer refused = client.answer();
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.header("Retry-After"), "5");
    EXPECT_EQ(refused.header("Access-Control-Allow-Origin"), "https://shop.example");
    EXPECT_EQ(refused.body,
              R"({"error":{"code":"RATE_LIMITED","message":"Too many sessions from your address."}})");
  }
  EXPECT_EQ(world.session_count(), 3u);
  EXPECT_EQ(world.connections(0).counters().http_refused, 2u);
  EXPECT_EQ(client.post(polling + "&sid=" + sids[0], "1").body, "ok");  // one goes, one may come
  EXPECT_EQ(client.get(polling).status, 200);
  EXPECT_EQ(client.get(polling).status, 429);
}

TEST(PollingLimits, InAllTheyAre503) {
  Options options;
  options.connections_max = 1;
  World world(options);
  Client client(world);
  EXPECT_EQ(client.get(polling).status, 200);
  const Answer refused = client.get(polling);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "5");
  EXPECT_EQ(world.session_count(), 1u);
}

TEST(PollingLimits, AnUpgradeGivesThePlaceBackAndKeepsTheConnections) {
  Options options;
  options.connections_per_ip_max = 2;
  World world(options, 2);
  Client client(world);
  const std::string sid = sid_of(client.get(polling).body);
  EXPECT_EQ(world.admission().polling_sessions(), 1u);
  Client upgrading(world);
  upgrading.send(Client::upgrade_request(websocket + "&sid=" + sid));
  EXPECT_EQ(upgrading.answer().status, 101);
  upgrading.text("2probe");
  EXPECT_EQ(upgrading.next_text(), "3probe");
  EXPECT_EQ(world.admission().polling_sessions(), 1u) << "it polls until it says 5";
  upgrading.text("5");
  ASSERT_TRUE(world.until([&] { return world.admission().polling_sessions() == 0; }));
  EXPECT_EQ(world.admission().connections(), 2u);
  upgrading.close();
  ASSERT_TRUE(world.until([&] { return world.session_count() == 0; }));
  EXPECT_EQ(world.admission().polling_sessions(), 0u) << "given back once";
}

TEST(PollingLimits, TheDefaultHoldsAHundredPollingClientsOfOneAddress) {
  World world;
  std::vector<Client> clients;
  for (int i = 0; i < 100; ++i) {
    const std::string target = polling + "&sid=" + sid_of(clients.emplace_back(world).get(polling).body);
    clients.back().send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_EQ(clients.emplace_back(world).post(target, "4x").body, "ok") << i;
  }
  EXPECT_EQ(world.admission().polling_sessions(), 100u);
  EXPECT_EQ(world.admission().connections(), 200u);
}

TEST(PollingLimits, TheDefaultHoldsTwoHundredWebSocketsThatBeganByPolling) {
  World world;
  std::vector<Client> clients;
  for (int i = 0; i < 200; ++i) {
    Client& client = clients.emplace_back(world);
    const std::string sid = sid_of(client.get(polling).body);
    ASSERT_NE(sid, "") << i;
    client.send(Client::upgrade_request(websocket + "&sid=" + sid));
    ASSERT_EQ(client.answer().status, 101) << i;
    client.text("2probe");
    ASSERT_EQ(client.next_text(), "3probe") << i;
    client.text("5");
  }
  ASSERT_TRUE(world.until([&] { return world.admission().polling_sessions() == 0; }));
  EXPECT_EQ(world.session_count(), 200u);
  EXPECT_EQ(world.admission().connections(), 200u);
}

TEST(PollingLimits, AHandshakeKeepsABoundedPartOfItsHead) {
  World world;
  const auto kept = [&](const std::string& sid) -> const engine::Handshake& {
    return world.sessions(0, 0).find(sid)->handshake();
  };
  const auto bytes = [](const engine::Handshake& handshake) {
    std::size_t sum = handshake.request().url.size();
    for (const auto* entries : {&handshake.request().headers, &handshake.request().query}) {
      for (const auto& [name, value] : *entries)
        sum += name.size() + value.size() + engine::Handshake::entry_cost_bytes;
    }
    return sum;
  };
  Client client(world);
  const auto padded = client.get(polling + "&token=t",
                                 "Cookie: " + std::string(9'000, 'c') + "\r\nAuthorization: Bearer b\r\n");
  const engine::Handshake& first = kept(sid_of(padded.body));
  EXPECT_EQ(first.header("cookie"), "");
  EXPECT_EQ(first.header("authorization"), "Bearer b");
  EXPECT_EQ(first.parameter("token"), "t");
  EXPECT_EQ(first.request().url, polling + "&token=t");

  std::string parameters;
  for (int i = 0; i < 7'000; ++i) parameters += "&a";
  const auto crowded = client.get(polling + parameters, "Authorization: Bearer b\r\n");
  const engine::Handshake& second = kept(sid_of(crowded.body));
  EXPECT_LE(bytes(second), engine::Handshake::kept_bytes_max);
  EXPECT_GT(bytes(second), engine::Handshake::kept_bytes_max - 100);
  EXPECT_EQ(second.request().url.size(), engine::Handshake::url_bytes_max);
}

TEST(Polling, ABinaryBodyIsRefused) {
  World world;
  const std::string target = polling + "&sid=" + open_session(world);
  Client client(world);
  EXPECT_EQ(client.post(target, "4x", "Content-Type: application/octet-stream\r\n").status, 400);
}

TEST(Polling, APostOverTheLimitIs413AndTheSessionLives) {
  Options options;
  options.max_payload_bytes = 1'000;
  World world(options);
  const std::string target = polling + "&sid=" + open_session(world);
  Client big(world);
  const Answer answer = big.post(target, std::string(500'000, 'x'));
  EXPECT_EQ(answer.status, 413);
  EXPECT_TRUE(big.ended());
  EXPECT_FALSE(big.reset) << "the client must be able to read the answer";
  Client client(world);
  EXPECT_EQ(client.post(target, "4" + std::string(999, 'x')).status, 200);
}

TEST(Polling, TwoPostsAtOnceEndTheSession) {
  World world;
  const std::string target = polling + "&sid=" + open_session(world);
  Client slow(world), quick(world);
  slow.send("POST " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n4fi");
  world.steps(5);
  EXPECT_EQ(quick.post(target, "4two").status, 400);
  EXPECT_TRUE(quick.ended());
  slow.send("rst");
  EXPECT_EQ(slow.answer().status, 400);
  EXPECT_EQ(world.ends, (std::vector{CloseReason::transport_error}));
}

TEST(Polling, APostThatNeverEndsLeavesNothingBehind) {
  World world;
  const std::string sid = open_session(world);
  const std::string target = polling + "&sid=" + sid;
  {
    Client slow(world);
    slow.send("POST " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n4fi");
    ASSERT_TRUE(world.until([&] { return world.connections(0).posting(sid); }));
  }
  ASSERT_TRUE(world.until([&] { return world.connected() == 0; }));
  Client client(world);
  EXPECT_EQ(client.post(target, "4ok").status, 200);
}

TEST(Polling, WhileDrainingOnlyNewSessionsAreTurnedAway) {
  World world;
  Client client(world);
  const std::string target = polling + "&sid=" + sid_of(client.get(polling).body);
  world.connections(0).drain();
  const Answer refused = client.get(polling);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "5");
  EXPECT_EQ(client.post(target, "4x").status, 200);
  client.send(Client::upgrade_request(websocket));
  EXPECT_EQ(client.answer().status, 503);
}

// ---- one connection, many shards --------------------------------------------------------------------------

TEST(HandOver, ARequestGoesToTheShardOfItsSession) {
  World world({}, 3);
  std::vector<std::string> targets;
  for (const std::string& sid : open_sessions(world, 9)) targets.push_back(polling + "&sid=" + sid);
  Client client(world);  // one connection for the sessions of all shards, with pipelining
  std::string wire;
  for (const std::string& target : targets) {
    wire += "POST " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n4hello";
    wire += "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  client.send(wire);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    ASSERT_EQ(client.answer().body, "ok") << i;
    ASSERT_EQ(client.answer().body, "4hello") << i;
  }
  std::uint64_t hand_overs = 0, open = 0, requests = 0;
  for (unsigned shard = 0; shard < 3; ++shard) {
    hand_overs += world.connections(shard).counters().hand_overs;
    open += world.connections(shard).counters().http_connections;
    requests += world.connections(shard).counters().http_requests;
  }
  EXPECT_GE(hand_overs, 2u);
  EXPECT_EQ(open, 1u);
  EXPECT_EQ(requests, 9u + 18u);
  EXPECT_EQ(world.admission().connections(), 1u);
}

TEST(HandOver, ABodyThatIsStillComingArrivesThere) {
  World world({}, 2);
  for (const std::string& sid : open_sessions(world, 4)) {
    Client client(world);
    const std::string body = "4" + std::string(300'000, 'x');
    EXPECT_EQ(client.post(polling + "&sid=" + sid, body).body, "ok");
    EXPECT_TRUE(client.get(polling + "&sid=" + sid).body == body);
  }
}

TEST(HandOver, AnUpgradeGoesToTheShardOfItsSession) {
  World world({}, 2);
  for (const std::string& sid : open_sessions(world, 4)) {
    const unsigned home = *engine::Sessions::home_of(sid);
    Client client(world);
    client.send(Client::upgrade_request(websocket + "&sid=" + sid) + Client::frame(1, "2probe"));
    EXPECT_EQ(client.answer().status, 101);
    EXPECT_EQ(client.next_text(), "3probe");
    EXPECT_EQ(world.connections(home).counters().websockets, 1u);
    client.close();
    EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
  }
}

TEST(HandOver, ToAStoppedShardEndsTheConnection) {
  World world({}, 2);
  const std::string sid = open_session_on(world, 1);
  world.shard(1).stop();
  Client client(world);
  ASSERT_TRUE(world.until([&] { return world.connections(0).size() == 1; }));
  client.send("GET " + polling + "&sid=" + sid + " HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(world.connections(0).size(), 0u);
}

TEST(HandOver, WithRealThreads) {
  World world({}, 4);
  world.on_http = [](http::Request&& request, http::Reply reply) { reply.send(hello(request.path)); };
  const std::vector<std::string> sids = open_sessions(world, 12);
  world.run_in_threads();
  std::vector<Client> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back(world);
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < sids.size(); ++i) {
      Client& client = clients[(i + static_cast<std::size_t>(round)) % clients.size()];
      const std::string target = polling + "&sid=" + sids[i];
      ASSERT_EQ(client.post(target, "4round " + std::to_string(round)).body, "ok");
      ASSERT_EQ(client.get(target).body, "4round " + std::to_string(round));
      ASSERT_EQ(client.get("/app").body, "/app");
    }
  }
  for (const std::string& sid : sids) {
    Client client(world);
    client.send(Client::upgrade_request(websocket + "&sid=" + sid));
    ASSERT_EQ(client.answer().status, 101);
    client.text("2probe");
    ASSERT_EQ(client.next_text(), "3probe");
    client.send(Client::frame(1, "5") + Client::frame(1, "4hello"));
    ASSERT_EQ(client.next_text(), "4hello");
  }
  clients.clear();
  world.stop_threads();
  EXPECT_EQ(world.ends.size() + world.session_count(), sids.size());
}

}  // namespace
}  // namespace sioxx::net::test
