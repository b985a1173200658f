// What processes say to each other as bytes: everything comes back as it was, and nothing else is read.
#include "sioxx/cluster/codec.hpp"

#include "sioxx/socket/event.hpp"
#include "sioxx/socket/packet.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <string>
#include <variant>
#include <vector>

using namespace sioxx;
using namespace sioxx::cluster;
namespace json = boost::json;

namespace {

BroadcastOptions some_target() {
  BroadcastOptions target;
  target.rooms = {"кухня", "b"};
  target.except = {std::string("c\0d", 3)};
  target.delivery = engine::Delivery::ephemeral;
  target.compress = false;
  return target;
}

engine::EncodedPtr some_packet() {
  const std::vector<std::string> bytes{std::string("\0\xff", 2), ""};
  engine::Encoded::Builder builder;
  const json::array args{"x", placeholder(0), placeholder(1)};
  socket::encode_event(builder.buffer(), "/n", "e", args, bytes.size());
  return std::move(builder).finish(77, socket::chain_attachments(bytes));
}

const Question whose{engine::ProcessId(0xfedcba9876543210), 63, 1'000'000};

RemoteSocket some_socket() {
  RemoteSocket one;
  one.id = "AAAAAAAAAAAAAAAAAAAA";
  one.nsp = "/n";
  one.rooms = {"r"};
  one.data = json::parse(R"({"n":1.5,"deep":[[null]]})");
  one.handshake.address = "::1";
  one.handshake.request() = {"/socket.io/?EIO=4", {{"cookie", "a=b"}}, {{"EIO", "4"}}};
  one.handshake.issued = 1'700'000'000'123;
  one.handshake.cross_origin = true;
  return one;
}

std::vector<Message> every_kind() {
  const json::array args{1, "two", nullptr};
  return {Broadcast{"/n", some_target(), some_packet()},
          Join{"/n", some_target(), {"x", "y"}},
          Leave{"/n", {}, {}},
          Disconnect{"/", some_target(), true},
          Fetch{"/", {}, whose},
          Sockets{whose, {some_socket(), {}}},
          ServerSide{"/", some_target(), "e", args, std::nullopt},
          ServerSide{"/", {}, "e", {}, whose},
          ServerSideAnswer{whose, args},
          ServerSideAnswer{whose, std::nullopt},
          Ask{"/n", {}, some_packet(), 5'000, whose},
          Clients{whose, 12'345},
          ClientAck{whose, Answer{args, {std::string("\1\2", 2)}}},
          ClientAck{whose, std::nullopt},
          Silent{whose, 64, true}};
}

std::string framed(const Message& message) {
  std::string frame = encode(message);
  put_front(frame, {engine::ProcessId(5), 9});
  return frame;
}

}  // namespace

TEST(CodecTest, EveryMessageIsReadAsItWasWritten) {
  Decoder decoder;
  for (const Message& message : every_kind()) {
    const std::string frame = framed(message);
    const auto read = decoder.decode(frame);
    ASSERT_TRUE(read) << message.index();
    const auto* const again = std::get_if<Message>(&*read);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(again->index(), message.index());
    EXPECT_EQ(framed(*again), frame) << message.index();
  }
}

TEST(CodecTest, APacketKeepsItsAttachmentsItsOrderAndItsFrame) {
  Decoder decoder;
  const auto read = decoder.decode(framed(Broadcast{"/n", {}, some_packet()}));
  ASSERT_TRUE(read);
  const engine::Encoded& packet = *std::get<Broadcast>(std::get<Message>(*read)).message;
  EXPECT_EQ(packet.frame(), some_packet()->frame());
  EXPECT_EQ(packet.order(), 77u);
  ASSERT_NE(packet.next(), nullptr);
  EXPECT_TRUE(packet.next()->is_binary());
  EXPECT_EQ(packet.next()->packet(), std::string_view("\0\xff", 2));
  ASSERT_NE(packet.next()->next(), nullptr);
  EXPECT_EQ(packet.chain_size(), some_packet()->chain_size());
}

TEST(CodecTest, TheFrontTellsWhoAndWhichNumber) {
  const auto front = front_of(framed(Clients{whose, 1}));
  ASSERT_TRUE(front);
  EXPECT_EQ(front->from, engine::ProcessId(5));
  EXPECT_EQ(front->number, 9u);
  EXPECT_FALSE(front_of(""));
  EXPECT_FALSE(front_of(std::string(front_bytes, '\1')));
}

TEST(CodecTest, AHelloSaysHowManyShards) {
  Decoder decoder;
  const auto read = decoder.decode(encode(Hello{3, true, false}));
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<Hello>(*read).shards, 3u);
  EXPECT_TRUE(std::get<Hello>(*read).newcomer);
  EXPECT_FALSE(decoder.decode(encode(Hello{0, true, false}))) << "nobody has no shards";
  EXPECT_FALSE(decoder.decode(encode(Hello{65, true, false})));
}

TEST(CodecTest, WhatWasCutOrLengthenedIsNothing) {
  Decoder decoder;
  for (const Message& message : every_kind()) {
    const std::string frame = framed(message);
    for (std::size_t size = 0; size < frame.size(); ++size) {
      EXPECT_FALSE(decoder.decode(frame.substr(0, size))) << message.index() << " cut to " << size;
    }
    EXPECT_FALSE(decoder.decode(frame + '\0'));
  }
}

TEST(CodecTest, WhatShardsSayAmongThemselvesStaysInside) {
  EXPECT_TRUE(encode(Message(Claim{})).empty());
  EXPECT_TRUE(encode(Message(Claimed{})).empty());
  EXPECT_TRUE(encode(Message(Moved{})).empty());
}

TEST(CodecTest, CountsThatLieCostNothing) {
  Decoder decoder;
  std::string frame = framed(Leave{"/", {}, {}});
  // In place of "no rooms": 2^63 of them.
  frame.pop_back();
  frame += "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
  EXPECT_FALSE(decoder.decode(frame));
  frame = framed(Broadcast{"/", {}, engine::Encoded::text("0")});
  EXPECT_FALSE(decoder.decode(frame)) << "a CONNECT is no event";
  frame = framed(Broadcast{"/", {}, engine::Encoded::text("51-[\"a\"]")});
  EXPECT_FALSE(decoder.decode(frame)) << "an attachment is missing";
  frame = framed(Broadcast{"/", {}, engine::Encoded::text("2[\"\xff\"]")});
  EXPECT_FALSE(decoder.decode(frame)) << "not UTF-8";
}
