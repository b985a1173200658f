// A head is looked at twice. The first look goes over the raw bytes as they come and refuses every shape that
// two servers in a row might read differently (RFC 9112 §2.2, §3.2, §5.1, §6.1, §11.2); the second is Beast's
// parser, which takes the head apart. Chunked bodies have a reader of ours (chunked_body.cpp).
//
//   head    = method SP target SP "HTTP/1." ("0" | "1") CRLF  (name ":" OWS value OWS CRLF)*  CRLF
//
// Refused: a bare CR or LF, other control bytes, a line that begins with a space (obs-fold), a space before
// the colon, two spaces in the request line, no Host (1.1) or two, two Content-Length, Content-Length beside
// Transfer-Encoding, any Transfer-Encoding but one "chunked", an absolute target of another host, chunk
// extensions.

#include "sioxx/net/http_parser.hpp"

#include "sioxx/engine/query.hpp"
#include "sioxx/net/chunked_body.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace sioxx::net {
namespace {

namespace beast = boost::beast;
using Refusal = HttpParser::Refusal;

constexpr Refusal bad(std::string_view reason) { return {400, "BAD_REQUEST", reason}; }
constexpr Refusal head_too_large{431, "HEADERS_TOO_LARGE", "The request head is too large."};
constexpr Refusal body_too_large{413, "PAYLOAD_TOO_LARGE", "The request body is too large."};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
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

/// The first look at a whole head (request line to the empty line).
class Inspector {
 public:
  explicit Inspector(const HttpParser::Limits& limits) : limits_(limits) {}

  std::optional<Refusal> inspect(std::string_view head) {
    std::size_t end = head.find("\r\n");
    if (auto refusal = request_line(head.substr(0, end))) return refusal;
    for (head.remove_prefix(end + 2); !head.starts_with("\r\n"); head.remove_prefix(end + 2)) {
      end = head.find("\r\n");
      if (auto refusal = field(head.substr(0, end))) return refusal;
    }
    return as_a_whole();
  }

 private:
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
    http11_ = version == "HTTP/1.1";
    const auto target = split_target(raw, method);
    if (!target) return bad("The request target is not one.");
    target_ = *target;
    return std::nullopt;
  }

  std::optional<Refusal> field(std::string_view line) {
    if (++count_ > limits_.headers_max) return head_too_large;
    if (line.front() == ' ' || line.front() == '\t') return bad("A header line is folded.");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return bad("A header line has no colon.");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (!is_token(name)) return bad("A header name is not a word.");
    if (equal_ignoring_case(name, "host")) {
      if (++hosts_ > 1) return bad("There are two Host headers.");
      if (!is_host(value)) return bad("The Host header is not a host.");
      host_ = value;
    } else if (equal_ignoring_case(name, "content-length")) {
      if (++lengths_ > 1) return bad("There are two Content-Length headers.");
      const bool number =
          !value.empty() && value.size() <= 18 && std::all_of(value.begin(), value.end(), is_digit);
      if (!number) return bad("The Content-Length is not a number.");
    } else if (equal_ignoring_case(name, "transfer-encoding")) {
      ++codings_;
      if (codings_ > 1 || !http11_ || !equal_ignoring_case(value, "chunked")) {
        return bad("The only Transfer-Encoding taken is chunked.");
      }
    }
    return std::nullopt;
  }

  std::optional<Refusal> as_a_whole() const {
    if (lengths_ > 0 && codings_ > 0) return bad("Content-Length and Transfer-Encoding exclude each other.");
    if (http11_ && hosts_ == 0) return bad("The Host header is missing.");
    if (target_.absolute && hosts_ > 0 && !equal_ignoring_case(target_.authority, host_)) {
      return bad("The target and the Host header name two hosts.");
    }
    return std::nullopt;
  }

  const HttpParser::Limits& limits_;
  Target target_;
  std::string_view host_;
  std::size_t count_ = 0;
  int hosts_ = 0, lengths_ = 0, codings_ = 0;
  bool http11_ = false;
};

/// The second look: Beast takes the head apart, and the body that has a length, and calls us for every piece.
class Reader final : public beast::http::basic_parser<true> {
 public:
  explicit Reader(http::Request& request) : request_(request) { eager(true); }

  bool http11() const { return version_ == 11; }

 private:
  using Text = beast::string_view;
  static std::string_view view(Text text) { return {text.data(), text.size()}; }

  void on_request_impl(beast::http::verb, Text method, Text target, int version,
                       beast::error_code& ec) override {
    ec = {};
    version_ = version;
    request_.method = view(method);
    request_.target = view(target);
  }
  void on_response_impl(int, Text, int, beast::error_code& ec) override { ec = {}; }
  void on_field_impl(beast::http::field, Text name, Text value, beast::error_code& ec) override {
    ec = {};
    request_.headers.emplace_back(lower_case(view(name)), view(value));
  }
  void on_header_impl(beast::error_code& ec) override { ec = {}; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code& ec) override { ec = {}; }
  std::size_t on_body_impl(Text body, beast::error_code& ec) override {
    ec = {};
    request_.body += view(body);
    return body.size();
  }
  // Chunks never get here (ChunkedBody).
  void on_chunk_header_impl(std::uint64_t, Text, beast::error_code& ec) override {
    ec = beast::http::error::bad_chunk;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, Text, beast::error_code& ec) override {
    ec = beast::http::error::bad_chunk;
    return 0;
  }
  void on_finish_impl(beast::error_code& ec) override { ec = {}; }

  http::Request& request_;
  int version_ = 0;
};

}  // namespace

struct HttpParser::State {
  Limits limits;
  http::Request request;
  std::optional<Reader> reader;        ///< from the end of the head to the end of the request
  std::optional<ChunkedBody> chunked;  ///< instead of it, from accept_body() on
  std::uint64_t body_bytes_max = 0;
  std::size_t looked_at = 0;  ///< bytes of an unfinished head that need no second look
  std::size_t skipped = 0;    ///< of an empty line before a request (RFC 9112 §2.2)
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
    reader.reset();
    chunked.reset();
    looked_at = skipped = 0;
    accepted = expects_continue = false;
  }

  Result head(std::string_view bytes) {
    if (looked_at == 0 && bytes.size() >= 2 && bytes[0] == '\r' && bytes[1] == '\n') skipped = looked_at = 2;
    std::size_t end = 0;
    for (std::size_t at = looked_at; at < bytes.size() && end == 0; ++at) {
      const auto byte = static_cast<unsigned char>(bytes[at]);
      if (byte > '\r' && byte != 0x7f) continue;
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
      ++at;
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
    if (auto refused = Inspector(limits).inspect(raw)) return refuse(*refused);
    reader.emplace(request);
    reader->header_limit(static_cast<std::uint32_t>(raw.size() + 1));
    reader->body_limit(boost::none);
    beast::error_code error;
    reader->put(boost::asio::const_buffer(raw.data(), raw.size()), error);
    if (error && error != beast::http::error::need_more) return refuse(bad("The request head is not one."));
    if (!reader->is_header_done()) return refuse(bad("The request head is not one."));
    const auto target = split_target(request.target, request.method);
    if (!target) return refuse(bad("The request target is not one."));
    request.query = target->query;
    if (!normalise_path(target->path, request.path)) return refuse(bad("The path is badly encoded."));
    request.http11 = reader->http11();
    request.keep_alive = request.http11 ? !has_token(request, "connection", "close")
                                        : has_token(request, "connection", "keep-alive");
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
    beast::error_code error;
    const std::size_t used = reader->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    if (error == beast::http::error::body_limit) return refuse(body_too_large);
    if (error && error != beast::http::error::need_more) return refuse(bad("The body is not one."));
    if (reader->is_done()) return {Step::complete, used};
    return {Step::more, used};
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
  if (state.reader->is_done()) return Step::complete;
  if (const auto length = state.reader->content_length()) {
    if (*length > body_bytes_max) return state.refuse(body_too_large).step;
  }
  state.reader->body_limit(body_bytes_max);
  state.body_bytes_max = body_bytes_max;
  if (state.reader->chunked()) state.chunked.emplace(state.limits.head_bytes_max);
  return Step::more;
}

bool HttpParser::expects_body() const { return !state_->reader->is_done(); }
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
  std::string decoded;
  if (!engine::percent_decode(raw, decoded)) return false;
  if (std::any_of(decoded.begin(), decoded.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }))
    return false;
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
