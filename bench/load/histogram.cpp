#include "histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace bench {

namespace {

constexpr std::size_t steps = std::size_t{1} << Histogram::step_bits;
constexpr std::size_t exact = steps * 2;  // below this every value has a bucket of its own
constexpr std::size_t octaves = Histogram::value_bits_max - (Histogram::step_bits + 1);
constexpr std::size_t bucket_count = exact + octaves * steps;

}  // namespace

Histogram::Histogram() : buckets_(bucket_count, 0) {}

std::size_t Histogram::bucket_of(std::uint64_t value) noexcept {
  if (value < exact) return static_cast<std::size_t>(value);
  const auto top_bit = static_cast<unsigned>(std::bit_width(value)) - 1;
  if (top_bit >= value_bits_max) return bucket_count - 1;
  const unsigned octave = top_bit - (step_bits + 1);
  const auto step = static_cast<std::size_t>(value >> (top_bit - step_bits)) - steps;
  return exact + octave * steps + step;
}

std::uint64_t Histogram::upper_edge(std::size_t bucket) noexcept {
  if (bucket < exact) return bucket;
  const std::size_t octave = (bucket - exact) / steps;
  const std::size_t step = (bucket - exact) % steps;
  const std::uint64_t width = std::uint64_t{1} << (octave + 1);
  return (steps + step) * width + width - 1;
}

void Histogram::clear() noexcept {
  std::fill(buckets_.begin(), buckets_.end(), 0);
  count_ = 0;
  sum_ = 0;
  max_ = 0;
  min_ = ~std::uint64_t{0};
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < bucket_count; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
  min_ = std::min(min_, other.min_);
}

double Histogram::mean() const noexcept {
  return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::uint64_t Histogram::percentile(double percent) const noexcept {
  if (count_ == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100.0;
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return i + 1 == bucket_count ? max_ : std::min(upper_edge(i), max_);
  }
  return max_;
}

}  // namespace bench
