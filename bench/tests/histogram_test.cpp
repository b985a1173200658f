#include "../load/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace bench {
namespace {

TEST(Histogram, EmptyAnswersZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.percentile(99), 0U);
  EXPECT_EQ(histogram.mean(), 0.0);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 100; ++value) histogram.record(value);
  EXPECT_EQ(histogram.percentile(0), 1U);
  EXPECT_EQ(histogram.percentile(50), 50U);
  EXPECT_EQ(histogram.percentile(90), 90U);
  EXPECT_EQ(histogram.percentile(99), 99U);
  EXPECT_EQ(histogram.percentile(100), 100U);
  EXPECT_EQ(histogram.min(), 1U);
  EXPECT_DOUBLE_EQ(histogram.mean(), 50.5);
}

TEST(Histogram, OneValueIsReportedAsItself) {
  for (const std::uint64_t value :
       {std::uint64_t{255}, std::uint64_t{256}, std::uint64_t{257}, std::uint64_t{12'345},
        std::uint64_t{999'999'999}, (std::uint64_t{1} << 40) - 1}) {
    Histogram histogram;
    histogram.record(value);
    EXPECT_EQ(histogram.percentile(50), value);  // the bucket's edge is never above the maximum
    EXPECT_EQ(histogram.percentile(100), value);
  }
}

TEST(Histogram, EveryPowerOfTwoKeepsTheOrderOfItsNeighbours) {
  for (unsigned bit = 1; bit < Histogram::value_bits_max; ++bit) {
    const std::uint64_t edge = std::uint64_t{1} << bit;
    Histogram histogram;
    histogram.record(edge - 1);
    histogram.record(edge);
    histogram.record(edge * 2);
    EXPECT_GE(histogram.percentile(33), edge - 1) << bit;
    EXPECT_LT(histogram.percentile(33), edge) << bit;  // the value below the edge has a bucket of its own
    EXPECT_GE(histogram.percentile(66), edge) << bit;
    EXPECT_LT(histogram.percentile(66), edge + edge / 64 + 1) << bit;
  }
}

TEST(Histogram, PercentilesStayWithinTheStatedError) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(11.0, 2.0);  // around 60 us, a long tail
  Histogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 100'000; ++i) {
    values.push_back(static_cast<std::uint64_t>(latency(random)));
    histogram.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {1.0, 25.0, 50.0, 90.0, 99.0, 99.9}) {
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
    const auto truth = static_cast<double>(values[rank - 1]);
    const auto told = static_cast<double>(histogram.percentile(percent));
    EXPECT_GE(told, truth) << percent;
    EXPECT_LE(told, truth * (1 + 1.0 / 128) + 1) << percent;
  }
}

TEST(Histogram, ValuesBeyondTheLastBucketKeepTheirMaximum) {
  Histogram histogram;
  histogram.record(5);
  histogram.record(~std::uint64_t{0} / 4);
  EXPECT_EQ(histogram.percentile(50), 5U);
  EXPECT_EQ(histogram.percentile(100), ~std::uint64_t{0} / 4);
}

TEST(Histogram, MergeEqualsRecordingIntoOne) {
  Histogram left;
  Histogram right;
  Histogram both;
  for (std::uint64_t value = 1; value < 5'000'000; value = value * 3 / 2 + 1) {
    (value % 2 == 0 ? left : right).record(value);
    both.record(value);
  }
  left.merge(right);
  EXPECT_EQ(left.count(), both.count());
  EXPECT_EQ(left.min(), both.min());
  EXPECT_EQ(left.max(), both.max());
  for (const double percent : {10.0, 50.0, 99.0})
    EXPECT_EQ(left.percentile(percent), both.percentile(percent));
  left.clear();
  EXPECT_EQ(left.count(), 0U);
  EXPECT_EQ(left.percentile(50), 0U);
}

}  // namespace
}  // namespace bench
