// Grammar (Socket.IO protocol v5, "Packet encoding"):
//
//   packet      = type [attachments "-"] [nsp ","] [id] [json]
//   type        = "0" … "6"          CONNECT DISCONNECT EVENT ACK CONNECT_ERROR BINARY_EVENT BINARY_ACK
//   attachments = 1*2DIGIT           binary types only, 1 … 10
//   nsp         = "/" *CHAR          left out for "/"; the comma may be missing at the end of the packet
//   id          = 1*16DIGIT          at most 2^53
//
//   0{"token":"t"}     0/admin,     1/admin,     2["hello",1]     2/admin,12["hello"]     312["answer"]
//   4/admin,{"message":"no"}
//   51-["file",{"_placeholder":true,"num":0}]        61-12[{"_placeholder":true,"num":0}]

#include "sioxx/socket/packet.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

namespace json = boost::json;

namespace sioxx::socket {
namespace {

constexpr std::array<std::string_view, 6> reserved_events = {
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_binary(PacketType type) { return type == PacketType::binary_event || type == PacketType::binary_ack; }

/// Takes the leading digits; nothing when there are none or the number is above `max`.
std::optional<std::uint64_t> take_number(std::string_view& wire, std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(wire.data(), wire.data() + wire.size(), number);
  if (error != std::errc{} || number > max) return std::nullopt;
  wire.remove_prefix(static_cast<std::size_t>(end - wire.data()));
  return number;
}

/// Every placeholder names one of the attachments. Depth was bounded by the reader.
bool placeholders_fit(const json::value& value, std::size_t attachments) {
  if (const json::array* array = value.if_array()) {
    return std::all_of(array->begin(), array->end(),
                       [&](const json::value& element) { return placeholders_fit(element, attachments); });
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return true;
  const json::value* mark = object->if_contains("_placeholder");
  if (mark != nullptr && mark->is_bool() && mark->get_bool()) {
    const json::value* num = object->if_contains("num");
    return num != nullptr && num->is_int64() && num->get_int64() >= 0 &&
           static_cast<std::uint64_t>(num->get_int64()) < attachments;
  }
  return std::all_of(object->begin(), object->end(),
                     [&](const auto& member) { return placeholders_fit(member.value(), attachments); });
}

Defect check_event(const json::value& data, const PacketLimits& limits) {
  const json::array* array = data.if_array();
  if (array == nullptr || array->empty()) return Defect::payload;
  // The reference takes a number for a name too; who listens for it knows it as text.
  if (array->front().is_number()) return Defect::none;
  const json::string* name = array->front().if_string();
  if (name == nullptr) return Defect::event_name;
  const std::string_view event(name->data(), name->size());
  if (event.size() > limits.event_name_bytes_max || is_reserved(event)) return Defect::event_name;
  return Defect::none;
}

Defect check_payload(const Packet& packet, bool has_payload, const PacketLimits& limits) {
  switch (packet.type) {
    case PacketType::connect: return !has_payload || packet.data.is_object() ? Defect::none : Defect::payload;
    case PacketType::disconnect: return has_payload ? Defect::payload : Defect::none;
    case PacketType::connect_error: return Defect::type;  // only the server says that
    case PacketType::event:
    case PacketType::binary_event: return check_event(packet.data, limits);
    case PacketType::ack:
    case PacketType::binary_ack:
      if (!packet.id) return Defect::id;
      return packet.data.is_array() ? Defect::none : Defect::payload;
  }
  return Defect::type;
}

void append_number(std::string& out, std::uint64_t number) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

void append_head(std::string& out, PacketType type, std::string_view nsp, std::size_t attachments = 0) {
  out += static_cast<char>('0' + static_cast<int>(type));
  if (attachments > 0) {
    append_number(out, attachments);
    out += '-';
  }
  if (nsp != "/") out.append(nsp) += ',';
}

}  // namespace

std::string_view text(Defect defect) {
  switch (defect) {
    case Defect::none: return "none";
    case Defect::type: return "packet type";
    case Defect::attachments: return "attachments";
    case Defect::nsp: return "namespace";
    case Defect::id: return "ack id";
    case Defect::json: return "json";
    case Defect::msgpack: return "msgpack";
    case Defect::payload: return "payload";
    case Defect::event_name: return "event name";
  }
  return "unknown";
}

bool is_reserved(std::string_view event) {
  return std::find(reserved_events.begin(), reserved_events.end(), event) != reserved_events.end();
}

Defect check(const Packet& packet, bool has_payload, const PacketLimits& limits) {
  const Defect defect = check_payload(packet, has_payload, limits);
  if (defect != Defect::none) return defect;
  const bool fit = packet.attachments == 0 || placeholders_fit(packet.data, packet.attachments);
  return fit ? Defect::none : Defect::attachments;
}

Defect parse(std::string_view wire, JsonReader& reader, const PacketLimits& limits, Packet& packet,
             bool& has_payload) {
  if (wire.empty() || wire.front() < '0' || wire.front() > '6') return Defect::type;
  packet.type = static_cast<PacketType>(wire.front() - '0');
  wire.remove_prefix(1);

  if (is_binary(packet.type)) {
    const auto count = take_number(wire, limits.attachments_max);
    if (!count || *count == 0 || wire.empty() || wire.front() != '-') return Defect::attachments;
    packet.attachments = static_cast<std::size_t>(*count);
    wire.remove_prefix(1);
  }
  if (!wire.empty() && wire.front() == '/') {
    const std::size_t comma = std::min(wire.find(','), wire.size());
    if (comma > limits.namespace_bytes_max) return Defect::nsp;
    packet.nsp = wire.substr(0, comma);
    wire.remove_prefix(std::min(comma + 1, wire.size()));
  }
  if (!wire.empty() && is_digit(wire.front())) {
    packet.id = take_number(wire, ack_id_max);
    if (!packet.id) return Defect::id;
  }
  has_payload = !wire.empty();
  return has_payload && !reader.read(wire, packet.data) ? Defect::json : Defect::none;
}

Defect decode(std::string_view wire, JsonReader& reader, const PacketLimits& limits, Packet& packet) {
  bool has_payload = false;
  const Defect defect = parse(wire, reader, limits, packet, has_payload);
  return defect != Defect::none ? defect : check(packet, has_payload, limits);
}

void encode_connect(std::string& out, std::string_view nsp, std::string_view socket_id,
                    std::string_view pid) {
  append_head(out, PacketType::connect, nsp);
  out.append(R"({"sid":")").append(socket_id);
  if (!pid.empty()) out.append(R"(","pid":")").append(pid);
  out += R"("})";
}

void encode_connect_error(std::string& out, std::string_view nsp, std::string_view message,
                          const json::object& data) {
  append_head(out, PacketType::connect_error, nsp);
  out += R"({"message":)";
  write_json(out, message);
  if (!data.empty()) {
    out += R"(,"data":)";
    write_json(out, data);
  }
  out += '}';
}

void encode_disconnect(std::string& out, std::string_view nsp) {
  append_head(out, PacketType::disconnect, nsp);
}

void encode_event(std::string& out, std::string_view nsp, std::string_view event, const json::array& args,
                  std::size_t attachments, std::optional<std::uint64_t> ack_id) {
  append_head(out, attachments > 0 ? PacketType::binary_event : PacketType::event, nsp, attachments);
  if (ack_id) append_number(out, *ack_id);
  out += '[';
  write_json(out, event);
  if (!args.empty()) {
    out += ',';
    write_elements(out, args);
  }
  out += ']';
}

void encode_ack(std::string& out, std::string_view nsp, std::uint64_t id, std::string_view args_text) {
  append_head(out, PacketType::ack, nsp);
  append_number(out, id);
  out += args_text;
}

void encode_ack(std::string& out, std::string_view nsp, std::uint64_t id, const json::array& args,
                std::size_t attachments) {
  append_head(out, attachments > 0 ? PacketType::binary_ack : PacketType::ack, nsp, attachments);
  append_number(out, id);
  out += '[';
  write_elements(out, args);
  out += ']';
}

engine::EncodedPtr chain_attachments(std::span<const std::string> attachments, bool compress) {
  engine::EncodedPtr next;
  for (auto at = attachments.rbegin(); at != attachments.rend(); ++at) {
    next = engine::Encoded::binary(*at, std::move(next), compress);
  }
  return next;
}

}  // namespace sioxx::socket
