// What msgpack.cpp's grammar says, written as notepack.io writes it: the shortest form of everything, whole numbers as
// integers, all others as float64.

#include "sioxx/socket/msgpack.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace json = boost::json;

namespace sioxx::socket {
namespace {

class Writer {
 public:
  Writer(std::string& out, std::span<const std::string_view> attachments)
      : out_(out), attachments_(attachments) {}

  void text(std::string_view text) {
    if (text.size() < 32) {
      byte(0xa0 | text.size());
    } else {
      sized({0xd9, 0xda, 0xdb}, text.size());
    }
    out_ += text;
  }
  void map(std::size_t members) {
    if (members < 16) return byte(0x80 | members);
    sized({0, 0xde, 0xdf}, members);
  }
  void number(std::uint64_t number) {
    if (number < 0x80) return byte(number);
    if (number <= 0xff) return big_endian(0xcc, number, 1);
    if (number <= 0xffff) return big_endian(0xcd, number, 2);
    if (number <= 0xffff'ffff) return big_endian(0xce, number, 4);
    big_endian(0xcf, number, 8);
  }
  void value(const json::value& value);

 private:
  void byte(std::uint64_t value) { out_ += static_cast<char>(value); }
  void big_endian(unsigned mark, std::uint64_t number, std::size_t bytes) {
    byte(mark);
    while (bytes-- > 0) byte(number >> (8 * bytes) & 0xff);
  }
  /// By the shortest of the three marks; the first may be 0, there is none then.
  void sized(std::array<unsigned, 3> marks, std::size_t size) {
    if (size <= 0xff && marks[0] != 0) return big_endian(marks[0], size, 1);
    if (size <= 0xffff) return big_endian(marks[1], size, 2);
    big_endian(marks[2], size, 4);
  }
  void integer(std::int64_t number);
  void real(double number);
  void object(const json::object& members);
  const std::string_view* attachment(const json::object& members) const;

  std::string& out_;
  const std::span<const std::string_view> attachments_;
};

void Writer::integer(std::int64_t value) {
  if (value >= 0) return number(static_cast<std::uint64_t>(value));
  const auto bits = static_cast<std::uint64_t>(value);
  if (value >= -32) return byte(bits & 0xff);
  if (value >= std::numeric_limits<std::int8_t>::min()) return big_endian(0xd0, bits, 1);
  if (value >= std::numeric_limits<std::int16_t>::min()) return big_endian(0xd1, bits, 2);
  if (value >= std::numeric_limits<std::int32_t>::min()) return big_endian(0xd2, bits, 4);
  big_endian(0xd3, bits, 8);
}

/// JavaScript has one kind of number: what is whole is written as an integer.
void Writer::real(double number) {
  constexpr double exact_max = 9007199254740992.0;  // 2^53
  if (std::trunc(number) == number && std::fabs(number) <= exact_max)
    return integer(static_cast<std::int64_t>(number));
  if (!std::isfinite(number)) return byte(0xc0);
  big_endian(0xcb, std::bit_cast<std::uint64_t>(number), 8);
}

const std::string_view* Writer::attachment(const json::object& members) const {
  const json::value* const mark = members.if_contains("_placeholder");
  const json::value* const num = members.if_contains("num");
  if (mark == nullptr || num == nullptr || !mark->is_bool() || !mark->get_bool()) return nullptr;
  std::uint64_t at = attachments_.size();
  if (num->is_int64() && num->get_int64() >= 0) at = static_cast<std::uint64_t>(num->get_int64());
  if (num->is_uint64()) at = num->get_uint64();
  return at < attachments_.size() ? &attachments_[static_cast<std::size_t>(at)] : nullptr;
}

void Writer::object(const json::object& members) {
  if (const std::string_view* const bytes = attachment(members)) {
    sized({0xc4, 0xc5, 0xc6}, bytes->size());
    out_ += *bytes;
    return;
  }
  map(members.size());
  for (const auto& member : members) {
    text({member.key().data(), member.key().size()});
    value(member.value());
  }
}

void Writer::value(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return byte(0xc0);
    case json::kind::bool_: return byte(value.get_bool() ? 0xc3 : 0xc2);
    case json::kind::int64: return integer(value.get_int64());
    case json::kind::uint64: return number(value.get_uint64());
    case json::kind::double_: return real(value.get_double());
    case json::kind::string: return text({value.get_string().data(), value.get_string().size()});
    case json::kind::array:
      if (value.get_array().size() < 16) {
        byte(0x90 | value.get_array().size());
      } else {
        sized({0, 0xdc, 0xdd}, value.get_array().size());
      }
      for (const json::value& element : value.get_array()) this->value(element);
      return;
    case json::kind::object: return object(value.get_object());
  }
}

/// The dialect has no types of its own for packets with binary.
std::uint64_t plain_type(PacketType type) {
  if (type == PacketType::binary_event) type = PacketType::event;
  if (type == PacketType::binary_ack) type = PacketType::ack;
  return static_cast<std::uint64_t>(type);
}

}  // namespace

void encode_msgpack(std::string& out, const Packet& packet, std::span<const std::string_view> attachments) {
  Writer writer(out, attachments);
  const bool has_data = !packet.data.is_null();
  writer.map(2u + (has_data ? 1u : 0u) + (packet.id ? 1u : 0u));
  writer.text("type");
  writer.number(plain_type(packet.type));
  if (has_data) {
    writer.text("data");
    writer.value(packet.data);
  }
  if (packet.id) {
    writer.text("id");
    writer.number(*packet.id);
  }
  writer.text("nsp");
  writer.text(packet.nsp);
}

void write_msgpack(std::string& out, const boost::json::value& value,
                   std::span<const std::string_view> attachments) {
  Writer(out, attachments).value(value);
}

}  // namespace sioxx::socket
