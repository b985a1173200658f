#include "rozmova/auth.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

// The public keys of RFC 7515 appendix A.2 and A.3 and of RFC 8037 appendix A; nobody who fuzzes signs with them anew.
constexpr std::string_view key_set =
    R"({"keys":[{"kty":"RSA","kid":"r","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJc)"
    R"(yQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGz)"
    R"(jb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5Ih)"
    R"(lJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},)"
    R"({"kty":"EC","kid":"e","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},)"
    R"({"kty":"OKP","kid":"o","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";

rozmova::AuthOptions options() {
  rozmova::AuthOptions options;
  options.secret = "a secret that nobody who fuzzes knows";
  options.public_keys = *rozmova::jwt::keys_from_jwks(key_set);
  return options;
}

}  // namespace

/// Any bytes as a token: verify() answers, never throws, and never lets in what was not signed with a key of ours. Any
/// bytes as a file of keys: a set or a refusal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const rozmova::Auth auth(options());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auth.verify(text, 1'700'000'000'000)) std::abort();
  if (const auto keys = rozmova::jwt::keys_from_jwks(text); keys && keys->empty()) std::abort();
  if (const auto keys = rozmova::jwt::keys_from_pem(text); keys && keys->empty()) std::abort();
  return 0;
}
