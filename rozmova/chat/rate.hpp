#pragma once

#include "rozmova/chat/options.hpp"
#include "rozmova/uuid.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace rozmova::chat {

/// What may be done how often: `burst` at once, then one every `interval_us`.
struct RateLimit {
  std::int64_t interval_us = 0;
  std::int64_t burst = 1;
};

/// A token bucket kept as one number: the moment at which it will be full again (the generic cell rate
/// algorithm). Pure.
class TokenBucket {
 public:
  /// Takes one token: 0. Or takes none: how many milliseconds until there is one.
  std::int64_t take(std::int64_t now_ms, const RateLimit& limit);
  bool full(std::int64_t now_ms) const { return full_at_us_ <= now_ms * 1'000; }

 private:
  std::int64_t full_at_us_ = 0;
};

/// The buckets of many users, and how often each of them was over. Rates are per user, whatever the number of
/// his connections, so this lives on the user's home shard (House::home_of). Rows of users at rest are
/// dropped by sweep().
class Rates {
 public:
  enum class Kind : std::uint8_t { message, typing, action };
  struct Verdict {
    std::int64_t retry_after_ms = 0;  ///< 0: go on
    bool expel = false;               ///< over so often that the connection must end
  };

  explicit Rates(const ChatOptions& options);
  Verdict take(const Uuid& user, Kind kind, std::int64_t now_ms);
  void sweep(std::int64_t now_ms);
  std::size_t size() const { return rows_.size(); }

 private:
  static constexpr std::size_t kinds = 3;
  static constexpr std::int64_t window_ms = 60'000;

  struct Over {
    std::int64_t since_ms = 0;
    int times = 0;
  };
  struct Row {
    std::array<TokenBucket, kinds> buckets;
    Over deliberate, typing;
  };

  std::array<RateLimit, kinds> limits_;
  int over_max_;
  int typing_over_max_;
  std::unordered_map<Uuid, Row> rows_;
};

}  // namespace rozmova::chat
