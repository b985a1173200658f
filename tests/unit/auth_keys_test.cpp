// Public keys: RS256, ES256, EdDSA from PEM and from key sets, and everything that must not be taken for one.
#include "rozmova/auth.hpp"
#include "rozmova/base64url.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace rozmova {
namespace {

constexpr WallMs now = 1'700'000'000'000;
constexpr std::string_view claims = R"({"sub":"0190163d-8694-739b-aea5-966c26f8ad91","exp":1700003600})";

struct FreePkey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

/// A key pair made by OpenSSL for one test, and what an issuer does with it.
class Issuer {
 public:
  explicit Issuer(EVP_PKEY* key, std::string alg) : key_(key), alg_(std::move(alg)) {}
  static Issuer rsa(unsigned bits = 2'048) {
    return Issuer(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits)), "RS256");
  }
  static Issuer ec(const char* curve = "P-256") {
    return Issuer(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve), "ES256");
  }
  static Issuer ed() { return Issuer(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), "EdDSA"); }

  std::string pem() const {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(out, key_.get());
    return text_of(out);
  }
  std::string private_pem() const {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(out);
  }
  std::string jwk(const std::string& kid, const std::string& more = "") const {
    const std::string id = R"({"kid":")" + kid + R"(",)" + more;
    if (alg_ == "RS256") {
      return id + R"("kty":"RSA","n":")" + number(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
             number(OSSL_PKEY_PARAM_RSA_E) + R"("})";
    }
    if (alg_ == "ES256") {
      return id + R"("kty":"EC","crv":"P-256","x":")" + number(OSSL_PKEY_PARAM_EC_PUB_X, 32) + R"(","y":")" +
             number(OSSL_PKEY_PARAM_EC_PUB_Y, 32) + R"("})";
    }
    std::array<unsigned char, 32> raw{};
    std::size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(key_.get(), raw.data(), &size);
    return id + R"("kty":"OKP","crv":"Ed25519","x":")" +
           base64url({reinterpret_cast<char*>(raw.data()), size}) + R"("})";
  }

  std::string token(std::string_view payload = claims, const std::string& kid = "") const {
    const std::string header =
        R"({"alg":")" + alg_ + (kid.empty() ? "\"" : R"(","kid":")" + kid + "\"") + "}";
    return signed_so(header, payload);
  }
  std::string signed_so(std::string_view header, std::string_view payload = claims) const {
    const std::string text = base64url(header) + "." + base64url(payload);
    return text + "." + base64url(signature(text));
  }

 private:
  static std::string text_of(BIO* out) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(out, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(out);
    return text;
  }
  std::string number(const char* name, int bytes = 0) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &value);
    std::string out(static_cast<std::size_t>(bytes == 0 ? BN_num_bytes(value) : bytes), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    BN_free(value);
    return base64url(out);
  }
  std::string signature(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::string out(1'024, '\0');
    std::size_t size = out.size();
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    EVP_DigestSignInit(context, nullptr, alg_ == "EdDSA" ? nullptr : EVP_sha256(), nullptr, key_.get());
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size, bytes, text.size());
    EVP_MD_CTX_free(context);
    out.resize(size);
    if (alg_ != "ES256") return out;
    const auto* der = reinterpret_cast<const unsigned char*>(out.data());
    ECDSA_SIG* both = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size));
    std::string halves(64, '\0');
    auto* to = reinterpret_cast<unsigned char*>(halves.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(both), to, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(both), to + 32, 32);
    ECDSA_SIG_free(both);
    return halves;
  }

  std::unique_ptr<EVP_PKEY, FreePkey> key_;
  std::string alg_;
};

std::string set_of(const std::vector<std::string>& keys) {
  std::string out = R"({"keys":[)";
  for (const std::string& key : keys) (out += &key == &keys.front() ? "" : ",") += key;
  return out + "]}";
}

Auth auth_of(const Result<std::vector<jwt::KeyPtr>>& keys) {
  AuthOptions options;
  options.public_keys = *keys;
  return Auth(std::move(options));
}

std::vector<Issuer> issuers() {
  std::vector<Issuer> all;
  all.push_back(Issuer::rsa());
  all.push_back(Issuer::ec());
  all.push_back(Issuer::ed());
  return all;
}

TEST(PublicKeys, AreTakenFromPemAndFromKeySetsAlike) {
  for (const Issuer& issuer : issuers()) {
    for (const Auth& auth : {auth_of(jwt::keys_from_pem(issuer.pem())),
                             auth_of(jwt::keys_from_jwks(set_of({issuer.jwk("k")})))}) {
      const auto who = auth.verify(issuer.token(), now);
      ASSERT_TRUE(who) << who.refusal().message;
      EXPECT_EQ(who->user_id.text(), "0190163d-8694-739b-aea5-966c26f8ad91");
      for (const Issuer& other : issuers()) EXPECT_FALSE(auth.verify(other.token(), now));
    }
  }
}

TEST(PublicKeys, ASignatureWithOneOtherBitIsNone) {
  for (const Issuer& issuer : issuers()) {
    const Auth auth = auth_of(jwt::keys_from_pem(issuer.pem()));
    const std::string token = issuer.token();
    const std::size_t dot = token.rfind('.');
    const std::string bytes = *decode_base64url(token.substr(dot + 1));
    for (std::size_t i = 0; i < bytes.size(); i += 7) {
      std::string other = bytes;
      other[i] = static_cast<char>(other[i] ^ 1);
      EXPECT_FALSE(auth.verify(token.substr(0, dot + 1) + base64url(other), now));
    }
    for (const std::string& other : {std::string(), bytes + '\0', bytes.substr(1),
                                     std::string(bytes.size(), '\0'), std::string(bytes.size(), '\xff')}) {
      EXPECT_FALSE(auth.verify(token.substr(0, dot + 1) + base64url(other), now));
    }
  }
}

TEST(PublicKeys, AreNoSharedSecrets) {
  // The old trick: the public key, which everybody has, as the secret of HMAC.
  const auto hmac = [](std::string_view alg, const std::string& secret) {
    const std::string text =
        base64url(std::string(R"({"alg":")") + std::string(alg) + R"("})") + "." + base64url(claims);
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
    return text + "." + base64url({reinterpret_cast<const char*>(mac.data()), size});
  };
  for (const Issuer& issuer : issuers()) {
    AuthOptions options;
    options.secret = "0123456789abcdef0123456789abcdef";
    options.public_keys = *jwt::keys_from_pem(issuer.pem());
    const Auth both(std::move(options));
    const Auth alone = auth_of(jwt::keys_from_pem(issuer.pem()));
    EXPECT_TRUE(both.verify(hmac("HS256", "0123456789abcdef0123456789abcdef"), now));
    for (const Auth* auth : {&both, &alone}) {
      for (const char* alg : {"HS256", "RS256", "ES256", "EdDSA", "none"}) {
        EXPECT_EQ(auth->verify(hmac(alg, issuer.pem()), now).refusal().code, ErrorCode::unauthorized) << alg;
      }
    }
  }
}

TEST(PublicKeys, TheHeaderDoesNotChooseTheAlgorithm) {
  for (const Issuer& issuer : issuers()) {
    const Auth auth = auth_of(jwt::keys_from_pem(issuer.pem()));
    int good = 0;
    for (const char* alg : {"RS256", "ES256", "EdDSA", "PS256", "RS512", "ES384", "none", "HS256"}) {
      good += auth.verify(issuer.signed_so(std::string(R"({"alg":")") + alg + R"("})"), now) ? 1 : 0;
    }
    EXPECT_EQ(good, 1);
    EXPECT_FALSE(auth.verify(issuer.signed_so(R"({"alg":"RS256","kid":7})"), now));
  }
}

TEST(PublicKeys, AKidChoosesAmongTheKeysOfASet) {
  const Issuer before = Issuer::rsa(), after = Issuer::rsa();
  const Auth auth = auth_of(jwt::keys_from_jwks(set_of({before.jwk("old"), after.jwk("new")})));
  EXPECT_TRUE(auth.verify(before.token(claims, "old"), now));
  EXPECT_TRUE(auth.verify(after.token(claims, "new"), now));
  EXPECT_TRUE(auth.verify(after.token(), now));
  EXPECT_FALSE(auth.verify(after.token(claims, "old"), now));
  EXPECT_FALSE(auth.verify(after.token(claims, "newest"), now));
}

TEST(PublicKeys, AnUnknownKeyIsAskedForAndNewKeysCountAtOnce) {
  const Issuer before = Issuer::ec(), after = Issuer::ec();
  int asked = 0;
  bool fetching = true;
  AuthOptions options;
  options.public_keys = *jwt::keys_from_jwks(set_of({before.jwk("old")}));
  options.on_unknown_key = [&] {
    ++asked;
    return fetching;
  };
  const Auth auth(std::move(options));
  EXPECT_TRUE(auth.verify(before.token(claims, "old"), now));
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(auth.verify(after.token(claims, "new"), now).refusal().code, ErrorCode::unavailable);
  fetching = false;
  EXPECT_EQ(auth.verify(after.token(claims, "new"), now).refusal().code, ErrorCode::unauthorized);
  EXPECT_EQ(asked, 2);
  auth.publish(*jwt::keys_from_jwks(set_of({after.jwk("new")})));
  EXPECT_TRUE(auth.verify(after.token(claims, "new"), now));
  EXPECT_FALSE(auth.verify(before.token(claims, "old"), now));
}

TEST(PublicKeys, AreReplacedWhileOthersVerify) {
  const Issuer issuer = Issuer::ed(), other = Issuer::ed();
  const auto one = *jwt::keys_from_pem(issuer.pem()), both = *jwt::keys_from_pem(issuer.pem() + other.pem());
  const Auth auth = auth_of(one);
  const std::string token = issuer.token();
  std::atomic<bool> done = false;
  std::thread changing([&] {
    for (int i = 0; i < 2'000; ++i) auth.publish(i % 2 == 0 ? both : one);
    done = true;
  });
  int wrong = 0;
  do {
    wrong += auth.verify(token, now) ? 0 : 1;
  } while (!done);
  changing.join();
  EXPECT_EQ(wrong, 0);
}

TEST(PublicKeys, SeveralInOnePemFileAreAllGood) {
  const Issuer a = Issuer::rsa(), b = Issuer::ec(), c = Issuer::ed();
  const Auth auth =
      auth_of(jwt::keys_from_pem("rotated in November\n" + a.pem() + "\n" + b.pem() + c.pem() + "\n\n"));
  for (const Issuer* one : {&a, &b, &c}) EXPECT_TRUE(auth.verify(one->token(), now));
  EXPECT_NE(auth.verify("eyJhbGciOiJIUzI1NiJ9.e30.AA", now).refusal().message.find("RS256 or ES256 or EdDSA"),
            std::string::npos);
}

TEST(PublicKeys, WhatIsNoKeyForUsIsSaid) {
  const auto said = [](const std::string& pem) {
    const auto keys = jwt::keys_from_pem(pem);
    return keys ? std::string("taken") : keys.refusal().message;
  };
  EXPECT_NE(said("").find("no public key"), std::string::npos);
  EXPECT_NE(said("ssh-ed25519 AAAA").find("no public key"), std::string::npos);
  EXPECT_NE(said(Issuer::rsa().private_pem()).find("private"), std::string::npos);
  EXPECT_NE(said(Issuer::rsa(1'024).pem()).find("1024 bits"), std::string::npos);
  EXPECT_NE(said(Issuer::ec("P-384").pem()).find("P-256"), std::string::npos);
  EXPECT_NE(said(Issuer(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"), "").pem()).find("neither"),
            std::string::npos);
  EXPECT_NE(said("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").find("neither"),
            std::string::npos);
  EXPECT_NE(said(std::string(300'000, 'x')).find("longer"), std::string::npos);
  std::string cut = Issuer::rsa().pem();
  EXPECT_NE(said(cut.substr(0, cut.size() / 2)), "taken");
}

TEST(KeySets, WhatIsOfNoUseIsPassedOver) {
  const Issuer rsa = Issuer::rsa(), ec = Issuer::ec();
  const auto keys = jwt::keys_from_jwks(set_of({
      rsa.jwk("enc", R"("use":"enc",)"),
      rsa.jwk("ops", R"("key_ops":["encrypt"],)"),
      rsa.jwk("alg", R"("alg":"PS256",)"),
      R"({"kty":"oct","kid":"s","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"})",
      R"({"kty":"RSA","n":"AQAB","e":"AQAB"})",
      R"({"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"})",
      R"({"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
      "7",
      "null",
      R"({})",
      ec.jwk("good", R"("use":"sig","alg":"ES256","key_ops":["verify"],)"),
  }));
  ASSERT_TRUE(keys) << keys.refusal().message;
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_EQ(keys->front()->id(), "good");
  EXPECT_EQ(keys->front()->algorithm(), jwt::Algorithm::es256);
}

TEST(KeySets, WhatIsNoneIsRefused) {
  std::vector<std::string> many(33, Issuer::ed().jwk("k"));
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), std::string(R"({"keys":{}})"),
        std::string(R"({"keys":[]})"), std::string(R"({"keys":[7]})"), std::string("<html>"),
        std::string(300'000, ' '), set_of(many),
        std::string(R"({"keys":)") + std::string(100, '[') + std::string(100, ']') + "}"}) {
    EXPECT_FALSE(jwt::keys_from_jwks(text)) << text.substr(0, 60);
  }
}

struct Vector {
  const char *what, *jwk, *signed_part, *signature;
};

TEST(PublicKeys, KnownAnswers) {
  const char* payload =
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
  const Vector vectors[] = {
      {"RFC 7515 A.2",
       R"({"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"})",
       "eyJhbGciOiJSUzI1NiJ9",
       "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
      {"RFC 7515 A.3",
       R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
       "eyJhbGciOiJFUzI1NiJ9",
       "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
      {"RFC 8037 A.4", R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
       "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
       "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
  };
  for (const Vector& vector : vectors) {
    const auto keys = jwt::keys_from_jwks(set_of({vector.jwk}));
    ASSERT_TRUE(keys) << vector.what;
    std::string text = vector.signed_part;
    if (text.find('.') == std::string::npos) text += std::string(".") + payload;
    const std::string signature = *decode_base64url(vector.signature);
    EXPECT_TRUE(keys->front()->verify(text, signature)) << vector.what;
    EXPECT_FALSE(keys->front()->verify(text + "x", signature)) << vector.what;
  }
}

}  // namespace
}  // namespace rozmova
