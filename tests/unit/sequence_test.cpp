#include "rozmova/chat/sequence.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>

namespace rozmova::chat {
namespace {

/// A piece of news whose one event tells its number.
Parcel news(std::int64_t number) { return {sioxx::engine::Encoded::text(std::to_string(number))}; }

std::vector<std::int64_t> numbers(const std::vector<Parcel>& parcels) {
  std::vector<std::int64_t> all;
  for (const Parcel& parcel : parcels)
    all.push_back(std::stoll(std::string(parcel.front()->packet().substr(1))));
  return all;
}

using Numbers = std::vector<std::int64_t>;

TEST(Sequence, NextNewsGoOutAtOnce) {
  Sequence sequence;
  EXPECT_TRUE(sequence.begin(10).empty());
  EXPECT_EQ(numbers(sequence.put(11, news(11))), Numbers{11});
  EXPECT_EQ(numbers(sequence.put(12, news(12))), Numbers{12});
  EXPECT_EQ(sequence.position(), 12);
  EXPECT_FALSE(sequence.has_hole());
}

TEST(Sequence, WhatIsAheadWaitsForTheHoleAndWhatIsBehindIsForgotten) {
  Sequence sequence;
  sequence.begin(10);
  EXPECT_TRUE(sequence.put(13, news(13)).empty());
  EXPECT_TRUE(sequence.has_hole());
  EXPECT_TRUE(sequence.put(12, news(12)).empty());
  EXPECT_TRUE(sequence.put(12, news(12)).empty());
  EXPECT_TRUE(sequence.put(9, news(9)).empty());
  EXPECT_EQ(numbers(sequence.put(11, news(11))), (Numbers{11, 12, 13}));
  EXPECT_FALSE(sequence.has_hole());
  EXPECT_TRUE(sequence.put(12, news(12)).empty());
}

TEST(Sequence, WhileNobodyHasArrivedNewsWait) {
  Sequence sequence;
  EXPECT_TRUE(sequence.put(11, news(11)).empty());
  EXPECT_TRUE(sequence.put(12, news(12)).empty());
  EXPECT_TRUE(sequence.put(14, news(14)).empty());
  EXPECT_FALSE(sequence.has_hole()) << "nobody waits for it yet";
  EXPECT_EQ(numbers(sequence.begin(11)), Numbers{12}) << "11 was in what the first reader got";
  EXPECT_TRUE(sequence.has_hole());
}

TEST(Sequence, AHintIsAHole) {
  Sequence sequence;
  sequence.begin(10);
  EXPECT_TRUE(sequence.put(11, {}).empty());
  EXPECT_TRUE(sequence.has_hole());
  EXPECT_TRUE(sequence.pass(11));
  EXPECT_FALSE(sequence.pass(11));
  EXPECT_TRUE(sequence.read_to_end(11).empty());
  EXPECT_FALSE(sequence.has_hole());
}

TEST(Sequence, WhatIsReadFillsTheHoleAndWhatWaitedFollows) {
  Sequence sequence;
  sequence.begin(10);
  sequence.put(13, news(13));
  sequence.put(15, news(15));
  EXPECT_TRUE(sequence.pass(11));
  EXPECT_TRUE(sequence.pass(12));
  EXPECT_EQ(numbers(sequence.read_to_end(13)), Numbers{13});
  EXPECT_TRUE(sequence.has_hole()) << "15 came after the question";
  EXPECT_TRUE(sequence.pass(14));
  EXPECT_EQ(numbers(sequence.read_to_end(15)), Numbers{15});
}

TEST(Sequence, WhatTheStoreHasNotIsNotWaitedForForEver) {
  Sequence sequence;
  sequence.begin(10);
  sequence.put(13, news(13));
  sequence.put(14, {});
  EXPECT_EQ(numbers(sequence.read_to_end(14)), Numbers{13});
  EXPECT_EQ(sequence.position(), 14);
  EXPECT_FALSE(sequence.has_hole());
  EXPECT_EQ(numbers(sequence.put(15, news(15))), Numbers{15});
}

TEST(Sequence, OnlySoManyWaitAndTheFirstOnesStay) {
  Sequence sequence;
  sequence.begin(0);
  const auto most = static_cast<std::int64_t>(Sequence::waiting_max);
  for (std::int64_t number = 2; number <= 2 * most; ++number) sequence.put(number, news(number));
  Numbers expected(Sequence::waiting_max + 1);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(numbers(sequence.put(1, news(1))), expected);
  EXPECT_TRUE(sequence.has_hole()) << "the others are read";
  EXPECT_EQ(sequence.highest(), 2 * most);
}

/// Whatever the wire does, with a store to read from every number goes out once and in order.
TEST(Sequence, AnyWireGivesTheSameOrder) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
    Sequence sequence;
    Numbers out;
    const auto hear = [&](const std::vector<Parcel>& parcels) {
      for (const auto number : numbers(parcels)) out.push_back(number);
    };
    std::int64_t stored = 0;
    const auto read = [&] {
      const auto asked = sequence.highest();
      for (auto number = sequence.position() + 1; number <= stored; ++number) {
        if (sequence.pass(number)) out.push_back(number);
      }
      hear(sequence.read_to_end(asked));
    };
    hear(sequence.begin(0));
    Numbers wire;
    for (int step = 0; step < 400; ++step) {
      if (chance(40)) {
        ++stored;
        if (!chance(20)) wire.push_back(stored);  // else lost
        if (chance(10)) wire.push_back(stored);   // doubled
      }
      if (!wire.empty() && chance(50)) {
        const auto at =
            wire.begin() + static_cast<std::ptrdiff_t>(random() % std::min<std::size_t>(wire.size(), 4));
        const auto number = *at;
        wire.erase(at);
        hear(sequence.put(number, chance(80) ? news(number) : Parcel()));
      }
      if (sequence.has_hole() && chance(20)) read();
    }
    sequence.put(stored, {});
    if (sequence.has_hole()) read();
    Numbers expected(static_cast<std::size_t>(stored));
    std::iota(expected.begin(), expected.end(), 1);
    ASSERT_EQ(out, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace rozmova::chat
