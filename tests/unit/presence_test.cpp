#include "rozmova/chat/presence.hpp"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace rozmova::chat {
namespace {

struct PresenceTest : ::testing::Test {
  using News = std::tuple<Uuid, bool, WallMs>;
  static constexpr std::size_t seats_max = 3;
  static constexpr std::int64_t wall_offset = 1'700'000'000'000;

  static Uuid id(int n) {
    Uuid uuid;
    uuid.bytes[15] = static_cast<std::uint8_t>(n);
    return uuid;
  }
  WallMs wall() const { return wall_offset + now; }
  void pass(std::int64_t ms) { timers.advance(now += ms); }
  bool comes(const Uuid& user) {
    if (!presence.reserve(user, seats_max)) return false;
    presence.come(user, wall());
    return true;
  }
  void goes(const Uuid& user) { presence.go(user, now, wall()); }

  sioxx::loop::TimeMs now = 9'000;
  sioxx::loop::Timers timers{9'000};
  std::vector<News> news;
  Presence presence{timers, 5'000, [this](const Uuid& user, bool online, WallMs at) {
                      news.emplace_back(user, online, at);
                    }};
  const Uuid alice = id(1), bob = id(2);
};

TEST_F(PresenceTest, OnlineAtOnceOfflineAfterTheGrace) {
  comes(alice);
  EXPECT_EQ(news, (std::vector<News>{{alice, true, wall()}}));
  pass(60'000);
  goes(alice);
  const WallMs left = wall();
  pass(4'999);
  EXPECT_EQ(news.size(), 1U);
  EXPECT_TRUE(presence.online(alice));
  pass(1);
  ASSERT_EQ(news.size(), 2U);
  EXPECT_EQ(news[1], (News{alice, false, left}))
      << "last seen when the device left, not when the grace was over";
  EXPECT_FALSE(presence.online(alice));
  EXPECT_EQ(presence.size(), 0U);
}

TEST_F(PresenceTest, AReloadShowsNothing) {
  comes(alice);
  for (int i = 0; i < 10; ++i) {
    goes(alice);
    pass(4'000);
    comes(alice);
    pass(20'000);
  }
  EXPECT_EQ(news.size(), 1U);
  EXPECT_TRUE(presence.online(alice));
}

TEST_F(PresenceTest, OneDeviceDoesNotHideAnother) {
  comes(alice);
  comes(alice);
  goes(alice);
  pass(60'000);
  EXPECT_EQ(news.size(), 1U);
  goes(alice);
  pass(60'000);
  EXPECT_EQ(news.size(), 2U);
}

TEST_F(PresenceTest, SeatsAreLimitedAndGivenBack) {
  for (std::size_t i = 0; i < seats_max; ++i) EXPECT_TRUE(comes(alice));
  EXPECT_FALSE(comes(alice));
  EXPECT_TRUE(comes(bob));
  goes(alice);
  EXPECT_TRUE(comes(alice));
  EXPECT_FALSE(comes(alice));
}

TEST_F(PresenceTest, AConnectionThatDoesNotComeAboutLeavesNothing) {
  for (std::size_t i = 0; i < seats_max; ++i) EXPECT_TRUE(presence.reserve(alice, seats_max));
  EXPECT_FALSE(presence.reserve(alice, seats_max));
  EXPECT_FALSE(presence.online(alice));
  for (std::size_t i = 0; i < seats_max; ++i) presence.release(alice);
  EXPECT_EQ(presence.size(), 0U);
  EXPECT_TRUE(news.empty());
  presence.release(alice);
  goes(alice);
  EXPECT_EQ(presence.size(), 0U);
}

TEST_F(PresenceTest, ASeatThatWaitsDoesNotKeepOneOnline) {
  comes(alice);
  ASSERT_TRUE(presence.reserve(alice, seats_max));
  goes(alice);
  pass(5'000);
  EXPECT_EQ(news.size(), 2U);
  presence.come(alice, wall());
  EXPECT_EQ(news.size(), 3U);
  EXPECT_TRUE(presence.online(alice));
}

}  // namespace
}  // namespace rozmova::chat
