#include "session_scene.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>

using namespace sioxx;
using namespace sioxx::engine;
using namespace sioxx::test;

namespace {

constexpr Phase phases[] = {Phase::polling,   Phase::waiting, Phase::probing, Phase::probed,
                            Phase::websocket, Phase::closing, Phase::closed};

}  // namespace

// ---- handshake
// -------------------------------------------------------------------------------------------------------

TEST(Session, OpenPacketHoldsExactlyTheFiveFields) {
  FakeTransport socket;
  EngineWorld world({.ping_interval_ms = 300, .ping_timeout_ms = 200, .max_payload_bytes = 1'000'000});
  const auto session = world.polling();
  EXPECT_EQ(world.opened,
            R"(0{"sid":")" + session->sid() +
                R"(","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000})");
  EXPECT_EQ(session->state(), State::open);
  EXPECT_EQ(session->link(), Link::polling);

  const auto direct = world.websocket(socket);
  EXPECT_EQ(world.opened,
            R"(0{"sid":")" + direct->sid() +
                R"(","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000})");
  EXPECT_EQ(direct->link(), Link::websocket);
  EXPECT_EQ(world.sessions.counters().opened, 2u);
  EXPECT_EQ(world.sessions.counters().on_websocket, 1u);
}

TEST(Session, OffersNoUpgradeWhenNotAllowed) {
  EngineWorld world({.allow_upgrades = false});
  const auto session = world.polling();
  EXPECT_NE(world.opened.find(R"("upgrades":[])"), std::string::npos);
  FakeTransport socket;
  EXPECT_FALSE(session->attach(socket));
  EXPECT_EQ(session->link(), Link::polling);
}

TEST(Session, TrimmedHandshakeKeepsTheAddress) {
  EngineWorld world;
  const auto session = world.polling();
  EXPECT_EQ(session->handshake().header("user-agent"), "test");
  EXPECT_EQ(session->handshake().parameter("EIO"), "4");
  session->trim_handshake();
  EXPECT_EQ(session->handshake().address, "203.0.113.7");
  EXPECT_EQ(session->handshake().issued, 1'700'000'000'000);
  EXPECT_EQ(session->handshake().header("user-agent"), "");
}

// ---- every phase meets every event
// -------------------------------------------------------------------------------------

TEST(Session, EveryPhaseMeetsEveryEvent) {
  // What the session is afterwards: "polling", "probing", "websocket", "closing", "gone".
  using Deed = std::function<void(Scene&)>;
  const std::vector<std::pair<std::string, Deed>> events = {
      {"GET", [](Scene& s) { EngineWorld::get(*s.session); }},
      {"GET lost", [](Scene& s) { s.session->poll_lost(EngineWorld::last_poll); }},
      {"POST 4x", [](Scene& s) { s.session->post("4x"); }},
      {"POST 1", [](Scene& s) { s.session->post("1"); }},
      {"POST abc", [](Scene& s) { s.session->post("abc"); }},
      {"POST 3", [](Scene& s) { s.session->post("3"); }},
      {"POST 2", [](Scene& s) { s.session->post("2"); }},
      {"attach another", [](Scene& s) { s.session->attach(s.another); }},
      {"ws 2probe", [](Scene& s) { s.session->receive("2probe", false, s.socket); }},
      {"ws 5", [](Scene& s) { s.session->receive("5", false, s.socket); }},
      {"ws 4x", [](Scene& s) { s.session->receive("4x", false, s.socket); }},
      {"ws binary", [](Scene& s) { s.session->receive("\x01", true, s.socket); }},
      {"ws abc", [](Scene& s) { s.session->receive("abc", false, s.socket); }},
      {"ws empty", [](Scene& s) { s.session->receive("", false, s.socket); }},
      {"ws 1", [](Scene& s) { s.session->receive("1", false, s.socket); }},
      {"ws lost", [](Scene& s) { s.session->transport_closed(s.socket, CloseReason::transport_close); }},
      {"send", [](Scene& s) { s.session->send_text("x"); }},
      {"close", [](Scene& s) { s.session->close(CloseReason::forced_close); }},
      {"close: parse error", [](Scene& s) { s.session->close(CloseReason::parse_error); }},
  };
  //                                      polling    waiting    probing    probed     websocket  closing  closed
  const std::map<std::string, std::vector<std::string>> expected = {
      {"GET", {"polling", "gone", "probing", "probing", "websocket", "gone", "gone"}},
      {"GET lost", {"polling", "gone", "probing", "probing", "websocket", "closing", "gone"}},
      {"POST 4x", {"polling", "polling", "probing", "probing", "websocket", "closing", "gone"}},
      {"POST 1", {"gone", "gone", "gone", "gone", "websocket", "closing", "gone"}},
      {"POST abc", {"gone", "gone", "gone", "gone", "websocket", "closing", "gone"}},
      {"POST 3", {"polling", "polling", "probing", "probing", "websocket", "closing", "gone"}},
      {"POST 2", {"gone", "gone", "gone", "gone", "websocket", "closing", "gone"}},
      {"attach another", {"probing", "probing", "probing", "probing", "websocket", "closing", "gone"}},
      {"ws 2probe", {"polling", "polling", "probing", "polling", "gone", "closing", "gone"}},
      {"ws 5", {"polling", "polling", "polling", "websocket", "gone", "closing", "gone"}},
      {"ws 4x", {"polling", "polling", "polling", "polling", "websocket", "closing", "gone"}},
      {"ws binary", {"polling", "polling", "polling", "polling", "websocket", "closing", "gone"}},
      {"ws abc", {"polling", "polling", "polling", "polling", "gone", "closing", "gone"}},
      {"ws empty", {"polling", "polling", "polling", "polling", "gone", "closing", "gone"}},
      {"ws 1", {"polling", "polling", "polling", "polling", "gone", "closing", "gone"}},
      {"ws lost", {"polling", "polling", "polling", "polling", "gone", "closing", "gone"}},
      {"send", {"polling", "polling", "probing", "probing", "websocket", "closing", "gone"}},
      {"close", {"closing", "gone", "closing", "closing", "gone", "closing", "gone"}},
      {"close: parse error", {"gone", "gone", "gone", "gone", "gone", "closing", "gone"}},
  };
  for (const auto& [name, deed] : events) {
    for (const Phase phase : phases) {
      Scene scene(phase);
      EngineWorld::last_poll = phase == Phase::waiting ? EngineWorld::last_poll : nullptr;
      deed(scene);
      scene.world.turn();
      std::string after = "gone";
      if (!scene.gone()) {
        if (scene.session->state() == State::closing) {
          after = "closing";
        } else {
          after = scene.session->link() == Link::polling   ? "polling"
                  : scene.session->link() == Link::probing ? "probing"
                                                           : "websocket";
        }
      }
      EXPECT_EQ(after, expected.at(name)[static_cast<std::size_t>(phase)])
          << name << " in phase " << static_cast<int>(phase);
      EXPECT_EQ(after == "gone", scene.session->state() == State::closed);
      EXPECT_EQ(scene.world.notes->closes, after == "gone" || after == "closing" ? 1 : 0) << name;
    }
  }
}

// ---- long-polling
// ----------------------------------------------------------------------------------------------------

TEST(Session, QueuedMessagesComeJoined) {
  EngineWorld world;
  const auto session = world.polling();
  EXPECT_EQ(session->post("4test1\x1e"
                          "4test2\x1e"
                          "bAQIDBA=="),
            PostResult::ok);
  const auto answer = EngineWorld::get(*session);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body,
            "4test1\x1e"
            "4test2\x1e"
            "bAQIDBA==");
}

TEST(Session, WaitingGetTakesAllThatOneTurnSends) {
  EngineWorld world;
  const auto session = world.polling();
  const auto answer = EngineWorld::get(*session);
  session->send_text("a");
  session->send_text("b");
  EXPECT_EQ(answer->status, 0);
  world.turn();
  EXPECT_EQ(answer->body,
            "4a\x1e"
            "4b");
}

TEST(Session, OneBodyStaysWithinMaxPayload) {
  EngineWorld world({.max_payload_bytes = 10});
  const auto session = world.polling();
  for (const char* text : {"aaaa", "bbbb", "a very long one", "c"}) session->send_text(text);
  EXPECT_EQ(EngineWorld::get(*session)->body, "4aaaa");  // 5 + 1 + 5 is too much
  EXPECT_EQ(EngineWorld::get(*session)->body, "4bbbb");
  EXPECT_EQ(EngineWorld::get(*session)->body, "4a very long one");
  EXPECT_EQ(EngineWorld::get(*session)->body, "4c");
}

TEST(Session, SecondGetEndsTheSession) {
  Scene scene(Phase::waiting);
  const auto second = EngineWorld::get(*scene.session);
  EXPECT_EQ(scene.waiting->status, 200);
  EXPECT_EQ(scene.waiting->body, "1");
  EXPECT_EQ(second->status, 400);
  EXPECT_EQ(second->body, "");
  EXPECT_TRUE(scene.gone());
  EXPECT_EQ(scene.world.notes->closed, CloseReason::transport_error);
}

TEST(Session, LostGetEndsTheSessionOnlyIfItIsTheOneThatWaits) {
  Scene scene(Phase::waiting);
  const Poll* const mine = EngineWorld::last_poll;
  FakePoll other(std::make_shared<PollAnswer>());
  scene.session->poll_lost(&other);
  EXPECT_FALSE(scene.gone());
  scene.session->poll_lost(mine);
  EXPECT_TRUE(scene.gone());
  EXPECT_TRUE(scene.waiting->dropped);
  EXPECT_EQ(scene.world.notes->closed, CloseReason::transport_error);
}

TEST(Session, ClosePacketAnswersTheWaitingGetWithNoop) {
  Scene scene(Phase::waiting);
  EXPECT_EQ(scene.session->post("1"), PostResult::ok);
  EXPECT_EQ(scene.waiting->body, "6");
  EXPECT_TRUE(scene.gone());
  EXPECT_EQ(scene.world.notes->closed, CloseReason::transport_close);
}

TEST(Session, WhatStandsBeforeABadPacketIsHeard) {
  Scene scene(Phase::waiting);
  EXPECT_EQ(scene.session->post("4a\x1e"
                                "4b\x1e"
                                "nonsense\x1e"
                                "4c"),
            PostResult::bad_payload);
  EXPECT_EQ(scene.world.notes->messages, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(scene.world.notes->closed, CloseReason::parse_error);
  EXPECT_EQ(scene.waiting->body, "1");
  EXPECT_EQ(scene.world.sessions.counters().parse_errors, 1u);
}

TEST(Session, HandlerMayCloseInTheMiddleOfAPost) {
  Scene scene(Phase::waiting);
  EXPECT_EQ(scene.session->post("4a\x1e"
                                "4close me\x1e"
                                "4b"),
            PostResult::ok);
  EXPECT_EQ(scene.world.notes->messages, (std::vector<std::string>{"a", "close me"}));
  EXPECT_EQ(scene.waiting->body, "1");
  EXPECT_EQ(scene.session->post("4c"), PostResult::session_gone);
}

TEST(Session, WhatTheLayerAboveCannotReadIsABadPayloadToo) {
  for (const std::string_view body : {"4unreadable",
                                      "4a\x1e"
                                      "4unreadable\x1e"
                                      "4b",
                                      "2"}) {
    Scene scene(Phase::waiting);
    EXPECT_EQ(scene.session->post(body), PostResult::bad_payload) << body;
    EXPECT_EQ(scene.world.notes->closed, CloseReason::parse_error);
    EXPECT_EQ(scene.waiting->body, "1");
    EXPECT_TRUE(scene.gone());
    EXPECT_EQ(scene.session->post(body), PostResult::session_gone);
  }
}

TEST(Session, HoldsItsPlaceAsLongAsItPolls) {
  const std::map<Phase, bool> polls = {
      {Phase::polling, true},    {Phase::waiting, true}, {Phase::probing, true}, {Phase::probed, true},
      {Phase::websocket, false}, {Phase::closing, true}, {Phase::closed, false}};
  for (const Phase phase : phases) {
    Scene scene(phase);  // which keeps a pointer to the session: that holds no place
    EXPECT_EQ(scene.world.place_taken, polls.at(phase)) << static_cast<int>(phase);
    scene.session->close(CloseReason::transport_close);
    scene.world.pass(scene.world.settings.close_linger_ms + 1);
    EXPECT_FALSE(scene.world.place_taken) << static_cast<int>(phase);
  }
}

TEST(Session, PostAfterTheUpgradeIsRefused) {
  Scene scene(Phase::websocket);
  EXPECT_EQ(scene.session->post("4a"), PostResult::session_gone);
  const auto get = EngineWorld::get(*scene.session);
  EXPECT_EQ(get->status, 400);
  EXPECT_EQ(get->body, R"({"code":3,"message":"Bad request"})");
  EXPECT_TRUE(scene.world.notes->messages.empty());
  EXPECT_FALSE(scene.gone());
}

TEST(Session, LastPacketsWaitForAPollingClient) {
  EngineWorld world({.close_linger_ms = 5'000, .max_payload_bytes = 8}, false);
  const auto session = world.polling();
  session->send_text("first");
  session->send_text("second");
  session->close(CloseReason::server_shutting_down);
  EXPECT_EQ(world.notes->closed, CloseReason::server_shutting_down);
  session->send_text("too late");
  EXPECT_EQ(session->post("4ignored"), PostResult::ok);
  EXPECT_EQ(EngineWorld::get(*session)->body, "4first");
  EXPECT_EQ(EngineWorld::get(*session)->body, "4second");  // no room for the close packet
  EXPECT_NE(world.sessions.find(session->sid()), nullptr);
  EXPECT_EQ(EngineWorld::get(*session)->body, "1");
  EXPECT_EQ(world.sessions.find(session->sid()), nullptr);
  EXPECT_EQ(EngineWorld::get(*session)->status, 400);
  EXPECT_TRUE(world.notes->messages.empty());
}

TEST(Session, LingeringEndsByItself) {
  Scene scene(Phase::polling);
  scene.session->close(CloseReason::forced_close);
  scene.world.pass(4'999);
  EXPECT_FALSE(scene.gone());
  scene.world.pass(1);
  EXPECT_TRUE(scene.gone());
  EXPECT_EQ(scene.world.notes->closes, 1);
}

// ---- the sessions of a shard
// -------------------------------------------------------------------------------------------

TEST(Sessions, SidsNameTheirShardAndDiffer) {
  EngineWorld world;
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const Sid sid = world.sessions.mint();
    ASSERT_TRUE(Id::shaped(sid));
    ASSERT_EQ(Sessions::home_of(sid), 7u);
    ASSERT_EQ(Id::node_of(sid), world.settings.node);
    seen.insert(sid);
  }
  EXPECT_EQ(seen.size(), 1'000u);
  EXPECT_FALSE(Id::node_of("short"));
  EXPECT_FALSE(Sessions::home_of("short"));
  EXPECT_FALSE(Sessions::home_of("ABCDEFGHIJKLMNOPQRS/"));
  EXPECT_FALSE(Sessions::home_of(std::string(20, '\0')));
}

TEST(Sessions, FindsOnlyWhatItHas) {
  EngineWorld world;
  const auto session = world.polling();
  EXPECT_EQ(world.sessions.find(session->sid()), session);
  EXPECT_EQ(world.sessions.find(""), nullptr);
  EXPECT_EQ(world.sessions.find("HAAAAAAAAAAAAAAAAAAA"), nullptr);
  EXPECT_EQ(world.sessions.find(std::string(1'000'000, 'H')), nullptr);
}

TEST(Sessions, MayEndWhileTheyAreWalked) {
  std::vector<std::unique_ptr<FakeTransport>> sockets;
  EngineWorld world;
  for (int i = 0; i < 50; ++i) world.websocket(*sockets.emplace_back(std::make_unique<FakeTransport>()));
  int met = 0;
  world.sessions.for_each([&](Session& session) {
    ++met;
    session.close(CloseReason::forced_close);
    if (met == 1) world.sessions.close_all(CloseReason::server_shutting_down);
    if (met == 1) world.polling();
  });
  EXPECT_EQ(met, 1);
  EXPECT_EQ(world.sessions.size(), 1u);
  EXPECT_EQ(world.sessions.counters().closed, 50u);
  EXPECT_EQ(world.sessions.counters().on_websocket, 0u);
}

TEST(Sessions, TheDeadAreBuriedAfterTheTurn) {
  EngineWorld world;
  std::weak_ptr<Session> watched;
  {
    FakeTransport socket;
    auto session = world.websocket(socket);
    watched = session;
    Session& bare = *session;
    session.reset();
    bare.receive("1", false, socket);
    EXPECT_EQ(bare.state(), State::closed);  // still there to be asked
  }
  EXPECT_FALSE(watched.expired());
  world.turn();
  EXPECT_TRUE(watched.expired());
}
