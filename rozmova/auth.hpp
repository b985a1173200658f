#pragma once

#include "rozmova/access.hpp"
#include "rozmova/refusal.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rozmova {

/// How tokens are checked (spec §2). HS256/384/512 now; the algorithm belongs to the key, never to the token.
struct AuthOptions {
  std::string secret = {};
  std::vector<std::string> previous_secrets = {};
  std::string algorithm = "HS256";
  std::string issuer = {}, audience = {};  ///< checked when not empty
  std::int64_t leeway_ms = 5'000;
  std::size_t token_bytes_max = 8'192;
};

/// Verifies and mints JSON Web Tokens (RFC 7519, RFC 7515 compact form). Immutable after construction, so any thread may
/// use it.
class Auth {
 public:
  explicit Auth(AuthOptions options);
  ~Auth();

  /// `token` with or without "Bearer ". UNAUTHORIZED or TOKEN_EXPIRED otherwise.
  Result<Identity> verify(std::string_view token, WallMs now) const;
  /// What every action asks: the token of this connection, still good? (The signature was checked when it came.)
  std::optional<Refusal> still_good(const Identity& identity, WallMs now) const;
  std::string mint(const Identity& identity, WallMs now) const;

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
};

}  // namespace rozmova
