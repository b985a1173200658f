// Engine.IO protocol 3: the same sessions with other bytes on the wire, and the heartbeat the other way round.
#include "engine_world.hpp"
#include "payload_read.hpp"

#include "sioxx/engine/payload.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace sioxx;
using namespace sioxx::engine;
using namespace sioxx::test;
using namespace std::string_literals;

namespace {

constexpr auto text_form = PayloadForm::v3_text;
constexpr auto byte_form = PayloadForm::v3_bytes;

EncodedPtr binary(std::string_view bytes) { return Encoded::binary(bytes); }

}  // namespace

// ---- payloads

TEST(Protocol3Payload, LengthsCountUtf16Units) {
  const auto all = read("6:4hello2:2x2:4\U0001F44B", text_form);
  EXPECT_FALSE(all.good);  // half of the waving hand
  EXPECT_EQ(all.packets, (std::vector<std::string>{"4hello", "2x"}));
  const auto good = read("6:4hello4:4їжа3:4\U0001F44B10:b4AQIDBA==1:2", text_form);
  EXPECT_TRUE(good.good);
  EXPECT_EQ(good.packets,
            (std::vector<std::string>{"4hello", "4їжа", "4\U0001F44B", "b\x01\x02\x03\x04", "2"}));
}

TEST(Protocol3Payload, RefusesWhatIsNone) {
  for (const std::string_view bad :
       {"", "abc", ":4x", "0:", "1:", "6:4hell", "2:4hello", "-2:4x", "+2:4x", " 2:4x",
        "99999999999999999999:4x", "4294967298:4x", "1:9", "1:b", "3:b4!", "2", "2:4x3"}) {
    EXPECT_FALSE(read(bad, text_form).good) << bad;
  }
}

TEST(Protocol3Payload, BytesHaveDecimalDigitsAsBytes) {
  const auto mixed = read(
      "\x00\x06\xff"
      "4hello\x01\x05\xff\x04\x01\x02\x03\x04"s,
      byte_form);
  EXPECT_TRUE(mixed.good);
  EXPECT_EQ(mixed.packets, (std::vector<std::string>{"4hello", "b\x01\x02\x03\x04"}));
  const auto twelve = read("\x01\x01\x02\xff\x04"s + std::string(11, 'x'), byte_form);
  EXPECT_TRUE(twelve.good);
  EXPECT_EQ(twelve.packets, (std::vector<std::string>{"b" + std::string(11, 'x')}));
}

TEST(Protocol3Payload, RefusesBytesThatAreNone) {
  for (const std::string& bad : {""s,
                                 "\x02\x01\xff"
                                 "4"s,
                                 "\x00"s, "\x00\xff"s, "\x00\x00\xff"s,
                                 "\x00\x02\xff"
                                 "4"s,
                                 "\x00\x0a\xff"
                                 "4"s,
                                 "\x01\x01\xff\x02"s,
                                 "\x00\x01\xff"
                                 "9"s,
                                 "\x00\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\xff"
                                 "4"s,
                                 "\x00\x01"s}) {
    EXPECT_FALSE(read(bad, byte_form).good);
  }
}

TEST(Protocol3Payload, WhatIsWrittenIsRead) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    for (const auto form : {text_form, byte_form}) {
      PayloadWriter writer(1'000'000, form);
      std::vector<std::string> written;
      for (auto i = 1 + random() % 5; i > 0; --i) {
        std::string text;
        for (auto j = random() % 40; j > 0; --j)
          text += std::vector{"a", "ї", "\U0001F44B", "\x1e"}[random() % 4];
        if (random() % 2 == 0) {
          ASSERT_TRUE(writer.add_text("4" + text));
          written.push_back("4" + text);
        } else {
          ASSERT_TRUE(writer.add_binary(text));
          written.push_back("b" + text);
        }
      }
      const ReadPackets back = read(std::move(writer).take(), form);
      EXPECT_TRUE(back.good);
      EXPECT_EQ(back.packets, written);
    }
  }
}

TEST(Protocol3Payload, KeepsToItsSize) {
  for (const auto form : {text_form, byte_form}) {
    PayloadWriter writer(20, form);
    EXPECT_TRUE(writer.add_text("4" + std::string(100, 'x')));  // one alone is never too much
    EXPECT_FALSE(writer.add_text("4"));
    PayloadWriter small(20, form);
    EXPECT_TRUE(small.add_text("4hello"));
    EXPECT_TRUE(small.add_text("4hello"));
    EXPECT_FALSE(small.add_binary("hello"));
    EXPECT_LE(std::move(small).take().size(), 20u);
  }
}

TEST(Polling, TextThatIsNoUtf8EndsTheSession) {
  for (const auto revision : {Revision::v4, Revision::v3}) {
    EngineWorld world;
    const auto session = world.polling(revision);
    EXPECT_EQ(session->post(revision == Revision::v4 ? "4\xff" : "2:4\xff"), PostResult::bad_payload);
    EXPECT_EQ(session->state(), State::closed);
  }
  EngineWorld world;
  EXPECT_EQ(world.polling(Revision::v3)->post("\x00\x02\xff\x34\xff"s, true), PostResult::bad_payload);
}

// ---- sessions

TEST(Protocol3, OpensByPolling) {
  EngineWorld world;
  const auto session = world.polling(Revision::v3);
  const auto colon = world.opened.find(':');
  EXPECT_EQ(world.opened.substr(0, colon), std::to_string(world.opened.size() - colon - 1));
  EXPECT_EQ(world.opened.substr(colon + 1, 8), "0{\"sid\":");
  EXPECT_EQ(session->post("6:4hello3:4\U0001F44B"), PostResult::ok);
  EXPECT_EQ(EngineWorld::get(*session)->body, "6:4hello3:4\U0001F44B");
}

TEST(Protocol3, BinaryIsBytesForWhoTakesThemAndBase64ForWhoDoesNot) {
  EngineWorld world;
  const auto takes = world.polling(Revision::v3);
  takes->post("6:4hello10:b4AQIDBA==");
  const auto bytes = EngineWorld::get(*takes);
  EXPECT_EQ(bytes->body,
            "\x00\x06\xff"
            "4hello\x01\x05\xff\x04\x01\x02\x03\x04"s);
  EXPECT_TRUE(bytes->binary);
  takes->post("6:4hello");
  EXPECT_FALSE(EngineWorld::get(*takes)->binary);
  EXPECT_EQ(takes->post("\x01\x02\xff\x04\x07"s, true), PostResult::ok);
  EXPECT_EQ(EngineWorld::get(*takes)->body, "\x01\x02\xff\x04\x07"s);

  const auto does_not = world.polling(Revision::v3_base64);
  does_not->post("6:4hello10:b4AQIDBA==");
  EXPECT_EQ(EngineWorld::get(*does_not)->body, "6:4hello10:b4AQIDBA==");
}

TEST(Protocol3, TheClientPingsAndTheServerPongs) {
  EngineWorld world({.ping_interval_ms = 300, .ping_timeout_ms = 200});
  const auto session = world.polling(Revision::v3);
  for (int i = 0; i < 3; ++i) {
    world.pass(400);
    EXPECT_EQ(session->post("1:2"), PostResult::ok);
    EXPECT_EQ(EngineWorld::get(*session)->body, "1:3");
  }
  world.pass(499);
  EXPECT_EQ(session->state(), State::open);
  world.pass(1);
  EXPECT_EQ(session->state(), State::closed);
  EXPECT_EQ(world.notes->closed, CloseReason::ping_timeout);
}

TEST(Protocol3, AnyPacketIsASignOfLifeAndAPongOfTheClientIsNone) {
  EngineWorld world({.ping_interval_ms = 300, .ping_timeout_ms = 200});
  const auto session = world.polling(Revision::v3);
  for (int i = 0; i < 3; ++i) {
    world.pass(400);
    session->post("2:4x");
    EngineWorld::get(*session);
  }
  EXPECT_EQ(session->state(), State::open);
  EXPECT_EQ(session->post("1:3"), PostResult::bad_payload);
  EXPECT_EQ(session->state(), State::closed);
}

TEST(Protocol3, ByWebSocketTheOpenPacketComesAMomentLater) {
  FakeTransport wire;  // outlives the session
  EngineWorld world;
  const auto session = world.websocket(wire, Revision::v3);
  EXPECT_TRUE(wire.take().empty());
  world.pass(10);
  const auto opened = wire.take();
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0].substr(0, 8), "0{\"sid\":");
  session->receive("2what", false, wire);
  session->receive("\x04\x01\x02"s, true, wire);
  session->receive("b4AQI=", false, wire);
  EXPECT_EQ(wire.take(), (std::vector<std::string>{"3what", "b\x04\x01\x02"s, "b\x04\x01\x02"s}));
  session->receive("\x02", true, wire);
  EXPECT_EQ(session->state(), State::closed);
}

TEST(Protocol3, WhoSpeaksFirstIsGreetedFirst) {
  FakeTransport wire;  // the world closes it when it goes
  EngineWorld world;
  const auto session = world.websocket(wire, Revision::v3_base64);
  session->receive("4hello", false, wire);
  session->send(binary("\x01\x02"));
  const auto written = wire.take();
  ASSERT_EQ(written.size(), 3u);
  EXPECT_EQ(written[0].front(), '0');
  EXPECT_EQ(written[1], "4hello");
  EXPECT_EQ(written[2], "b4AQI=");
}

TEST(Protocol3, UpgradesAndTakesTheQueueAlong) {
  FakeTransport wire;  // outlives the session
  EngineWorld world;
  const auto session = world.polling(Revision::v3);
  ASSERT_TRUE(session->attach(wire));
  const auto get = EngineWorld::get(*session);
  session->receive("2probe", false, wire);
  EXPECT_EQ(wire.take(), std::vector<std::string>{"3probe"});
  EXPECT_EQ(get->body, "1:6");
  session->send(binary("\x07"));
  session->receive("5", false, wire);
  EXPECT_EQ(wire.take(), std::vector<std::string>{"b\x04\x07"});
}

TEST(Protocol3, CloseIsAnsweredWithNoop) {
  EngineWorld world;
  const auto session = world.polling(Revision::v3);
  const auto get = EngineWorld::get(*session);
  EXPECT_EQ(session->post("1:1"), PostResult::ok);
  EXPECT_EQ(get->body, "1:6");
  EXPECT_EQ(session->state(), State::closed);
}

TEST(Protocol3, PingsWithoutEndAreNotAnsweredWithoutEnd) {
  FakeTransport wire;  // outlives the session
  EngineWorld world;
  const auto session = world.polling(Revision::v3);
  std::string pings;
  for (int i = 0; i < 1'000; ++i) pings += "1:2";
  session->post(pings);
  EXPECT_EQ(EngineWorld::get(*session)->body, "1:3");

  wire.stuck = true;
  const auto other = world.websocket(wire, Revision::v3);
  for (int i = 0; i < 1'000; ++i) other->receive("2" + std::string(1'000, 'x'), false, wire);
  EXPECT_LE(wire.waiting, world.settings.ephemeral_queue_bytes_max + 2'000);
  EXPECT_EQ(other->state(), State::open);
}

// ---- both protocols: requests that overtake each other between shards

TEST(LateGet, AGetThatWasOvertakenByTheGoodbyeHearsOfIt) {
  EngineWorld world({.late_get_ms = 250});
  const auto session = world.polling();
  EXPECT_EQ(session->post("1"), PostResult::ok);
  EXPECT_EQ(world.notes->closed, CloseReason::transport_close);
  EXPECT_EQ(EngineWorld::get(*session)->body, "6");
  EXPECT_EQ(EngineWorld::get(*session)->status, 400);
  EXPECT_EQ(world.notes->closes, 1);

  const auto other = world.polling();
  other->post("1");
  world.pass(250);
  EXPECT_EQ(other->state(), State::closed);
  EXPECT_EQ(world.sessions.size(), 0u);
}
