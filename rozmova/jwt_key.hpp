#pragma once

#include "rozmova/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rozmova::jwt {

/// The signatures of RFC 7518 §3 and RFC 8037 that we know. "none" is not among them.
enum class Algorithm : std::uint8_t { hs256, hs384, hs512, rs256, es256, eddsa };
std::string_view text(Algorithm algorithm);  ///< as in the header of a token: "RS256"
std::optional<Algorithm> parse_algorithm(std::string_view text);
constexpr bool is_hmac(Algorithm algorithm) { return algorithm <= Algorithm::hs512; }

/// A key and the one algorithm it is for: what a token says of itself never decides how it is checked, so a public key
/// can never be taken for a shared secret. Immutable; any thread.
class Key {
 public:
  virtual ~Key() = default;
  Algorithm algorithm() const { return algorithm_; }
  const std::string& id() const { return id_; }  ///< kid; may be empty
  virtual bool verify(std::string_view text, std::string_view signature) const = 0;
  /// The signature's bytes; empty when this key can only verify.
  virtual std::string sign(std::string_view text) const;

 protected:
  Key(Algorithm algorithm, std::string id) : algorithm_(algorithm), id_(std::move(id)) {}

 private:
  Algorithm algorithm_;
  std::string id_;
};
using KeyPtr = std::shared_ptr<const Key>;

inline constexpr std::size_t keys_max = 32;  ///< of one file or one answer
inline constexpr std::size_t key_file_bytes_max = 262'144;
inline constexpr int rsa_bits_min = 2'048, rsa_bits_max = 8'192;

/// A shared secret. Throws std::runtime_error when OpenSSL cannot compute with it.
KeyPtr hmac_key(Algorithm algorithm, std::string secret);

/// Public keys (or certificates) of a PEM file, one or more: RSA for RS256, P-256 for ES256, Ed25519 for EdDSA. The
/// refusal says what is wrong with the file.
Result<std::vector<KeyPtr>> keys_from_pem(std::string_view pem);

/// Public keys of a JSON Web Key Set (RFC 7517 §5). What is of no use here (other types, for encryption, symmetric) is
/// passed over; a set without any key that can be used is refused, so that it never takes the place of a good one.
Result<std::vector<KeyPtr>> keys_from_jwks(std::string_view json);

}  // namespace rozmova::jwt
