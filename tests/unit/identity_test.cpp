// Who is nobody yet, and whose token is not good any more: the pure parts.
#include "rozmova/chat/address_rates.hpp"
#include "rozmova/chat/revocations.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rozmova::chat {
namespace {

const Uuid alice = *Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad91");
const Uuid bob = *Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad92");
constexpr WallMs now = 1'700'000'000'000;

store::Revocation of_token(std::string token, std::optional<Uuid> user, std::optional<WallMs> until = {}) {
  return {1, std::move(token), user, std::nullopt, until};
}
store::Revocation of_user(const Uuid& user, std::optional<WallMs> before, std::optional<WallMs> until = {}) {
  return {2, {}, user, before, until};
}

TEST(Revocations, OfATokenAreForThatTokenOfThatUser) {
  const Revocations list({of_token("phone", alice), of_token("anybody's", std::nullopt)});
  EXPECT_TRUE(list.match(alice, "phone", now, now));
  EXPECT_FALSE(list.match(alice, "laptop", now, now));
  EXPECT_FALSE(list.match(alice, "", now, now));
  EXPECT_FALSE(list.match(bob, "phone", now, now));
  EXPECT_TRUE(list.match(bob, "anybody's", now, now));
}

TEST(Revocations, OfAUserAreForWhatWasIssuedBefore) {
  const Revocations list({of_user(alice, now), of_user(bob, std::nullopt)});
  EXPECT_TRUE(list.match(alice, "x", now - 1, now));
  EXPECT_FALSE(list.match(alice, "x", now, now));
  EXPECT_TRUE(list.match(alice, "", 0, now));  // without iat: older than everything
  EXPECT_TRUE(list.match(bob, "", now + 1'000'000, now));
}

TEST(Revocations, EndWhenTheyAreOver) {
  const Revocations list(
      {of_token("t", alice, now + 10), of_user(bob, now, now + 10), of_user(bob, now - 5)});
  EXPECT_TRUE(list.match(alice, "t", now, now + 9));
  EXPECT_FALSE(list.match(alice, "t", now, now + 10));
  EXPECT_TRUE(list.match(bob, "", now - 1, now + 9));
  EXPECT_FALSE(list.match(bob, "", now - 1, now + 10));
  EXPECT_TRUE(list.match(bob, "", now - 6, now + 10));
}

TEST(Revocations, AListThatWasNotReadLetsNobodyIn) {
  Identity who;
  who.user_id = alice;
  EXPECT_EQ(revoked(nullptr, who, now)->code, ErrorCode::unavailable);
  EXPECT_FALSE(revoked(std::make_shared<const Revocations>(std::vector<store::Revocation>{}), who, now));
  const auto list = std::make_shared<const Revocations>(std::vector{of_user(alice, now)});
  EXPECT_EQ(revoked(list, who, now)->code, ErrorCode::token_revoked);
  who.issued_at = now;
  EXPECT_FALSE(revoked(list, who, now));
}

ChatOptions options() {
  ChatOptions options;
  options.bad_tokens_per_min = 60;
  options.bad_tokens_burst = 3;
  return options;
}

TEST(AddressRates, EachAddressHasItsOwnAndAnIPv6NetworkIsOne) {
  AddressRates rates(options());
  const auto take = [&](const char* address, std::int64_t at = 0) {
    return rates.take(address, AddressRates::Kind::bad_token, at);
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(take("203.0.113.7"), 0);
  EXPECT_EQ(take("203.0.113.7"), 1'000);
  EXPECT_EQ(take("203.0.113.8"), 0);
  EXPECT_EQ(take("203.0.113.7", 1'000), 0);
  for (const char* one : {"2001:db8::1", "2001:db8:0:0:ffff::2", "2001:db8::dead:beef"})
    EXPECT_EQ(take(one), 0);
  EXPECT_GT(take("2001:db8::4"), 0);
  EXPECT_EQ(take("2001:db8:0:1::4"), 0);
  EXPECT_EQ(rates.take("203.0.113.7", AddressRates::Kind::demo_sign_in, 0), 0);
}

TEST(AddressRates, ManyAddressesAreBoundedAndForgotten) {
  AddressRates rates(options());
  std::int64_t refused = 0;
  for (std::size_t i = 0; i < AddressRates::addresses_max + 1'000; ++i)
    refused += rates.take("a" + std::to_string(i), AddressRates::Kind::bad_token, 0) > 0 ? 1 : 0;
  EXPECT_EQ(rates.size(), AddressRates::addresses_max);
  EXPECT_EQ(refused, 1'000 - 3);  // those that had to share one bucket
  rates.sweep(60'000);
  EXPECT_EQ(rates.size(), 0U);
}

}  // namespace
}  // namespace rozmova::chat
