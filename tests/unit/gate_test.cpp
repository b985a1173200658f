// Rooms that are entered before what they hold is known.
#include "namespace_world.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

using namespace sioxx;
using namespace sioxx::test;
namespace json = boost::json;

TEST_F(NamespaceTest, HeldEntryWaitsForTheSnapshot) {
  world.start();
  Person alice(world);
  alice.joins();
  const auto message = [](std::uint64_t order) {
    return encode_event("/", "m", std::to_string(order), order);
  };
  const auto tell = [&](std::uint64_t order) {
    chat.broadcast(message(order), {.rooms = {"r"}, .except = {}});
  };
  EXPECT_TRUE(socket(0).join_held("r"));
  for (const std::uint64_t order : std::vector<std::uint64_t>{1, 2, 3, 4}) tell(order);
  chat.to("r").emit("typing");
  EXPECT_TRUE(alice.hears().empty());
  EXPECT_TRUE(socket(0).release("r", 2));
  EXPECT_EQ(alice.hears(), (Packets{R"(2["m",3])", R"(2["m",4])", R"(2["typing"])"}));
  tell(5);
  EXPECT_EQ(alice.hears(), Packets{R"(2["m",5])"});
  EXPECT_TRUE(socket(0).release("r", 2));
  EXPECT_TRUE(alice.hears().empty());

  // Held again on a room that was open, and dropped by leaving it.
  EXPECT_TRUE(socket(0).join_held("r"));
  tell(6);
  socket(0).leave("r");
  EXPECT_TRUE(socket(0).release("r", 0));
  EXPECT_TRUE(alice.hears().empty());
  EXPECT_FALSE(socket(0).in("r"));
}

// The snapshot was taken from a store that had committed more than this shard had been told of yet.
TEST_F(NamespaceTest, WhatTheSnapshotKnewIsNotHeardAgainAfterTheGateOpened) {
  world.start();
  Person alice(world), bob(world);
  alice.joins();
  bob.joins();
  socket(1).join("r");
  const auto tell = [&](std::uint64_t order) {
    chat.broadcast(encode_event("/", "m", std::to_string(order), order), {.rooms = {"r"}, .except = {}});
  };
  EXPECT_TRUE(socket(0).join_held("r"));
  EXPECT_TRUE(socket(0).release("r", 3));
  for (const std::uint64_t order : std::vector<std::uint64_t>{2, 3, 4}) tell(order);
  chat.to("r").emit("typing");
  EXPECT_EQ(alice.hears(), (Packets{R"(2["m",4])", R"(2["typing"])"}));
  EXPECT_EQ(bob.hears(), (Packets{R"(2["m",2])", R"(2["m",3])", R"(2["m",4])", R"(2["typing"])"}));

  // Who enters anew without a snapshot knows nothing.
  socket(0).leave("r");
  socket(0).join("r");
  tell(3);
  EXPECT_EQ(alice.hears(), Packets{R"(2["m",3])"});
}

TEST_F(NamespaceTest, HeldInOneRoomAndOpenInAnother) {
  world.start();
  Person alice(world), bob(world);
  alice.joins();
  bob.joins();
  socket(0).join_held("a");
  socket(0).join("b");
  socket(1).join("a");
  chat.to("a").to("b").emit("both");
  EXPECT_EQ(alice.hears(), Packets{R"(2["both"])"});
  EXPECT_EQ(bob.hears(), Packets{R"(2["both"])"});
  chat.to("a").emit("one");
  EXPECT_TRUE(alice.hears().empty());
  EXPECT_EQ(bob.hears(), Packets{R"(2["one"])"});
  chat.emit("all");
  EXPECT_EQ(alice.hears(), Packets{R"(2["all"])"});
  EXPECT_TRUE(socket(0).release("a", 0));
  EXPECT_EQ(alice.hears(), Packets{R"(2["one"])"});
}

TEST_F(NamespaceTest, GateThatOverflowsAsksForAnotherSnapshot) {
  world.start();
  Person alice(world);
  alice.joins();
  socket(0).join_held("r");
  const std::uint64_t sent = Socket::hold_messages_max + 50;
  for (std::uint64_t order = 1; order <= sent; ++order) {
    chat.broadcast(encode_event("/", "m", "", order), {.rooms = {"r"}, .except = {}});
  }
  EXPECT_FALSE(socket(0).release("r", 10));
  EXPECT_TRUE(alice.hears().empty());
  EXPECT_TRUE(socket(0).release("r", sent - 2));
  EXPECT_EQ(alice.hears().size(), 2u);
}
