// Keys, and how signatures are checked with them:
//
//   alg     key                     signature
//   HS*     the secret              HMAC-SHA-2, compared in constant time
//   RS256   RSA, 2048 bits or more  RSASSA-PKCS1-v1_5 with SHA-256
//   ES256   a point of P-256        r || s, 32 bytes each; OpenSSL wants them as DER
//   EdDSA   Ed25519                 64 bytes
#include "rozmova/jwt_key.hpp"

#include "rozmova/jwt_pkey.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace rozmova::jwt {

namespace {

constexpr std::array<std::string_view, 6> names = {"HS256", "HS384", "HS512", "RS256", "ES256", "EdDSA"};

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

using ContextPtr = Owned<EVP_MAC_CTX, EVP_MAC_CTX_free>;

struct Digest {
  const char* name;
  std::size_t mac_bytes;
};
constexpr std::array<Digest, 3> digests{{{"SHA256", 32}, {"SHA384", 48}, {"SHA512", 64}}};

class HmacKey final : public Key, public std::enable_shared_from_this<HmacKey> {
 public:
  HmacKey(Algorithm algorithm, std::string secret)
      : Key(algorithm, {}),
        secret_(std::move(secret)),
        digest_(digests[static_cast<std::size_t>(algorithm)]) {}

  bool verify(std::string_view text, std::string_view signature) const override {
    if (signature.size() != digest_.mac_bytes) return false;
    const std::string expected = sign(text);
    return expected.size() == signature.size() &&
           CRYPTO_memcmp(expected.data(), signature.data(), expected.size()) == 0;
  }

  std::string sign(std::string_view text) const override {
    EVP_MAC_CTX* context = context_of_this_thread();
    std::string mac(digest_.mac_bytes, '\0');
    std::size_t size = 0;
    if (EVP_MAC_init(context, nullptr, 0, nullptr) != 1 ||
        EVP_MAC_update(context, bytes(text), text.size()) != 1 ||
        EVP_MAC_final(context, reinterpret_cast<unsigned char*>(mac.data()), &size, mac.size()) != 1) {
      return {};
    }
    mac.resize(size);
    return mac;
  }

 private:
  ContextPtr keyed_context() const {
    const Owned<EVP_MAC, EVP_MAC_free> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    ContextPtr context(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr);
    std::string digest = digest_.name;
    const std::array<OSSL_PARAM, 2> params = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    if (!context || EVP_MAC_init(context.get(), bytes(secret_), secret_.size(), params.data()) != 1)
      throw std::runtime_error("OpenSSL cannot compute HMAC with " + digest);
    return context;
  }

  /// Keyed once a thread, then only rewound (a quarter of the cost of keying it each time).
  EVP_MAC_CTX* context_of_this_thread() const {
    struct Slot {
      std::weak_ptr<const HmacKey> key;
      ContextPtr context;
    };
    thread_local std::vector<Slot> slots;
    const auto self = weak_from_this();
    for (Slot& slot : slots) {
      if (!slot.key.owner_before(self) && !self.owner_before(slot.key)) return slot.context.get();
    }
    std::erase_if(slots, [](const Slot& slot) { return slot.key.expired(); });
    slots.push_back({self, keyed_context()});
    return slots.back().context.get();
  }

  const std::string secret_;
  const Digest digest_;
};

/// r || s as OpenSSL reads it; empty when it is none.
std::string der_of(std::string_view signature) {
  constexpr int half = 32;
  if (signature.size() != 2 * half) return {};
  const Owned<ECDSA_SIG, ECDSA_SIG_free> both(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes(signature), half, nullptr);
  BIGNUM* s = BN_bin2bn(bytes(signature) + half, half, nullptr);
  if (!both || r == nullptr || s == nullptr || ECDSA_SIG_set0(both.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  std::array<unsigned char, 80> der{};
  unsigned char* end = der.data();
  const int size = i2d_ECDSA_SIG(both.get(), &end);
  return size <= 0 ? std::string()
                   : std::string(reinterpret_cast<const char*>(der.data()), static_cast<std::size_t>(size));
}

class PublicKey final : public Key {
 public:
  PublicKey(Algorithm algorithm, std::string id, PkeyPtr key)
      : Key(algorithm, std::move(id)), key_(std::move(key)) {}

  bool verify(std::string_view text, std::string_view signature) const override {
    const std::string der = algorithm() == Algorithm::es256 ? der_of(signature) : std::string();
    if (algorithm() == Algorithm::es256) signature = der;
    if (signature.empty()) return false;
    const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    const EVP_MD* digest = algorithm() == Algorithm::eddsa ? nullptr : EVP_sha256();
    const bool good =
        context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
        EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text), text.size()) == 1;
    if (!good) forget_errors();
    return good;
  }

 private:
  const PkeyPtr key_;
};

}  // namespace

std::string_view text(Algorithm algorithm) { return names[static_cast<std::size_t>(algorithm)]; }

std::optional<Algorithm> parse_algorithm(std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Algorithm>(found - names.begin());
}

std::string Key::sign(std::string_view) const { return {}; }

KeyPtr hmac_key(Algorithm algorithm, std::string secret) {
  const auto key = std::make_shared<const HmacKey>(algorithm, std::move(secret));
  if (key->sign("probe").empty()) throw std::runtime_error("OpenSSL cannot sign");
  return key;
}

Result<KeyPtr> public_key(PkeyPtr key, std::string id) {
  const auto unusable = [](std::string what) { return Refusal{ErrorCode::invalid_payload, std::move(what)}; };
  if (EVP_PKEY_is_a(key.get(), "RSA") == 1) {
    const int bits = EVP_PKEY_get_bits(key.get());
    if (bits < rsa_bits_min || bits > rsa_bits_max) {
      return unusable("an RSA key has " + std::to_string(bits) + " bits; " + std::to_string(rsa_bits_min) +
                      " to " + std::to_string(rsa_bits_max) + " are taken");
    }
    return KeyPtr(std::make_shared<const PublicKey>(Algorithm::rs256, std::move(id), std::move(key)));
  }
  if (EVP_PKEY_is_a(key.get(), "EC") == 1) {
    std::array<char, 64> group{};
    std::size_t size = 0;
    EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &size);
    const std::string_view name(group.data(), size);
    if (name != "prime256v1" && name != "P-256")
      return unusable("an EC key is on the curve " + std::string(name) + "; ES256 needs P-256");
    return KeyPtr(std::make_shared<const PublicKey>(Algorithm::es256, std::move(id), std::move(key)));
  }
  if (EVP_PKEY_is_a(key.get(), "ED25519") == 1)
    return KeyPtr(std::make_shared<const PublicKey>(Algorithm::eddsa, std::move(id), std::move(key)));
  return unusable("a key is neither RSA nor P-256 nor Ed25519");
}

}  // namespace rozmova::jwt
