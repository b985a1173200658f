// Namespaces by pattern: made when somebody comes, gone with the last one, spoken to together.
#include "socket_world.hpp"

#include "sioxx/socket/rewrite.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

using namespace sioxx;
using namespace sioxx::test;

namespace {

using Packets = std::vector<std::string>;

struct PatternsTest : ::testing::Test {
  PatternsTest() : main(world.of("/")), orders(world.of("/_0", glob("/order-*"))) {
    orders.use([](Socket& socket, Next next) {
      if (socket.auth().contains("no")) return next.refuse({"no", {}});
      next();
    });
    orders.on_connect([this](Socket& socket) { refs.push_back(socket.ref()); });
    orders.on("where", [](Socket& socket, Event& event) { event.ack()(std::string(socket.nsp())); });
    orders.on("enter", [](Socket& socket, Event&) { socket.join("kitchen"); });
  }
  SocketWorld world;
  Namespace& main;
  Namespace& orders;
  std::vector<SocketRef> refs;
};

}  // namespace

TEST(Glob, StarsStandForCharactersButNoSlash) {
  const auto matches = [](std::string pattern, std::string_view name) {
    return glob(std::move(pattern))(name);
  };
  EXPECT_TRUE(matches("/order-*", "/order-1"));
  EXPECT_TRUE(matches("/order-*", "/order-123"));
  EXPECT_FALSE(matches("/order-*", "/order-"));
  EXPECT_FALSE(matches("/order-*", "/order-1/x"));
  EXPECT_FALSE(matches("/order-*", "/x/order-1"));
  EXPECT_TRUE(matches("/shop/*/staff", "/shop/12/staff"));
  EXPECT_FALSE(matches("/shop/*/staff", "/shop/12/other"));
  EXPECT_FALSE(matches("/shop/*/staff", "/shop/1/2/staff"));
  EXPECT_TRUE(matches("/a*b*c", "/axbxbc"));
  EXPECT_FALSE(matches("/a*b*c", "/abc"));
  EXPECT_TRUE(matches("/plain", "/plain"));
  EXPECT_FALSE(matches("/plain", "/plai"));
}

TEST(PatternsAndTime, AnswersMayComeWhenTheNamespaceHasGone) {
  SocketWorld world;
  std::vector<Next> doors, events;
  Namespace& shops = world.of("/_0", glob("/shop-*"));
  shops.use([&](Socket& socket, Next next) {
    if (socket.nsp() == "/shop-1") return doors.push_back(std::move(next));
    next();
  });
  shops.use_event([&](Socket&, Event&, Next next) { events.push_back(std::move(next)); });
  world.start();
  {
    Person alice(world), bob(world);
    alice.says("0/shop-1,");
    EXPECT_NE(bob.joins("/shop-2"), "");
    bob.says(R"(2/shop-2,["x"])");
  }
  world.turn();
  EXPECT_EQ(world.local.find("/shop-1"), nullptr);
  EXPECT_EQ(world.local.find("/shop-2"), nullptr);
  ASSERT_EQ(doors.size(), 1u);
  ASSERT_EQ(events.size(), 1u);
  doors[0]();
  events.clear();  // dropped: refused
  EXPECT_EQ(world.local.counters().sockets, 0u);
}

TEST_F(PatternsTest, EachNameIsANamespaceOfItsOwn) {
  world.start();
  Person alice(world), bob(world);
  EXPECT_NE(alice.joins("/order-1"), "");
  EXPECT_NE(bob.joins("/order-2"), "");
  alice.says(R"(2/order-1,7["where"])");
  EXPECT_EQ(alice.hears(), Packets{R"(3/order-1,7["/order-1"])"});
  alice.says("2/order-1,[\"enter\"]");
  bob.says("2/order-2,[\"enter\"]");
  refs.at(0).get()->to("kitchen").emit("x");
  EXPECT_TRUE(bob.hears().empty());
  BroadcastOperator(world.adapter, "/order-2").to("kitchen").emit("y", 1);
  EXPECT_EQ(bob.hears(), Packets{R"(2/order-2,["y",1])"});
  EXPECT_TRUE(alice.hears().empty());
}

TEST_F(PatternsTest, TheyGoWithTheirLastSocketAndNotBefore) {
  world.start();
  {
    Person alice(world), bob(world);
    alice.joins("/order-1");
    bob.joins("/order-1");
    alice.says("1/order-1,");
    world.turn();
    EXPECT_NE(world.local.find("/order-1"), nullptr);
  }
  world.turn();
  EXPECT_EQ(world.local.find("/order-1"), nullptr);
  EXPECT_EQ(world.local.rooms(), 0u);
  Person carol(world);
  EXPECT_NE(carol.joins("/order-1"), "");
}

TEST_F(PatternsTest, ARefusedClientLeavesNothingBehind) {
  world.start();
  Person alice(world);
  alice.says(R"(0/order-1,{"no":1})");
  EXPECT_EQ(alice.hears(), Packets{R"(4/order-1,{"message":"no"})"});
  world.turn();
  EXPECT_EQ(world.local.find("/order-1"), nullptr);
}

TEST_F(PatternsTest, WhatNoPatternMeansIsUnknown) {
  Namespace& own = world.of("/order-own");
  world.of("/_1", [](std::string_view name) -> bool {
    if (name == "/throws") throw std::runtime_error("oops");
    return false;
  });
  int mine = 0;
  own.on_connect([&](Socket&) { ++mine; });
  world.start();
  Person alice(world);
  for (const char* nsp : {"/order", "/_0", "/throws"}) {
    alice.says("0" + std::string(nsp) + ",");
    EXPECT_EQ(alice.hears(), Packets{"4" + std::string(nsp) + R"(,{"message":"Invalid namespace"})"});
  }
  EXPECT_EQ(world.errors(), Packets{"namespace filter|oops"});
  alice.joins("/order-own");
  EXPECT_EQ(mine, 1);  // its own table, not the pattern's
  EXPECT_TRUE(refs.empty());
}

TEST_F(PatternsTest, TheirNumberIsBounded) {
  world.limits.dynamic_namespaces_max = 2;
  world.limits.namespaces_per_client_max = 3;
  world.start();
  Person alice(world), bob(world);
  EXPECT_NE(alice.joins("/order-1"), "");
  EXPECT_NE(alice.joins("/order-2"), "");
  alice.says("0/order-3,");
  EXPECT_EQ(alice.hears(), Packets{R"(4/order-3,{"message":"Too many namespaces"})"});
  EXPECT_NE(bob.joins("/order-2"), "");  // one that is there
  EXPECT_NE(alice.joins("/"), "");
  alice.says("0/order-2x,");
  EXPECT_EQ(alice.hears(), Packets{R"(4/order-2x,{"message":"Too many namespaces"})"});
}

TEST_F(PatternsTest, WhatIsSentToThePatternReachesAll) {
  world.start();
  Person alice(world), bob(world), carol(world);
  alice.joins("/order-1");
  bob.joins("/order-2");
  carol.joins("/");
  bob.says("2/order-2,[\"enter\"]");
  const std::string file = "bytes";
  orders.emit("news", "x");
  orders.to("kitchen").emit_array("file", {placeholder(0)}, std::span(&file, 1));
  EXPECT_EQ(alice.hears(), Packets{R"(2/order-1,["news","x"])"});
  EXPECT_EQ(bob.hears(), (Packets{R"(2/order-2,["news","x"])",
                                  R"(51-/order-2,["file",{"_placeholder":true,"num":0}])", "bbytes"}));
  EXPECT_TRUE(carol.hears().empty());
  orders.disconnect_sockets();
  EXPECT_EQ(alice.hears(), Packets{"1/order-1,"});
  world.turn();
  EXPECT_EQ(world.local.find("/order-1"), nullptr);
}

TEST(Rewrite, ChangesTheHeadAndKeepsTheRest) {
  const auto text = [](const engine::EncodedPtr& message) {
    return message == nullptr ? "none" : std::string(message->packet());
  };
  const auto plain = engine::Encoded::text(R"(2["a",1])", 7);
  EXPECT_EQ(text(socket::with_namespace(plain, "/x")), R"(42/x,["a",1])");
  EXPECT_EQ(text(socket::with_ack_id(plain, 12)), R"(4212["a",1])");
  EXPECT_EQ(socket::with_ack_id(plain, 12)->order(), 7u);
  engine::Encoded::Builder builder;
  builder.compress(false) << R"(51-/x,["f",{"_placeholder":true,"num":0}])";
  const auto file = std::move(builder).finish(0, engine::Encoded::binary("b"));
  const auto asked = socket::with_ack_id(socket::with_namespace(file, "/"), 3);
  EXPECT_EQ(text(asked), R"(451-3["f",{"_placeholder":true,"num":0}])");
  EXPECT_EQ(asked->next(), file->next());
  EXPECT_FALSE(asked->compress());
  const auto stamped = socket::with_offset(file, 1'000);
  EXPECT_EQ(text(stamped), R"(451-/x,["f",{"_placeholder":true,"num":0},"rs"])");
  EXPECT_EQ(stamped->offset(), 1'000u);
  EXPECT_EQ(text(socket::without_offset(stamped)), text(file));
  EXPECT_EQ(socket::with_offset(socket::with_ack_id(plain, 1), 5), nullptr);
  for (const char* other : {"", "0", "3[1]", R"(212["a"])", "2/x", "5x", "2"}) {
    EXPECT_EQ(socket::with_namespace(engine::Encoded::text(other), "/x"), nullptr) << other;
  }
  EXPECT_EQ(socket::with_ack_id(engine::Encoded::binary("2[]"), 1), nullptr);
}
