//   answer = "HTTP/1.1 " 3DIGIT SP reason CRLF  (name ":" OWS value CRLF)*  CRLF  body of Content-Length

#include "sioxx/net/peer_answer.hpp"

#include "sioxx/net/ascii.hpp"

#include <algorithm>
#include <charconv>

namespace sioxx::net {
namespace {

constexpr std::string_view version = "HTTP/1.1 ";

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool without_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

PeerAnswer::Step PeerAnswer::feed(std::string_view bytes) {
  bytes_ += bytes;
  if (head_bytes_ == 0) {
    const std::size_t end = bytes_.find("\r\n\r\n");
    if (end == std::string::npos) return bytes_.size() > head_bytes_max ? Step::refused : Step::more;
    head_bytes_ = end + 4;
    if (head_bytes_ > head_bytes_max || !read_head()) return Step::refused;
  }
  if (response_.status == 101) return Step::upgraded;
  if (bytes_.size() - head_bytes_ > body_bytes_) return Step::refused;  // nothing was asked that could follow
  return bytes_.size() - head_bytes_ == body_bytes_ ? Step::complete : Step::more;
}

bool PeerAnswer::read_head() {
  std::string_view left = head();
  const auto next_line = [&left] {
    const std::size_t end = left.find("\r\n");
    const std::string_view line = left.substr(0, end);
    left.remove_prefix(end + 2);
    return line;
  };
  const std::string_view first = next_line();
  if (!first.starts_with(version) || !read_number(first.substr(version.size(), 3), response_.status) ||
      response_.status < 101) {
    return false;
  }
  for (std::string_view line = next_line(); !line.empty(); line = next_line()) {
    if (!read_field(line)) return false;
  }
  return (has_length_ || without_body(response_.status)) && body_bytes_ <= body_bytes_max_;
}

bool PeerAnswer::read_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  while (value.starts_with(' ')) value.remove_prefix(1);
  if (equal_ignoring_case(name, "content-length")) {
    has_length_ = true;
    return read_number(value, body_bytes_);
  }
  if (equal_ignoring_case(name, "connection")) keep_alive_ = !equal_ignoring_case(value, "close");
  for (const std::string_view kept :
       {"content-type", "cache-control", "retry-after", "upgrade", "sec-websocket-version"}) {
    if (equal_ignoring_case(name, kept)) response_.headers.emplace_back(name, value);
  }
  return !equal_ignoring_case(name, "transfer-encoding");
}

http::Response PeerAnswer::take() {
  response_.body = bytes_.substr(head_bytes_);
  return std::move(response_);
}

}  // namespace sioxx::net
