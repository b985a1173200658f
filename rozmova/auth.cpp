#include "rozmova/auth.hpp"

#include "rozmova/base64url.hpp"
#include "rozmova/jwt.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <atomic>
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
constexpr std::size_t kid_bytes_max = 255;
constexpr std::int64_t fetching_retry_ms = 1'000;

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

/// What the header says of the signature; whether that may be believed is decided by the keys there are.
struct Claimed {
  jwt::Algorithm algorithm;
  std::string kid;  ///< may be empty
};

/// Nothing of a header that is refused decides anything. `accepted`: for the refusal's words.
Result<Claimed> check_header(const jwt::Parts& parts, std::string_view accepted) {
  const auto text = decode_base64url(parts.header);
  const auto header = text ? jwt::parse_header(*text) : std::nullopt;
  if (!header) return unauthorized("The token's header cannot be read.");
  const auto* alg = std::get_if<std::string>(&header->alg);
  const auto algorithm = alg == nullptr ? std::nullopt : jwt::parse_algorithm(*alg);
  if (!algorithm) return unauthorized("The token must be signed with " + std::string(accepted) + ".");
  const auto* typ = std::get_if<std::string>(&header->typ);
  if (header->typ.index() != 0 && (typ == nullptr || !equals_ignoring_case(*typ, "JWT"))) {
    return unauthorized("The token is of a type other than JWT.");
  }
  if (header->has_crit) return unauthorized("The token asks for extensions (crit) that are not understood.");
  const auto kid = optional_text(header->kid, kid_bytes_max);
  if (!kid)
    return unauthorized("The token's kid must be a text of at most " + std::to_string(kid_bytes_max) +
                        " bytes.");
  return Claimed{*algorithm, *kid};
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
  // What is shown to others, and kept by databases that know no U+0000, is one line of text.
  std::erase_if(who.name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
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
  using Public = std::vector<jwt::KeyPtr>;

  /// The keys that this token may be signed with; `unknown`: none, but one may be published already.
  std::vector<jwt::KeyPtr> candidates(const Claimed& claimed, bool& unknown) const;
  std::string accepted() const;

  AuthOptions options;
  std::vector<jwt::KeyPtr> shared;  ///< of secrets, the one in force first
  /// Replaced as a whole when the issuer has others; who is verifying keeps the set he began with.
  std::atomic<std::shared_ptr<const Public>> published = std::make_shared<const Public>();
};

std::vector<jwt::KeyPtr> Auth::Keys::candidates(const Claimed& claimed, bool& unknown) const {
  std::vector<jwt::KeyPtr> fitting;
  for (const jwt::KeyPtr& key : shared) {
    if (key->algorithm() == claimed.algorithm) fitting.push_back(key);
  }
  if (jwt::is_hmac(claimed.algorithm)) return fitting;
  // A kid chooses among the keys that have one; keys of a PEM file have none and are tried for every token.
  const auto keys = published.load();
  for (const jwt::KeyPtr& key : *keys) {
    if (key->algorithm() != claimed.algorithm) continue;
    if (key->id().empty() || claimed.kid.empty() || key->id() == claimed.kid) fitting.push_back(key);
  }
  unknown = fitting.empty();
  return fitting;
}

std::string Auth::Keys::accepted() const {
  std::vector<std::string_view> names;
  const auto add = [&](const jwt::KeyPtr& key) {
    const auto name = text(key->algorithm());
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const jwt::KeyPtr& key : shared) add(key);
  const auto keys = published.load();
  for (const jwt::KeyPtr& key : *keys) add(key);
  std::string list;
  for (const std::string_view name : names) (list += list.empty() ? "" : " or ") += name;
  return list.empty() ? "a key of the issuer" : list;
}

Auth::Auth(AuthOptions options) : keys_(std::make_unique<Keys>()) {
  const auto algorithm = jwt::parse_algorithm(options.algorithm);
  if (!algorithm || !jwt::is_hmac(*algorithm)) {
    throw std::invalid_argument("JWT_ALGORITHM " + options.algorithm + " is not one of HS256, HS384, HS512");
  }
  const bool has_public = !options.public_keys.empty() || options.on_unknown_key;
  if (options.secret.empty() && !has_public) throw std::invalid_argument("JWT_SECRET is empty");
  if (!options.secret.empty()) keys_->shared.push_back(jwt::hmac_key(*algorithm, std::move(options.secret)));
  for (std::string& secret : options.previous_secrets) {
    if (!secret.empty()) keys_->shared.push_back(jwt::hmac_key(*algorithm, std::move(secret)));
  }
  options.secret.clear();
  options.previous_secrets.clear();
  publish(options.public_keys);
  keys_->options = std::move(options);
}

Auth::~Auth() = default;

void Auth::publish(std::vector<jwt::KeyPtr> keys) const {
  keys_->published.store(std::make_shared<const Keys::Public>(std::move(keys)));
}

bool Auth::has_keys() const { return !keys_->shared.empty() || !keys_->published.load()->empty(); }

Result<Identity> Auth::verify(std::string_view token, WallMs now) const {
  const AuthOptions& options = keys_->options;
  token = without_scheme(token);
  if (token.empty()) return unauthorized("A token is needed.");
  if (token.size() > options.token_bytes_max) {
    return unauthorized("The token is longer than " + std::to_string(options.token_bytes_max) + " bytes.");
  }
  const auto parts = jwt::split(token);
  if (!parts) return unauthorized("This is no JSON Web Token: three parts with dots between are expected.");
  const auto claimed = check_header(*parts, keys_->accepted());
  if (!claimed) return claimed.refusal();
  bool unknown = false;
  const auto keys = keys_->candidates(*claimed, unknown);
  if (unknown && options.on_unknown_key && options.on_unknown_key()) {
    return Refusal{ErrorCode::unavailable, "The key of this token is being fetched; try again.",
                   fetching_retry_ms};
  }
  if (keys.empty()) return unauthorized("The token must be signed with " + keys_->accepted() + ".");

  const auto signature = decode_base64url(parts->signature);
  const bool genuine = signature && std::any_of(keys.begin(), keys.end(), [&](const jwt::KeyPtr& key) {
                         return key->verify(parts->signed_part, *signature);
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
  const std::string mac = keys_->shared.empty() ? std::string() : keys_->shared.front()->sign(token);
  if (mac.empty()) throw std::runtime_error("there is no JWT_SECRET to sign a token with");
  return token + '.' + base64url(mac);
}

}  // namespace rozmova
