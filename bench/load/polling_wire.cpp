#include "polling_wire.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace bench {

namespace {

constexpr char separator = '\x1e';
constexpr std::size_t head_bytes_max = 16 * 1024;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// The value of a header field of `head`, whose name is given in lower case with its colon; empty when absent.
std::string_view field(std::string_view head, std::string_view name) noexcept {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    if (head.size() - at < name.size()) return {};
    std::size_t same = 0;
    while (same < name.size() && lower(head[at + same]) == name[same]) ++same;
    if (same < name.size()) continue;
    std::string_view value = head.substr(at + name.size());
    value = value.substr(0, value.find("\r\n"));
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return value;
  }
  return {};
}

}  // namespace

HttpAnswer parse_http_answer(std::string_view bytes) noexcept {
  HttpAnswer answer;
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos) {
    if (bytes.size() > head_bytes_max) answer.status = HttpAnswer::Status::invalid;
    return answer;
  }
  const std::string_view head = bytes.substr(0, head_end);
  answer.status = HttpAnswer::Status::invalid;
  if (!head.starts_with("HTTP/1.1 ") || head.size() < 12) return answer;
  if (std::from_chars(head.data() + 9, head.data() + 12, answer.code).ec != std::errc{}) return answer;
  const std::string_view length = field(head, "content-length:");
  std::size_t body_bytes = 0;
  if (std::from_chars(length.data(), length.data() + length.size(), body_bytes).ec != std::errc{})
    return answer;
  answer.bytes = head_end + 4 + body_bytes;
  if (bytes.size() < answer.bytes) {
    answer.status = HttpAnswer::Status::need_more;
    return answer;
  }
  answer.status = HttpAnswer::Status::complete;
  answer.body = bytes.substr(head_end + 4, body_bytes);
  return answer;
}

std::string_view take_packet(std::string_view& payload) noexcept {
  const std::size_t end = payload.find(separator);
  const std::string_view packet = payload.substr(0, end);
  payload.remove_prefix(end == std::string_view::npos ? payload.size() : end + 1);
  return packet;
}

void PollingWire::queue(std::string_view packet) {
  if (!payload_.empty()) payload_ += separator;
  payload_ += packet;
}

void PollingWire::get(std::string& out) {
  is_get_waiting_ = true;
  fmt::format_to(std::back_inserter(out),
                 "GET /socket.io/?EIO=4&transport=polling{}{} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                 has_sid() ? "&sid=" : "", sid_);
}

void PollingWire::post(std::string& out) {
  is_post_waiting_ = true;
  fmt::format_to(std::back_inserter(out),
                 "POST /socket.io/?EIO=4&transport=polling&sid={} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                 "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\n\r\n{}",
                 sid_, payload_.size(), payload_);
  payload_.clear();
}

}  // namespace bench
