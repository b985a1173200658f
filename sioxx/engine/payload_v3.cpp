#include "sioxx/engine/base64.hpp"
#include "sioxx/engine/payload.hpp"
#include "sioxx/engine/utf8.hpp"

#include <charconv>
#include <optional>

// Grammar (Engine.IO protocol v3, "Payload"): as text, for clients that take no bytes and for payloads without
// binary; as bytes for the others.
//
//   text payload = 1*( length ":" packet )              6:4hello10:b4AQIDBA==2:2
//   length       = 1*DIGIT                              in UTF-16 units, as JavaScript counts
//   packet       = text packet | "b4" base64
//
//   byte payload = 1*( %x00 size text packet | %x01 size %x04 *BYTE )
//   size         = 1*( %x00 … %x09 ) %xff               decimal digits as bytes; what follows, in bytes
//
//   00 06 ff 34 68 65 6c 6c 6f   01 05 ff 04 01 02 03 04
//
// An empty body, a length that is none, that is zero or that does not fit make the payload bad.

namespace sioxx::engine {
namespace {

constexpr std::string_view base64_prefix = "b4";
constexpr char binary_type = static_cast<char>(PacketType::message);
constexpr char text_mark = '\x00';
constexpr char binary_mark = '\x01';
constexpr char size_end = '\xff';
constexpr std::size_t length_digits_max = 10;

/// UTF-16 units that a character whose first byte this is takes; 0 for a byte that continues one.
std::size_t units_of(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  if ((value & 0xc0) == 0x80) return 0;
  return value >= 0xf0 ? 2 : 1;
}

std::size_t utf16_length(std::string_view text) {
  std::size_t units = 0;
  for (const char byte : text) units += units_of(byte);
  return units;
}

/// The leading characters that are `units` long together; nothing when there are fewer, or when the count ends
/// within one.
std::optional<std::string_view> leading_units(std::string_view text, std::size_t units) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t more = units_of(text[at]);
    if (more > units) break;
    units -= more;
    ++at;
  }
  const bool within_character = at < text.size() && units_of(text[at]) == 0;
  if (units > 0 || within_character) return std::nullopt;
  return text.substr(0, at);
}

/// What stands in front of a packet.
std::string head_of(PayloadForm form, char mark, std::size_t length) {
  std::string digits = std::to_string(length);
  if (form == PayloadForm::v3_text) return digits + ':';
  for (char& digit : digits) digit = static_cast<char>(digit - '0');
  return mark + digits + size_end;
}

}  // namespace

bool PayloadReader::take_v3_text(Packet& packet) {
  std::size_t units = 0;
  const std::string_view head = rest_.substr(0, length_digits_max + 1);
  const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), units);
  if (error != std::errc{} || end == head.data() + head.size() || *end != ':' || units == 0) return false;
  rest_.remove_prefix(static_cast<std::size_t>(end - head.data()) + 1);
  const auto wire = leading_units(rest_, units);
  if (!wire) return false;
  rest_.remove_prefix(wire->size());
  ended_ = rest_.empty();
  if (wire->starts_with(base64_prefix)) return take_base64(wire->substr(base64_prefix.size()), packet);
  const auto decoded = decode_text(*wire);
  if (decoded) packet = *decoded;
  return decoded.has_value();
}

bool PayloadReader::take_v3_bytes(Packet& packet) {
  if (rest_.empty() || (rest_.front() != text_mark && rest_.front() != binary_mark)) return false;
  const bool binary = rest_.front() == binary_mark;
  std::size_t size = 0;
  std::size_t at = 1;
  for (; at < rest_.size() && rest_[at] != size_end; ++at) {
    const auto digit = static_cast<unsigned char>(rest_[at]);
    if (digit > 9 || at > length_digits_max) return false;
    size = size * 10 + digit;
  }
  if (at == 1 || at >= rest_.size() || size == 0 || size > rest_.size() - at - 1) return false;
  const std::string_view wire = rest_.substr(at + 1, size);
  rest_.remove_prefix(at + 1 + size);
  ended_ = rest_.empty();
  if (binary) {
    packet = Packet{PacketType::message, true, wire.substr(1)};
    return wire.front() == binary_type;
  }
  const auto decoded = is_utf8(wire) ? decode_text(wire) : std::nullopt;
  if (decoded) packet = *decoded;
  return decoded.has_value();
}

bool PayloadWriter::add_text_v3(std::string_view packet) {
  const std::size_t length = form_ == PayloadForm::v3_text ? utf16_length(packet) : packet.size();
  const std::string head = head_of(form_, text_mark, length);
  if (!has_room_for(head.size() + packet.size())) return false;
  body_.append(head).append(packet);
  return true;
}

bool PayloadWriter::add_binary_v3(std::string_view bytes) {
  const bool as_text = form_ == PayloadForm::v3_text;
  const std::size_t size = as_text ? base64_prefix.size() + base64_size(bytes.size()) : 1 + bytes.size();
  const std::string head = head_of(form_, binary_mark, size);
  if (!has_room_for(head.size() + size)) return false;
  body_ += head;
  if (as_text) {
    body_ += base64_prefix;
    base64_encode(bytes, body_);
  } else {
    body_ += binary_type;
    body_ += bytes;
  }
  return true;
}

}  // namespace sioxx::engine
