#include "sioxx/engine/flat_table.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <unordered_map>

namespace sioxx::engine {
namespace {

struct Pair {
  std::uint32_t key = 0, value = 0;
};
/// Keys of one hundred share a hash, so that searches are long.
struct ByKey {
  static std::size_t hash(std::uint32_t key) { return key % 100; }
  static std::size_t hash_of(const Pair& pair) { return hash(pair.key); }
  static bool same(const Pair& pair, std::uint32_t key) { return pair.key == key; }
};
using Table = FlatTable<Pair, ByKey>;

TEST(FlatTable, IsWhatAMapIsThroughRandomWork) {
  std::mt19937 random(7);
  Table table;
  std::unordered_map<std::uint32_t, std::uint32_t> map;
  for (std::uint32_t step = 0; step < 60'000; ++step) {
    // Grows, stays, shrinks: by what is more likely at the time.
    const bool adds = random() % 100 < (step < 20'000 ? 70U : step < 40'000 ? 50U : 30U);
    const auto key = static_cast<std::uint32_t>(random() % 3'000);
    Pair* const found = table.find(key);
    const auto known = map.find(key);
    ASSERT_EQ(found != nullptr, known != map.end()) << key;
    if (found != nullptr) {
      ASSERT_EQ(found->value, known->second);
    }
    if (adds && found == nullptr) {
      EXPECT_EQ(table.insert({key, step}).value, step);
      map.emplace(key, step);
    } else if (!adds && found != nullptr) {
      table.erase(*found);
      map.erase(known);
    }
    ASSERT_EQ(table.size(), map.size());
  }
  std::size_t met = 0;
  table.each([&](const Pair& pair) {
    ++met;
    EXPECT_EQ(map.at(pair.key), pair.value);
  });
  EXPECT_EQ(met, map.size());
}

TEST(FlatTable, RetainsWhatIsWanted) {
  Table table;
  table.retain([](const Pair&) { return true; });
  for (std::uint32_t key = 0; key < 1'000; ++key) table.insert({key, key});
  table.retain([](const Pair& pair) { return pair.key % 10 == 3; });
  EXPECT_EQ(table.size(), 100U);
  EXPECT_EQ(table.find(4U), nullptr);
  ASSERT_NE(table.find(13U), nullptr);
  EXPECT_EQ(table.find(13U)->value, 13U);
  table.retain([](const Pair&) { return false; });
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.find(13U), nullptr);
  EXPECT_EQ(table.insert({13, 1}).value, 1U);
}

TEST(FlatTable, ErasingForEverNeedsNoMorePlaces) {
  Table table;
  for (std::uint32_t key = 0; key < 100'000; ++key) {
    table.insert({key, key});
    if (key >= 8) table.erase(*table.find(key - 8));
  }
  EXPECT_EQ(table.size(), 8U);
}

}  // namespace
}  // namespace sioxx::engine
