#include "sioxx/loop/shard.hpp"

#include "sioxx/loop/fault.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sioxx::loop {
namespace {

class Ear final : public Pollable {
 public:
  Ear() {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0) near = pair[0], far = pair[1];
  }
  ~Ear() {
    ::close(near);
    ::close(far);
  }
  void on_ready(std::uint32_t events) override {
    ++calls;
    last = events;
    if (then) then();
  }
  void say(char c) { ASSERT_EQ(::write(far, &c, 1), 1); }
  void hear() {
    char c = 0;
    [[maybe_unused]] const auto n = ::read(near, &c, 1);
  }
  int near = -1, far = -1;
  int calls = 0;
  std::uint32_t last = 0;
  std::function<void()> then;
};

class Once final : public TurnEnd {
 public:
  void on_turn_end() override {
    ++calls;
    if (then) then();
  }
  int calls = 0;
  std::function<void()> then;
};

class Alarm final : public Timer {
 public:
  explicit Alarm(std::function<void(TimeMs)> what) : what_(std::move(what)) {}
  void on_timer(TimeMs now) override { what_(now); }

 private:
  std::function<void(TimeMs)> what_;
};

class Grave final : public Buried {
 public:
  Grave(std::vector<std::string>& log, std::function<void()> last_wish = {})
      : log_(log), last_wish_(std::move(last_wish)) {}
  ~Grave() override {
    log_.push_back("buried");
    if (last_wish_) last_wish_();
  }

 private:
  std::vector<std::string>& log_;
  std::function<void()> last_wish_;
};

TEST(Shard, CallsWhoIsReadableUntilItIsUnwatched) {
  Shard shard(3);
  EXPECT_EQ(shard.index(), 3u);
  Ear ear;
  ASSERT_TRUE(shard.watch(ear.near, EPOLLIN, ear));
  shard.turn(0);
  EXPECT_EQ(ear.calls, 0);
  ear.say('x');
  shard.turn(0);
  shard.turn(0);
  EXPECT_EQ(ear.calls, 2);  // level-triggered: it has not read
  EXPECT_TRUE(ear.last & EPOLLIN);
  shard.unwatch(ear.near, ear);
  shard.turn(0);
  EXPECT_EQ(ear.calls, 2);
}

TEST(Shard, WhoWasUnwatchedInThisTurnIsNotCalledAnyMore) {
  Shard shard(0);
  Ear a, b;
  ASSERT_TRUE(shard.watch(a.near, EPOLLIN, a));
  ASSERT_TRUE(shard.watch(b.near, EPOLLIN, b));
  a.then = [&] { shard.unwatch(b.near, b); };
  b.then = [&] { shard.unwatch(a.near, a); };
  a.say('x');
  b.say('x');
  shard.turn(0);
  EXPECT_EQ(a.calls + b.calls, 1);
}

TEST(Shard, ChangeGivesTheDescriptorToAnother) {
  Shard shard(0);
  Ear a, b;
  ASSERT_TRUE(shard.watch(a.near, EPOLLIN, a));
  shard.change(a.near, EPOLLIN, b);
  a.say('x');
  shard.turn(0);
  EXPECT_EQ(a.calls, 0);
  EXPECT_EQ(b.calls, 1);
  shard.unwatch(a.near, b);
}

TEST(Shard, ATurnGoesDescriptorsLettersTimersTurnEndBurial) {
  Shard shard(0);
  std::vector<std::string> order;
  Ear ear;
  Once end;
  end.then = [&] { order.push_back("turn end"); };
  Alarm alarm([&](TimeMs) { order.push_back("timer"); });
  ASSERT_TRUE(shard.watch(ear.near, EPOLLIN, ear));
  ear.then = [&] {
    ear.hear();
    order.push_back("descriptor");
    shard.at_turn_end(end);
    shard.at_turn_end(end);
    shard.bury(std::make_unique<Grave>(order));
  };
  shard.timers().arm(alarm, shard.now());
  shard.post([&] { order.push_back("letter"); });
  ear.say('x');
  shard.turn(100);
  EXPECT_EQ(order, (std::vector<std::string>{"descriptor", "letter", "timer", "turn end", "buried"}));
  EXPECT_EQ(end.calls, 1);
  shard.unwatch(ear.near, ear);
}

TEST(Shard, AWhisperBeforeALetterIsHeardBeforeIt) {
  Shard shard(0);
  Ear early, late;
  std::vector<std::string> order;
  ASSERT_TRUE(shard.watch(early.near, EPOLLIN, early));
  ASSERT_TRUE(shard.watch(late.near, EPOLLIN, late));
  early.then = [&] { early.hear(), order.push_back("early"); };
  late.then = [&] { late.hear(), order.push_back("late"); };
  shard.post([&] { order.push_back("first letter"); });  // wakes the mailbox before anybody speaks
  early.say('x');
  shard.post([&] { order.push_back("second letter"); });
  late.say('x');
  shard.turn(0);
  ASSERT_EQ(order.size(), 4u);
  EXPECT_EQ(order[0], "early");
  EXPECT_EQ(order[2], "first letter");
  EXPECT_EQ(order[3], "second letter");
  shard.unwatch(early.near, early);
  shard.unwatch(late.near, late);
}

TEST(Shard, WorkAskedForAtTheTurnEndIsDoneSoonAndForeverIsBounded) {
  Shard shard(0);
  Once once;
  once.then = [&] { shard.at_turn_end(once); };
  shard.at_turn_end(once);
  shard.turn(0);
  const int in_one_turn = once.calls;
  EXPECT_GT(in_one_turn, 1);
  shard.turn(60'000);  // does not sleep: there is work
  EXPECT_EQ(once.calls, 2 * in_one_turn);
}

TEST(Shard, ATurnEndThatDiesIsNotCalled) {
  Shard shard(0);
  auto gone = std::make_unique<Once>();
  Once stays;
  shard.at_turn_end(*gone);
  shard.at_turn_end(stays);
  gone.reset();
  shard.turn(0);
  EXPECT_EQ(stays.calls, 1);
}

TEST(Shard, TheDyingMayBuryOthers) {
  std::vector<std::string> log;
  {
    Shard shard(0);
    shard.bury(std::make_unique<Grave>(log, [&] { shard.bury(std::make_unique<Grave>(log)); }));
    shard.turn(0);
    EXPECT_EQ(log.size(), 1u);
    shard.turn(60'000);
    EXPECT_EQ(log.size(), 2u);
    shard.bury(std::make_unique<Grave>(log, [&] { shard.bury(std::make_unique<Grave>(log)); }));
  }
  EXPECT_EQ(log.size(), 4u);
}

TEST(Shard, TimersAreNeverEarlyAndWakeIt) {
  Shard shard(0);
  std::vector<TimeMs> late_by;
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (const TimeMs delay : {1, 2, 3, 5, 8, 20, 40}) {
    const TimeMs due = shard.now() + delay;
    alarms.push_back(std::make_unique<Alarm>([&late_by, due](TimeMs now) { late_by.push_back(now - due); }));
    shard.timers().arm(*alarms.back(), due);
  }
  while (late_by.size() < alarms.size()) shard.turn(1'000);
  for (const TimeMs late : late_by) EXPECT_GE(late, 0);
}

TEST(Shard, RunsUntilStoppedAndOpensWhatCameBefore) {
  Shard shard(1);
  int opened = 0;
  Shard* here = nullptr;
  std::thread thread([&] { shard.run(); });
  EXPECT_TRUE(shard.post([&] {
    ++opened;
    here = Shard::here();
  }));
  EXPECT_TRUE(shard.post([&] { ++opened; }));
  shard.stop();
  thread.join();
  EXPECT_EQ(opened, 2);
  EXPECT_EQ(here, &shard);
  EXPECT_EQ(Shard::here(), nullptr);
  EXPECT_FALSE(shard.post([&] { ++opened; }));
}

TEST(Shard, ShardsTalkBothWays) {
  Shard a(0), b(1);
  int rounds = 0;
  std::function<void()> ping = [&] {
    if (++rounds == 2'000) {
      a.stop();
      b.stop();
      return;
    }
    b.post([&] { a.post([&] { ping(); }); });
  };
  std::thread on_a([&] { a.run(); });
  std::thread on_b([&] { b.run(); });
  a.post([&] { ping(); });
  on_a.join();
  on_b.join();
  EXPECT_EQ(rounds, 2'000);
}

TEST(Shard, SaysSoWhenTheKernelTakesNoMore) {
  Shard shard(0);
  Ear ear;
  fault::hook = [](fault::Point point) { return point == fault::Point::watch ? ENOSPC : 0; };
  EXPECT_FALSE(shard.watch(ear.near, EPOLLIN, ear));
  fault::hook = nullptr;
  EXPECT_FALSE(shard.watch(-1, EPOLLIN, ear));
}

TEST(Shard, TheScratchBufferIsBigAndAlwaysTheSame) {
  Shard shard(0);
  EXPECT_EQ(shard.scratch().size(), 65'536u);
  EXPECT_EQ(shard.scratch().data(), shard.scratch().data());
}

}  // namespace
}  // namespace sioxx::loop
