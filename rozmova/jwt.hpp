#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rozmova::jwt {

/// One claim of a token, as far as anybody here asks: nested things keep only the fact that they are there.
struct Nested {
  bool operator==(const Nested&) const = default;
};
struct Null {
  bool operator==(const Null&) const = default;
};
using Claim = std::variant<std::monostate, std::string, double, bool, Null, std::vector<std::string>, Nested>;

/// The header's members that decide.
struct Header {
  Claim alg, typ, kid;
  bool has_crit = false;
};

/// The payload's members that we know (RFC 7519 §4.1, and the names that marketplaces use). monostate: not there.
struct Claims {
  Claim sub, user_id, id, role, name, jti, iss, aud, exp, nbf, iat;
};

/// The three parts of the compact form (RFC 7515 §7.1), still encoded; views into the token.
struct Parts {
  std::string_view header, payload, signature;
  std::string_view signed_part;  ///< header '.' payload
};

inline constexpr std::size_t json_depth_max = 8;
inline constexpr std::size_t members_max = 64;

/// Exactly three parts, none of the first two empty.
std::optional<Parts> split(std::string_view token);

/// From the decoded JSON text. Nothing when it is no JSON object, deeper than json_depth_max, has more than members_max
/// members, or has one of its own members twice (two readers could then see two different users).
std::optional<Header> parse_header(std::string_view json);
std::optional<Claims> parse_claims(std::string_view json);

}  // namespace rozmova::jwt
