#include "rozmova/chat/rate.hpp"

#include <algorithm>

namespace rozmova::chat {

std::int64_t TokenBucket::take(std::int64_t now_ms, const RateLimit& limit) {
  const std::int64_t now_us = now_ms * 1'000;
  const std::int64_t full_at = std::max(full_at_us_, now_us);
  const std::int64_t spare = (limit.burst - 1) * limit.interval_us;
  if (full_at - now_us > spare) return (full_at - now_us - spare + 999) / 1'000;
  full_at_us_ = full_at + limit.interval_us;
  return 0;
}

Rates::Rates(const ChatOptions& options)
    : limits_{RateLimit{10'000'000 / std::max<std::int64_t>(1, options.messages_per_10s),
                        options.messages_burst},
              RateLimit{1'000'000 / std::max<std::int64_t>(1, options.typing_per_s), options.typing_burst},
              RateLimit{1'000'000 / std::max<std::int64_t>(1, options.actions_per_s), options.actions_burst}},
      over_max_(options.over_rate_per_minute_max),
      typing_over_max_(options.typing_over_rate_per_minute_max) {}

Rates::Verdict Rates::take(const Uuid& user, Kind kind, std::int64_t now_ms) {
  const auto index = static_cast<std::size_t>(kind);
  Row& row = rows_[user];
  const std::int64_t wait = row.buckets[index].take(now_ms, limits_[index]);
  if (wait == 0) return {};
  Over& over = kind == Kind::typing ? row.typing : row.deliberate;
  if (now_ms - over.since_ms >= window_ms) over = {now_ms, 0};
  return {wait, ++over.times >= (kind == Kind::typing ? typing_over_max_ : over_max_)};
}

void Rates::sweep(std::int64_t now_ms) {
  std::erase_if(rows_, [now_ms](const auto& entry) {
    const Row& row = entry.second;
    const auto quiet = [now_ms](const Over& over) {
      return over.times == 0 || now_ms - over.since_ms >= window_ms;
    };
    return quiet(row.deliberate) && quiet(row.typing) &&
           std::all_of(row.buckets.begin(), row.buckets.end(),
                       [now_ms](const TokenBucket& b) { return b.full(now_ms); });
  });
}

}  // namespace rozmova::chat
