#pragma once

#include "rozmova/access.hpp"
#include "rozmova/refusal.hpp"

#include <string>
#include <string_view>

namespace rozmova::uploads {

/// Addresses that open one upload for one person for a short time, because an <img> cannot send a token:
///
///   /v1/uploads/ID?user=UUID&role=client&exp=1767225600000&sig=…
///
/// The signature covers the upload, the person, his role and the end; his rights are asked anew at every use. The key
/// is derived from the secret of the tokens, so that neither can stand for the other. Immutable; any thread.
class Links {
 public:
  Links(std::string_view secret, std::int64_t valid_ms);

  struct Link {
    std::string url;
    WallMs expires_at = 0;
  };
  Link make(const Uuid& upload, const Uuid& user, Role role, WallMs now) const;
  /// Whose link it is; UNAUTHORIZED for a false one, TOKEN_EXPIRED for an old one. `path` decoded, `query` raw.
  Result<Identity> verify(std::string_view path, std::string_view query, WallMs now) const;

 private:
  std::string signature(std::string_view upload, std::string_view user, std::string_view role,
                        std::string_view expires) const;

  std::string key_;
  std::int64_t valid_ms_;
};

}  // namespace rozmova::uploads
