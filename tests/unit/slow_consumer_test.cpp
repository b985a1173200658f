// What a session keeps for somebody who does not read, and when it is enough.
#include "engine_world.hpp"

#include <gtest/gtest.h>

using namespace sioxx;
using namespace sioxx::engine;
using namespace sioxx::test;

TEST(SlowConsumer, IsClosedOnceEverybodyHasReturned) {
  FakeTransport socket;
  EngineWorld world({.send_queue_bytes_max = 1'000});
  const auto session = world.websocket(socket);
  socket.stuck = true;
  while (session->state() == State::open) session->send_text(std::string(100, 'x'));
  EXPECT_FALSE(world.notes->closed);  // the sender was not called back
  EXPECT_LE(socket.waiting, 1'000u);
  EXPECT_GT(socket.flushes, 0);
  const auto sent = socket.written.size();
  session->send_text("more");
  EXPECT_EQ(socket.written.size(), sent);
  world.turn();
  EXPECT_EQ(world.notes->closed, CloseReason::slow_consumer);
  EXPECT_EQ(socket.closed, CloseReason::slow_consumer);
  EXPECT_EQ(world.sessions.find(session->sid()), nullptr);
  EXPECT_EQ(world.sessions.counters().slow_consumers, 1u);
}

TEST(SlowConsumer, PollingQueueIsBoundedWithItsOverhead) {
  EngineWorld world({.send_queue_bytes_max = 10'000});
  const auto session = world.polling();
  int sent = 0;
  while (session->state() == State::open) {
    session->send_text("");
    ++sent;
  }
  EXPECT_LE(sent, 10'000 / 64 + 1);
  world.turn();
  EXPECT_EQ(world.notes->closed, CloseReason::slow_consumer);
  EXPECT_EQ(world.notes->closes, 1);
}

TEST(SlowConsumer, AGetBetweenIsToldToGo) {
  EngineWorld world({.send_queue_bytes_max = 1'000});
  const auto session = world.polling();
  while (session->state() == State::open) session->send_text(std::string(100, 'x'));
  EXPECT_EQ(EngineWorld::get(*session)->body, "1");
  world.turn();
  EXPECT_EQ(world.notes->closes, 1);
  EXPECT_EQ(world.notes->closed, CloseReason::slow_consumer);
}

TEST(SlowConsumer, EphemeralIsDroppedInstead) {
  FakeTransport socket;
  EngineWorld world({.send_queue_bytes_max = 10'000, .ephemeral_queue_bytes_max = 500});
  const auto session = world.websocket(socket);
  socket.stuck = true;
  const auto typing = Encoded::text(std::string(100, 't'));
  for (int i = 0; i < 100; ++i) session->send(typing, Delivery::ephemeral);
  EXPECT_EQ(session->state(), State::open);
  EXPECT_LT(socket.written.size(), 6u);
  EXPECT_EQ(world.sessions.counters().ephemeral_dropped, 100u - socket.written.size());
  session->send(typing);
  EXPECT_EQ(session->state(), State::open);
}

TEST(SlowConsumer, OneLargeMessageIsNotASlowReader) {
  FakeTransport socket;
  EngineWorld world({.send_queue_bytes_max = 1'000});
  const auto session = world.websocket(socket);
  session->send_text(std::string(5'000, 'x'));
  EXPECT_EQ(session->state(), State::open);
  EXPECT_EQ(socket.written.size(), 1u);
}

TEST(Send, AttachmentsTravelTogether) {
  FakeTransport socket;
  EngineWorld world;
  const auto session = world.websocket(socket);
  Encoded::Builder builder;
  builder << "52-[]";
  const auto chain = std::move(builder).finish(0, Encoded::binary("a", Encoded::binary("b")));
  session->send(chain);
  EXPECT_EQ(socket.take(), (std::vector<std::string>{"452-[]", "ba", "bb"}));
  const auto polling = world.polling();
  polling->send(chain);
  EXPECT_EQ(EngineWorld::get(*polling)->body,
            "452-[]\x1e"
            "bYQ==\x1e"
            "bYg==");
}
