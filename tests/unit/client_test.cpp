// One connection's Socket.IO side: what is answered, what ends it.
#include "socket_world.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace sioxx;
using namespace sioxx::test;

namespace {

using Packets = std::vector<std::string>;

struct ClientTest : ::testing::Test {
  ClientTest() {
    const auto greet = [](Socket& socket) { socket.emit("auth", socket.auth()); };
    world.of("/").on_connect(greet);
    world.of("/custom").on_connect(greet);
    world.tables[0]->on("message", [](Socket& socket, Event& event) {
      socket.emit_array("message-back", event.args(), event.attachments());
    });
    world.tables[0]->on("message-with-ack",
                        [](Socket&, Event& event) { event.ack().send(event.args(), event.attachments()); });
    for (const auto& table : world.tables) {
      table->on_disconnect([this](Socket& socket, CloseReason reason) {
        gone.push_back(std::string(socket.nsp()) + ": " + std::string(text(reason)));
      });
    }
  }
  void start() { world.start(); }
  SocketWorld world;
  Packets gone;
};

}  // namespace

TEST_F(ClientTest, ConnectIsAnsweredBeforeAnythingElse) {
  start();
  Person alice(world);
  alice.says(R"(0{"token":"t"})");
  auto heard = alice.hears();
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_TRUE(heard[0].starts_with(R"(0{"sid":")")) << heard[0];
  EXPECT_EQ(heard[0].size(), std::string(R"(0{"sid":"01234567890123456789"})").size());
  EXPECT_EQ(heard[1], R"(2["auth",{"token":"t"}])");
  Person bob(world);
  bob.says("0");
  EXPECT_EQ(bob.hears().at(1), R"(2["auth",{}])");
}

TEST_F(ClientTest, ANumberIsTheNameOfAnEventToo) {
  world.tables[0]->on("5",
                      [](Socket&, Event& event) { event.ack().send(event.args(), event.attachments()); });
  world.tables[0]->on("-1.5", [](Socket&, Event& event) { event.ack().send({"half"}, {}); });
  world.tables[0]->on_unknown([](Socket&, Event& event) { event.ack().send({event.name()}, {}); });
  start();
  Person alice(world);
  alice.joins();
  alice.hears();
  for (const std::string_view packet : {"21[5,\"x\"]", "22[-1.5]", "23[18446744073709551615]", "24[1e2]"})
    alice.says(packet);
  EXPECT_EQ(alice.hears(),
            (Packets{"31[\"x\"]", "32[\"half\"]", "33[\"18446744073709551615\"]", "34[\"100\"]"}));
  EXPECT_TRUE(gone.empty());
}

TEST_F(ClientTest, NamespacesAreApart) {
  start();
  Person alice(world);
  const std::string first = alice.joins();
  const std::string second = alice.joins("/custom", R"({"a":1})");
  EXPECT_NE(first, second);
  alice.hears();
  alice.says("1/custom,");
  EXPECT_TRUE(alice.hears().empty());
  EXPECT_EQ(gone, Packets{"/custom: client namespace disconnect"});
  alice.says(R"(2["message",1])");
  EXPECT_EQ(alice.hears(), Packets{R"(2["message-back",1])"});
  alice.joins("/custom");
  alice.vanishes();
  EXPECT_EQ(gone.size(), 3u);
  EXPECT_EQ(world.local.counters().sockets, 0u);
}

TEST_F(ClientTest, UnknownNamespaceIsRefusedInTheFieldsWords) {
  start();
  Person alice(world);
  alice.says("0/random");
  EXPECT_EQ(alice.hears(), Packets{R"(4/random,{"message":"Invalid namespace"})"});
  EXPECT_FALSE(alice.cut_off());
}

TEST_F(ClientTest, LeavingTheLastNamespaceLeavesTheEngineOpen) {
  start();
  Person alice(world);
  alice.joins();
  alice.hears();
  alice.says("1");
  EXPECT_TRUE(alice.hears().empty());
  EXPECT_FALSE(alice.cut_off());
  world.pass(25'000);
  EXPECT_EQ(alice.hears(), Packets{"2"});
  alice.session->receive("3", false, alice.wire);
  EXPECT_NE(alice.joins(), "");  // and may come back
}

TEST_F(ClientTest, EventsAndAcksEcho) {
  start();
  Person alice(world);
  alice.joins();
  alice.hears();
  alice.says(R"(2["message",1,"2",{"3":[true]}])");
  EXPECT_EQ(alice.hears(), Packets{R"(2["message-back",1,"2",{"3":[true]}])"});
  alice.says(R"(2456["message-with-ack",1,"2",{"3":[false]}])");
  EXPECT_EQ(alice.hears(), Packets{R"(3456[1,"2",{"3":[false]}])"});
  alice.says(R"(2["message-with-ack",1])");  // asks for no answer
  alice.says(R"(2["nobody listens"])");
  alice.says(R"(39[1])");  // answers what nobody asked
  EXPECT_TRUE(alice.hears().empty());
  EXPECT_FALSE(alice.cut_off());
}

TEST_F(ClientTest, BinaryEchoes) {
  start();
  Person alice(world);
  alice.joins();
  alice.hears();
  alice.says(R"(52-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  alice.says_binary("\x01\x02\x03");
  EXPECT_TRUE(alice.hears().empty());
  alice.says_binary("\x04\x05\x06");
  EXPECT_EQ(alice.hears(),
            (Packets{R"(52-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])",
                     "b\x01\x02\x03", "b\x04\x05\x06"}));
  alice.says(R"(51-789["message-with-ack",{"_placeholder":true,"num":0}])");
  alice.says_binary("x");
  EXPECT_EQ(alice.hears(), (Packets{R"(61-789[{"_placeholder":true,"num":0}])", "bx"}));
}

TEST_F(ClientTest, WhatTheProtocolForbidsEndsTheConnection) {
  start();
  const Packets connected_says[] = {
      {"abc"},
      {""},
      {"9"},
      {"2{}"},
      {R"(2abc["message",1])"},
      {"2[\"message\""},
      {"0"},
      {R"(0{"again":1})"},
      {"0/custom,[]"},
      {R"(2/custom,["message"])"},
      {R"(2/nowhere,["message"])"},
      {"1/custom"},
      {R"(4{"message":"no"})"},
      {R"(50-["message"])"},
      {R"(511-["message"])"},
      {R"(2["disconnect"])"},
      {R"(51-["message",{"_placeholder":true,"num":0}])", R"(2["message"])"},
      {R"(51-/custom,["message",{"_placeholder":true,"num":0}])"},
  };
  for (const Packets& packets : connected_says) {
    Person alice(world);
    alice.joins();
    for (const std::string& packet : packets) alice.says(packet);
    EXPECT_TRUE(alice.cut_off()) << packets.back();
    EXPECT_EQ(alice.wire.closed, CloseReason::parse_error);
  }
  for (const char* packet : {"abc", R"(2["message"])", "1", "31[]", "3"}) {
    Person alice(world);
    alice.says(packet);
    EXPECT_TRUE(alice.cut_off()) << packet;
  }
  Person bob(world);
  bob.joins();
  bob.says_binary("nobody asked");
  EXPECT_TRUE(bob.cut_off());
  EXPECT_EQ(world.local.counters().parse_errors,
            world.log_lines.size() - 2 * world.local.counters().connected);
  EXPECT_EQ(world.local.counters().sockets, 0u);
}

TEST_F(ClientTest, NobodyConnectsInTime) {
  start();
  Person alice(world), bob(world), carol(world);
  bob.joins();
  carol.says("0/random");  // a refusal is no connection
  world.pass(9'999);
  EXPECT_FALSE(alice.cut_off());
  world.pass(1);
  EXPECT_TRUE(alice.cut_off());
  EXPECT_TRUE(carol.cut_off());
  EXPECT_FALSE(bob.cut_off());
}

TEST_F(ClientTest, AttachmentsAreBoundedInTimeAndBytes) {
  world.limits.binary_bytes_max = 100;
  start();
  Person slow(world);
  slow.joins();
  slow.says(R"(51-["message",{"_placeholder":true,"num":0}])");
  world.pass(9'999);
  EXPECT_FALSE(slow.cut_off());
  world.pass(1);
  EXPECT_TRUE(slow.cut_off());
  Person large(world);
  large.joins();
  large.says(R"(52-["message",{"_placeholder":true,"num":0}])");
  large.says_binary(std::string(60, 'x'));
  EXPECT_FALSE(large.cut_off());
  large.says_binary(std::string(60, 'x'));
  EXPECT_TRUE(large.cut_off());
}

TEST_F(ClientTest, NamespacesOfOneClientAreBounded) {
  world.limits.namespaces_per_client_max = 2;
  world.of("/third");
  start();
  Person alice(world);
  alice.joins();
  alice.joins("/custom");
  alice.hears();
  alice.says("0/third");
  EXPECT_EQ(alice.hears(), Packets{R"(4/third,{"message":"Too many namespaces"})"});
  EXPECT_FALSE(alice.cut_off());
}

TEST_F(ClientTest, HandshakeIsThereForTheConnectHandlersOnly) {
  std::string seen;
  world.tables[0]->on_connect([&](Socket& socket) { seen = socket.handshake().header("user-agent"); });
  std::string later;
  world.tables[0]->on("ask", [&](Socket& socket, Event&) {
    later = std::string(socket.handshake().header("user-agent")) + socket.handshake().address +
            std::to_string(socket.auth().size());
  });
  start();
  Person alice(world);
  alice.joins("/", R"({"token":"t"})");
  EXPECT_EQ(seen, "test");
  alice.says(R"(2["ask"])");
  EXPECT_EQ(later, "203.0.113.70");
}

TEST_F(ClientTest, KeepsTheHandshakeWhenAsked) {
  world.limits.keep_handshake = true;
  std::string later;
  world.tables[0]->on("ask",
                      [&](Socket& socket, Event&) { later = socket.handshake().header("user-agent"); });
  start();
  Person alice(world);
  alice.joins();
  alice.says(R"(2["ask"])");
  EXPECT_EQ(later, "test");
}

TEST_F(ClientTest, LogsComeAndGoWithoutSecrets) {
  start();
  {
    Person alice(world);
    alice.joins("/", R"({"token":"secret"})");
    alice.vanishes();
  }
  ASSERT_EQ(world.log_lines.size(), 2u);
  EXPECT_EQ(world.log_lines[0], "connection||");
  EXPECT_EQ(world.log_lines[1], "disconnection|transport close|");
}
