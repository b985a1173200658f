#pragma once

#include "rozmova/chat/options.hpp"
#include "rozmova/uuid.hpp"
#include "sioxx/server.hpp"

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
  /// Takes so many, also those that are not there: whoever comes next waits for them.
  void charge(std::int64_t now_ms, const RateLimit& limit, std::int64_t tokens);
  /// How many may be taken at once.
  std::int64_t left(std::int64_t now_ms, const RateLimit& limit) const;
  bool full(std::int64_t now_ms) const { return full_at_us_ <= now_ms * 1'000; }

 private:
  std::int64_t full_at_us_ = 0;
};

/// The buckets of many users, and how often each of them was over. Rates are per user, whatever the number of
/// his connections, so this lives on the user's home shard (House::home_of); only Kind::event is counted on
/// each shard by itself, because it is asked before anything else is done. A row is what one user has used of one
/// kind. Rows at rest are dropped by sweep(), and before a table takes more room for new ones: so a user who does nothing
/// costs nothing, and a storm of sign-ins keeps those of a moment.
///
/// Who is over is told how long to wait. What else he has sent by then is refused too and is no new offence:
/// a client that sends its whole backlog at once is over once, not a hundred times. Only refusals after the
/// told time (refused_burst_ms at least) count again, so the end is for who ignores it again and again:
/// over_rate_per_minute_max times within a minute. Typing (an indicator sent at every key press is clumsy,
/// not hostile), reads over REST and sign-ins are refused and nothing more; a flood of them is over
/// Kind::event, or has no connection that could end.
class Rates {
 public:
  enum class Kind : std::uint8_t { message, typing, join, action, event, rest_read, sign_in, upload };
  static constexpr std::size_t kinds = 8;
  struct Verdict {
    std::int64_t retry_after_ms = 0;  ///< 0: go on
    bool expel = false;               ///< over so often that the connection must end
  };

  explicit Rates(const ChatOptions& options);
  Verdict take(const Uuid& user, Kind kind, std::int64_t now_ms);
  /// What he has spent elsewhere (see Spending). When there are heard_users_max, nothing is noted of others.
  void charge(const Uuid& user, Kind kind, std::int64_t tokens, std::int64_t now_ms);
  std::int64_t left(const Uuid& user, Kind kind, std::int64_t now_ms) const;
  const RateLimit& limit(Kind kind) const { return limits_[static_cast<std::size_t>(kind)]; }
  void sweep(std::int64_t now_ms);
  std::size_t size() const;  ///< rows

  static constexpr std::size_t heard_users_max = 65'536;

 private:
  static constexpr std::int64_t window_ms = 60'000;
  static bool is_offence(Kind kind);

  static constexpr std::size_t rows_unswept_min = 256;

  struct Row {
    Uuid user;
    TokenBucket bucket;
  };
  struct ByUser {
    static std::size_t hash(const Uuid& user) { return std::hash<Uuid>{}(user); }
    static std::size_t hash_of(const Row& row) { return hash(row.user); }
    static bool same(const Row& row, const Uuid& user) { return row.user == user; }
  };
  struct Table {
    sioxx::engine::FlatTable<Row, ByUser> rows;
    std::size_t sweep_at_rows = rows_unswept_min;

    TokenBucket& of(const Uuid& user, std::int64_t now_ms);
    void sweep(std::int64_t now_ms);
  };
  struct Offences {
    std::array<std::int64_t, kinds> burst_until_ms{};  ///< until then a refusal is no new offence
    std::int64_t since_ms = 0;                         ///< when the first of the minute's offences was
    int count = 0;
  };

  std::array<RateLimit, kinds> limits_;
  int over_max_;
  std::int64_t refused_burst_ms_;
  std::array<Table, kinds> tables_;
  std::unordered_map<Uuid, Offences> offences_;  ///< of the last minute
};

}  // namespace rozmova::chat
