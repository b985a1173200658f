// Each row of the table: what the bytes must be, at which offset, and what that is. The first row that fits decides; what
// fits none is a text when it is clean UTF-8, else unknown.
//
//   declared                      sniffed          kept as
//   "", application/octet-stream  anything         what was sniffed
//   image/png                     image/png        image/png
//   image/png                     anything else    refused: it contradicts
//   .docx and its like            zip              what was declared
//   text/csv, text/markdown …     text             what was declared
//   text/html, image/svg+xml …    text             application/octet-stream
//   application/x-something       unknown          application/octet-stream

#include "rozmova/uploads/file_type.hpp"

#include "rozmova/ascii.hpp"

#include <algorithm>
#include <array>

namespace rozmova::uploads {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view unknown = "application/octet-stream";
constexpr std::string_view plain = "text/plain";
constexpr std::string_view zip = "application/zip";
constexpr std::string_view ole = "application/x-ole-storage";

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  std::string_view mime;
  std::string_view more = {};  ///< must stand 4 bytes behind the first one's end
};

// RIFF and ISO media files name their kind behind a length; `more` looks there.
constexpr Magic magics[] = {
    {0, "\x89PNG\r\n\x1a\n"sv, "image/png"},
    {0, "\xff\xd8\xff"sv, "image/jpeg"},
    {0, "GIF87a"sv, "image/gif"},
    {0, "GIF89a"sv, "image/gif"},
    {0, "RIFF"sv, "image/webp", "WEBP"sv},
    {0, "RIFF"sv, "audio/wav", "WAVE"sv},
    {0, "BM"sv, "image/bmp", "\0\0\0\0"sv},
    {4, "ftypavif"sv, "image/avif"},
    {4, "ftypavis"sv, "image/avif"},
    {4, "ftypheic"sv, "image/heic"},
    {4, "ftypmif1"sv, "image/heic"},
    {4, "ftypM4A "sv, "audio/mp4"},
    {4, "ftypqt  "sv, "video/quicktime"},
    {4, "ftyp"sv, "video/mp4"},
    {0, "\x1a\x45\xdf\xa3"sv, "video/webm"},
    {0, "OggS"sv, "audio/ogg"},
    {0, "fLaC"sv, "audio/flac"},
    {0, "ID3"sv, "audio/mpeg"},
    {0, "\xff\xfb"sv, "audio/mpeg"},
    {0, "\xff\xf3"sv, "audio/mpeg"},
    {0, "%PDF-"sv, "application/pdf"},
    {0, "PK\x03\x04"sv, zip},
    {0, "PK\x05\x06"sv, zip},
    {0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, ole},
    {0, "{\\rtf"sv, "application/rtf"},
    {0, "\x1f\x8b\x08"sv, "application/gzip"},
    {0, "7z\xbc\xaf\x27\x1c"sv, "application/x-7z-compressed"},
    {0, "Rar!\x1a\x07"sv, "application/vnd.rar"},
};

/// Types whose bytes say less than their name: what may be declared over what is seen.
struct Refinement {
  std::string_view seen;
  std::string_view declared;
};
constexpr Refinement refinements[] = {
    {zip, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {zip, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {zip, "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {zip, "application/vnd.oasis.opendocument.text"},
    {zip, "application/vnd.oasis.opendocument.spreadsheet"},
    {zip, "application/vnd.oasis.opendocument.presentation"},
    {zip, "application/epub+zip"},
    {zip, "application/x-zip-compressed"},
    {ole, "application/msword"},
    {ole, "application/vnd.ms-excel"},
    {ole, "application/vnd.ms-powerpoint"},
    {plain, "text/csv"},
    {plain, "text/markdown"},
    {plain, "application/json"},
    {"video/mp4", "audio/mp4"},
    {"video/mp4", "audio/x-m4a"},
    {"video/mp4", "video/quicktime"},
    {"video/webm", "audio/webm"},
    {"video/webm", "video/x-matroska"},
    {"audio/ogg", "video/ogg"},
    {"audio/ogg", "audio/opus"},
};

/// Names for the same thing, and the one that is kept.
constexpr std::pair<std::string_view, std::string_view> synonyms[] = {
    {"image/jpg", "image/jpeg"},
    {"image/pjpeg", "image/jpeg"},
    {"image/x-png", "image/png"},
    {"image/heif", "image/heic"},
    {"audio/mp3", "audio/mpeg"},
    {"audio/x-wav", "audio/wav"},
    {"audio/wave", "audio/wav"},
    {"application/x-pdf", "application/pdf"},
    {"application/x-gzip", "application/gzip"},
    {"text/rtf", "application/rtf"},
    {"application/x-rar-compressed", "application/vnd.rar"},
};

constexpr std::string_view inline_types[] = {
    "image/png",  "image/jpeg", "image/gif",  "image/webp", "image/avif",
    "audio/mpeg", "audio/mp4",  "audio/ogg",  "audio/wav",  "audio/webm",
    "audio/flac", "video/mp4",  "video/webm", "video/ogg",  plain,
};

/// The type without its parameters, in lower case, under its usual name.
std::string essence(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  while (!type.empty() && (type.front() == ' ' || type.front() == '\t')) type.remove_prefix(1);
  std::string name = lower_case(type);
  for (const auto& [other, kept] : synonyms) {
    if (name == other) return std::string(kept);
  }
  return name;
}

bool fits(const Magic& magic, std::string_view head) {
  if (head.size() < magic.offset || !head.substr(magic.offset).starts_with(magic.bytes)) return false;
  if (magic.more.empty()) return true;
  const std::size_t behind = magic.offset + magic.bytes.size() + 4;
  return head.size() >= behind && head.substr(behind).starts_with(magic.more);
}

/// UTF-8 without control characters but tab and line ends; cut at the end of what is looked at.
bool is_text(std::string_view head) {
  for (std::size_t at = 0; at < head.size();) {
    const auto byte = static_cast<unsigned char>(head[at]);
    if (byte < 0x80) {
      const bool control =
          byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f' && byte != 0x1b;
      if (control || byte == 0x7f) return false;
      ++at;
      continue;
    }
    const std::size_t more = byte >= 0xf0 && byte < 0xf5 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc2 ? 1 : 0;
    if (more == 0 || byte >= 0xf5) return false;
    for (std::size_t i = 1; i <= more; ++i) {
      if (at + i == head.size()) return true;
      if ((static_cast<unsigned char>(head[at + i]) & 0xc0U) != 0x80U) return false;
    }
    at += more + 1;
  }
  return true;
}

/// A text that a browser could take for a page, a picture with scripts, or a script.
bool looks_active(std::string_view head) {
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  const std::size_t first = head.find_first_not_of(" \t\r\n\f");
  if (first == std::string_view::npos) return false;
  const std::string start = lower_case(head.substr(first, 1'024));
  if (start.starts_with("#!") || start.starts_with("<?")) return true;
  constexpr std::array tags = {"<!doctype"sv, "<html"sv, "<head"sv,   "<body"sv,
                               "<script"sv,   "<svg"sv,  "<iframe"sv, "<!--"sv};
  return std::any_of(tags.begin(), tags.end(),
                     [&](std::string_view tag) { return start.starts_with(tag); }) ||
         start.find("<script") != std::string::npos || start.find("<svg") != std::string::npos;
}

bool is_active_type(std::string_view type) {
  return type == "text/html" || type.ends_with("/xml") || type.ends_with("+xml") ||
         type.ends_with("javascript") || type.ends_with("ecmascript");
}

/// What the bytes can be told from, so that a claim of it is either right or wrong.
bool is_known(std::string_view type) {
  const bool magic =
      std::any_of(std::begin(magics), std::end(magics), [&](const Magic& m) { return m.mime == type; });
  return magic || std::any_of(std::begin(refinements), std::end(refinements),
                              [&](const Refinement& r) { return r.declared == type; });
}

std::string_view sniff(std::string_view head) {
  for (const Magic& magic : magics) {
    if (fits(magic, head)) return magic.mime;
  }
  if (!is_text(head)) return unknown;
  return looks_active(head) ? "text/html" : plain;
}

}  // namespace

Result<std::string> file_type(std::string_view head, std::string_view declared_type,
                              std::string_view file_name) {
  const std::string_view seen = sniff(head.substr(0, sniffed_bytes_max));
  const std::string declared = essence(declared_type);
  const bool says_nothing = declared.empty() || declared == unknown || declared == "binary/octet-stream";
  const auto kept = [](std::string_view type) {
    return std::string(is_active_type(type) || type == ole ? unknown : type);
  };
  if (says_nothing) {
    // Scripts are texts like any other; their name tells what a browser would make of them.
    const std::string name = lower_case(file_name);
    constexpr std::array active = {".js"sv, ".mjs"sv, ".html"sv, ".htm"sv, ".svg"sv, ".xml"sv, ".xhtml"sv};
    const bool is_script =
        seen == plain &&
        std::any_of(active.begin(), active.end(), [&](std::string_view end) { return name.ends_with(end); });
    return std::string(is_script ? std::string(unknown) : kept(seen));
  }
  if (declared == seen) return kept(seen);
  for (const auto& [seen_as, may_be] : refinements) {
    if (seen == seen_as && declared == may_be) return declared;
  }
  const bool seen_text = seen == plain || seen == "text/html";
  if (seen_text && (is_active_type(declared) || declared.starts_with("text/"))) {
    return std::string(is_active_type(declared) || seen != plain ? unknown : plain);
  }
  // A name that nobody here knows proves nothing; what is seen counts, unless the claim can be told to be wrong.
  if (!is_known(declared) && !is_active_type(declared) && !declared.starts_with("image/") &&
      !declared.starts_with("text/"))
    return kept(seen);
  return Refusal{ErrorCode::invalid_payload,
                 "the file is " + (seen == unknown ? std::string("something else") : std::string(seen)) +
                     ", not " + declared.substr(0, 100)};
}

bool shown_inline(std::string_view mime_type) {
  return std::find(std::begin(inline_types), std::end(inline_types), mime_type) != std::end(inline_types);
}

std::string content_type(std::string_view mime_type) {
  std::string type(mime_type.empty() ? unknown : mime_type);
  if (type.starts_with("text/")) type += "; charset=utf-8";
  return type;
}

}  // namespace rozmova::uploads
