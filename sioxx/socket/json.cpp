#include "sioxx/socket/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value_stack.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace json = boost::json;

namespace sioxx::socket {
namespace {

void write_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  // JavaScript writes an exponent only from 1e21 up and below 1e-6 (ECMA-262, Number::toString), and -0 as 0.
  const double size = std::fabs(number);
  char text[64];
  const auto end = number == 0 ? std::to_chars(text, text + sizeof text, 0).ptr
                   : size >= 1e-6 && size < 1e21
                       ? std::to_chars(text, text + sizeof text, number, std::chars_format::fixed).ptr
                       : std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, end);
}

template <class Integer>
void write_integer(std::string& out, Integer number) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, end);
}

constexpr auto is_escaped = [] {
  std::array<bool, 256> escaped{};
  for (std::size_t control = 0; control < 0x20; ++control) escaped[control] = true;
  escaped['"'] = escaped['\\'] = true;
  return escaped;
}();

void write_escape(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out += hex[static_cast<unsigned char>(c) >> 4];
      out += hex[static_cast<unsigned char>(c) & 15];
  }
}

/// The code unit of a `\uXXXX` that stands at `at`; nothing if none does.
std::optional<unsigned> escaped_unit(std::string_view text, std::size_t at) {
  constexpr std::size_t escape_bytes = 6;
  if (text.size() < at + escape_bytes || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  unsigned unit = 0;
  const char* const digits = text.data() + at + 2;
  const auto read = std::from_chars(digits, digits + 4, unit, 16);
  if (read.ec != std::errc() || read.ptr != digits + 4) return std::nullopt;
  return unit;
}

bool is_high(unsigned unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low(unsigned unit) { return unit >= 0xdc00 && unit < 0xe000; }

/// The text with every half of a surrogate pair replaced; nothing when there was none.
std::optional<std::string> mend_half_pairs(std::string_view text) {
  std::optional<std::string> mended;
  for (std::size_t i = 0; i + 1 < text.size();) {
    if (text[i] != '\\') {
      ++i;
      continue;
    }
    const auto unit = escaped_unit(text, i);
    if (!unit) {
      i += 2;
      continue;
    }
    const auto next = escaped_unit(text, i + 6);
    if (is_high(*unit) && next && is_low(*next)) {
      i += 12;
      continue;
    }
    if (is_high(*unit) || is_low(*unit)) {
      if (!mended) mended.emplace(text);
      mended->replace(i + 2, 4, "fffd");
    }
    i += 6;
  }
  return mended;
}

}  // namespace

void write_json(std::string& out, std::string_view text) {
  out += '"';
  const char* plain = text.data();
  const char* const end = plain + text.size();
  for (const char* at = plain; at != end; ++at) {
    if (!is_escaped[static_cast<unsigned char>(*at)]) [[likely]]
      continue;
    out.append(plain, at);
    write_escape(out, *at);
    plain = at + 1;
  }
  out.append(plain, end);
  out += '"';
}

void write_json(std::string& out, const json::object& object) {
  out += '{';
  bool first = true;
  for (const auto& member : object) {
    if (!first) out += ',';
    first = false;
    const json::string_view key = member.key();
    write_json(out, std::string_view(key.data(), key.size()));
    out += ':';
    write_json(out, member.value());
  }
  out += '}';
}

void write_elements(std::string& out, const json::array& array) {
  bool first = true;
  for (const json::value& element : array) {
    if (!first) out += ',';
    first = false;
    write_json(out, element);
  }
}

void write_json(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; return;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case json::kind::int64: return write_integer(out, value.get_int64());
    case json::kind::uint64: return write_integer(out, value.get_uint64());
    case json::kind::double_: return write_number(out, value.get_double());
    case json::kind::string: {
      const json::string& text = value.get_string();
      return write_json(out, std::string_view(text.data(), text.size()));
    }
    case json::kind::array:
      out += '[';
      write_elements(out, value.get_array());
      out += ']';
      return;
    case json::kind::object: return write_json(out, value.get_object());
  }
}

/// What the grammar finds, onto a stack of values. Boost 1.81 rounds one in ten doubles of seventeen digits wrongly, so
/// their text is read once more.
struct JsonReader::Parser {
  struct Handler {
    using View = json::string_view;
    using Error = json::error_code;
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = max_object_size;
    static constexpr std::size_t max_key_size = max_object_size;
    static constexpr std::size_t max_string_size = max_object_size;

    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }
    bool on_object_begin(Error&) { return true; }
    bool on_object_end(std::size_t members, Error&) { return stack.push_object(members), true; }
    bool on_array_begin(Error&) { return true; }
    bool on_array_end(std::size_t elements, Error&) { return stack.push_array(elements), true; }
    bool on_key_part(View part, std::size_t, Error&) { return stack.push_chars(part), true; }
    bool on_key(View rest, std::size_t, Error&) { return stack.push_key(rest), true; }
    bool on_string_part(View part, std::size_t, Error&) { return stack.push_chars(part), true; }
    bool on_string(View rest, std::size_t, Error&) { return stack.push_string(rest), true; }
    bool on_number_part(View, Error&) { return true; }
    bool on_int64(std::int64_t number, View, Error&) { return stack.push_int64(number), true; }
    bool on_uint64(std::uint64_t number, View, Error&) { return stack.push_uint64(number), true; }
    bool on_double(double number, View text, Error&) {
      std::from_chars(text.data(), text.data() + text.size(), number);  // out of range: what the parser says
      return stack.push_double(number), true;
    }
    bool on_bool(bool value, Error&) { return stack.push_bool(value), true; }
    bool on_null(Error&) { return stack.push_null(), true; }
    bool on_comment_part(View, Error&) { return true; }
    bool on_comment(View, Error&) { return true; }

    unsigned char workspace[4096];
    json::value_stack stack{{}, workspace, sizeof workspace};
  };

  explicit Parser(const json::parse_options& options) : grammar(options) {}
  json::basic_parser<Handler> grammar;
};

JsonReader::JsonReader(std::size_t depth_max) {
  json::parse_options options;
  options.max_depth = depth_max;
  parser_ = std::make_unique<Parser>(options);
}

JsonReader::~JsonReader() = default;

bool JsonReader::read(std::string_view text, json::value& out) {
  if (parse(text, out)) return true;
  const auto mended = mend_half_pairs(text);
  return mended && parse(*mended, out);
}

bool JsonReader::parse(std::string_view text, json::value& out) {
  json::error_code error;
  auto& grammar = parser_->grammar;
  json::value_stack& stack = grammar.handler().stack;
  grammar.reset();
  stack.reset();
  const std::size_t taken = grammar.write_some(false, text.data(), text.size(), error);
  if (error || taken != text.size()) {
    stack.reset();
    return false;
  }
  out = stack.release();
  return true;
}

}  // namespace sioxx::socket
