#include "sioxx/loop/timers.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace sioxx::loop {
namespace {

class Bell final : public Timer {
 public:
  void on_timer(TimeMs now) override {
    ++rung;
    at = now;
    if (then) then(now);
  }
  int rung = 0;
  TimeMs at = -1;
  std::function<void(TimeMs)> then;
};

TEST(Timers, FireExactlyAtTheirMillisecond) {
  for (const TimeMs delay :
       {1, 2, 255, 256, 257, 500, 511, 512, 65'535, 65'536, 65'537, 25'000, 20'000'000}) {
    for (const TimeMs start : {0, 1, 255, 256, 1'000'003}) {
      Timers timers(start);
      Bell bell;
      timers.arm(bell, start + delay);
      EXPECT_EQ(timers.advance(start + delay - 1), 0u) << start << '+' << delay;
      EXPECT_TRUE(bell.armed());
      EXPECT_EQ(timers.advance(start + delay), 1u) << start << '+' << delay;
      EXPECT_FALSE(bell.armed());
    }
  }
}

TEST(Timers, BeyondTheWheelsIsStillExact) {
  constexpr TimeMs seventy_days = 70LL * 24 * 3600 * 1000;
  Timers timers(5);
  Bell bell;
  timers.arm(bell, 5 + seventy_days);
  EXPECT_EQ(timers.advance(4 + seventy_days), 0u);
  EXPECT_EQ(timers.advance(5 + seventy_days), 1u);
}

TEST(Timers, APastMomentFiresAtTheNextAdvance) {
  Timers timers(1'000);
  Bell bell;
  timers.arm(bell, 10);
  EXPECT_EQ(timers.next_due(), 1'000);
  EXPECT_EQ(timers.advance(1'000), 1u);
  EXPECT_EQ(bell.at, 1'000);
}

TEST(Timers, RearmingForNowWaitsForTheNextAdvance) {
  Timers timers(0);
  Bell bell;
  bell.then = [&](TimeMs now) { timers.arm(bell, now); };
  timers.arm(bell, 1);
  EXPECT_EQ(timers.advance(1), 1u);
  EXPECT_EQ(timers.advance(1), 1u);
  EXPECT_EQ(bell.rung, 2);
}

TEST(Timers, ATimerMayDisarmOrDestroyItsNeighbours) {
  Timers timers(0);
  Bell first;
  auto second = std::make_unique<Bell>();
  Bell third;
  first.then = [&](TimeMs) {
    second.reset();
    third.disarm();
  };
  timers.arm(first, 7);
  timers.arm(*second, 7);
  timers.arm(third, 7);
  EXPECT_EQ(timers.advance(7), 1u);
  EXPECT_EQ(third.rung, 0);
  EXPECT_EQ(timers.size(), 0u);
  EXPECT_FALSE(timers.next_due().has_value());
}

TEST(Timers, MayDieBeforeWhatIsArmedInIt) {
  Bell bell;
  {
    Timers timers(0);
    timers.arm(bell, 99);
  }
  EXPECT_FALSE(bell.armed());
}

TEST(Timers, MovingATimerForgetsItsOldMoment) {
  Timers timers(0);
  Bell bell;
  timers.arm(bell, 10);
  timers.arm(bell, 300);
  EXPECT_EQ(timers.advance(299), 0u);
  EXPECT_EQ(timers.advance(300), 1u);
}

// The wheel against the plainest model there is, with random arming, moving, disarming and jumps of every
// size.
TEST(Timers, BehaveLikeASortedList) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t n) { return static_cast<TimeMs>(random() % n); };
    TimeMs now = below(1u << 20);
    Timers timers(now);
    struct Model {
      bool armed = false;
      TimeMs due = 0;
    };
    constexpr std::size_t count = 200;
    std::vector<Bell> bells(count);
    std::vector<Model> model(count);
    TimeMs last_due = 0;
    bool in_order = true;
    for (std::size_t i = 0; i < count; ++i) {
      bells[i].then = [&, i](TimeMs) {
        EXPECT_TRUE(model[i].armed) << "seed " << seed;
        model[i].armed = false;
        in_order = in_order && model[i].due >= last_due;
        last_due = model[i].due;
      };
    }
    for (int step = 0; step < 400; ++step) {
      const auto which = static_cast<std::size_t>(below(count));
      const std::uint64_t scale = std::uint64_t{1} << below(36);
      switch (below(4)) {
        case 0:
        case 1:
          model[which] = {true, now + 1 + below(scale)};
          timers.arm(bells[which], model[which].due);
          break;
        case 2:
          model[which].armed = false;
          bells[which].disarm();
          break;
        default:
          now += below(scale >> 4 | 1);
          last_due = 0;
          timers.advance(now);
          EXPECT_TRUE(in_order) << "seed " << seed;
      }
      std::size_t armed = 0;
      std::optional<TimeMs> soonest;
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_EQ(model[i].armed, bells[i].armed()) << "seed " << seed << " step " << step << " timer " << i;
        if (!model[i].armed) continue;
        ASSERT_GT(model[i].due, now) << "seed " << seed << " step " << step;
        ++armed;
        if (!soonest || model[i].due < *soonest) soonest = model[i].due;
      }
      ASSERT_EQ(timers.size(), armed);
      const std::optional<TimeMs> bound = timers.next_due();
      ASSERT_EQ(bound.has_value(), soonest.has_value());
      if (bound) {
        ASSERT_LE(*bound, *soonest);
        ASSERT_GT(*bound, now);
      }
    }
  }
}

TEST(Timers, FollowingNextDueReachesATimerInFewSteps) {
  Timers timers(123);
  Bell bell;
  timers.arm(bell, 123 + 25'000);
  int steps = 0;
  while (bell.rung == 0 && steps < 10) {
    timers.advance(*timers.next_due());
    ++steps;
  }
  EXPECT_EQ(bell.at, 123 + 25'000);
  EXPECT_LE(steps, 3);
}

}  // namespace
}  // namespace sioxx::loop
