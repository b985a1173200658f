// Who pings, who answers, and how long that may take.
#include "session_scene.hpp"

#include <gtest/gtest.h>

using namespace sioxx;
using namespace sioxx::engine;
using namespace sioxx::test;

TEST(Heartbeat, ClosesExactlyAtIntervalPlusTimeout) {
  FakeTransport socket;
  EngineWorld world({.ping_interval_ms = 300, .ping_timeout_ms = 200});
  const auto session = world.websocket(socket);
  world.pass(299);
  EXPECT_TRUE(socket.written.empty());
  world.pass(1);
  EXPECT_EQ(socket.take(), std::vector<std::string>{"2"});
  world.pass(199);
  EXPECT_EQ(session->state(), State::open);
  world.pass(1);
  EXPECT_EQ(session->state(), State::closed);
  EXPECT_EQ(world.notes->closed, CloseReason::ping_timeout);
  EXPECT_EQ(socket.closed, CloseReason::ping_timeout);
}

TEST(Heartbeat, OnPollingTheGetHoldsExactlyThePing) {
  EngineWorld world({.ping_interval_ms = 300, .ping_timeout_ms = 200});
  const auto session = world.polling();
  for (int round = 0; round < 3; ++round) {
    const auto answer = EngineWorld::get(*session);
    world.pass(300);
    EXPECT_EQ(answer->body, "2");
    EXPECT_EQ(session->post("3"), PostResult::ok);
  }
  EXPECT_EQ(session->state(), State::open);
  world.pass(500);
  EXPECT_EQ(session->state(), State::closed);
}

TEST(Heartbeat, PongRestsAnUnexpectedOneIsIgnored) {
  FakeTransport socket;
  EngineWorld world({.ping_interval_ms = 300, .ping_timeout_ms = 200});
  const auto session = world.websocket(socket);
  world.pass(250);
  session->receive("3", false, socket);  // nobody asked: the schedule stays
  world.pass(50);
  EXPECT_EQ(socket.take(), std::vector<std::string>{"2"});
  world.pass(100);
  session->receive("3", false, socket);
  world.pass(299);
  EXPECT_TRUE(socket.written.empty());
  world.pass(1);
  EXPECT_EQ(socket.take(), std::vector<std::string>{"2"});
}

TEST(Heartbeat, AnyPacketExtendsTheWaitOnce) {
  FakeTransport socket;
  EngineWorld world({.ping_interval_ms = 300, .ping_timeout_ms = 200}, false);
  const auto session = world.websocket(socket);
  world.pass(300 + 150);
  session->receive("4alive", false, socket);
  world.pass(199);
  EXPECT_EQ(session->state(), State::open);
  session->receive("4alive", false, socket);  // not twice
  world.pass(1);
  EXPECT_EQ(session->state(), State::closed);
}

TEST(Heartbeat, AStalledServerGivesItsClientsTheirTime) {
  FakeTransport socket;
  EngineWorld world({.ping_interval_ms = 300, .ping_timeout_ms = 200});
  const auto session = world.websocket(socket);
  world.now += 60'000;  // the process was stopped for a minute
  world.turn();
  EXPECT_EQ(session->state(), State::open);
  world.pass(199);
  EXPECT_EQ(session->state(), State::open);
  world.pass(1);
  EXPECT_EQ(session->state(), State::closed);
}

TEST(Heartbeat, OnlyTheServerPings) {
  Scene scene(Phase::websocket);
  scene.session->receive("2", false, scene.socket);
  EXPECT_EQ(scene.world.notes->closed, CloseReason::parse_error);
}
