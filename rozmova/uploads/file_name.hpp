#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rozmova::uploads {

inline constexpr std::size_t file_name_characters_max = 255;

/// A name to show and to save under, made of whatever a client calls its file: no folders, no control or invisible
/// direction characters (U+202E turns "gpj.exe" around), nothing a file system minds, valid UTF-8, at most 255
/// characters with the ending kept. "file" when nothing is left. Pure.
std::string safe_file_name(std::string_view name);

/// `attachment; filename="plain.txt"; filename*=UTF-8''…` (RFC 6266, RFC 8187).
std::string content_disposition(bool is_inline, std::string_view safe_name);

}  // namespace rozmova::uploads
