#include "rozmova/chat/revocations.hpp"

#include <limits>

namespace rozmova::chat {

namespace {

constexpr WallMs always = std::numeric_limits<WallMs>::max();

}  // namespace

Revocations::Revocations(const std::vector<store::Revocation>& rows) {
  for (const store::Revocation& row : rows) {
    const WallMs until = row.expires_at.value_or(always);
    if (!row.token_id.empty())
      tokens_.emplace(row.token_id, Token{row.user_id, until});
    else if (row.user_id)
      users_.emplace(*row.user_id, Bound{row.issued_before.value_or(always), until});
  }
}

bool Revocations::match(const Uuid& user, std::string_view token_id, WallMs issued_at, WallMs now) const {
  const auto [first, last] = users_.equal_range(user);
  for (auto bound = first; bound != last; ++bound) {
    if (issued_at < bound->second.issued_before && now < bound->second.until) return true;
  }
  if (token_id.empty() || tokens_.empty()) return false;
  const auto [from, to] = tokens_.equal_range(std::string(token_id));
  for (auto token = from; token != to; ++token) {
    if (token->second.user.value_or(user) == user && now < token->second.until) return true;
  }
  return false;
}

std::optional<Refusal> revoked(const RevocationsPtr& list, const Identity& identity, WallMs now) {
  if (list == nullptr) {
    return Refusal{ErrorCode::unavailable, "the server does not know yet which tokens are revoked; try again",
                   1'000};
  }
  if (list->empty() || !list->match(identity.user_id, identity.token_id, identity.issued_at, now)) {
    return std::nullopt;
  }
  return Refusal{ErrorCode::token_revoked, "the token has been revoked; sign in again"};
}

}  // namespace rozmova::chat
