#include "rozmova/uploads/links.hpp"

#include "rozmova/base64url.hpp"
#include "sioxx/server.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>

namespace rozmova::uploads {

namespace {

constexpr std::string_view prefix = "/v1/uploads/";
constexpr std::string_view purpose = "rozmova upload links 1";

std::string hmac(std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
  return {reinterpret_cast<const char*>(out), size};
}

}  // namespace

Links::Links(std::string_view secret, std::int64_t valid_ms)
    : key_(hmac(secret, purpose)), valid_ms_(valid_ms) {}

std::string Links::signature(std::string_view upload, std::string_view user, std::string_view role,
                             std::string_view expires) const {
  std::string text;
  for (const std::string_view part : {upload, user, role, expires}) {
    text += part;
    text += '\n';
  }
  return base64url(hmac(key_, text));
}

Links::Link Links::make(const Uuid& upload, const Uuid& user, Role role, WallMs now) const {
  Link link;
  link.expires_at = now + valid_ms_;
  const std::string expires = std::to_string(link.expires_at);
  link.url = std::string(prefix) + upload.text() + "?user=" + user.text() +
             "&role=" + std::string(text(role)) + "&exp=" + expires +
             "&sig=" + signature(upload.text(), user.text(), text(role), expires);
  return link;
}

Result<Identity> Links::verify(std::string_view path, std::string_view query, WallMs now) const {
  const Refusal no{ErrorCode::unauthorized, "this link is not one of ours; ask for a new one"};
  const auto upload = path.starts_with(prefix) ? Uuid::parse(path.substr(prefix.size())) : std::nullopt;
  const auto user = Uuid::parse(sioxx::http::query_value(query, "user"));
  const auto role = parse_role(sioxx::http::query_value(query, "role"));
  const std::string expires = sioxx::http::query_value(query, "exp");
  const std::string given = sioxx::http::query_value(query, "sig");
  WallMs expires_at = 0;
  const auto [end, error] = std::from_chars(expires.data(), expires.data() + expires.size(), expires_at);
  if (!upload || !user || !role || error != std::errc{} || end != expires.data() + expires.size()) return no;
  const std::string right = signature(upload->text(), user->text(), text(*role), expires);
  if (given.size() != right.size() || CRYPTO_memcmp(given.data(), right.data(), right.size()) != 0) return no;
  if (expires_at <= now) return Refusal{ErrorCode::token_expired, "this link is too old; ask for a new one"};
  Identity who;
  who.user_id = *user;
  who.role = *role;
  who.issued_at = expires_at - valid_ms_;
  who.expires_at = expires_at;
  return who;
}

}  // namespace rozmova::uploads
