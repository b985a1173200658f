#include "rozmova/auth.hpp"

#include "rozmova/base64url.hpp"
#include "rozmova/jwt.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace rozmova {
namespace {

constexpr WallMs now = 1'700'000'000'000;
constexpr std::string_view secret = "0123456789abcdef0123456789abcdef";
constexpr std::string_view user = "0190163d-8694-739b-aea5-966c26f8ad91";

Auth make_auth(AuthOptions options = {}) {
  if (options.secret.empty()) options.secret = secret;
  return Auth(std::move(options));
}

/// Signed by another road than the one under test: OpenSSL's old HMAC().
std::string sign(std::string_view header, std::string_view payload, std::string_view key = secret,
                 const EVP_MD* digest = EVP_sha256()) {
  const std::string text = base64url(header) + "." + base64url(payload);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  HMAC(digest, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), mac.data(), &size);
  return text + "." + base64url({reinterpret_cast<const char*>(mac.data()), size});
}
constexpr std::string_view good_header = R"({"alg":"HS256","typ":"JWT"})";

/// A payload with the usual claims and more.
std::string claims(std::string_view more = "", std::string_view exp = "1700003600") {
  return std::string(R"({"sub":")") + std::string(user) + R"(","exp":)" + std::string(exp) +
         std::string(more) + "}";
}
std::string token(std::string_view more = "") { return sign(good_header, claims(more)); }

ErrorCode code_of(const Result<Identity>& result) {
  return result ? ErrorCode::internal : result.refusal().code;
}

TEST(Base64Url, RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(decode_base64url(base64url(bytes)), bytes);
    bytes += static_cast<char>(i * 37);
  }
  EXPECT_EQ(base64url("\xfb\xff"), "-_8");
}

TEST(Base64Url, EveryByteStringHasOneSpellingOnly) {
  for (const char* text : {"A", "AB=", "AA==", "A+8", "A/8", "AB", "AAB", " AAA", "AAA\n", "ё"}) {
    EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
  }
}

TEST(Auth, VectorOfRfc7515AppendixA1) {
  // The key, header and payload of the RFC; its signature must be ours too. The payload names no UUID, so what is said
  // afterwards is about the user, and with one bit of the signature changed it is about the signature.
  const auto key = decode_base64url(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  ASSERT_TRUE(key);
  const std::string vector =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const Auth auth = make_auth({.secret = *key});
  const auto answer = auth.verify(vector, 1'300'000'000'000);
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.refusal().message.find("sub"), std::string::npos) << answer.refusal().message;
  EXPECT_EQ(code_of(auth.verify(vector, 1'300'819'386'000)), ErrorCode::token_expired);
  std::string forged = vector;
  forged[forged.size() - 5] = 'A';
  EXPECT_NE(auth.verify(forged, 1'300'000'000'000).refusal().message.find("signature"), std::string::npos);
}

TEST(Auth, ReadsAllThatATokenSays) {
  const auto who =
      make_auth().verify(token(R"(,"role":"performer","name":"Тарас","jti":"t1","iat":1699999999)"), now);
  ASSERT_TRUE(who) << who.refusal().message;
  EXPECT_EQ(who->user_id.text(), user);
  EXPECT_EQ(who->role, Role::performer);
  EXPECT_TRUE(who->role_from_token);
  EXPECT_EQ(who->name, "Тарас");
  EXPECT_EQ(who->token_id, "t1");
  EXPECT_EQ(who->issued_at, 1'699'999'999'000);
  EXPECT_EQ(who->expires_at, 1'700'003'600'000);
}

TEST(Auth, WithoutRoleTheUsersTableDecides) {
  const auto who = make_auth().verify(token(R"(,"role":null)"), now);
  ASSERT_TRUE(who);
  EXPECT_FALSE(who->role_from_token);
  EXPECT_EQ(who->role, Role::client);
}

TEST(Auth, TakesTheUserFromSubElseUserIdElseId) {
  const Auth auth = make_auth();
  const auto with = [&](std::string_view payload) { return auth.verify(sign(good_header, payload), now); };
  EXPECT_TRUE(with(R"({"userId":"0190163d-8694-739b-aea5-966c26f8ad91","exp":1700003600})"));
  EXPECT_TRUE(with(R"({"id":"0190163D-8694-739B-AEA5-966C26F8AD91","exp":1700003600})"));
  // A sub that is no UUID is not passed over for something softer.
  EXPECT_FALSE(with(R"({"sub":"root","userId":"0190163d-8694-739b-aea5-966c26f8ad91","exp":1700003600})"));
  EXPECT_FALSE(with(R"({"sub":"00000000-0000-0000-0000-000000000000","exp":1700003600})"));
}

TEST(Auth, BearerInFrontDoesNotMatter) {
  const Auth auth = make_auth();
  EXPECT_TRUE(auth.verify("Bearer " + token(), now));
  EXPECT_TRUE(auth.verify("bearer   " + token(), now));
  EXPECT_FALSE(auth.verify("Basic " + token(), now));
}

TEST(Auth, ExpiryIsExactToTheMillisecondWithLeeway) {
  const Auth auth = make_auth({.secret = std::string(secret), .leeway_ms = 5'000});
  const auto who = auth.verify(token(), now);
  ASSERT_TRUE(who);
  EXPECT_FALSE(auth.still_good(*who, 1'700'003'604'999));
  EXPECT_EQ(auth.still_good(*who, 1'700'003'605'000)->code, ErrorCode::token_expired);
  EXPECT_TRUE(auth.verify(token(), 1'700'003'604'999));
  EXPECT_EQ(code_of(auth.verify(token(), 1'700'003'605'000)), ErrorCode::token_expired);
}

TEST(Auth, EachAlgorithmIsItsOwn) {
  const std::array<std::pair<const char*, const EVP_MD*>, 3> all{
      {{"HS256", EVP_sha256()}, {"HS384", EVP_sha384()}, {"HS512", EVP_sha512()}}};
  for (const auto& [name, digest] : all) {
    const std::string header = std::string(R"({"alg":")") + name + R"("})";
    const std::string signed_so = sign(header, claims(), secret, digest);
    for (const auto& [pinned, unused] : all) {
      const Auth auth = make_auth({.secret = std::string(secret), .algorithm = pinned});
      EXPECT_EQ(static_cast<bool>(auth.verify(signed_so, now)), std::string_view(name) == pinned)
          << name << " for " << pinned;
    }
  }
  EXPECT_THROW(make_auth({.secret = "x", .algorithm = "none"}), std::invalid_argument);
  EXPECT_THROW(make_auth({.secret = "x", .algorithm = "RS256"}), std::invalid_argument);
  EXPECT_THROW(Auth({.secret = ""}), std::invalid_argument);
}

TEST(Auth, DuringARotationOldTokensAreGood) {
  const Auth auth =
      make_auth({.secret = "new secret new secret new secret!", .previous_secrets = {std::string(secret)}});
  EXPECT_TRUE(auth.verify(token(), now));
  EXPECT_FALSE(auth.verify(sign(good_header, claims(), "some other secret"), now));
  const Identity who{.user_id = *Uuid::parse(user),
                     .name = "",
                     .role = Role::client,
                     .token_id = "",
                     .issued_at = 0,
                     .expires_at = now + 1'000};
  EXPECT_TRUE(make_auth({.secret = "new secret new secret new secret!"}).verify(auth.mint(who, now), now));
}

TEST(Auth, WhatIsMintedIsUnderstood) {
  const Auth auth = make_auth({.secret = std::string(secret), .issuer = "shop", .audience = "chat"});
  const Identity who{.user_id = *Uuid::parse(user),
                     .name = "Олена \"О\"",
                     .role = Role::moderator,
                     .token_id = "7",
                     .issued_at = 0,
                     .expires_at = now + 60'000};
  const auto back = auth.verify(auth.mint(who, now), now);
  ASSERT_TRUE(back) << back.refusal().message;
  EXPECT_EQ(back->user_id, who.user_id);
  EXPECT_EQ(back->name, who.name);
  EXPECT_EQ(back->role, who.role);
  EXPECT_EQ(back->token_id, "7");
  EXPECT_EQ(back->issued_at, now);
  EXPECT_EQ(back->expires_at, who.expires_at);
}

TEST(Auth, IssuerAndAudience) {
  const Auth auth = make_auth({.secret = std::string(secret), .issuer = "shop", .audience = "chat"});
  EXPECT_TRUE(auth.verify(token(R"(,"iss":"shop","aud":"chat")"), now));
  EXPECT_TRUE(auth.verify(token(R"(,"iss":"shop","aud":["mail","chat"])"), now));
  for (const char* more : {"", R"(,"iss":"shop")", R"(,"aud":"chat")", R"(,"iss":"Shop","aud":"chat")",
                           R"(,"iss":["shop"],"aud":"chat")", R"(,"iss":"shop","aud":[])",
                           R"(,"iss":"shop","aud":["chat",["chat"]])", R"(,"iss":"shop","aud":[["chat"]])",
                           R"(,"iss":"shop","aud":{"chat":"chat"})", R"(,"iss":"shop","aud":null)"}) {
    EXPECT_EQ(code_of(auth.verify(token(more), now)), ErrorCode::unauthorized) << more;
  }
}

TEST(Auth, EachThreadHasItsOwnContext) {
  const Auth one = make_auth(), other = make_auth({.secret = "another secret, another secret!!"});
  std::vector<std::thread> threads;
  std::array<int, 4> right{};
  for (std::size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i)
        right[t] += (one.verify(token(), now) && !other.verify(token(), now)) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int n : right) EXPECT_EQ(n, 500);
}

TEST(Auth, AKeyThatDiedLeavesNothingBehind) {
  // Same thread, same address perhaps, another secret: the context of the dead one must not be found.
  for (int i = 0; i < 50; ++i) {
    const std::string mine = "secret number " + std::to_string(i);
    const Auth auth = make_auth({.secret = mine});
    EXPECT_TRUE(auth.verify(sign(good_header, claims(), mine), now)) << i;
    EXPECT_FALSE(auth.verify(sign(good_header, claims(), "secret number " + std::to_string(i - 1)), now))
        << i;
  }
}

struct Bad {
  const char* what;
  std::string token;
};

class Hostile : public testing::TestWithParam<Bad> {};

TEST_P(Hostile, IsRefused) {
  const auto answer = make_auth().verify(GetParam().token, now);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.refusal().code, ErrorCode::unauthorized);
  EXPECT_FALSE(answer.refusal().message.empty());
}

std::string with_payload(std::string_view payload) { return sign(good_header, payload); }
std::string with_header(std::string_view header) { return sign(header, claims()); }
std::string with_exp(std::string_view exp) { return with_payload(claims("", exp)); }
std::string unsigned_token(std::string_view header) {
  return base64url(header) + "." + base64url(claims()) + ".";
}

INSTANTIATE_TEST_SUITE_P(
    Tokens, Hostile,
    testing::Values(
        Bad{"empty", ""}, Bad{"Bearer alone", "Bearer "}, Bad{"dots", ".."}, Bad{"a word", "letmein"},
        Bad{"two parts", base64url(good_header) + "." + base64url(claims())},
        Bad{"four parts", token() + ".x"}, Bad{"empty signature", unsigned_token(good_header)},
        Bad{"alg none", unsigned_token(R"({"alg":"none"})")},
        Bad{"alg None signed", with_header(R"({"alg":"None"})")},
        Bad{"alg none signed", with_header(R"({"alg":"none"})")},
        Bad{"alg lower case", with_header(R"({"alg":"hs256"})")},
        Bad{"alg RS256", with_header(R"({"alg":"RS256"})")},
        Bad{"alg HS512 with a 256 signature", with_header(R"({"alg":"HS512"})")},
        Bad{"no alg", with_header(R"({"typ":"JWT"})")}, Bad{"alg number", with_header(R"({"alg":256})")},
        Bad{"alg array", with_header(R"({"alg":["HS256"]})")},
        Bad{"alg twice", with_header(R"({"alg":"none","alg":"HS256"})")},
        Bad{"alg escaped twice", with_header(R"({"alg":"HS256","\u0061lg":"none"})")},
        Bad{"crit", with_header(R"({"alg":"HS256","crit":["exp"]})")},
        Bad{"empty crit", with_header(R"({"alg":"HS256","crit":[]})")},
        Bad{"typ other", with_header(R"({"alg":"HS256","typ":"JWE"})")},
        Bad{"typ number", with_header(R"({"alg":"HS256","typ":1})")}, Bad{"header array", with_header("[]")},
        Bad{"header text", with_header("\"HS256\"")}, Bad{"header not JSON", with_header("{alg}")},
        Bad{"header trailing", with_header(R"({"alg":"HS256"}{})")},
        Bad{"other secret", sign(good_header, claims(), "another secret")}, Bad{"padding", token() + "="},
        Bad{"signature cut", token().substr(0, token().size() - 4)},
        Bad{"signature longer", token() + "AAAA"}, Bad{"space inside", token().insert(10, " ")},
        Bad{"newline at the end", token() + "\n"},
        Bad{"no exp", with_payload(R"({"sub":"0190163d-8694-739b-aea5-966c26f8ad91"})")},
        Bad{"exp 1e400", with_exp("1e400")}, Bad{"exp -1e400", with_exp("-1e400")},
        Bad{"exp huge", with_exp("1e300")}, Bad{"exp negative", with_exp("-1")},
        Bad{"exp text", with_exp("\"1700003600\"")}, Bad{"exp null", with_exp("null")},
        Bad{"exp true", with_exp("true")}, Bad{"exp array", with_exp("[1700003600]")},
        Bad{"exp object", with_exp("{}")}, Bad{"exp NaN", with_exp("NaN")},
        Bad{"exp Infinity", with_exp("Infinity")}, Bad{"exp in milliseconds", with_exp("1700003600000")},
        Bad{"exp many digits", with_exp(std::string(3'000, '9'))},
        Bad{"exp twice", token(R"(,"exp":9999999999)")}, Bad{"nbf tomorrow", token(R"(,"nbf":1700086400)")},
        Bad{"nbf text", token(R"(,"nbf":"0")")}, Bad{"iat tomorrow", token(R"(,"iat":1700086400)")},
        Bad{"iat text", token(R"(,"iat":"now")")}, Bad{"no user", with_payload(R"({"exp":1700003600})")},
        Bad{"sub number", with_payload(R"({"sub":1,"exp":1700003600})")},
        Bad{"sub null", with_payload(R"({"sub":null,"exp":1700003600})")},
        Bad{"sub twice", token(R"(,"sub":"0190163d-8694-739b-aea5-966c26f8ad92")")},
        Bad{"role unknown", token(R"(,"role":"king")")}, Bad{"role number", token(R"(,"role":1)")},
        Bad{"role array", token(R"(,"role":["admin"])")}, Bad{"name number", token(R"(,"name":1)")},
        Bad{"name long", token(R"(,"name":")" + std::string(401, 'x') + "\"")},
        Bad{"jti number", token(R"(,"jti":1)")},
        Bad{"jti long", token(R"(,"jti":")" + std::string(256, 'x') + "\"")},
        Bad{"payload empty", with_payload("")}, Bad{"payload array", with_payload("[]")},
        Bad{"payload cut", with_payload(R"({"sub":)")},
        Bad{"payload deep", token(R"(,"x":)" + std::string(40, '[') + std::string(40, ']'))},
        Bad{"payload not UTF-8", token(",\"name\":\"\xff\"")},
        Bad{"payload trailing", with_payload(claims() + "x")},
        Bad{"payload comment", with_payload("/**/" + claims())},
        Bad{"too long", token(R"(,"x":")" + std::string(8'192, 'x') + "\"")},
        Bad{"huge", std::string(1'000'000, 'a')}),
    [](const testing::TestParamInfo<Bad>& bad) {
      std::string name;
      for (const char c : std::string_view(bad.param.what))
        name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      return name + "_" + std::to_string(bad.index);
    });

TEST(Auth, WhatIsNestedElsewhereDoesNotDisturb) {
  EXPECT_TRUE(
      make_auth().verify(token(R"(,"realm":{"sub":"x","exp":0,"roles":["a",{"b":[1]}]},"x":[1,[2]])"), now));
}

TEST(Auth, AnyBytesAreAnswered) {
  std::mt19937 random(20'260'101);
  const std::string good = token(R"(,"role":"client","aud":["a","b"])");
  const auto feed = [](const std::string& bytes) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  };
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes = good;
    for (auto edits = random() % 6; edits > 0; --edits) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0: bytes[at] = static_cast<char>(random()); break;
        case 1: bytes.erase(at, random() % 8); break;
        default: bytes.insert(at, 1 + random() % 4, static_cast<char>(random()));
      }
      if (bytes.empty()) bytes = ".";
    }
    feed(bytes);
  }
}

TEST(Jwt, AnyPayloadIsAnswered) {
  // Rightly signed nonsense: what a careless backend could produce.
  std::mt19937 random(20'260'102);
  const std::string good = claims(R"(,"role":"client","aud":["a","b"],"x":{"y":[1,2.5e3,null,true]})");
  const Auth auth = make_auth();
  for (int round = 0; round < 5'000; ++round) {
    std::string payload = good;
    for (auto edits = 1 + random() % 4; edits > 0; --edits)
      payload[random() % payload.size()] = static_cast<char>(random());
    const auto answer = auth.verify(sign(good_header, payload), now);
    if (answer) {
      EXPECT_FALSE(answer->user_id.is_nil());
    }
  }
}

}  // namespace
}  // namespace rozmova
