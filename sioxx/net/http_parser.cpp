// A head is read in one pass over the raw bytes, once all of it is there: every shape that two servers in a row might
// read differently (RFC 9112 §2.2, §3.2, §5.1, §6.1, §11.2) is refused, the rest goes into the request. Chunked bodies
// have a reader of their own (chunked_body.cpp).
//
//   head    = method SP target SP "HTTP/1." ("0" | "1") CRLF  (name ":" OWS value OWS CRLF)*  CRLF
//
// Refused: a bare CR or LF, other control bytes, a line that begins with a space (obs-fold), a space before
// the colon, two spaces in the request line, no Host (1.1) or two, two Content-Length, Content-Length beside
// Transfer-Encoding, any Transfer-Encoding but one "chunked", an absolute target of another host, chunk
// extensions.

#include "sioxx/net/http_parser.hpp"

#include "sioxx/engine/query.hpp"
#include "sioxx/net/ascii.hpp"
#include "sioxx/net/chunked_body.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

namespace sioxx::net {
namespace {

using Refusal = HttpParser::Refusal;

constexpr Refusal bad(std::string_view reason) { return {400, "BAD_REQUEST", reason}; }
constexpr Refusal head_too_large{431, "HEADERS_TOO_LARGE", "The request head is too large."};
constexpr Refusal body_too_large{413, "PAYLOAD_TOO_LARGE", "The request body is too large."};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// #token (RFC 9110 §5.6.1).
bool is_token_list(std::string_view list) {
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trim(list.substr(0, comma));
    if (!element.empty() && !is_token(element)) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

/// Where the first byte of `bytes`, from `at` on, is that may need a look: a control byte or DEL, or one of the seven
/// before it.
std::size_t skip_text(std::string_view bytes, std::size_t at) {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101, high = ones * 0x80;
  for (; bytes.size() - at >= 8; at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, bytes.data() + at, sizeof eight);
    const std::uint64_t del = eight ^ (ones * 0x7f);
    if ((((eight - ones * ' ') & ~eight) | ((del - ones) & ~del)) & high) break;
  }
  return at;
}

/// host [":" port], without user information; brackets for IPv6.
bool is_host(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') ||
           std::string_view("-._~!$&'()*+;=:[]%").find(c) != std::string_view::npos;
  });
}

struct Target {
  std::string_view authority;  ///< of an absolute target
  std::string_view path;
  std::string_view query;
  bool absolute = false;
};

std::optional<Target> split_target(std::string_view raw, std::string_view method) {
  Target target;
  if (raw == "*" && method == "OPTIONS") {
    target.path = raw;
    return target;
  }
  if (raw.empty() || raw.find('#') != std::string_view::npos) return std::nullopt;
  if (raw.front() != '/') {
    const std::size_t scheme = raw.find("://");
    if (scheme == std::string_view::npos) return std::nullopt;
    if (!equal_ignoring_case(raw.substr(0, scheme), "http") &&
        !equal_ignoring_case(raw.substr(0, scheme), "https")) {
      return std::nullopt;
    }
    raw.remove_prefix(scheme + 3);
    const std::size_t end = std::min(raw.find('/'), raw.find('?'));
    target.absolute = true;
    target.authority = raw.substr(0, end);
    raw = end == std::string_view::npos ? std::string_view() : raw.substr(end);
    if (target.authority.empty() || !is_host(target.authority)) return std::nullopt;
  }
  const std::size_t question = raw.find('?');
  target.path = raw.substr(0, question);
  if (question != std::string_view::npos) target.query = raw.substr(question + 1);
  if (target.path.empty()) target.path = "/";
  return target;
}

/// Reads a whole head (request line to the empty line) into a request that is new.
class HeadReader {
 public:
  HeadReader(const HttpParser::Limits& limits, http::Request& request) : limits_(limits), request_(request) {}

  std::optional<Refusal> read(std::string_view head) {
    std::size_t end = head.find("\r\n");
    if (auto refusal = request_line(head.substr(0, end))) return refusal;
    request_.headers.reserve(headers_expected);
    for (head.remove_prefix(end + 2); !head.starts_with("\r\n"); head.remove_prefix(end + 2)) {
      end = head.find("\r\n");
      if (auto refusal = field(head.substr(0, end))) return refusal;
    }
    return as_a_whole();
  }

  bool chunked() const { return codings_ > 0; }
  std::uint64_t content_length() const { return content_length_; }

 private:
  /// A browser's request has so many, about.
  static constexpr std::size_t headers_expected = 16;

  std::optional<Refusal> request_line(std::string_view line) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return bad("The request line is not one.");
    const std::string_view method = line.substr(0, first);
    const std::string_view raw = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(method)) return bad("The method is not a word.");
    const bool printable = std::all_of(raw.begin(), raw.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (raw.empty() || !printable) return bad("The request target has a character that may not be there.");
    const bool shaped = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                        version[6] == '.' && is_digit(version[7]);
    if (!shaped) return bad("The HTTP version is not one.");
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
      return Refusal{505, "VERSION_NOT_SUPPORTED", "This HTTP version is not spoken here."};
    }
    const auto target = split_target(raw, method);
    if (!target) return bad("The request target is not one.");
    target_ = *target;
    request_.http11 = version == "HTTP/1.1";
    request_.method = method;
    request_.target = raw;
    request_.query = target_.query;
    return std::nullopt;
  }

  std::optional<Refusal> field(std::string_view line) {
    if (request_.headers.size() >= limits_.headers_max) return head_too_large;
    if (line.front() == ' ' || line.front() == '\t') return bad("A header line is folded.");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return bad("A header line has no colon.");
    const std::string_view given = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (!is_token(given)) return bad("A header name is not a word.");
    auto& [name, kept] = request_.headers.emplace_back(given, value);
    for (char& c : name) c = lower(c);
    if (name == "host") {
      if (++hosts_ > 1) return bad("There are two Host headers.");
      if (!is_host(value)) return bad("The Host header is not a host.");
      host_ = value;
    } else if (name == "content-length") {
      if (++lengths_ > 1) return bad("There are two Content-Length headers.");
      const bool number =
          !value.empty() && value.size() <= 18 && std::all_of(value.begin(), value.end(), is_digit);
      if (!number) return bad("The Content-Length is not a number.");
      for (const char digit : value)
        content_length_ = content_length_ * 10 + static_cast<unsigned>(digit - '0');
    } else if (name == "transfer-encoding") {
      ++codings_;
      if (codings_ > 1 || !request_.http11 || !equal_ignoring_case(value, "chunked")) {
        return bad("The only Transfer-Encoding taken is chunked.");
      }
    } else if (name == "connection") {
      if (!is_token_list(value)) return bad("The Connection header is no list of words.");
    }
    return std::nullopt;
  }

  std::optional<Refusal> as_a_whole() {
    if (lengths_ > 0 && codings_ > 0) return bad("Content-Length and Transfer-Encoding exclude each other.");
    if (request_.http11 && hosts_ == 0) return bad("The Host header is missing.");
    if (target_.absolute && hosts_ > 0 && !equal_ignoring_case(target_.authority, host_)) {
      return bad("The target and the Host header name two hosts.");
    }
    if (!normalise_path(target_.path, request_.path)) return bad("The path is badly encoded.");
    request_.keep_alive = request_.http11 ? !has_token(request_, "connection", "close")
                                          : has_token(request_, "connection", "keep-alive");
    return std::nullopt;
  }

  const HttpParser::Limits& limits_;
  http::Request& request_;
  Target target_;
  std::string_view host_;
  std::uint64_t content_length_ = 0;
  int hosts_ = 0, lengths_ = 0, codings_ = 0;
};

}  // namespace

struct HttpParser::State {
  Limits limits;
  http::Request request;
  std::optional<ChunkedBody> chunked;  ///< reads the body, if it comes so, from accept_body() on
  std::uint64_t body_bytes_left = 0;   ///< of one with a length
  std::uint64_t body_bytes_max = 0;
  std::size_t looked_at = 0;  ///< bytes of an unfinished head that need no second look
  std::size_t skipped = 0;    ///< of an empty line before a request (RFC 9112 §2.2)
  bool is_chunked = false;
  bool accepted = false;
  bool expects_continue = false;
  Refusal refusal;

  explicit State(const Limits& given) : limits(given) {}

  Result refuse(const Refusal& why) {
    refusal = why;
    return {Step::refused, 0};
  }

  void start_over() {
    request = {};
    chunked.reset();
    body_bytes_left = 0;
    looked_at = skipped = 0;
    is_chunked = accepted = expects_continue = false;
  }

  bool expects_body() const { return is_chunked || body_bytes_left > 0; }

  Result head(std::string_view bytes) {
    if (looked_at == 0 && bytes.size() >= 2 && bytes[0] == '\r' && bytes[1] == '\n') skipped = looked_at = 2;
    std::size_t end = 0;
    for (std::size_t at = skip_text(bytes, looked_at); at < bytes.size() && end == 0; ++at) {
      const auto byte = static_cast<unsigned char>(bytes[at]);
      if (byte >= ' ' && byte != 0x7f) continue;
      if (at >= limits.head_bytes_max) return refuse(head_too_large);
      if (byte == '\t') continue;
      if (byte != '\r') {
        return refuse(byte == '\n' ? bad("A line ends without a carriage return.")
                                   : bad("There is a control byte."));
      }
      if (at + 1 == bytes.size()) {
        looked_at = at;
        return {};
      }
      if (bytes[at + 1] != '\n') return refuse(bad("There is a carriage return inside a line."));
      if (at >= skipped + 2 && bytes[at - 1] == '\n') end = at + 2;
      at = skip_text(bytes, at + 2) - 1;
    }
    if (end == 0) {
      looked_at = bytes.size();
      if (bytes.size() > limits.head_bytes_max) return refuse(head_too_large);
      return {};
    }
    if (end > limits.head_bytes_max + skipped) return refuse(head_too_large);
    return whole_head(bytes.substr(skipped, end - skipped), end);
  }

  Result whole_head(std::string_view raw, std::size_t used) {
    HeadReader reader(limits, request);
    if (auto refused = reader.read(raw)) return refuse(*refused);
    is_chunked = reader.chunked();
    body_bytes_left = reader.content_length();
    const std::string_view expect = request.header("expect");
    if (request.http11 && !expect.empty()) {
      if (!equal_ignoring_case(expect, "100-continue")) {
        return refuse({417, "EXPECTATION_FAILED", "Only 100-continue can be expected."});
      }
      expects_continue = true;
    }
    return {Step::head, used};
  }

  Result chunked_body(std::string_view bytes) {
    const ChunkedBody::Result result = chunked->feed(bytes, request.body, body_bytes_max);
    switch (result.step) {
      case ChunkedBody::Step::more: return {Step::more, result.used};
      case ChunkedBody::Step::complete: return {Step::complete, result.used};
      case ChunkedBody::Step::too_large: return refuse(body_too_large);
      case ChunkedBody::Step::extension: return refuse(bad("Chunk extensions are not taken."));
      case ChunkedBody::Step::broken: break;
    }
    return refuse(bad("The body is badly chunked."));
  }

  Result body(std::string_view bytes) {
    if (chunked) return chunked_body(bytes);
    const std::size_t used = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), body_bytes_left));
    request.body += bytes.substr(0, used);
    body_bytes_left -= used;
    return {body_bytes_left == 0 ? Step::complete : Step::more, used};
  }
};

HttpParser::HttpParser(const Limits& limits) : state_(std::make_unique<State>(limits)) {}
HttpParser::HttpParser(HttpParser&&) noexcept = default;
HttpParser& HttpParser::operator=(HttpParser&&) noexcept = default;
HttpParser::~HttpParser() = default;

HttpParser::Result HttpParser::feed(std::string_view bytes) {
  if (state_->refusal.status != 0) return {Step::refused, 0};
  if (bytes.empty()) return {};
  return state_->accepted ? state_->body(bytes) : state_->head(bytes);
}

HttpParser::Step HttpParser::accept_body(std::size_t body_bytes_max) {
  State& state = *state_;
  state.accepted = true;
  if (!state.expects_body()) return Step::complete;
  if (state.body_bytes_left > body_bytes_max) return state.refuse(body_too_large).step;
  state.body_bytes_max = body_bytes_max;
  if (state.is_chunked) state.chunked.emplace(state.limits.head_bytes_max);
  return Step::more;
}

bool HttpParser::expects_body() const { return state_->expects_body(); }
const http::Request& HttpParser::request() const { return state_->request; }
http::Request& HttpParser::request() { return state_->request; }
bool HttpParser::expects_continue() const { return state_->expects_continue; }
const HttpParser::Refusal& HttpParser::refusal() const { return state_->refusal; }

http::Request HttpParser::take_request() {
  http::Request taken = std::move(state_->request);
  state_->start_over();
  return taken;
}

bool has_token(const http::Request& request, std::string_view lower_case_name,
               std::string_view lower_case_token) {
  for (const auto& [name, value] : request.headers) {
    if (name != lower_case_name) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      if (equal_ignoring_case(trim(rest.substr(0, comma)), lower_case_token)) return true;
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

bool normalise_path(std::string_view raw, std::string& path) {
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; };
  std::string decoded;
  if (raw.find('%') == std::string_view::npos) {
    decoded = raw;
  } else if (!engine::percent_decode(raw, decoded)) {
    return false;
  }
  if (std::any_of(decoded.begin(), decoded.end(), is_control)) return false;
  path.clear();
  if (decoded.find("/.") == std::string::npos || decoded == "*") {
    path = std::move(decoded);
    return true;
  }
  std::vector<std::string_view> kept;
  std::string_view rest = std::string_view(decoded).substr(1);
  for (bool more = true; more;) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    more = slash != std::string_view::npos;
    if (more) rest.remove_prefix(slash + 1);
    const bool dots = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!dots) kept.push_back(segment);
    if (dots && !more) kept.push_back({});
  }
  for (const std::string_view segment : kept) {
    path += '/';
    path += segment;
  }
  if (path.empty()) path = "/";
  return true;
}

}  // namespace sioxx::net
