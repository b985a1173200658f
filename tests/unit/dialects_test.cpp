// Clients that write Socket.IO otherwise: MessagePack instead of JSON, and those of Socket.IO 2.
#include "socket_world.hpp"

#include "sioxx/socket/msgpack.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace sioxx;
using namespace sioxx::socket;
using namespace sioxx::test;
using namespace std::string_literals;
using namespace std::string_view_literals;
namespace json = boost::json;

namespace {

using Packets = std::vector<std::string>;

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

struct Decoded {
  Defect defect = Defect::none;
  socket::Packet packet;
  Attachments attachments;
  std::string data() const { return json::serialize(packet.data); }
};

Decoded decode(std::string_view wire, std::size_t depth_max = 32) {
  Decoded result;
  result.defect = decode_msgpack(wire, depth_max, {}, result.packet, result.attachments);
  return result;
}

std::string encoded(std::string_view data, socket::PacketType type = socket::PacketType::event,
                    std::optional<std::uint64_t> id = std::nullopt,
                    std::vector<std::string_view> attachments = {}) {
  socket::Packet packet;
  packet.type = type;
  packet.id = id;
  if (!data.empty()) packet.data = json::parse(data);
  std::string out;
  encode_msgpack(out, packet, attachments);
  return out;
}

/// An EVENT ["e", value] whose value is these bytes.
std::string event_of(std::string_view value) {
  return "\x83\xa4type\x02\xa3nsp\xa1/\xa4"s + "data\x92\xa1" + "e" + std::string(value);
}

}  // namespace

// ---- the codec

TEST(Msgpack, ReadsWhatTheOfficialClientWrites) {
  const std::string connect = from_hex("83a47479706500a46461746181a5746f6b656ea154a36e7370a12f");
  EXPECT_EQ(decode(connect).defect, Defect::none);
  EXPECT_EQ(decode(connect).packet.type, socket::PacketType::connect);
  EXPECT_EQ(decode(connect).packet.nsp, "/");
  EXPECT_EQ(decode(connect).data(), R"({"token":"T"})");

  const std::string event = from_hex(
      "85a47479706502a46461746192ad6f726465725f6d65737361676582a76f726465724964a16fa7636f6e74656e74a26869a76f7074696f6e"
      "7381a8636f6d7072657373c3a2696400a36e7370a12f");
  EXPECT_EQ(decode(event).defect, Defect::none);
  EXPECT_EQ(decode(event).data(), R"(["order_message",{"orderId":"o","content":"hi"}])");
  EXPECT_EQ(decode(event).packet.id, 0u);

  const std::string disconnect = from_hex("82a47479706501a36e7370a12f");
  EXPECT_EQ(decode(disconnect).defect, Defect::none);
  EXPECT_EQ(decode(disconnect).packet.type, socket::PacketType::disconnect);
}

TEST(Msgpack, ReadsEveryKindOfValue) {
  const std::pair<std::string, std::string> cases[] = {
      {"\x00"s, "0"},
      {"\x7f"s, "127"},
      {"\xff"s, "-1"},
      {"\xe0"s, "-32"},
      {"\xcc\xff"s, "255"},
      {"\xcd\x01\x2c"s, "300"},
      {"\xce\xff\xff\xff\xff"s, "4294967295"},
      {"\xcf\x00\x20\x00\x00\x00\x00\x00\x00"s, "9007199254740992"},
      {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s, "18446744073709551615"},
      {"\xd0\x80"s, "-128"},
      {"\xd1\x80\x00"s, "-32768"},
      {"\xd2\x80\x00\x00\x00"s, "-2147483648"},
      {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s, "-9223372036854775808"},
      {"\xc0"s, "null"},
      {"\xc2"s, "false"},
      {"\xc3"s, "true"},
      {"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"s, "1.5E0"},
      {"\xca\x3f\xc0\x00\x00"s, "1.5E0"},
      {"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"s, "null"},
      {"\xa0"s, R"("")"},
      {"\xd9\x02їx"s.substr(0, 4), R"("ї")"},
      {"\xda\x00\x01x"s, R"("x")"},
      {"\xdb\x00\x00\x00\x01x"s, R"("x")"},
      {"\x90"s, "[]"},
      {"\xdc\x00\x01\x90"s, "[[]]"},
      {"\xdd\x00\x00\x00\x01\xc0"s, "[null]"},
      {"\x80"s, "{}"},
      {"\xde\x00\x01\xa1"s + "a\x01", R"({"a":1})"},
      {"\xdf\x00\x00\x00\x01\xa1"s + "a\x01", R"({"a":1})"},
      {"\xd4\x00\x00"s, "null"},
      {"\xd7\x00\x00\x00\x01\x8b\xcf\xe5\x68\x00"s, R"("2023-11-14T22:13:20.000Z")"},
      {"\xd6\xff\x65\x53\xf1\x00"s, R"("2023-11-14T22:13:20.000Z")"},
      {"\xd7\xff\x05\xf5\xe1\x00\x65\x53\xf1\x00"s, R"("2023-11-14T22:13:20.025Z")"},
      {"\xc7\x0c\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"s, R"("1969-12-31T23:59:59.000Z")"},
      {"\xc7\x0c\xff\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff"s, "null"},
      {"\xc4\x02\x01\x02"s, R"({"_placeholder":true,"num":0})"},
      {"\xc7\x02\x00\x01\x02"s, R"({"_placeholder":true,"num":0})"},
  };
  for (const auto& [bytes, text] : cases) {
    const Decoded got = decode(event_of(bytes));
    EXPECT_EQ(got.defect, Defect::none) << text;
    EXPECT_EQ(got.data(), R"(["e",)" + text + "]");
  }
}

TEST(Msgpack, RefusesWhatIsNoPacket) {
  const std::pair<std::string, Defect> cases[] = {
      {""s, Defect::msgpack},
      {"\x90"s, Defect::msgpack},
      {"\x80"s, Defect::type},
      {"\x82\xa4type\x02\xa3nsp\xa1/"s, Defect::payload},  // EVENT without data
      {"\x82\xa4type\x05\xa3nsp\xa1/"s, Defect::type},     // no binary types here
      {"\x82\xa4type\x04\xa3nsp\xa1/"s, Defect::type},     // only the server refuses
      {"\x82\xa4type\xcb\x00\x00\x00\x00\x00\x00\x00\x00\xa3nsp\xa1/"s, Defect::type},  // 0.0
      {"\x81\xa4type\x00"s, Defect::nsp},
      {"\x82\xa4type\x00\xa3nsp\x01"s, Defect::nsp},
      {"\x82\xa4type\x00\xa3nsp\xa1x"s, Defect::nsp},
      {"\x82\xa4type\x00\xa3nsp\xa3/,x"s, Defect::nsp},
      {"\x83\xa4type\x00\xa3nsp\xa1/\xa4"
       "data\x01"s,
       Defect::payload},
      {"\x83\xa4type\x01\xa3nsp\xa1/\xa4"
       "data\x80"s,
       Defect::payload},
      {"\x83\xa4type\x03\xa3nsp\xa1/\xa4"
       "data\x90"s,
       Defect::none},
      {"\x84\xa4type\x02\xa3nsp\xa1/\xa4"
       "data\x91\xa1"
       "e\xa2id\xff"s,
       Defect::id},
      {"\x84\xa4type\x02\xa3nsp\xa1/\xa4"
       "data\x91\xa1"
       "e\xa2id\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s,
       Defect::id},
      {"\x83\xa4type\x02\xa3nsp\xa1/\xa4"
       "data\x91\xc3"s,
       Defect::event_name},
      {"\x83\xa4type\x02\xa3nsp\xa1/\xa4"
       "data\x91\xa7"
       "connect"s,
       Defect::event_name},
      {"\x83\xa4type\x02\xa4type\x02\xa3nsp\xa1/"s, Defect::msgpack},  // twice
      {event_of("\xc0") + "x", Defect::msgpack},                       // something behind it
      {event_of("\xc1"), Defect::msgpack},
      {event_of("\xa2\xff\xfe"), Defect::msgpack},   // not UTF-8
      {event_of("\x81\x01\x01"), Defect::msgpack},   // a key that is no text
      {event_of("\xd4\x07\x00"s), Defect::msgpack},  // an unknown extension
      {event_of("\xdd\xff\xff\xff\xff"), Defect::msgpack},
      {event_of("\xdf\xff\xff\xff\xff"), Defect::msgpack},
      {event_of("\xdb\xff\xff\xff\xff"), Defect::msgpack},
      {event_of("\xc6\xff\xff\xff\xff"), Defect::msgpack},
      {event_of("\xc9\xff\xff\xff\xff\x00"s), Defect::msgpack},
      {event_of(std::string(100, '\x91') + "\xc0"), Defect::msgpack},
      {event_of(
           "\x9b" +
           std::string(
               "\xc4\x00\xc4\x00\xc4\x00\xc4\x00\xc4\x00\xc4\x00\xc4\x00\xc4\x00\xc4\x00\xc4\x00\xc4\x00",
               22)),
       Defect::attachments},
      {event_of("\x92\xc4\x00\x82\xacPlaceholder!\x01\xa1n\x01"s), Defect::none},
      {event_of("\x92\xc4\x00\x82\xac_placeholder\xc3\xa3num\x05"s), Defect::attachments},
  };
  for (const auto& [bytes, defect] : cases)
    EXPECT_EQ(decode(bytes).defect, defect) << json::serialize(json::value(bytes));
}

TEST(Msgpack, WritesTheShortestForms) {
  EXPECT_EQ(encoded(R"({"sid":"x"})", socket::PacketType::connect),
            "\x83\xa4type\x00\xa4"
            "data\x81\xa3sid\xa1x\xa3nsp\xa1/"s);
  EXPECT_EQ(encoded("", socket::PacketType::disconnect), "\x82\xa4type\x01\xa3nsp\xa1/"s);
  const std::string values =
      "[0,127,128,255,256,65535,65536,4294967295,4294967296,-1,-32,-33,-128,-129,-32768,-32769,-2147483649,1.5,1e3,null,true]";
  const std::string wire = encoded(values, socket::PacketType::ack, 7);
  EXPECT_NE(
      wire.find("\x00\x7f\xcc\x80\xcc\xff\xcd\x01\x00\xcd\xff\xff\xce\x00\x01\x00\x00\xce\xff\xff\xff\xff"s),
      wire.npos);
  EXPECT_NE(wire.find("\xff\xe0\xd0\xdf\xd0\x80\xd1\xff\x7f\xd1\x80\x00\xd2\xff\xff\x7f\xff"s), wire.npos);
  EXPECT_NE(wire.find("\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xcd\x03\xe8\xc0\xc3"s), wire.npos);
}

TEST(Msgpack, WhatIsWrittenIsRead) {
  const std::string data =
      R"(["e",{"їжа":[1,-1,1.25,300,70000,5000000000,null,true,"\ud83d\udc4b"],"b":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}])";
  const Decoded back = decode(encoded(data, socket::PacketType::binary_event, 5, {"zero"sv, "o\0e"sv}));
  ASSERT_EQ(back.defect, Defect::none);
  // In the order in which they stand.
  EXPECT_EQ(back.attachments, (Attachments{"o\0e"s, "zero"}));
  EXPECT_EQ(back.packet.id, 5u);
  std::string big = R"(["e",")" + std::string(70'000, 'x') + R"(",[)";
  for (int i = 0; i < 70'000; ++i) big += "1,";
  big.back() = ']';
  big += "]";
  EXPECT_EQ(decode(encoded(big)).data(), json::serialize(json::parse(big)));
}

TEST(Msgpack, NoPieceOfAPacketAndNoNoiseIsMistakenOrHarmful) {
  const std::string whole = encoded(R"(["event",{"a":[1,2,3.5,"text"],"b":{"_placeholder":true,"num":0}}])",
                                    socket::PacketType::binary_event, 300, {"bytes"});
  ASSERT_EQ(decode(whole).defect, Defect::none);
  for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_NE(decode(whole.substr(0, i)).defect, Defect::none);
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string noise = whole;
    for (auto changes = 1 + random() % 6; changes > 0; --changes)
      noise[random() % noise.size()] = static_cast<char>(random());
    const Decoded got = decode(noise);
    if (got.defect == Defect::none && got.packet.type == socket::PacketType::event) {
      EXPECT_FALSE(got.packet.data.as_array().empty());
    }
  }
}

// ---- clients

namespace {

struct Dialects : ::testing::Test {
  Dialects() {
    world.of("/").use([](Socket& socket, Next next) {
      if (socket.auth().contains("refuse")) return next.refuse({"not today", {{"code", "NO"}}});
      if (socket.handshake().header("user-agent") == "nobody") return next.refuse({"go away", {}});
      next();
    });
    world.of("/custom").on_connect([](Socket& socket) { socket.emit("auth", socket.auth()); });
    world.tables[0]->on_connect([](Socket& socket) { socket.join("room"); });
    world.tables[0]->on("message", [](Socket& socket, Event& event) {
      socket.emit_array("message-back", event.args(), event.attachments());
    });
    world.tables[0]->on("with-ack",
                        [](Socket&, Event& event) { event.ack().send(event.args(), event.attachments()); });
    world.start();
  }
  /// What was heard of msgpack, as JSON of {type, nsp, id?, data?}.
  static Packets heard(Person& person) {
    Packets all;
    for (const std::string& wire : person.wire.take()) {
      EXPECT_EQ(wire.front(), 'b') << wire;
      // The server's packets are not a client's, so only some of them pass the check.
      const Decoded got = decode(std::string_view(wire).substr(1));
      std::string line = std::to_string(static_cast<int>(got.packet.type)) + std::string(got.packet.nsp);
      if (got.packet.id) line += " #" + std::to_string(*got.packet.id);
      line += " " + got.data();
      for (const std::string& bytes : got.attachments) line += " <" + bytes + ">";
      all.push_back(line);
    }
    return all;
  }
  static void says(Person& person, std::string_view data, socket::PacketType type = socket::PacketType::event,
                   std::optional<std::uint64_t> id = std::nullopt,
                   std::vector<std::string_view> attachments = {}) {
    person.says_binary(encoded(data, type, id, std::move(attachments)));
  }
  SocketWorld world;
};

}  // namespace

TEST_F(Dialects, TheFirstMessageDecides) {
  Person alice(world);
  says(alice, "", socket::PacketType::connect);
  const auto answer = heard(alice);
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_TRUE(answer[0].starts_with(R"(0/ {"sid":")")) << answer[0];
  alice.says(R"(2["message",1])");
  EXPECT_TRUE(alice.cut_off());

  Person bob(world);
  bob.joins();
  says(bob, R"(["message"])");
  EXPECT_TRUE(bob.cut_off());
}

TEST_F(Dialects, MsgpackEventsAcksAndBinary) {
  Person alice(world);
  says(alice, "", socket::PacketType::connect);
  heard(alice);
  says(alice, R"(["message",{"text":"Привіт 👋"},1.5])");
  EXPECT_EQ(heard(alice), Packets{R"(2/ ["message-back",{"text":"Привіт 👋"},1.5E0])"});
  says(alice, R"(["with-ack",{"_placeholder":true,"num":0},2])", socket::PacketType::binary_event, 9,
       {"\x01\x02"});
  EXPECT_EQ(heard(alice), Packets{"3/ #9 [{\"_placeholder\":true,\"num\":0},2] <\x01\x02>"});
}

TEST_F(Dialects, ABroadcastReachesEveryDialectOnceEncodedForEach) {
  Person json_speaker(world), alice(world), bob(world);
  json_speaker.joins();
  for (Person* one : {&alice, &bob}) {
    says(*one, "", socket::PacketType::connect);
    heard(*one);
  }
  const std::string bytes = "\x07";
  world.tables[0]->to("room").emit_array("news", json::array{placeholder(0)}, {&bytes, 1});
  EXPECT_EQ(json_speaker.hears(), (Packets{R"(51-["news",{"_placeholder":true,"num":0}])", "b\x07"}));
  const Packets wanted{"2/ [\"news\",{\"_placeholder\":true,\"num\":0}] <\x07>"};
  EXPECT_EQ(heard(alice), wanted);
  EXPECT_EQ(heard(bob), wanted);
}

TEST_F(Dialects, WhatIsEmittedAndNoJsonIsLoggedAndLost) {
  Person alice(world);
  says(alice, "", socket::PacketType::connect);
  heard(alice);
  world.tables[0]->to("room").send(sioxx::encode_event("/", "news", "{broken"));
  EXPECT_TRUE(heard(alice).empty());
  EXPECT_FALSE(alice.cut_off());
  EXPECT_EQ(world.log_lines.back(), "handler_error|emit|what is emitted is no JSON");
}

TEST_F(Dialects, MsgpackIsRefusedAndLeaves) {
  Person alice(world);
  says(alice, R"({"refuse":true})", socket::PacketType::connect);
  const auto answer = alice.wire.take();
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_NE(answer[0].find("\xa7message\xa9not today\xa4"
                           "data\x81\xa4"
                           "code\xa2NO"s),
            std::string::npos);
  says(alice, "", socket::PacketType::connect);
  heard(alice);
  says(alice, "", socket::PacketType::disconnect);
  says(alice, "", socket::PacketType::disconnect);  // has left already
  EXPECT_TRUE(alice.cut_off());
}

TEST_F(Dialects, Socketio2IsLetInWithoutAsking) {
  Person alice(world, engine::Revision::v3);
  world.pass(10);
  const auto greeting = alice.hears();
  ASSERT_EQ(greeting.size(), 2u);
  EXPECT_TRUE(greeting[0].starts_with(R"(0{"sid":)"));
  EXPECT_EQ(greeting[1], "0");
  alice.says(R"(2["message","ї"])");
  EXPECT_EQ(alice.hears(), Packets{R"(2["message-back","ї"])"});
  alice.says(R"(21["with-ack",5])");
  EXPECT_EQ(alice.hears(), Packets{"31[5]"});
  alice.says(R"(51-["message",{"_placeholder":true,"num":0}])");
  alice.says_binary("\x04\x07");
  EXPECT_EQ(alice.hears(), (Packets{R"(51-["message-back",{"_placeholder":true,"num":0}])", "b\x04\x07"}));
  alice.says("0");
  EXPECT_TRUE(alice.cut_off());
}

TEST_F(Dialects, Socketio2ConnectsToANamespaceWithAQuery) {
  Person alice(world, engine::Revision::v3);
  world.pass(10);
  alice.hears();
  alice.says("0/custom?token=a%20b&x=%D1%97&bad=%FF,");
  EXPECT_EQ(alice.hears(), (Packets{"0/custom,", R"(2/custom,["auth",{"token":"a b","x":"ї"}])"}));
  alice.says("1/custom,");
  EXPECT_FALSE(alice.cut_off());
  alice.says("0/nowhere?x=1,");
  EXPECT_EQ(alice.hears(), Packets{R"(4/nowhere,"Invalid namespace")"});
  alice.says("0/" + std::string(300, 'x') + ",");
  EXPECT_TRUE(alice.cut_off());
}

TEST_F(Dialects, Socketio2IsRefusedInItsOwnForm) {
  Person alice(world, engine::Revision::v3);
  world.pass(10);
  alice.hears();
  alice.says("1");
  alice.says("0/?refuse=1,");
  EXPECT_EQ(alice.hears(), Packets{R"(4{"code":"NO"})"});
}

TEST(DialectsAtTheDoor, WhoIsSentAwayInTheGreetingIsNotListenedTo) {
  SocketWorld world;
  world.of("/").on_connect([](Socket& socket) { socket.disconnect(true); });
  Namespace& other = world.of("/other");
  world.start();
  {
    Person alice(world, engine::Revision::v3);
    alice.says("0/other,");  // before the server has greeted
    EXPECT_TRUE(alice.cut_off());
  }
  world.turn();
  EXPECT_EQ(world.local.counters().sockets, 0u);
  other.emit("x");  // nobody is there
}
