#include "identity.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

namespace bench {

namespace {

constexpr std::uint64_t index_mask = (std::uint64_t{1} << 48) - 1;

std::string base64url(std::string_view bytes) {
  static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += alphabet[(bits >> (held - 6)) & 63U];
  }
  if (held > 0) out += alphabet[(bits << (6 - held)) & 63U];
  return out;
}

}  // namespace

std::string order_id(std::uint64_t index) {
  return fmt::format("0badc0de-0001-4000-8000-{:012x}", index & index_mask);
}

std::string user_id(std::uint64_t index) {
  return fmt::format("0badc0de-0002-4000-8000-{:012x}", index & index_mask);
}

std::string admin_id() { return "0badc0de-0003-4000-8000-000000000000"; }

std::string mint_token(std::string_view secret, const TokenClaims& claims) {
  std::string token = base64url(R"({"alg":"HS256","typ":"JWT"})");
  token += '.';
  token +=
      base64url(fmt::format(R"({{"sub":"{}","role":"{}","name":"{}","iat":{},"exp":{}}})", claims.user_id,
                            claims.role, claims.name, claims.expires_at_s - 86'400, claims.expires_at_s));
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int mac_size = 0;
  const unsigned char* ok =
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(token.data()), token.size(), mac.data(), &mac_size);
  if (ok == nullptr) throw std::runtime_error("HMAC-SHA256 failed");
  token += '.';
  token += base64url({reinterpret_cast<const char*>(mac.data()), mac_size});
  return token;
}

}  // namespace bench
