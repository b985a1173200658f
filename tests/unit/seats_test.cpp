#include "rozmova/chat/seats.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace rozmova::chat {
namespace {

using Places = std::vector<store::ConnectionPlace>;

Places places(const std::string& nodes) {
  Places all;
  for (const char node : nodes) all.push_back({Uuid::v7(static_cast<WallMs>(1'000 + all.size())), {node}});
  return all;
}

std::string left(const std::string& nodes, std::size_t most, std::size_t count) {
  const Places all = places(nodes);
  const auto surplus = Seats::too_many(all, most, count);
  std::string text;
  for (const auto& place : all) text += surplus.contains(place.id) ? "-" : place.node;
  return text;
}

TEST(Seats, UpToTheLimitNobodyGoes) {
  EXPECT_EQ(left("", 4, 3), "");
  EXPECT_EQ(left("aaaa", 4, 3), "aaaa");
  EXPECT_EQ(left("abca", 4, 3), "abca");
}

TEST(Seats, TheNewestGo) {
  EXPECT_EQ(left("aaabbbccc", 4, 3), "aaab-----");
  EXPECT_EQ(left("abcabcabcabc", 4, 3), "abca--------");
}

TEST(Seats, OfNodesThatHaveMoreThanTheirPart) {
  EXPECT_EQ(left("aaaac", 4, 3), "aaa-c") << "who has one does not look, so it stays";
  EXPECT_EQ(left("aaaabc", 4, 3), "aa--bc");
}

TEST(Seats, ThereAreAlwaysEnoughOfThem) {
  for (std::size_t nodes = 2; nodes < 6; ++nodes) {
    for (std::size_t most = 1; most < 9; ++most) {
      std::string all;
      for (std::size_t i = 0; i < 40; ++i) {
        all += static_cast<char>('a' + (i * i + i / 3) % nodes);
        const std::string kept = left(all, most, nodes);
        const auto gone = static_cast<std::size_t>(std::count(kept.begin(), kept.end(), '-'));
        EXPECT_EQ(all.size() - gone, std::min(all.size(), most)) << all << " " << most << " " << nodes;
      }
    }
  }
}

}  // namespace
}  // namespace rozmova::chat
