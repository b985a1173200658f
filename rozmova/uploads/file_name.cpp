#include "rozmova/uploads/file_name.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace rozmova::uploads {

namespace {

constexpr std::string_view fallback = "file";
constexpr std::size_t ending_characters_max = 16;

/// The code point at the front of `text`, taken off; nothing for a byte that is no UTF-8 (also taken off).
std::optional<char32_t> take(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead < 0x80                   ? 1
                           : lead >= 0xf0 && lead < 0xf5 ? 4
                           : lead >= 0xe0 && lead < 0xf0 ? 3
                           : lead >= 0xc2 && lead < 0xe0 ? 2
                                                         : 0;
  if (size == 0 || text.size() < size) {
    text.remove_prefix(1);
    return std::nullopt;
  }
  char32_t point = size == 1 ? lead : lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0U) != 0x80U) {
      text.remove_prefix(1);
      return std::nullopt;
    }
    point = point << 6 | (byte & 0x3fU);
  }
  text.remove_prefix(size);
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < least[size] || (point >= 0xd800 && point < 0xe000) || point > 0x10ffff) return std::nullopt;
  return point;
}

void append_utf8(std::string& out, char32_t point) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xc0 | point >> 6);
  } else {
    if (point < 0x10000) {
      put(0xe0 | point >> 12);
    } else {
      put(0xf0 | point >> 18);
      put(0x80 | (point >> 12 & 0x3f));
    }
    put(0x80 | (point >> 6 & 0x3f));
  }
  put(0x80 | (point & 0x3f));
}

/// Characters that are not seen but change what is seen, and those that file systems and shells keep for themselves.
bool is_banned(char32_t point) {
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return true;
  if (point >= 0x200b && point <= 0x200f) return true;  // zero width, direction marks
  if (point >= 0x2028 && point <= 0x202e) return true;  // line ends, embeddings, overrides
  if (point >= 0x2060 && point <= 0x206f) return true;  // joiners, isolates
  if (point == 0x061c || point == 0xfeff || point == 0xfffe || point == 0xffff) return true;
  return point < 0x80 &&
         std::string_view("\"*:<>?|").find(static_cast<char>(point)) != std::string_view::npos;
}

bool is_attr_char(char c) {  // RFC 8187 §3.2.1
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$&+-.^_`|~").find(c) != std::string_view::npos;
}

}  // namespace

std::string safe_file_name(std::string_view name) {
  const std::size_t slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  std::vector<char32_t> points;
  while (!name.empty()) {
    const auto point = take(name);
    if (!point || !is_banned(*point)) points.push_back(point.value_or(0xfffd));
  }
  const auto is_edge = [](char32_t point) {
    return point == ' ' || point == '.' || point == 0xa0 || point == 0x3000;
  };
  while (!points.empty() && is_edge(points.back())) points.pop_back();
  std::size_t first = 0;
  while (first < points.size() && is_edge(points[first])) ++first;
  points.erase(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(first));
  if (points.size() > file_name_characters_max) {
    std::size_t ending = points.size();
    for (std::size_t i = points.size() - ending_characters_max; i < points.size() && ending == points.size();
         ++i) {
      if (points[i] == '.') ending = i;
    }
    const std::size_t kept = file_name_characters_max - (points.size() - ending);
    points.erase(points.begin() + static_cast<std::ptrdiff_t>(kept),
                 points.begin() + static_cast<std::ptrdiff_t>(ending));
  }
  std::string out;
  for (const char32_t point : points) append_utf8(out, point);
  return out.empty() ? std::string(fallback) : out;
}

std::string content_disposition(bool is_inline, std::string_view safe_name) {
  std::string plain, coded;
  bool is_plain = true;
  constexpr char hex[] = "0123456789ABCDEF";
  for (const char c : safe_name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool simple = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '%';
    is_plain = is_plain && simple;
    if (simple) {
      plain += c;
    } else if ((byte & 0xc0U) != 0x80U) {
      plain += '_';
    }
    if (is_attr_char(c)) {
      coded += c;
    } else {
      coded += '%';
      coded += hex[byte >> 4];
      coded += hex[byte & 15];
    }
  }
  std::string out = is_inline ? "inline; filename=\"" : "attachment; filename=\"";
  out += plain + '"';
  if (!is_plain) out += "; filename*=UTF-8''" + coded;
  return out;
}

}  // namespace rozmova::uploads
