#pragma once

#include "rozmova/chat/rate.hpp"
#include "rozmova/uuid.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

namespace rozmova::chat {

/// The rates of users whom several nodes serve: what one node lets through, the others charge too, a moment later. Nobody
/// is asked before something is let through. Pure; one a shard, for the users whose home it is, beside their Rates.
///
///   quiet    he has spent little here, and nobody has told of him: nothing is said. "Little" is the n-th part of the rate
///            on n nodes, so that all of them together stay within it
///   telling  he has spent more, or another node tells of him: all that he spends here is told
///   shared   another node tells of him now (a place): of what is left he gets here, in each settle_ms, the k-th part when
///            he is at k nodes. So what the others have let through by then, and we have not heard of, is the rest of it
///
/// What gets through in a time T, at rate r with bursts of b, on k nodes that hear each other within settle_ms:
///   b + k (1 + 2 r settle_ms) + r T          once the nodes know of each other that he is there: his sign-ins tell
///   k (b + r settle_ms) + r T                until then (REST at nodes that have no connection of his); what was too much
///                                            is a debt at all of them and is paid back before anything else gets through
/// While nodes do not hear each other each counts by itself: k (b + r T).
class Spending {
 public:
  using Kind = Rates::Kind;
  struct Spent {
    Uuid user;
    Kind kind = Kind::message;
    std::int64_t tokens = 0;  ///< 0: he is here
  };

  static constexpr std::int64_t settle_ms = 100;
  static constexpr std::int64_t place_ms =
      35'000;  ///< that a node told of him, and counts as one where he is
  static constexpr std::int64_t forget_ms = 60'000;  ///< after he spent anything here
  static constexpr std::size_t users_max = 65'536;   ///< more are counted here alone
  static constexpr std::size_t places_max = 15;      ///< of one user
  static constexpr std::int64_t tokens_told_max = 1'000;

  explicit Spending(Rates& rates) : rates_(rates) {}

  /// How many nodes there are.
  void nodes(std::size_t count);
  /// As Rates::take. Being one of several here is no offence.
  Rates::Verdict take(const Uuid& user, Kind kind, std::int64_t now_ms);
  /// `node` tells it; `is_here`: he has connections here.
  void hear(std::uint64_t node, const Spent& spent, bool is_here, std::int64_t now_ms);

  bool has_news() const { return !due_.empty(); }
  /// What the others have to be told, at most so many.
  std::vector<Spent> news(std::size_t most);
  /// Every place_ms / 3 or so.
  void sweep(std::int64_t now_ms, const std::function<bool(const Uuid&)>& is_here);
  std::size_t size() const { return rows_.size(); }

 private:
  struct Place {
    std::uint64_t node;
    std::int64_t heard_ms;
  };
  struct Row {
    std::array<TokenBucket, Rates::kinds> quiet;
    std::array<std::int32_t, Rates::kinds> untold{};
    std::array<std::int32_t, Rates::kinds> lately{},
        before{};  ///< let through in this settle_ms, in the last one
    std::int64_t lately_since_ms = 0;
    std::int64_t spent_ms = 0;
    std::vector<Place> places;
    bool telling = false;
    bool is_due = false;
  };

  Row* row_of(const Uuid& user, std::int64_t now_ms);
  RateLimit quiet_limit(Kind kind) const;
  static void turn(Row& row, std::int64_t now_ms);
  void start_telling(Row& row, std::int64_t now_ms);
  void due(const Uuid& user, Row& row);

  Rates& rates_;
  std::int64_t nodes_ = 2;
  std::unordered_map<Uuid, Row> rows_;
  std::vector<Uuid> due_;
};

}  // namespace rozmova::chat
