// Grammar (MessagePack, as notepack.io writes it; socketio-wire §3.0 and §3.8):
//
//   packet = map of  "type": 0 … 4          CONNECT DISCONNECT EVENT ACK CONNECT_ERROR; binary ones are not needed
//                    "nsp":  str
//                    "data": array; CONNECT: map or absent; DISCONNECT: absent; CONNECT_ERROR: map
//                    "id":   integer        EVENT: absent when no answer is wanted
//                    anything else          not looked at ("options":{"compress":true})
//   value  = nil | bool | integer | float | str | bin | array | map with str keys
//          | ext -1 of 4, 8, 12 bytes       a time: seconds; nanoseconds and seconds
//          | ext  0 of 1, 8 bytes           old forms: undefined; a Date in milliseconds
//          | ext  0 by ext8, ext16, ext32   old form: bin
//
//   83 a4"type" 00 a4"data" 81 a5"token" a1"t" a3"nsp" a1"/"

#include "sioxx/socket/msgpack.hpp"

#include "sioxx/engine/utf8.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <utility>

namespace json = boost::json;

namespace sioxx::socket {
namespace {

constexpr std::uint64_t nanoseconds_a_millisecond = 1'000'000;
/// What is reserved before the elements have been seen: a count is only a claim.
constexpr std::size_t reserved_elements_max = 1'024;

/// What JSON.stringify makes of a Date; null beyond the years that it writes with four digits.
json::value date_text(std::int64_t ms) {
  constexpr std::int64_t first_ms = -62'167'219'200'000;  // 0000-01-01
  constexpr std::int64_t last_ms = 253'402'300'799'999;   // 9999-12-31
  if (ms < first_ms || ms > last_ms) return nullptr;
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[96];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return json::value(text);
}

class Reader {
 public:
  Reader(std::string_view wire, std::size_t depth_max, std::size_t attachments_max)
      : rest_(wire), depth_max_(depth_max), attachments_max_(attachments_max) {}

  bool at_end() const { return rest_.empty(); }
  bool value(json::value& out, std::size_t depth);
  bool text(std::string_view& out);
  std::optional<std::size_t> map_size();
  /// Why it failed: too many attachments, else broken.
  bool too_many() const { return too_many_; }

  Attachments attachments;

 private:
  std::optional<std::uint64_t> big_endian(std::size_t bytes);
  std::optional<std::string_view> bytes(std::optional<std::uint64_t> size);
  bool string(std::optional<std::uint64_t> size, json::value& out);
  bool binary(std::optional<std::uint64_t> size, json::value& out);
  bool array(std::optional<std::uint64_t> size, json::value& out, std::size_t depth);
  bool map(std::optional<std::uint64_t> size, json::value& out, std::size_t depth);
  bool extension(std::optional<std::uint64_t> size, bool fixed, json::value& out);
  template <class Signed>
  bool integer(json::value& out);
  static bool put(json::value& out, json::value value) {
    out = std::move(value);
    return true;
  }
  static bool real(double number, json::value& out) {
    return put(out, std::isfinite(number) ? json::value(number) : json::value(nullptr));
  }

  std::string_view rest_;
  const std::size_t depth_max_;
  const std::size_t attachments_max_;
  bool too_many_ = false;
};

std::optional<std::uint64_t> Reader::big_endian(std::size_t size) {
  if (rest_.size() < size) return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < size; ++i) number = number << 8 | static_cast<unsigned char>(rest_[i]);
  rest_.remove_prefix(size);
  return number;
}

std::optional<std::string_view> Reader::bytes(std::optional<std::uint64_t> size) {
  if (!size || *size > rest_.size()) return std::nullopt;
  const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(*size));
  rest_.remove_prefix(taken.size());
  return taken;
}

bool Reader::string(std::optional<std::uint64_t> size, json::value& out) {
  const auto taken = bytes(size);
  if (!taken || !engine::is_utf8(*taken)) return false;
  out = json::string_view(taken->data(), taken->size());
  return true;
}

bool Reader::binary(std::optional<std::uint64_t> size, json::value& out) {
  const auto taken = bytes(size);
  if (!taken) return false;
  too_many_ = attachments.size() >= attachments_max_;
  if (too_many_) return false;
  out = placeholder(attachments.size());
  attachments.emplace_back(*taken);
  return true;
}

bool Reader::array(std::optional<std::uint64_t> size, json::value& out, std::size_t depth) {
  if (!size || *size > rest_.size() || depth >= depth_max_) return false;
  json::array elements;
  elements.reserve(std::min(static_cast<std::size_t>(*size), reserved_elements_max));
  for (std::uint64_t i = 0; i < *size; ++i) {
    elements.emplace_back(nullptr);
    if (!value(elements.back(), depth + 1)) return false;
  }
  out = std::move(elements);
  return true;
}

bool Reader::map(std::optional<std::uint64_t> size, json::value& out, std::size_t depth) {
  if (!size || *size > rest_.size() / 2 || depth >= depth_max_) return false;
  json::object members;
  members.reserve(std::min(static_cast<std::size_t>(*size), reserved_elements_max));
  for (std::uint64_t i = 0; i < *size; ++i) {
    std::string_view key;
    if (!text(key)) return false;
    json::value member;
    if (!value(member, depth + 1)) return false;
    members.insert_or_assign(json::string_view(key.data(), key.size()), std::move(member));
  }
  out = std::move(members);
  return true;
}

bool Reader::extension(std::optional<std::uint64_t> size, bool fixed, json::value& out) {
  constexpr std::uint64_t old_form = 0, timestamp = 0xff;
  const auto type = big_endian(1);
  if (!type || !size) return false;
  if (*type == old_form && !fixed) return binary(size, out);
  if (*type == old_form && *size == 1) {
    out = nullptr;
    return bytes(1).has_value();
  }
  if (*type == old_form && *size == 8) {
    const auto ms = big_endian(8);
    if (ms) out = date_text(std::bit_cast<std::int64_t>(*ms));
    return ms.has_value();
  }
  if (*type != timestamp) return false;
  std::optional<std::uint64_t> nanoseconds = 0, seconds;
  if (*size == 4) {
    seconds = big_endian(4);
  } else if (*size == 8) {
    const auto both = big_endian(8);
    if (!both) return false;
    nanoseconds = *both >> 34;
    seconds = *both & ((std::uint64_t{1} << 34) - 1);
  } else if (*size == 12) {
    nanoseconds = big_endian(4);
    seconds = big_endian(8);
  }
  if (!seconds || !nanoseconds) return false;
  const auto whole = std::bit_cast<std::int64_t>(*seconds);
  constexpr std::int64_t sane_s = std::int64_t{1} << 40;
  const auto part = static_cast<std::int64_t>(*nanoseconds / nanoseconds_a_millisecond);
  return put(out, whole > -sane_s && whole < sane_s ? date_text(whole * 1'000 + part) : json::value(nullptr));
}

template <class Signed>
bool Reader::integer(json::value& out) {
  const auto bits = big_endian(sizeof(Signed));
  if (!bits) return false;
  return put(out, static_cast<std::int64_t>(static_cast<Signed>(*bits)));
}

bool Reader::value(json::value& out, std::size_t depth) {
  const auto first = big_endian(1);
  if (!first) return false;
  const auto byte = static_cast<unsigned>(*first);
  if (byte <= 0x7f) return put(out, static_cast<std::int64_t>(byte));
  if (byte <= 0x8f) return map(byte & 0x0f, out, depth);
  if (byte <= 0x9f) return array(byte & 0x0f, out, depth);
  if (byte <= 0xbf) return string(byte & 0x1f, out);
  if (byte >= 0xe0) return put(out, static_cast<std::int64_t>(byte) - 0x100);
  switch (byte) {
    case 0xc0: return put(out, nullptr);
    case 0xc2: return put(out, false);
    case 0xc3: return put(out, true);
    case 0xc4: return binary(big_endian(1), out);
    case 0xc5: return binary(big_endian(2), out);
    case 0xc6: return binary(big_endian(4), out);
    case 0xc7: return extension(big_endian(1), false, out);
    case 0xc8: return extension(big_endian(2), false, out);
    case 0xc9: return extension(big_endian(4), false, out);
    case 0xca: {
      const auto bits = big_endian(4);
      return bits && real(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(*bits))), out);
    }
    case 0xcb: {
      const auto bits = big_endian(8);
      return bits && real(std::bit_cast<double>(*bits), out);
    }
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf: {
      const auto number = big_endian(std::size_t{1} << (byte - 0xcc));
      if (!number) return false;
      const bool fits = *number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      return put(out, fits ? json::value(static_cast<std::int64_t>(*number)) : json::value(*number));
    }
    case 0xd0: return integer<std::int8_t>(out);
    case 0xd1: return integer<std::int16_t>(out);
    case 0xd2: return integer<std::int32_t>(out);
    case 0xd3: return integer<std::int64_t>(out);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8: return extension(std::uint64_t{1} << (byte - 0xd4), true, out);
    case 0xd9: return string(big_endian(1), out);
    case 0xda: return string(big_endian(2), out);
    case 0xdb: return string(big_endian(4), out);
    case 0xdc: return array(big_endian(2), out, depth);
    case 0xdd: return array(big_endian(4), out, depth);
    case 0xde: return map(big_endian(2), out, depth);
    case 0xdf: return map(big_endian(4), out, depth);
    default: return false;  // 0xc1 is never used
  }
}

/// A str where only a str may stand: a key, or the namespace.
bool Reader::text(std::string_view& out) {
  const auto first = big_endian(1);
  if (!first) return false;
  std::optional<std::uint64_t> size;
  if (*first >= 0xa0 && *first <= 0xbf) {
    size = *first & 0x1f;
  } else if (*first >= 0xd9 && *first <= 0xdb) {
    size = big_endian(std::size_t{1} << (*first - 0xd9));
  }
  const auto taken = bytes(size);
  if (!taken || !engine::is_utf8(*taken)) return false;
  out = *taken;
  return true;
}

std::optional<std::size_t> Reader::map_size() {
  const auto first = big_endian(1);
  if (!first) return std::nullopt;
  std::optional<std::uint64_t> size;
  if (*first >= 0x80 && *first <= 0x8f) size = *first & 0x0f;
  if (*first == 0xde) size = big_endian(2);
  if (*first == 0xdf) size = big_endian(4);
  if (!size || *size > rest_.size() / 2) return std::nullopt;
  return static_cast<std::size_t>(*size);
}

/// The members of the packet's map, each at most once.
struct Members {
  std::optional<json::value> type, id, data;
  std::optional<std::string_view> nsp;
};

Defect read_members(Reader& reader, Members& members) {
  const auto count = reader.map_size();
  if (!count) return Defect::msgpack;
  for (std::size_t i = 0; i < *count; ++i) {
    std::string_view key;
    if (!reader.text(key)) return Defect::msgpack;
    if (key == "nsp") {
      std::string_view nsp;
      if (members.nsp || !reader.text(nsp)) return Defect::nsp;
      members.nsp = nsp;
      continue;
    }
    std::optional<json::value>* const member = key == "type"   ? &members.type
                                               : key == "id"   ? &members.id
                                               : key == "data" ? &members.data
                                                               : nullptr;
    const std::size_t attachments = reader.attachments.size();
    json::value value;
    if (!reader.value(value, 1)) return reader.too_many() ? Defect::attachments : Defect::msgpack;
    if (member == &members.data && !*member) {
      *member = std::move(value);
    } else {
      if (member != nullptr && *member) return Defect::msgpack;
      if (member != nullptr) *member = std::move(value);
      reader.attachments.resize(attachments);  // only data carries any
    }
  }
  return reader.at_end() ? Defect::none : Defect::msgpack;
}

bool is_namespace(std::string_view nsp, std::size_t bytes_max) {
  return nsp.starts_with('/') && nsp.size() <= bytes_max && nsp.find(',') == std::string_view::npos;
}

}  // namespace

Defect decode_msgpack(std::string_view wire, std::size_t depth_max, const PacketLimits& limits,
                      Packet& packet, Attachments& attachments) {
  Reader reader(wire, depth_max, limits.attachments_max);
  Members members;
  const Defect broken = read_members(reader, members);
  if (broken != Defect::none) return broken;

  const std::int64_t* const type = members.type ? members.type->if_int64() : nullptr;
  if (type == nullptr || *type < 0 || *type > static_cast<std::int64_t>(PacketType::connect_error))
    return Defect::type;
  packet.type = static_cast<PacketType>(*type);
  if (!members.nsp || !is_namespace(*members.nsp, limits.namespace_bytes_max)) return Defect::nsp;
  packet.nsp = *members.nsp;
  if (members.id) {
    const std::int64_t* const id = members.id->if_int64();
    if (id == nullptr || *id < 0 || static_cast<std::uint64_t>(*id) > ack_id_max) return Defect::id;
    packet.id = static_cast<std::uint64_t>(*id);
  }
  // python-socketio leaves an id of 0 out; an ACK without an id means nothing else.
  if (packet.type == PacketType::ack && !packet.id) packet.id = 0;
  // Some encoders write nil where JavaScript leaves the member out.
  const bool has_payload = members.data && !members.data->is_null();
  if (has_payload) packet.data = std::move(*members.data);
  packet.attachments = reader.attachments.size();
  attachments = std::move(reader.attachments);
  return check(packet, has_payload, limits);
}

bool read_msgpack(std::string_view wire, std::size_t depth_max, std::size_t attachments_max,
                  boost::json::value& out, Attachments& attachments) {
  Reader reader(wire, depth_max, attachments_max);
  if (!reader.value(out, 0) || !reader.at_end()) return false;
  attachments = std::move(reader.attachments);
  return true;
}

}  // namespace sioxx::socket
