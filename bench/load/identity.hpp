#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// Ids and tokens that any server under test can derive or verify by itself, so that the client needs no
/// answer from a server to know who talks where.

/// The order of chat `index`: `0badc0de-0001-4000-8000-<index as 12 hex digits>`.
[[nodiscard]] std::string order_id(std::uint64_t index);

/// User `index`: `0badc0de-0002-4000-8000-<index as 12 hex digits>`. Chat c belongs to the users 2c (client)
/// and 2c + 1 (performer).
[[nodiscard]] std::string user_id(std::uint64_t index);

/// The administrator who creates the orders over REST.
[[nodiscard]] std::string admin_id();

struct TokenClaims {
  std::string_view user_id;
  std::string_view role;
  std::string_view name;
  std::int64_t expires_at_s = 0;  ///< Unix seconds
};

/// A JWT signed with HS256 (RFC 7515, RFC 7519). Claim values are ours and need no JSON escaping.
/// Throws std::runtime_error when OpenSSL fails.
[[nodiscard]] std::string mint_token(std::string_view secret, const TokenClaims& claims);

}  // namespace bench
