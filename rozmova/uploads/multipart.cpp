// RFC 7578 over RFC 2046 §5.1.1:
//
//   body      = [preamble CRLF] "--" boundary part *(CRLF "--" boundary part) CRLF "--" boundary "--" [epilogue]
//   part      = CRLF *(header CRLF) CRLF bytes
//   header    = "Content-Disposition: form-data; name=" quoted ["; filename=" quoted] | "Content-Type: " type | others
//
// A line end is put in front of the body, so that the first boundary looks like the others.

#include "rozmova/uploads/multipart.hpp"

#include "rozmova/ascii.hpp"

#include <algorithm>

namespace rozmova::uploads {

namespace {

constexpr std::size_t boundary_bytes_max = 70;

/// The value of `; name=token` or `; name="quoted"` behind a header's first word. In quotes a backslash takes the next
/// character as it is, as RFC 9110 has it, but only before a quote or itself: old browsers sent Windows paths bare.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  std::size_t at = header.find(';');
  while (at != std::string_view::npos && at < header.size()) {
    const std::string_view rest = trim(header.substr(at + 1));
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = trim(rest.substr(0, equals));
    const std::string_view raw = trim(rest.substr(equals + 1));
    std::string value;
    std::size_t used = 0;
    if (raw.starts_with('"')) {
      for (used = 1; used < raw.size() && raw[used] != '"'; ++used) {
        const bool escape =
            raw[used] == '\\' && used + 1 < raw.size() && (raw[used + 1] == '"' || raw[used + 1] == '\\');
        if (escape) ++used;
        value += raw[used];
      }
      if (used >= raw.size()) return std::nullopt;
      ++used;
    } else {
      used = std::min(raw.find(';'), raw.size());
      value = trim(raw.substr(0, used));
    }
    if (equal_ignoring_case(key, name)) return value;
    at = header.find(';', static_cast<std::size_t>(raw.data() - header.data()) + used);
  }
  return std::nullopt;
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool coded =
        text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0;
    out += coded ? static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2])) : text[i];
    if (coded) i += 2;
  }
  return out;
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  if (!equal_ignoring_case(trim(content_type.substr(0, content_type.find(';'))), "multipart/form-data"))
    return std::nullopt;
  const auto boundary = parameter(content_type, "boundary");
  const auto allowed = [](char c) { return c > ' ' && c < 0x7f && c != '"'; };
  if (!boundary || boundary->empty() || boundary->size() > boundary_bytes_max ||
      !std::all_of(boundary->begin(), boundary->end(), allowed))
    return std::nullopt;
  return boundary;
}

Multipart::Multipart(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)), buffer_("\r\n") {}

Multipart::Event Multipart::wrong(std::string reason) {
  state_ = State::wrong;
  buffer_.clear();
  value_ = std::move(reason);
  return Event::wrong;
}

Multipart::Event Multipart::next() {
  for (;;) {
    switch (state_) {
      case State::wrong: return Event::wrong;
      case State::end: buffer_.clear(); return Event::end;
      case State::preamble: {
        const std::size_t at = buffer_.find(delimiter_);
        if (at == std::string::npos) {
          if (buffer_.size() > part_head_bytes_max) return wrong("the body does not begin with its boundary");
          return Event::more;
        }
        buffer_.erase(0, at + delimiter_.size());
        state_ = State::head;
        break;
      }
      case State::head: {
        if (has_file_ && buffer_.size() >= 2 && !buffer_.starts_with("\r\n")) {
          state_ = State::end;
          break;
        }
        if (buffer_.starts_with("--"))
          return wrong("the form has no file: a part with a filename is expected");
        const std::size_t end = buffer_.find("\r\n\r\n");
        if (end == std::string::npos) {
          if (buffer_.size() > part_head_bytes_max) return wrong("the head of a part is too long");
          return Event::more;
        }
        if (!buffer_.starts_with("\r\n") || !read_part_head(std::string_view(buffer_).substr(2, end)))
          return wrong("a part of the form has no proper Content-Disposition");
        // One of the two line ends stays: an empty part has its boundary right behind it.
        buffer_.erase(0, end + 2);
        return begin_part();
      }
      case State::field: {
        const std::size_t at = buffer_.find(delimiter_);
        if (at == std::string::npos) {
          if (buffer_.size() > field_bytes_max + delimiter_.size())
            return wrong("a field of the form is too long");
          return Event::more;
        }
        value_ = at < 2 ? std::string() : buffer_.substr(2, at - 2);
        buffer_.erase(0, at + delimiter_.size());
        state_ = State::head;
        return Event::field;
      }
      case State::file_start:  // its line end may be that of the boundary: then the file is empty
        if (buffer_.size() < delimiter_.size() && delimiter_.starts_with(buffer_)) return Event::more;
        if (!buffer_.starts_with(delimiter_)) buffer_.erase(0, 2);
        state_ = State::file;
        break;
      case State::file: {
        const std::size_t at = buffer_.find(delimiter_);
        if (at == 0) {
          buffer_.erase(0, delimiter_.size());
          has_file_ = true;
          state_ = State::head;
          break;
        }
        // The start of what may become the boundary is kept back.
        const std::size_t sure = at != std::string::npos ? at
                                 : buffer_.size() >= delimiter_.size()
                                     ? buffer_.size() - delimiter_.size() + 1
                                     : 0;
        if (sure == 0) return Event::more;
        value_ = buffer_.substr(0, sure);
        buffer_.erase(0, sure);
        return Event::bytes;
      }
      case State::late_field: {
        const std::size_t at = buffer_.find(delimiter_);
        if (at == std::string::npos) {
          if (buffer_.size() >= delimiter_.size()) buffer_.erase(0, buffer_.size() - delimiter_.size() + 1);
          return Event::more;
        }
        buffer_.erase(0, at + delimiter_.size());
        state_ = State::head;
        break;
      }
    }
  }
}

Multipart::Event Multipart::begin_part() {
  if (is_file_) {
    if (has_file_) return wrong("a form carries one file; send each in a request of its own");
    state_ = State::file_start;
    return Event::file;
  }
  if (++fields_ > fields_max) return wrong("the form has too many fields");
  state_ = has_file_ ? State::late_field : State::field;
  return next();
}

/// `head` are whole lines, the last one with its line end.
bool Multipart::read_part_head(std::string_view head) {
  name_.clear();
  value_.clear();
  type_.clear();
  is_file_ = false;
  bool named = false;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trim(line.substr(0, colon)), text = trim(line.substr(colon + 1));
    if (equal_ignoring_case(key, "content-type")) type_ = text;
    if (!equal_ignoring_case(key, "content-disposition")) continue;
    const auto name = parameter(text, "name");
    if (!name || !equal_ignoring_case(trim(text.substr(0, text.find(';'))), "form-data")) return false;
    name_ = *name;
    named = true;
    const auto coded = parameter(text, "filename*");
    constexpr std::string_view utf8 = "UTF-8''";
    if (coded && equal_ignoring_case(coded->substr(0, utf8.size()), utf8)) {
      value_ = percent_decoded(std::string_view(*coded).substr(utf8.size()));
      is_file_ = true;
    } else if (auto plain = parameter(text, "filename")) {
      // Browsers write a quote in a name as %22.
      value_ = *plain;
      for (std::size_t at = 0; (at = value_.find("%22", at)) != std::string::npos; ++at)
        value_.replace(at, 3, "\"");
      is_file_ = true;
    }
  }
  return named;
}

}  // namespace rozmova::uploads
