#include "rozmova/auth.hpp"

#include "rozmova/base64url.hpp"
#include "rozmova/jwt.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <utility>
#include <variant>

namespace rozmova {

namespace {

constexpr double seconds_max = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr std::size_t name_bytes_max = 400;
constexpr std::size_t token_id_bytes_max = 255;

struct MacFree {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};
struct ContextFree {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<EVP_MAC_CTX, ContextFree>;

struct Algorithm {
  std::string_view name;
  const char* digest;
  std::size_t mac_bytes;
};
constexpr std::array<Algorithm, 3> hmac_algorithms{
    {{"HS256", "SHA256", 32}, {"HS384", "SHA384", 48}, {"HS512", "SHA512", 64}}};

/// A shared secret and the one algorithm it is for (RFC 7518 §3.2). Immutable.
struct HmacKey {
  std::string secret;
  Algorithm algorithm;
};

/// What a key may be. Public keys (RSA, EC, Ed25519) come as further alternatives: verify() below is the only place that
/// looks inside, and each alternative names its own algorithm.
using Key = std::variant<std::shared_ptr<const HmacKey>>;

using Mac = std::array<unsigned char, EVP_MAX_MD_SIZE>;

ContextPtr keyed_context(const HmacKey& key) {
  const std::unique_ptr<EVP_MAC, MacFree> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  ContextPtr context(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr);
  std::string digest = key.algorithm.digest;
  const std::array<OSSL_PARAM, 2> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  const auto* secret = reinterpret_cast<const unsigned char*>(key.secret.data());
  if (!context || EVP_MAC_init(context.get(), secret, key.secret.size(), params.data()) != 1) {
    throw std::runtime_error("OpenSSL cannot compute HMAC with " + digest);
  }
  return context;
}

/// The context of this key on this thread: keyed once, then only rewound (a quarter of the cost of keying it each time).
EVP_MAC_CTX* context_of(const std::shared_ptr<const HmacKey>& key) {
  struct Slot {
    std::weak_ptr<const HmacKey> key;
    ContextPtr context;
  };
  thread_local std::vector<Slot> slots;
  for (Slot& slot : slots) {
    if (!slot.key.owner_before(key) && !key.owner_before(slot.key)) return slot.context.get();
  }
  std::erase_if(slots, [](const Slot& slot) { return slot.key.expired(); });
  slots.push_back({key, keyed_context(*key)});
  return slots.back().context.get();
}

std::string_view mac_of(const std::shared_ptr<const HmacKey>& key, std::string_view text, Mac& out) {
  EVP_MAC_CTX* context = context_of(key);
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_MAC_init(context, nullptr, 0, nullptr) != 1 || EVP_MAC_update(context, bytes, text.size()) != 1 ||
      EVP_MAC_final(context, out.data(), &size, out.size()) != 1) {
    return {};
  }
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string_view sign(const Key& key, std::string_view text, Mac& out) {
  return mac_of(std::get<std::shared_ptr<const HmacKey>>(key), text, out);
}

bool verify(const Key& key, std::string_view text, std::string_view signature) {
  const auto& hmac = std::get<std::shared_ptr<const HmacKey>>(key);
  if (signature.size() != hmac->algorithm.mac_bytes) return false;
  Mac room;
  const std::string_view expected = mac_of(hmac, text, room);
  return expected.size() == signature.size() &&
         CRYPTO_memcmp(expected.data(), signature.data(), expected.size()) == 0;
}

Refusal unauthorized(std::string message) { return {ErrorCode::unauthorized, std::move(message)}; }

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view without_scheme(std::string_view token) {
  constexpr std::string_view scheme = "Bearer ";
  if (token.size() < scheme.size() || !equals_ignoring_case(token.substr(0, scheme.size()), scheme))
    return token;
  token.remove_prefix(scheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token;
}

/// "" when there is none; nothing when it is there and is no text, or too long.
std::optional<std::string> optional_text(const jwt::Claim& claim, std::size_t bytes_max) {
  if (claim.index() == 0 || std::holds_alternative<jwt::Null>(claim)) return std::string();
  const auto* text = std::get_if<std::string>(&claim);
  if (text == nullptr || text->size() > bytes_max) return std::nullopt;
  return *text;
}

/// NumericDate (RFC 7519 §2) as milliseconds; nothing when it is no number of sense.
std::optional<WallMs> time_of(const jwt::Claim& claim) {
  const auto* seconds = std::get_if<double>(&claim);
  if (seconds == nullptr || !std::isfinite(*seconds) || *seconds < 0 || *seconds > seconds_max)
    return std::nullopt;
  return static_cast<WallMs>(*seconds * 1000);
}

bool audience_fits(const jwt::Claim& claim, const std::string& wanted) {
  if (const auto* one = std::get_if<std::string>(&claim)) return *one == wanted;
  const auto* many = std::get_if<std::vector<std::string>>(&claim);
  return many != nullptr && std::find(many->begin(), many->end(), wanted) != many->end();
}

std::optional<Refusal> check_header(const jwt::Parts& parts, std::string_view algorithm) {
  const auto text = decode_base64url(parts.header);
  const auto header = text ? jwt::parse_header(*text) : std::nullopt;
  if (!header) return unauthorized("The token's header cannot be read.");
  const auto* alg = std::get_if<std::string>(&header->alg);
  if (alg == nullptr || *alg != algorithm) {
    return unauthorized("The token must be signed with " + std::string(algorithm) + ".");
  }
  const auto* typ = std::get_if<std::string>(&header->typ);
  if (header->typ.index() != 0 && (typ == nullptr || !equals_ignoring_case(*typ, "JWT"))) {
    return unauthorized("The token is of a type other than JWT.");
  }
  if (header->has_crit) return unauthorized("The token asks for extensions (crit) that are not understood.");
  return std::nullopt;
}

std::optional<Refusal> read_person(const jwt::Claims& claims, Identity& who) {
  const jwt::Claim* claim = &claims.sub;
  if (claim->index() == 0) claim = &claims.user_id;
  if (claim->index() == 0) claim = &claims.id;
  const auto* text = std::get_if<std::string>(claim);
  const auto id = text == nullptr ? std::nullopt : Uuid::parse(*text);
  if (!id || id->is_nil())
    return unauthorized("The token names no user: sub (or userId, or id) must be a UUID.");
  who.user_id = *id;

  const auto role_text = optional_text(claims.role, 64);
  const auto role = role_text && !role_text->empty() ? parse_role(*role_text) : std::nullopt;
  if (!role_text || (!role_text->empty() && !role)) {
    return unauthorized("The token's role must be client, performer, moderator or admin.");
  }
  who.role = role.value_or(Role::client);
  who.role_from_token = role.has_value();

  auto name = optional_text(claims.name, name_bytes_max);
  if (!name)
    return unauthorized("The token's name must be a text of at most " + std::to_string(name_bytes_max) +
                        " bytes.");
  who.name = std::move(*name);
  auto token_id = optional_text(claims.jti, token_id_bytes_max);
  if (!token_id) {
    return unauthorized("The token's jti must be a text of at most " + std::to_string(token_id_bytes_max) +
                        " bytes.");
  }
  who.token_id = std::move(*token_id);
  return std::nullopt;
}

std::optional<Refusal> read_times(const jwt::Claims& claims, WallMs now, WallMs leeway, Identity& who) {
  const auto expires_at = time_of(claims.exp);
  if (!expires_at) return unauthorized("The token must say when it expires: exp, in seconds since 1970.");
  who.expires_at = *expires_at;
  if (claims.nbf.index() != 0) {
    const auto not_before = time_of(claims.nbf);
    if (!not_before) return unauthorized("The token's nbf must be a number of seconds since 1970.");
    if (now + leeway < *not_before) return unauthorized("The token is not valid yet (nbf).");
  }
  if (claims.iat.index() != 0) {
    const auto issued_at = time_of(claims.iat);
    if (!issued_at) return unauthorized("The token's iat must be a number of seconds since 1970.");
    // A token from the future would outlive every "revoke what was issued before now".
    if (now + leeway < *issued_at)
      return unauthorized("The token was issued in the future (iat): compare the clocks.");
    who.issued_at = *issued_at;
  }
  return std::nullopt;
}

}  // namespace

struct Auth::Keys {
  AuthOptions options;
  std::vector<Key> keys;  ///< the one in force first
};

Auth::Auth(AuthOptions options) : keys_(std::make_unique<Keys>()) {
  const auto algorithm = std::find_if(hmac_algorithms.begin(), hmac_algorithms.end(),
                                      [&](const Algorithm& a) { return a.name == options.algorithm; });
  if (algorithm == hmac_algorithms.end()) {
    throw std::invalid_argument("JWT_ALGORITHM " + options.algorithm + " is not one of HS256, HS384, HS512");
  }
  if (options.secret.empty()) throw std::invalid_argument("JWT_SECRET is empty");
  const auto add = [&](std::string& secret) {
    keys_->keys.emplace_back(std::make_shared<const HmacKey>(HmacKey{std::move(secret), *algorithm}));
  };
  add(options.secret);
  for (std::string& secret : options.previous_secrets) {
    if (!secret.empty()) add(secret);
  }
  options.secret.clear();
  options.previous_secrets.clear();
  if (Mac room; sign(keys_->keys.front(), "probe", room).empty())
    throw std::runtime_error("OpenSSL cannot sign");
  keys_->options = std::move(options);
}

Auth::~Auth() = default;

Result<Identity> Auth::verify(std::string_view token, WallMs now) const {
  const AuthOptions& options = keys_->options;
  token = without_scheme(token);
  if (token.empty()) return unauthorized("A token is needed.");
  if (token.size() > options.token_bytes_max) {
    return unauthorized("The token is longer than " + std::to_string(options.token_bytes_max) + " bytes.");
  }
  const auto parts = jwt::split(token);
  if (!parts) return unauthorized("This is no JSON Web Token: three parts with dots between are expected.");
  if (auto refusal = check_header(*parts, options.algorithm)) return *refusal;

  const auto signature = decode_base64url(parts->signature);
  const bool genuine = signature && std::any_of(keys_->keys.begin(), keys_->keys.end(), [&](const Key& key) {
                         return rozmova::verify(key, parts->signed_part, *signature);
                       });
  if (!genuine) return unauthorized("The token's signature does not fit.");

  const auto payload = decode_base64url(parts->payload);
  const auto claims = payload ? jwt::parse_claims(*payload) : std::nullopt;
  if (!claims) return unauthorized("The token's claims cannot be read.");
  Identity who;
  if (auto refusal = read_times(*claims, now, options.leeway_ms, who)) return *refusal;
  if (auto refusal = still_good(who, now)) return *refusal;
  if (!options.issuer.empty() && !(claims->iss == jwt::Claim(options.issuer))) {
    return unauthorized("The token comes from another issuer (iss).");
  }
  if (!options.audience.empty() && !audience_fits(claims->aud, options.audience)) {
    return unauthorized("The token is meant for somebody else (aud).");
  }
  if (auto refusal = read_person(*claims, who)) return *refusal;
  return who;
}

std::optional<Refusal> Auth::still_good(const Identity& identity, WallMs now) const {
  if (now < identity.expires_at + keys_->options.leeway_ms) return std::nullopt;
  return Refusal{ErrorCode::token_expired, "The token has expired."};
}

std::string Auth::mint(const Identity& identity, WallMs now) const {
  const auto seconds = [](WallMs ms) { return ms / 1000; };
  boost::json::object claims;
  claims["sub"] = identity.user_id.text();
  if (!identity.name.empty()) claims["name"] = identity.name;
  if (identity.role_from_token) claims["role"] = text(identity.role);
  if (!identity.token_id.empty()) claims["jti"] = identity.token_id;
  if (!keys_->options.issuer.empty()) claims["iss"] = keys_->options.issuer;
  if (!keys_->options.audience.empty()) claims["aud"] = keys_->options.audience;
  claims["iat"] = seconds(identity.issued_at != 0 ? identity.issued_at : now);
  claims["exp"] = seconds(identity.expires_at);

  const boost::json::object header = {{"alg", keys_->options.algorithm}, {"typ", "JWT"}};
  std::string token =
      base64url(boost::json::serialize(header)) + '.' + base64url(boost::json::serialize(claims));
  Mac room;
  const std::string_view mac = sign(keys_->keys.front(), token, room);
  if (mac.empty()) throw std::runtime_error("OpenSSL could not sign a token");
  return token + '.' + base64url(mac);
}

}  // namespace rozmova
