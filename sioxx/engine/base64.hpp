#pragma once

#include <string>
#include <string_view>

namespace sioxx::engine {

/// RFC 4648 §4: standard alphabet, padded. Appends to `out`.
void base64_encode(std::string_view bytes, std::string& out);
inline constexpr std::size_t base64_size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

/// Strict: whole groups of four, padding only at the end, no stray bits. Appends to `out`; false: `out` is
/// unspecified.
bool base64_decode(std::string_view text, std::string& out);

}  // namespace sioxx::engine
