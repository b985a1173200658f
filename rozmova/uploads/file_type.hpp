#pragma once

#include "rozmova/refusal.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace rozmova::uploads {

/// Bytes from the start of a file that are enough to tell what it is.
inline constexpr std::size_t sniffed_bytes_max = 4'096;

/// What a file is, told by its bytes; what the sender says only chooses between kinds that look the same from here (a
/// zip archive and a .docx, a text and a table). INVALID_PAYLOAD when the two contradict. Things that a browser would
/// run (HTML, SVG, XML, scripts) become application/octet-stream. `declared` is a Content-Type, may be empty. Pure.
Result<std::string> file_type(std::string_view head, std::string_view declared, std::string_view file_name);

/// Whether a browser may show it in the page; everything else is served as a download.
bool shown_inline(std::string_view mime_type);
/// As sent in Content-Type: texts carry their charset.
std::string content_type(std::string_view mime_type);

}  // namespace rozmova::uploads
