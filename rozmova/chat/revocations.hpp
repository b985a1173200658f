#pragma once

#include "rozmova/access.hpp"
#include "rozmova/refusal.hpp"
#include "rozmova/store/store.hpp"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace rozmova::chat {

/// The revocations in force, as every action asks for them: two look-ups in memory. Built once and never changed, so
/// all shards share one; a new list takes its place when the store has another one.
class Revocations {
 public:
  explicit Revocations(const std::vector<store::Revocation>& rows);

  bool match(const Uuid& user, std::string_view token_id, WallMs issued_at, WallMs now) const;
  bool empty() const { return users_.empty() && tokens_.empty(); }

 private:
  struct Bound {
    WallMs issued_before = 0;
    WallMs until = 0;  ///< in force
  };
  struct Token {
    std::optional<Uuid> user;  ///< nothing: whoever says to be of this jti
    WallMs until = 0;
  };
  /// More than one bound of a user when they end at different times.
  std::unordered_multimap<Uuid, Bound> users_;
  std::unordered_multimap<std::string, Token> tokens_;
};

using RevocationsPtr = std::shared_ptr<const Revocations>;

/// What matches is told. A list that has not been read yet lets nobody in: UNAVAILABLE.
std::optional<Refusal> revoked(const RevocationsPtr& list, const Identity& identity, WallMs now);

}  // namespace rozmova::chat
