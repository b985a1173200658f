// Public keys as they come from outside: PEM (RFC 7468) and JSON Web Key Sets.
//
//   {"keys":[{"kty":"RSA","kid":"2026-11","use":"sig","alg":"RS256","n":"…","e":"AQAB"},
//            {"kty":"EC","crv":"P-256","x":"…","y":"…"}, {"kty":"OKP","crv":"Ed25519","x":"…"}]}
#include "rozmova/base64url.hpp"
#include "rozmova/jwt_pkey.hpp"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace rozmova::jwt {

namespace json = boost::json;

namespace {

constexpr std::size_t depth_max = 8;
constexpr std::size_t kid_bytes_max = 255;
constexpr std::size_t rsa_bytes_max = rsa_bits_max / 8;
constexpr std::size_t coordinate_bytes = 32;

Refusal unusable(std::string what) { return {ErrorCode::invalid_payload, std::move(what)}; }

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

PkeyPtr build(const char* type, OSSL_PARAM_BLD* parts) {
  const Owned<OSSL_PARAM, OSSL_PARAM_free> params(OSSL_PARAM_BLD_to_param(parts));
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  PkeyPtr made(key);
  // A point that is not on its curve, an exponent of one.
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return check && EVP_PKEY_public_check(check.get()) == 1 ? std::move(made) : nullptr;
}

PkeyPtr rsa_of(const json::object& jwk) {
  const auto n = decode_base64url(text_of(jwk, "n")), e = decode_base64url(text_of(jwk, "e"));
  if (!n || !e || n->empty() || n->size() > rsa_bytes_max || e->empty() || e->size() > 8) return nullptr;
  const auto number = [](const std::string& bytes) {
    return Owned<BIGNUM, BN_free>(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                            static_cast<int>(bytes.size()), nullptr));
  };
  const auto modulus = number(*n), exponent = number(*e);
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> parts(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !parts ||
      OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return build("RSA", parts.get());
}

PkeyPtr point_of(const json::object& jwk) {
  const auto x = decode_base64url(text_of(jwk, "x")), y = decode_base64url(text_of(jwk, "y"));
  if (text_of(jwk, "crv") != "P-256" || !x || !y || x->size() != coordinate_bytes ||
      y->size() != coordinate_bytes)
    return nullptr;
  const std::string point = '\x04' + *x + *y;  // SEC 1 §2.3.3, uncompressed
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> parts(OSSL_PARAM_BLD_new());
  if (!parts ||
      OSSL_PARAM_BLD_push_utf8_string(parts.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(parts.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1) {
    return nullptr;
  }
  return build("EC", parts.get());
}

PkeyPtr edwards_of(const json::object& jwk) {
  const auto x = decode_base64url(text_of(jwk, "x"));
  if (text_of(jwk, "crv") != "Ed25519" || !x || x->size() != coordinate_bytes) return nullptr;
  return PkeyPtr(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                             reinterpret_cast<const unsigned char*>(x->data()), x->size()));
}

bool is_for_signatures(const json::object& jwk) {
  const std::string_view use = text_of(jwk, "use");
  if (!use.empty() && use != "sig") return false;
  const json::value* operations = jwk.if_contains("key_ops");
  if (operations == nullptr) return true;
  const json::array* list = operations->if_array();
  return list != nullptr && std::any_of(list->begin(), list->end(), [](const json::value& one) {
           return one.is_string() && one.get_string() == "verify";
         });
}

/// Null: of no use here.
KeyPtr key_of(const json::object& jwk) {
  const std::string_view type = text_of(jwk, "kty"), id = text_of(jwk, "kid"), alg = text_of(jwk, "alg");
  if (!is_for_signatures(jwk) || id.size() > kid_bytes_max) return nullptr;
  PkeyPtr key = type == "RSA"   ? rsa_of(jwk)
                : type == "EC"  ? point_of(jwk)
                : type == "OKP" ? edwards_of(jwk)
                                : nullptr;
  if (!key) return nullptr;
  auto made = public_key(std::move(key), std::string(id));
  if (!made || (!alg.empty() && alg != text((*made)->algorithm()))) return nullptr;
  return std::move(*made);
}

PkeyPtr next_in(BIO* file) {
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(file, &name, &header, &data, &size) != 1) return nullptr;
  const Owned<char, [](char*p) { OPENSSL_free(p); }> free_name(name), free_header(header);
  const Owned<unsigned char, [](unsigned char* p) { OPENSSL_free(p); }> free_data(data);
  const unsigned char* at = data;
  const std::string_view kind(name);
  if (kind == "CERTIFICATE") {
    const Owned<X509, X509_free> certificate(d2i_X509(nullptr, &at, size));
    return PkeyPtr(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
  }
  if (kind == "RSA PUBLIC KEY") return PkeyPtr(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size));
  return PkeyPtr(kind == "PUBLIC KEY" ? d2i_PUBKEY(nullptr, &at, size) : nullptr);
}

}  // namespace

void forget_errors() { ERR_clear_error(); }

Result<std::vector<KeyPtr>> keys_from_pem(std::string_view pem) {
  if (pem.size() > key_file_bytes_max)
    return unusable("it is longer than " + std::to_string(key_file_bytes_max) + " bytes");
  if (pem.find("PRIVATE KEY-----") != std::string_view::npos)
    return unusable(
        "it holds a private key; give the public one (openssl pkey -pubout), and keep that one away from here");
  const Owned<BIO, BIO_free> file(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<KeyPtr> keys;
  while (file && BIO_pending(file.get()) > 0) {
    if (std::string_view(pem)
            .substr(pem.size() - static_cast<std::size_t>(BIO_pending(file.get())))
            .find("-----BEGIN") == std::string_view::npos) {
      break;
    }
    PkeyPtr key = next_in(file.get());
    forget_errors();
    if (!key) return unusable("it holds something that is neither a public key nor a certificate");
    auto made = public_key(std::move(key), {});
    if (!made) return made.refusal();
    keys.push_back(std::move(*made));
    if (keys.size() > keys_max) return unusable("it holds more than " + std::to_string(keys_max) + " keys");
  }
  if (keys.empty()) return unusable("it holds no public key in PEM (-----BEGIN PUBLIC KEY-----)");
  return keys;
}

Result<std::vector<KeyPtr>> keys_from_jwks(std::string_view text) {
  if (text.size() > key_file_bytes_max)
    return unusable("it is longer than " + std::to_string(key_file_bytes_max) + " bytes");
  json::parse_options options;
  options.max_depth = depth_max;
  boost::system::error_code error;
  const json::value set = json::parse(text, error, {}, options);
  const json::object* object = error ? nullptr : set.if_object();
  const json::value* list = object == nullptr ? nullptr : object->if_contains("keys");
  const json::array* array = list == nullptr ? nullptr : list->if_array();
  if (array == nullptr) return unusable("it is no JSON Web Key Set: {\"keys\":[…]} is expected");
  if (array->size() > keys_max) return unusable("it holds more than " + std::to_string(keys_max) + " keys");
  std::vector<KeyPtr> keys;
  for (const json::value& one : *array) {
    const json::object* jwk = one.if_object();
    if (KeyPtr key = jwk == nullptr ? nullptr : key_of(*jwk)) keys.push_back(std::move(key));
    forget_errors();
  }
  if (keys.empty()) return unusable("none of its keys is for RS256, ES256 or EdDSA signatures");
  return keys;
}

}  // namespace rozmova::jwt
