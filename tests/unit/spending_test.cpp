// Several nodes in virtual time, each with its own Rates and Spending, and what they tell each other on its way.
#include "rozmova/chat/spending.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

namespace rozmova::chat {
namespace {

using Kind = Rates::Kind;

const Uuid alice = Uuid::parse("0197a1b2-0001-7000-8000-000000000001").value();
const Uuid bob = Uuid::parse("0197a1b2-0002-7000-8000-000000000002").value();
constexpr std::int64_t noon = 1'000'000;
constexpr std::int64_t tell_ms = 20;

class Nodes {
 public:
  explicit Nodes(std::size_t count, std::int64_t journey_ms = 5) : journey_ms_(journey_ms) {
    for (std::size_t i = 0; i < count; ++i) nodes_.push_back(std::make_unique<Node>());
    for (const auto& node : nodes_) node->spending.nodes(count);
  }

  bool take(std::size_t node, Kind kind = Kind::message, const Uuid& user = alice) {
    return verdict(node, kind, user).retry_after_ms == 0;
  }
  Rates::Verdict verdict(std::size_t node, Kind kind = Kind::message, const Uuid& user = alice) {
    return nodes_[node]->spending.take(user, kind, now_);
  }
  /// He connects there.
  void signs_in(std::size_t node) {
    nodes_[node]->is_here = true;
    EXPECT_TRUE(take(node, Kind::sign_in));
  }
  void leaves(std::size_t node) { nodes_[node]->is_here = false; }

  void passes(std::int64_t ms) {
    for (const auto end = now_ + ms; now_ < end;) {
      ++now_;
      arrive();
      if (now_ % tell_ms == 0) tell();
      if (now_ % 10'000 == 0) sweep();
    }
  }
  void bus(bool is_up) {
    is_up_ = is_up;
    if (!is_up) letters_.clear();
  }
  /// What gets through by whoever tries at all of them as often as he can.
  int full_speed(std::int64_t ms, Kind kind = Kind::message) {
    int through = 0;
    for (const auto end = now_ + ms; now_ < end; passes(1)) {
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        while (take(i, kind)) ++through;
      }
    }
    return through;
  }
  std::size_t told() const { return told_; }
  std::size_t rows(std::size_t node) const { return nodes_[node]->spending.size(); }

 private:
  struct Node {
    Rates rates{ChatOptions{}};
    Spending spending{rates};
    bool is_here = false;
  };
  struct Letter {
    std::int64_t due;
    std::size_t from;
    std::vector<Spending::Spent> news;
  };

  void tell() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      while (nodes_[i]->spending.has_news()) {
        auto news = nodes_[i]->spending.news(100);
        told_ += news.size();
        if (is_up_) letters_.push_back({now_ + journey_ms_, i, std::move(news)});
      }
    }
  }
  void arrive() {
    for (; !letters_.empty() && letters_.front().due <= now_; letters_.pop_front()) {
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (i == letters_.front().from) continue;
        for (const auto& one : letters_.front().news)
          nodes_[i]->spending.hear(letters_.front().from + 1, one, nodes_[i]->is_here && one.user == alice,
                                   now_);
      }
    }
  }
  void sweep() {
    for (const auto& node : nodes_) {
      node->rates.sweep(now_);
      node->spending.sweep(now_, [&](const Uuid& user) { return node->is_here && user == alice; });
    }
  }

  const std::int64_t journey_ms_;
  std::int64_t now_ = noon;
  bool is_up_ = true;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::deque<Letter> letters_;
  std::size_t told_ = 0;
};

/// Messages: 2 a second, 20 at once.
constexpr int burst = 20;
int rate(std::int64_t ms) { return static_cast<int>(ms / 500); }

TEST(Spending, WhoIsAtOneNodeHasAllOfIt) {
  Nodes nodes(3);
  nodes.signs_in(0);
  nodes.passes(1'000);
  int through = 0;
  while (nodes.take(0)) ++through;
  EXPECT_EQ(through, burst);
  EXPECT_EQ(nodes.verdict(0).retry_after_ms, 500);
  nodes.passes(500);
  EXPECT_TRUE(nodes.take(0));
  EXPECT_FALSE(nodes.take(0));
}

TEST(Spending, WhoIsAtAllNodesHasAsMuchAsAtOne) {
  for (const std::size_t count : {2U, 3U, 7U}) {
    Nodes nodes(count);
    for (std::size_t i = 0; i < count; ++i) nodes.signs_in(i);
    nodes.passes(1'000);
    const int through = nodes.full_speed(30'000);
    EXPECT_GE(through, burst + rate(30'000) - 2) << count;
    EXPECT_LE(through, burst + static_cast<int>(count) + rate(30'000)) << count;
  }
}

TEST(Spending, EveryKindIsShared) {
  for (const auto& [kind, once, a_second] : {std::tuple{Kind::typing, 6, 3},
                                             {Kind::join, 30, 30},
                                             {Kind::action, 30, 30},
                                             {Kind::rest_read, 200, 100}}) {
    Nodes nodes(3);
    for (std::size_t i = 0; i < 3; ++i) nodes.signs_in(i);
    nodes.passes(1'000);
    const int through = nodes.full_speed(10'000, kind);
    const int lately = 2 * a_second * static_cast<int>(Spending::settle_ms) / 1'000;
    EXPECT_LE(through, once + 3 * (1 + lately) + 10 * a_second) << static_cast<int>(kind);
    EXPECT_GE(through, 10 * a_second) << static_cast<int>(kind);
  }
}

TEST(Spending, WhoIsAtTwoNodesGetsAllAtOneOfThemInAMoment) {
  Nodes nodes(3);
  nodes.signs_in(0);
  nodes.signs_in(1);
  nodes.passes(1'000);
  int through = 0;
  for (int tries = 0; tries < 4; ++tries) {
    Rates::Verdict verdict;
    while ((verdict = nodes.verdict(0)).retry_after_ms == 0) ++through;
    EXPECT_FALSE(verdict.expel);
    EXPECT_LE(verdict.retry_after_ms, 500);
    EXPECT_LE(through, (tries + 1) * burst / 2);
    nodes.passes(2 * Spending::settle_ms);
  }
  EXPECT_GE(through, burst - 1);
}

TEST(Spending, WhatIsTooMuchAtNodesThatDidNotKnowIsPaidBack) {
  Nodes nodes(3);  // REST alone: nobody is anywhere
  const int at_once = nodes.full_speed(10);
  EXPECT_LE(at_once, 3 * burst);
  const int all = at_once + nodes.full_speed(60'000);
  EXPECT_LE(all, 3 * (burst + 1) + rate(60'010));
  EXPECT_GE(all, rate(60'000));
}

TEST(Spending, InTheLongRunItIsTheRateHoweverItIsSpread) {
  Nodes nodes(3);
  int through = 0;
  // Slowly enough at each of them not to be told of at first.
  for (int second = 0; second < 300; ++second) {
    for (std::size_t i = 0; i < 3; ++i) {
      through += nodes.take(i) ? 1 : 0;
      nodes.passes(333);
    }
  }
  EXPECT_LE(through, rate(300'000) + 3 * burst / 2 + 3);
}

TEST(Spending, WhoSpendsLittleIsNotToldOf) {
  Nodes nodes(3);
  nodes.signs_in(0);
  nodes.passes(1'000);
  const std::size_t signed_in = nodes.told();
  EXPECT_EQ(signed_in, 1U);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(nodes.take(0));
    nodes.passes(2'000);
  }
  EXPECT_EQ(nodes.told(), signed_in);
  EXPECT_EQ(nodes.rows(1), 0U);
}

TEST(Spending, WhileNodesDoNotHearEachOtherEachCountsByItself) {
  Nodes nodes(3);
  for (std::size_t i = 0; i < 3; ++i) nodes.signs_in(i);
  nodes.passes(1'000);
  nodes.bus(false);
  nodes.passes(Spending::place_ms + 10'000);
  const int alone = nodes.full_speed(10'000);
  EXPECT_LE(alone, 3 * (burst + rate(10'000)) + 3);
  EXPECT_GE(alone, 3 * (burst + rate(10'000)) - 3);
  nodes.bus(true);
  nodes.full_speed(20'000);
  const int together = nodes.full_speed(20'000);
  EXPECT_LE(together, rate(20'000) + 6);
}

TEST(Spending, AJourneyThatTakesLongCostsWhatIsSpentMeanwhile) {
  Nodes nodes(3, 400);
  for (std::size_t i = 0; i < 3; ++i) nodes.signs_in(i);
  nodes.passes(1'000);
  EXPECT_LE(nodes.full_speed(60'000), 3 * (burst + 1) + rate(60'000));
}

TEST(Spending, IsForgottenWithItsCause) {
  Nodes nodes(3);
  for (std::size_t i = 0; i < 3; ++i) nodes.signs_in(i);
  nodes.full_speed(1'000);
  for (std::size_t i = 0; i < 3; ++i) nodes.leaves(i);
  nodes.passes(2 * Spending::forget_ms + Spending::place_ms);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(nodes.rows(i), 0U) << i;
}

TEST(Spending, HasABound) {
  Rates rates{ChatOptions{}};
  Spending spending(rates);
  for (std::uint64_t i = 0; i < Spending::users_max + 1'000; ++i) {
    std::array<unsigned char, 16> bytes{};
    for (std::size_t at = 0; at < 8; ++at) bytes[at] = static_cast<unsigned char>(i >> (8 * at));
    const Uuid user(bytes);
    EXPECT_EQ(spending.take(user, Kind::message, noon).retry_after_ms, 0);
    spending.hear(7, {user, Kind::message, 1}, true, noon);
  }
  EXPECT_EQ(spending.size(), Spending::users_max);

  Spending others(rates);
  for (std::uint64_t node = 0; node < 100; ++node) others.hear(node, {bob, Kind::message, 0}, true, noon);
  int through = 0;
  while (others.take(bob, Kind::message, noon).retry_after_ms == 0) ++through;
  EXPECT_EQ(through, 2) << "of 20, at 16 nodes";
}

}  // namespace
}  // namespace rozmova::chat
