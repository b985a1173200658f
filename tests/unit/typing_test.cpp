#include "rozmova/chat/typing.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace rozmova::chat {
namespace {

Uuid id(int n) {
  Uuid uuid;
  uuid.bytes[15] = static_cast<std::uint8_t>(n);
  return uuid;
}

struct TypingTest : ::testing::Test {
  using Stop = std::pair<ChatKey, Uuid>;

  void pass(std::int64_t ms) { timers.advance(now += ms); }

  sioxx::loop::TimeMs now = 5'000;
  sioxx::loop::Timers timers{5'000};
  std::vector<Stop> stops;
  Typing typing{timers, 6'000, 3,
                [this](const ChatKey& chat, const Uuid& user) { stops.emplace_back(chat, user); }};
  const ChatKey order{ChatKind::order, id(1)}, dispute{ChatKind::dispute, id(1)};
  const Uuid alice = id(10), bob = id(11), laptop = id(20), phone = id(21);
};

TEST_F(TypingTest, EndsByItselfSixSecondsAfterTheLastRepeat) {
  typing.start(order, alice, laptop, now);
  pass(5'999);
  typing.start(order, alice, laptop, now);
  pass(5'999);
  EXPECT_TRUE(stops.empty());
  pass(1);
  EXPECT_EQ(stops, (std::vector<Stop>{{order, alice}}));
  EXPECT_EQ(typing.size(), 0U);
  pass(60'000);
  EXPECT_EQ(stops.size(), 1U);
}

TEST_F(TypingTest, IsToldOnceHoweverItEnds) {
  typing.start(order, alice, laptop, now);
  typing.stop(order, alice);
  typing.stop(order, alice);
  typing.stop_device(alice, laptop);
  pass(60'000);
  EXPECT_EQ(stops, (std::vector<Stop>{{order, alice}}));
}

TEST_F(TypingTest, ChatsKindsAndUsersAreApart) {
  typing.start(order, alice, laptop, now);
  typing.start(dispute, alice, laptop, now);
  typing.start(order, bob, phone, now);
  typing.stop(order, alice);
  EXPECT_EQ(stops, (std::vector<Stop>{{order, alice}}));
  EXPECT_EQ(typing.size(), 2U);
}

TEST_F(TypingTest, EndsWithTheDeviceThatTypedLast) {
  typing.start(order, alice, laptop, now);
  typing.start(order, alice, phone, now);
  typing.stop_device(alice, laptop);
  typing.stop(order, alice, laptop);
  EXPECT_TRUE(stops.empty()) << "the phone goes on";
  typing.stop(order, alice, phone);
  EXPECT_EQ(stops.size(), 1U);
}

TEST_F(TypingTest, ADeviceThatGoesEndsAllItTyped) {
  typing.start(order, alice, laptop, now);
  typing.start(dispute, alice, laptop, now);
  typing.stop_device(bob, laptop);
  EXPECT_TRUE(stops.empty());
  typing.stop_device(alice, laptop);
  EXPECT_EQ(stops.size(), 2U);
  EXPECT_EQ(typing.size(), 0U);
}

TEST_F(TypingTest, IsBounded) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(typing.start({ChatKind::order, id(30 + i)}, alice, laptop, now));
  EXPECT_FALSE(typing.start(order, alice, laptop, now));
  EXPECT_TRUE(typing.start({ChatKind::order, id(30)}, alice, laptop, now)) << "a repeat";
  EXPECT_TRUE(typing.start(order, bob, phone, now));
}

TEST_F(TypingTest, WhoHearsOfTheEndMayStartAnew) {
  Typing eager{timers, 6'000, 3, [&](const ChatKey& chat, const Uuid& user) {
                 stops.emplace_back(chat, user);
                 if (stops.size() < 3) eager.start(chat, user, laptop, now);
               }};
  eager.start(order, alice, laptop, now);
  for (int i = 0; i < 4; ++i) pass(6'000);
  EXPECT_EQ(stops.size(), 3U);
}

}  // namespace
}  // namespace rozmova::chat
