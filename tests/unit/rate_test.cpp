#include "rozmova/chat/rate.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace rozmova::chat {
namespace {

const Uuid alice = Uuid::parse("0197a1b2-0001-7000-8000-000000000001").value();
const Uuid bob = Uuid::parse("0197a1b2-0002-7000-8000-000000000002").value();
constexpr std::int64_t noon = 1'000'000;

TEST(TokenBucket, GivesItsBurstAndThenOneAnInterval) {
  const RateLimit limit{500'000, 20};  // 20 messages in 10 s, 20 at once
  TokenBucket bucket;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(bucket.take(noon, limit), 0) << i;
  EXPECT_EQ(bucket.take(noon, limit), 500);
  EXPECT_EQ(bucket.take(noon + 499, limit), 1);
  EXPECT_EQ(bucket.take(noon + 500, limit), 0);
  EXPECT_EQ(bucket.take(noon + 500, limit), 500);
  EXPECT_FALSE(bucket.full(noon + 10'499));
  EXPECT_TRUE(bucket.full(noon + 10'500));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(bucket.take(noon + 60'000, limit), 0) << i;
  EXPECT_GT(bucket.take(noon + 60'000, limit), 0);
}

TEST(TokenBucket, WaitingAsLongAsItSaysIsEnough) {
  const RateLimit limit{333'333, 3};
  TokenBucket bucket;
  std::int64_t now = noon;
  int taken = 0;
  while (now < noon + 10'000) {
    const auto wait = bucket.take(now, limit);
    if (wait == 0)
      ++taken;
    else
      now += wait;
  }
  EXPECT_NEAR(taken, 3 + 30, 1);
}

TEST(TokenBucket, WithoutAnIntervalThereIsNoLimit) {
  TokenBucket bucket;
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(bucket.take(noon, {0, 1'000'000'000}), 0);
}

TEST(Rates, AreOfOneUserAndOneKind) {
  Rates rates{ChatOptions{}};
  for (int i = 0; i < 20; ++i) EXPECT_EQ(rates.take(alice, Rates::Kind::message, noon).retry_after_ms, 0);
  EXPECT_EQ(rates.take(alice, Rates::Kind::message, noon).retry_after_ms, 500);
  EXPECT_EQ(rates.take(alice, Rates::Kind::typing, noon).retry_after_ms, 0);
  EXPECT_EQ(rates.take(alice, Rates::Kind::action, noon).retry_after_ms, 0);
  EXPECT_EQ(rates.take(bob, Rates::Kind::message, noon).retry_after_ms, 0);
}

TEST(Rates, ARefusedBurstIsOneOffence) {
  for (const auto kind : {Rates::Kind::message, Rates::Kind::join, Rates::Kind::action, Rates::Kind::event}) {
    Rates rates{ChatOptions{}};
    int refused = 0;
    for (int i = 0; i < 1'000; ++i) {
      const auto verdict = rates.take(alice, kind, noon);
      refused += verdict.retry_after_ms > 0;
      EXPECT_FALSE(verdict.expel);
    }
    EXPECT_GE(refused, 600);
  }
}

TEST(Rates, JoinsHaveTheirOwnAndLeaveOtherActionsAlone) {
  Rates rates{ChatOptions{}};
  for (int i = 0; i < 30; ++i) ASSERT_EQ(rates.take(alice, Rates::Kind::join, noon).retry_after_ms, 0) << i;
  EXPECT_EQ(rates.take(alice, Rates::Kind::join, noon).retry_after_ms, 34);
  EXPECT_EQ(rates.take(alice, Rates::Kind::action, noon).retry_after_ms, 0);
}

TEST(Rates, TenTimesOverWithinAMinuteIsTheEnd) {
  Rates rates{ChatOptions{}};
  std::int64_t now = noon;
  for (int i = 0; i < 20; ++i) rates.take(alice, Rates::Kind::message, now);
  for (int offence = 1; offence <= 10; ++offence) {
    const auto verdict = rates.take(alice, Rates::Kind::message, now);
    ASSERT_EQ(verdict.retry_after_ms, 500);
    EXPECT_EQ(verdict.expel, offence == 10) << offence;
    EXPECT_FALSE(rates.take(alice, Rates::Kind::message, now + 499).expel) << "still the same burst";
    now += verdict.retry_after_ms;
    EXPECT_EQ(rates.take(alice, Rates::Kind::message, now).retry_after_ms, 0) << "what he was told is true";
  }
  for (int i = 0; i < 21; ++i) EXPECT_FALSE(rates.take(bob, Rates::Kind::message, now).expel);
}

TEST(Rates, AShortWaitStillMakesOneBurstOfHalfASecond) {
  Rates rates{ChatOptions{}};
  int ends = 0;
  std::int64_t now = noon;
  for (; ends == 0 && now < noon + 60'000; ++now) ends += rates.take(alice, Rates::Kind::event, now).expel;
  EXPECT_EQ(ends, 1);
  EXPECT_GE(now - noon, 9 * 500);
}

TEST(Rates, WhoIsOverNowAndThenMayStay) {
  Rates rates{ChatOptions{}};
  std::int64_t now = noon;
  for (int minute = 0; minute < 10; ++minute, now += 50'000) {
    for (int i = 0; i < 20; ++i) rates.take(alice, Rates::Kind::message, now);
    for (int i = 0; i < 9; ++i, now += 1'500) {
      EXPECT_FALSE(rates.take(alice, Rates::Kind::message, now).expel);
      while (rates.take(alice, Rates::Kind::message, now).retry_after_ms == 0) {
      }
    }
  }
}

TEST(Rates, TypingReadingAndSigningInAreRefusedAndNothingMore) {
  for (const auto kind : {Rates::Kind::typing, Rates::Kind::rest_read, Rates::Kind::sign_in}) {
    Rates rates{ChatOptions{}};
    int refused = 0;
    for (std::int64_t now = noon; now < noon + 50'000; ++now) {
      const auto verdict = rates.take(alice, kind, now);
      refused += verdict.retry_after_ms > 0;
      EXPECT_FALSE(verdict.expel);
    }
    EXPECT_GT(refused, 40'000);
    EXPECT_FALSE(rates.take(alice, Rates::Kind::message, noon + 50'000).expel);
  }
}

TEST(Rates, RowsOfUsersAtRestAreForgotten) {
  Rates rates{ChatOptions{}};
  rates.take(alice, Rates::Kind::message, noon);
  for (int i = 0; i < 30; ++i) rates.take(bob, Rates::Kind::message, noon);
  rates.sweep(noon + 400);
  EXPECT_EQ(rates.size(), 3U) << "a row each, and Bob's offence";
  rates.sweep(noon + 500);
  EXPECT_EQ(rates.size(), 2U) << "Bob was over his rate: that is remembered for a minute";
  rates.sweep(noon + 60'000);
  EXPECT_EQ(rates.size(), 0U);
}

TEST(Rates, AStormOfSignInsKeepsThoseOfAMoment) {
  Rates rates{ChatOptions{}};
  for (int i = 0; i < 100'000; ++i) rates.take(Uuid::v7(noon + i), Rates::Kind::sign_in, noon + i / 10);
  EXPECT_LT(rates.size(), 4'000U) << "ten a millisecond, at rest after a hundred";
}

}  // namespace
}  // namespace rozmova::chat
