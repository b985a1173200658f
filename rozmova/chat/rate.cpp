#include "rozmova/chat/rate.hpp"

#include <algorithm>

namespace rozmova::chat {

namespace {

RateLimit limit_of(std::int64_t per_s, std::int64_t burst, std::int64_t seconds = 1) {
  return {seconds * 1'000'000 / std::max<std::int64_t>(1, per_s), burst};
}

}  // namespace

std::int64_t TokenBucket::take(std::int64_t now_ms, const RateLimit& limit) {
  const std::int64_t now_us = now_ms * 1'000;
  const std::int64_t full_at = std::max(full_at_us_, now_us);
  const std::int64_t spare = (limit.burst - 1) * limit.interval_us;
  if (full_at - now_us > spare) return (full_at - now_us - spare + 999) / 1'000;
  full_at_us_ = full_at + limit.interval_us;
  return 0;
}

void TokenBucket::charge(std::int64_t now_ms, const RateLimit& limit, std::int64_t tokens) {
  full_at_us_ = std::max(full_at_us_, now_ms * 1'000) + tokens * limit.interval_us;
}

std::int64_t TokenBucket::left(std::int64_t now_ms, const RateLimit& limit) const {
  if (limit.interval_us == 0) return limit.burst;
  const std::int64_t spent_us = std::max<std::int64_t>(0, full_at_us_ - now_ms * 1'000);
  return std::max<std::int64_t>(0, (limit.burst * limit.interval_us - spent_us) / limit.interval_us);
}

Rates::Rates(const ChatOptions& options)
    : limits_{limit_of(options.messages_per_10s, options.messages_burst, 10),
              limit_of(options.typing_per_s, options.typing_burst),
              limit_of(options.joins_per_s, options.joins_burst),
              limit_of(options.actions_per_s, options.actions_burst),
              limit_of(options.events_per_s, options.events_burst),
              limit_of(options.rest_reads_per_s, options.rest_reads_burst),
              limit_of(options.sign_ins_per_s, options.sign_ins_burst),
              limit_of(options.uploads_per_minute, options.uploads_burst, 60)},
      over_max_(options.over_rate_per_minute_max),
      refused_burst_ms_(options.refused_burst_ms) {}

bool Rates::is_offence(Kind kind) {
  return kind != Kind::typing && kind != Kind::rest_read && kind != Kind::sign_in && kind != Kind::upload;
}

TokenBucket& Rates::Table::of(const Uuid& user, std::int64_t now_ms) {
  if (Row* const row = rows.find(user)) return row->bucket;
  if (rows.size() >= sweep_at_rows) sweep(now_ms);
  return rows.insert({user, {}}).bucket;
}

void Rates::Table::sweep(std::int64_t now_ms) {
  rows.retain([now_ms](const Row& row) { return !row.bucket.full(now_ms); });
  sweep_at_rows = std::max(rows_unswept_min, rows.size() * 2);
}

Rates::Verdict Rates::take(const Uuid& user, Kind kind, std::int64_t now_ms) {
  const auto index = static_cast<std::size_t>(kind);
  const std::int64_t wait = tables_[index].of(user, now_ms).take(now_ms, limits_[index]);
  if (wait == 0) return {};
  if (!is_offence(kind)) return {wait, false};
  Offences& offences = offences_[user];
  if (now_ms < offences.burst_until_ms[index]) return {wait, false};
  offences.burst_until_ms[index] = now_ms + std::max(wait, refused_burst_ms_);
  if (now_ms - offences.since_ms >= window_ms) {
    offences.since_ms = now_ms;
    offences.count = 0;
  }
  return {wait, ++offences.count >= over_max_};
}

void Rates::charge(const Uuid& user, Kind kind, std::int64_t tokens, std::int64_t now_ms) {
  Table& table = tables_[static_cast<std::size_t>(kind)];
  if (table.rows.size() >= heard_users_max && table.rows.find(user) == nullptr) return;
  table.of(user, now_ms).charge(now_ms, limit(kind), tokens);
}

std::int64_t Rates::left(const Uuid& user, Kind kind, std::int64_t now_ms) const {
  const Row* const row = tables_[static_cast<std::size_t>(kind)].rows.find(user);
  return row == nullptr ? limit(kind).burst : row->bucket.left(now_ms, limit(kind));
}

void Rates::sweep(std::int64_t now_ms) {
  for (Table& table : tables_) table.sweep(now_ms);
  std::erase_if(offences_, [now_ms](const auto& entry) {
    const auto& until = entry.second.burst_until_ms;
    return now_ms - entry.second.since_ms >= window_ms &&
           *std::max_element(until.begin(), until.end()) <= now_ms;
  });
}

std::size_t Rates::size() const {
  std::size_t rows = offences_.size();
  for (const Table& table : tables_) rows += table.rows.size();
  return rows;
}

}  // namespace rozmova::chat
