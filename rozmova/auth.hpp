#pragma once

#include "rozmova/access.hpp"
#include "rozmova/jwt_key.hpp"
#include "rozmova/refusal.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rozmova {

/// How tokens are checked (spec §2). Each key has its one algorithm; what a token says of itself only chooses among
/// the keys there are.
struct AuthOptions {
  std::string secret = {};  ///< may be empty when there are public keys
  std::vector<std::string> previous_secrets = {};
  std::string algorithm = "HS256";  ///< of the secrets
  std::vector<jwt::KeyPtr> public_keys = {};
  /// A token is signed with a key that is not known: true = a newer set is being fetched, ask again. Any thread.
  /// Empty: the public keys never change.
  std::function<bool()> on_unknown_key = {};
  std::string issuer = {}, audience = {};  ///< checked when not empty
  std::int64_t leeway_ms = 5'000;
  std::size_t token_bytes_max = 8'192;
};

/// Verifies and mints JSON Web Tokens (RFC 7519, RFC 7515 compact form). Any thread may use it: what can
/// change, the issuer's public keys, is replaced as a whole.
class Auth {
 public:
  explicit Auth(AuthOptions options);
  ~Auth();

  /// `token` with or without "Bearer ". UNAUTHORIZED or TOKEN_EXPIRED otherwise; UNAVAILABLE while its key is fetched.
  Result<Identity> verify(std::string_view token, WallMs now) const;
  /// What every action asks: the token of this connection, still good? (The signature was checked when it came.)
  std::optional<Refusal> still_good(const Identity& identity, WallMs now) const;
  /// With the secret in force; throws std::runtime_error when there is none.
  std::string mint(const Identity& identity, WallMs now) const;

  /// The issuer's public keys are these from now on.
  void publish(std::vector<jwt::KeyPtr> keys) const;
  /// False: nobody can be let in yet.
  bool has_keys() const;

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
};

}  // namespace rozmova
