#pragma once

#include <cstdint>
#include <vector>

namespace bench {

/// A latency histogram with logarithmic buckets: 128 equal steps in every power of two, so a reported value
/// is at most 1/128 (0.8 %) above the true one from 1 ns to 18 minutes; exact below 256.
/// Owned by one scenario, used on one thread. Recording is a few instructions and never allocates.
///
///   value 0..255            -> one bucket each
///   value 2^k..2^(k+1)-1    -> 128 buckets of width 2^(k-7), for k = 8..39
///   value >= 2^40           -> the last bucket; max() still tells the true value
class Histogram {
 public:
  static constexpr unsigned step_bits = 7;
  static constexpr unsigned value_bits_max = 40;

  Histogram();

  void record(std::uint64_t value) noexcept {
    ++buckets_[bucket_of(value)];
    ++count_;
    sum_ += value;
    if (value > max_) max_ = value;
    if (value < min_) min_ = value;
  }

  void clear() noexcept;
  void merge(const Histogram& other) noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }
  [[nodiscard]] std::uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  [[nodiscard]] double mean() const noexcept;

  /// The smallest recorded level that at least `percent` of all values do not exceed (the upper edge of
  /// its bucket, never above max()). 0 when nothing was recorded. `percent` in 0..100.
  [[nodiscard]] std::uint64_t percentile(double percent) const noexcept;

 private:
  [[nodiscard]] static std::size_t bucket_of(std::uint64_t value) noexcept;
  [[nodiscard]] static std::uint64_t upper_edge(std::size_t bucket) noexcept;

  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
};

}  // namespace bench
