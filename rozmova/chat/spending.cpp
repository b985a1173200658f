#include "rozmova/chat/spending.hpp"

#include <algorithm>

namespace rozmova::chat {

void Spending::nodes(std::size_t count) {
  nodes_ = std::max<std::int64_t>(2, static_cast<std::int64_t>(count));
}

Spending::Row* Spending::row_of(const Uuid& user, std::int64_t now_ms) {
  const auto found = rows_.find(user);
  if (found != rows_.end()) return &found->second;
  if (rows_.size() >= users_max) return nullptr;
  Row& row = rows_[user];
  row.lately_since_ms = row.spent_ms = now_ms;
  return &row;
}

/// With so many nodes that a burst's part is less than one, one: it is told by the second.
RateLimit Spending::quiet_limit(Kind kind) const {
  const RateLimit& whole = rates_.limit(kind);
  return {whole.interval_us * nodes_, std::max<std::int64_t>(1, whole.burst / (2 * nodes_))};
}

void Spending::turn(Row& row, std::int64_t now_ms) {
  if (now_ms - row.lately_since_ms < settle_ms) return;
  if (now_ms - row.lately_since_ms < 2 * settle_ms) {
    row.before = row.lately;
    row.lately_since_ms += settle_ms;
  } else {
    row.before = {};
    row.lately_since_ms = now_ms;
  }
  row.lately = {};
}

void Spending::due(const Uuid& user, Row& row) {
  if (row.is_due) return;
  row.is_due = true;
  due_.push_back(user);
}

/// What he has spent quietly counts from now on.
void Spending::start_telling(Row& row, std::int64_t now_ms) {
  row.telling = true;
  for (std::size_t i = 0; i < Rates::kinds; ++i) {
    const RateLimit quiet = quiet_limit(static_cast<Kind>(i));
    if (quiet.interval_us == 0) continue;
    row.untold[i] += static_cast<std::int32_t>(quiet.burst - row.quiet[i].left(now_ms, quiet));
  }
}

Rates::Verdict Spending::take(const Uuid& user, Kind kind, std::int64_t now_ms) {
  Row* const row = rates_.limit(kind).interval_us == 0 ? nullptr : row_of(user, now_ms);
  if (row == nullptr) return rates_.take(user, kind, now_ms);
  const auto index = static_cast<std::size_t>(kind);
  turn(*row, now_ms);
  if (!row->places.empty()) {
    const auto nodes = static_cast<std::int64_t>(row->places.size()) + 1;
    const std::int64_t own = row->lately[index] + row->before[index];
    const std::int64_t left = rates_.left(user, kind, now_ms);
    const std::int64_t at_hand = std::min(left + own, rates_.limit(kind).burst);
    if (left > 0 && own >= (at_hand + nodes - 1) / nodes)
      return {row->lately_since_ms + 2 * settle_ms - now_ms, false};
  }
  const Rates::Verdict verdict = rates_.take(user, kind, now_ms);
  if (verdict.retry_after_ms > 0) return verdict;
  row->spent_ms = now_ms;
  ++row->lately[index];
  if (!row->telling && kind != Kind::sign_in) {
    if (row->quiet[index].take(now_ms, quiet_limit(kind)) == 0) return verdict;
    start_telling(*row, now_ms);
  }
  ++row->untold[index];
  due(user, *row);
  return verdict;
}

void Spending::hear(std::uint64_t node, const Spent& spent, bool is_here, std::int64_t now_ms) {
  if (spent.tokens > 0 && rates_.limit(spent.kind).interval_us > 0)
    rates_.charge(spent.user, spent.kind, std::min(spent.tokens, tokens_told_max), now_ms);
  const auto found = rows_.find(spent.user);
  if (!is_here && (found == rows_.end() || now_ms - found->second.spent_ms >= place_ms)) return;
  Row* const row = found != rows_.end() ? &found->second : row_of(spent.user, now_ms);
  if (row == nullptr) return;
  const auto place = std::find_if(row->places.begin(), row->places.end(),
                                  [node](const Place& one) { return one.node == node; });
  if (place != row->places.end()) {
    place->heard_ms = now_ms;
  } else if (row->places.size() < places_max) {
    row->places.push_back({node, now_ms});
    due(spent.user, *row);  // that he is here too
  }
  if (!row->telling) start_telling(*row, now_ms);
}

std::vector<Spending::Spent> Spending::news(std::size_t most) {
  std::vector<Spent> news;
  while (!due_.empty() && news.size() + Rates::kinds <= most) {
    const Uuid user = due_.back();
    due_.pop_back();
    Row& row = rows_.at(user);
    row.is_due = false;
    const std::size_t had = news.size();
    for (std::size_t i = 0; i < Rates::kinds; ++i) {
      if (row.untold[i] > 0) news.push_back({user, static_cast<Kind>(i), row.untold[i]});
    }
    if (news.size() == had) news.push_back({user, Kind::message, 0});
    row.untold = {};
  }
  return news;
}

void Spending::sweep(std::int64_t now_ms, const std::function<bool(const Uuid&)>& is_here) {
  for (auto entry = rows_.begin(); entry != rows_.end();) {
    auto& [user, row] = *entry;
    std::erase_if(row.places, [now_ms](const Place& place) { return now_ms - place.heard_ms >= place_ms; });
    const std::int64_t at_rest_ms = now_ms - row.spent_ms;
    if (row.places.empty() && at_rest_ms >= forget_ms && !row.is_due) {
      entry = rows_.erase(entry);
      continue;
    }
    if (!row.places.empty() && (at_rest_ms < place_ms / 3 || is_here(user))) due(user, row);
    ++entry;
  }
}

}  // namespace rozmova::chat
