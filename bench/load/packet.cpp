#include "packet.hpp"

#include <charconv>

namespace bench {

namespace {

std::string_view skip_spaces(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

Packet parse_message(std::string_view text) noexcept {
  if (text.empty()) return {};
  const std::string_view body = text.substr(1);
  switch (text.front()) {
    case '0': return {PacketKind::connected, 0, body};
    case '1': return {PacketKind::disconnected, 0, body};
    case '2': return {PacketKind::event, 0, body};
    case '4': return {PacketKind::connect_error, 0, body};
    case '3': {
      std::uint64_t id = 0;
      const auto [rest, error] = std::from_chars(body.data(), body.data() + body.size(), id);
      if (error != std::errc{}) return {};
      return {PacketKind::ack, id, body.substr(static_cast<std::size_t>(rest - body.data()))};
    }
    default: return {};
  }
}

}  // namespace

Packet parse_packet(std::string_view text) noexcept {
  if (text.empty()) return {};
  const std::string_view body = text.substr(1);
  switch (text.front()) {
    case '0': return {PacketKind::open, 0, body};
    case '1': return {PacketKind::close, 0, body};
    case '2': return {PacketKind::ping, 0, body};
    case '3': return {PacketKind::pong, 0, body};
    case '4': return parse_message(body);
    default: return {};
  }
}

bool is_ok(std::string_view ack_body) noexcept {
  if (ack_body.starts_with(R"([{"ok":true)")) return true;
  return ack_body.starts_with("[{") && ack_body.find(R"("ok":true)") != std::string_view::npos;
}

std::string_view FieldFinder::after(std::string_view json) noexcept {
  // One to the left or right as well: a number in front of it has lost or gained a digit.
  for (const std::size_t offset : {last_offset_, last_offset_ + 1, last_offset_ - 1}) {
    if (offset >= json.size() || !json.substr(offset).starts_with(pattern_)) continue;
    last_offset_ = offset;
    return json.substr(offset + pattern_.size());
  }
  const std::size_t found = json.find(pattern_);
  if (found == std::string_view::npos) return {};
  last_offset_ = found;
  return json.substr(found + pattern_.size());
}

std::uint64_t leading_number(std::string_view text, std::uint64_t fallback) noexcept {
  text = skip_spaces(text);
  std::uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && rest != text.data() ? value : fallback;
}

std::string_view leading_string(std::string_view text) noexcept {
  text = skip_spaces(text);
  if (text.empty() || text.front() != '"') return {};
  text.remove_prefix(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return text.substr(0, i);
    }
  }
  return {};
}

}  // namespace bench
