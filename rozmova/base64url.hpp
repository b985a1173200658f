#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rozmova {

/// RFC 4648 §5 without padding, as JSON Web Tokens use it.
std::string base64url(std::string_view bytes);

/// Strict: exactly what base64url() would write. Padding, other letters, an impossible length and left-over bits that are
/// not zero are refused, so every byte string has one spelling only.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace rozmova
