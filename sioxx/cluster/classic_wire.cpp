// Grammar (socketio-wire §3.1). M is MessagePack, J is JSON; a reader takes either and tells them by the first byte.
//
//   broadcast = M [uid, packet, opts]
//   packet    = {type: 2, data: [event, args…], nsp: N}            nsp absent: "/"
//   opts      = {rooms: [R…], except: [R…], flags: {volatile, compress, timeout}}     flags absent: {}
//   request   = J {type: 0|1|5, uid, requestId, opts or rooms}     who is there, which rooms, fetch
//             | J {type: 2|3, uid?, opts, rooms: [R…]}             join, leave; old: {type, sid, room, requestId}
//             | J {type: 4, uid?, opts, close}                     old: {type, sid, close, requestId}
//             | J {type: 6, uid, requestId?, data: [event, args…]}
//             | M {type: 7, uid, requestId, packet, opts}
//   response  = J {requestId, sockets: [id…]} | J {requestId, rooms: [R…]}
//             | J {requestId, sockets: [{id, handshake, rooms, data}…]}
//             | J {type: 6, requestId, data}  | J {type: 8, requestId, clientCount}  | M {type: 9, requestId, packet}
//
// Ours have one member more, `sioxx: true`, when they answer one of us, who has been told by our own bus.

#include "sioxx/cluster/classic_wire.hpp"

#include "sioxx/engine/utf8.hpp"
#include "sioxx/socket/event.hpp"
#include "sioxx/socket/msgpack.hpp"
#include "sioxx/socket/packet.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

namespace json = boost::json;

namespace sioxx::cluster::classic {
namespace {

constexpr std::int64_t event_type = 2;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

const json::value* member(const json::object& object, std::string_view key) {
  return object.if_contains(key);
}

/// JavaScript lets a room be a number; here it is the text of it, as its channel says.
std::optional<std::string> name_of(const json::value& value) {
  if (const json::string* const text = value.if_string()) return std::string(view(*text));
  if (const std::int64_t* const number = value.if_int64()) return std::to_string(*number);
  return std::nullopt;
}

std::string text_in(const json::object& object, std::string_view key) {
  const json::value* const value = member(object, key);
  return value == nullptr ? std::string() : name_of(*value).value_or(std::string());
}

bool flag_in(const json::object& object, std::string_view key) {
  const json::value* const value = member(object, key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

bool names_in(const json::object& object, std::string_view key, std::vector<std::string>& names) {
  const json::value* const value = member(object, key);
  if (value == nullptr || value->is_null()) return true;
  const json::array* const array = value->if_array();
  if (array == nullptr) return false;
  for (const json::value& one : *array) {
    auto name = name_of(one);
    if (!name) return false;
    names.push_back(std::move(*name));
  }
  return true;
}

/// False: something in it cannot be read. Absent: everybody.
bool target_in(const json::value* value, BroadcastOptions& target, std::int64_t* timeout_ms = nullptr) {
  if (value == nullptr) return true;
  const json::object* const opts = value->if_object();
  if (opts == nullptr || !names_in(*opts, "rooms", target.rooms) || !names_in(*opts, "except", target.except))
    return false;
  const json::value* const flags_value = member(*opts, "flags");
  const json::object* const flags = flags_value == nullptr ? nullptr : flags_value->if_object();
  if (flags == nullptr) return true;
  if (flag_in(*flags, "volatile")) target.delivery = engine::Delivery::ephemeral;
  const json::value* const compress = member(*flags, "compress");
  if (compress != nullptr && compress->is_bool()) target.compress = compress->get_bool();
  const json::value* const timeout = member(*flags, "timeout");
  if (timeout_ms != nullptr && timeout != nullptr && timeout->is_int64()) {
    *timeout_ms = std::clamp<std::int64_t>(timeout->get_int64(), 0, Reader::timeout_ms_max);
  }
  return true;
}

std::vector<std::pair<std::string, std::string>> pairs_in(const json::object& object, std::string_view key) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const json::value* const value = member(object, key);
  if (value == nullptr || !value->is_object()) return pairs;
  for (const auto& one : value->get_object()) {
    if (one.value().is_string())
      pairs.emplace_back(std::string(one.key().data(), one.key().size()), view(one.value().get_string()));
  }
  return pairs;
}

RemoteSocket socket_in(const json::object& object, std::string_view nsp) {
  RemoteSocket socket;
  socket.id = text_in(object, "id");
  socket.nsp = nsp;
  names_in(object, "rooms", socket.rooms);
  std::erase(socket.rooms, socket.id);  // Node lists the room that an id is
  if (const json::value* const data = member(object, "data")) socket.data = *data;
  const json::value* const handshake = member(object, "handshake");
  if (handshake == nullptr || !handshake->is_object()) return socket;
  const json::object& came = handshake->get_object();
  socket.handshake.address = text_in(came, "address");
  socket.handshake.request().url = text_in(came, "url");
  socket.handshake.request().headers = pairs_in(came, "headers");
  socket.handshake.request().query = pairs_in(came, "query");
  socket.handshake.secure = flag_in(came, "secure");
  socket.handshake.cross_origin = flag_in(came, "xdomain");
  const json::value* const issued = member(came, "issued");
  if (issued != nullptr && issued->is_int64()) socket.handshake.issued = issued->get_int64();
  return socket;
}

}  // namespace

// ---- reading

bool Reader::value(std::string_view bytes, json::value& out) {
  attachments_.clear();
  if (bytes.starts_with('{') || bytes.starts_with('[')) return json_.read(bytes, out);
  return socket::read_msgpack(bytes, depth_max, attachments_max, out, attachments_);
}

engine::EncodedPtr Reader::packet(const json::value* packet, std::string_view nsp, bool compress,
                                  std::string& event) {
  const json::object* const object = packet == nullptr ? nullptr : packet->if_object();
  if (object == nullptr) return nullptr;
  const json::value* const type = member(*object, "type");
  const json::value* const data = member(*object, "data");
  const json::value* const its_nsp = member(*object, "nsp");
  const bool here =
      its_nsp == nullptr ? nsp == "/" : its_nsp->is_string() && view(its_nsp->get_string()) == nsp;
  if (!here || type == nullptr || *type != event_type || data == nullptr || !data->is_array()) return nullptr;
  const json::array& array = data->get_array();
  if (array.empty() || !array.front().is_string()) return nullptr;
  event = view(array.front().get_string());
  if (socket::is_reserved(event)) return nullptr;
  const json::array args(array.begin() + 1, array.end());
  engine::Encoded::Builder builder;
  socket::encode_event(builder.buffer(), nsp, event, args, attachments_.size());
  builder.compress(compress);
  return std::move(builder).finish(0, socket::chain_attachments(attachments_, compress));
}

std::optional<Told> Reader::broadcast(std::string_view bytes, std::string_view nsp) {
  json::value all;
  if (!value(bytes, all) || !all.is_array() || all.get_array().size() < 3) return std::nullopt;
  const json::array& parts = all.get_array();
  Told told;
  told.uid = name_of(parts[0]).value_or(std::string());
  if (!target_in(&parts[2], told.target)) return std::nullopt;
  told.message = packet(&parts[1], nsp, told.target.compress, told.event);
  if (told.message == nullptr) return std::nullopt;
  return told;
}

std::optional<Request> Reader::request(std::string_view bytes, std::string_view nsp) {
  json::value all;
  if (!value(bytes, all) || !all.is_object()) return std::nullopt;
  const json::object& object = all.get_object();
  const json::value* const type = member(object, "type");
  if (type == nullptr || !type->is_int64() || type->get_int64() < 0 ||
      type->get_int64() > static_cast<std::int64_t>(Type::ask)) {
    return std::nullopt;
  }
  Request request;
  request.type = static_cast<Type>(type->get_int64());
  request.uid = text_in(object, "uid");
  if (std::string id = text_in(object, "requestId"); !id.empty()) request.id = std::move(id);
  if (!target_in(member(object, "opts"), request.target, &request.timeout_ms)) return std::nullopt;
  if (!names_in(object, "rooms", request.rooms)) return std::nullopt;
  request.close = flag_in(object, "close");
  request.sid = text_in(object, "sid");
  switch (request.type) {
    case Type::sockets: request.target.rooms = std::exchange(request.rooms, {}); break;
    case Type::join:
    case Type::leave:
    case Type::disconnect:
      if (member(object, "opts") != nullptr) break;
      if (request.sid.empty()) return std::nullopt;
      request.target.rooms = {request.sid};
      if (request.type != Type::disconnect) request.rooms = {text_in(object, "room")};
      break;
    case Type::server_side: {
      const json::value* const data = member(object, "data");
      if (data == nullptr || !data->is_array() || data->get_array().empty()) return std::nullopt;
      const json::array& array = data->get_array();
      if (!array.front().is_string()) return std::nullopt;
      request.event = view(array.front().get_string());
      request.args = json::array(array.begin() + 1, array.end());
      break;
    }
    case Type::ask:
      request.message = packet(member(object, "packet"), nsp, request.target.compress, request.event);
      if (request.message == nullptr || !request.id) return std::nullopt;
      break;
    default: break;
  }
  return request;
}

std::optional<Response> Reader::response(std::string_view bytes, std::string_view nsp) {
  json::value all;
  if (!value(bytes, all) || !all.is_object()) return std::nullopt;
  const json::object& object = all.get_object();
  Response response;
  response.id = text_in(object, "requestId");
  if (response.id.empty()) return std::nullopt;
  response.of_our_kind = flag_in(object, "sioxx");
  if (const json::value* const type = member(object, "type"); type != nullptr && type->is_int64())
    response.type = type->get_int64();
  if (const json::value* const sockets = member(object, "sockets");
      sockets != nullptr && sockets->is_array()) {
    for (const json::value& one : sockets->get_array()) {
      if (one.is_object()) response.sockets.push_back(socket_in(one.get_object(), nsp));
    }
  }
  if (const json::value* const count = member(object, "clientCount"); count != nullptr && count->is_int64())
    response.clients = static_cast<std::size_t>(std::max<std::int64_t>(count->get_int64(), 0));
  for (const std::string_view key : {"data", "packet"}) {
    if (const json::value* const said = member(object, key)) response.answer.args.push_back(*said);
  }
  response.answer.attachments = std::exchange(attachments_, {});
  return response;
}

// ---- writing

json::object opts_of(const BroadcastOptions& target) {
  json::object flags;
  if (target.delivery == engine::Delivery::ephemeral) flags["volatile"] = true;
  if (!target.compress) flags["compress"] = false;
  return {{"rooms", json::value_from(target.rooms)},
          {"except", json::value_from(target.except)},
          {"flags", std::move(flags)}};
}

std::optional<json::object> Writer::packet(std::string_view nsp, const engine::Encoded& message) {
  constexpr socket::PacketLimits unlimited{.namespace_bytes_max = std::numeric_limits<std::size_t>::max(),
                                           .event_name_bytes_max = std::numeric_limits<std::size_t>::max(),
                                           .attachments_max = std::numeric_limits<std::uint32_t>::max()};
  socket::Packet packet;
  bool has_payload = false;
  if (socket::parse(message.packet().substr(1), json_, unlimited, packet, has_payload) !=
      socket::Defect::none) {
    return std::nullopt;
  }
  attachments_.clear();
  for (const engine::Encoded* part = message.next().get(); part != nullptr; part = part->next().get())
    attachments_.push_back(part->packet());
  return json::object{{"type", event_type}, {"data", std::move(packet.data)}, {"nsp", nsp}};
}

std::string Writer::broadcast(std::string_view uid, std::string_view nsp, const engine::Encoded& message,
                              const BroadcastOptions& target) {
  std::string out;
  auto packet = this->packet(nsp, message);
  if (!packet) return out;
  socket::write_msgpack(out, json::array{uid, std::move(*packet), opts_of(target)}, attachments_);
  return out;
}

std::string Writer::ask(std::string_view uid, std::string_view id, std::string_view nsp,
                        const engine::Encoded& event, const BroadcastOptions& target,
                        std::int64_t timeout_ms) {
  std::string out;
  auto packet = this->packet(nsp, event);
  if (!packet) return out;
  json::object opts = opts_of(target);
  opts["flags"].get_object()["timeout"] = timeout_ms;
  const json::object request{{"uid", uid},
                             {"requestId", id},
                             {"type", static_cast<std::int64_t>(Type::ask)},
                             {"packet", std::move(*packet)},
                             {"opts", std::move(opts)}};
  socket::write_msgpack(out, request, attachments_);
  return out;
}

json::object describe(const RemoteSocket& socket) {
  const engine::Handshake& came = socket.handshake;
  const auto object = [](const std::vector<std::pair<std::string, std::string>>& pairs) {
    json::object all;
    for (const auto& [name, value] : pairs) {
      if (engine::is_utf8(name) && engine::is_utf8(value)) all[name] = value;
    }
    return all;
  };
  json::array rooms{socket.id};
  for (const std::string& room : socket.rooms) rooms.emplace_back(room);
  return {{"id", socket.id},
          {"handshake",
           json::object{{"headers", object(came.request().headers)},
                        {"time", std::to_string(came.issued)},
                        {"address", came.address},
                        {"xdomain", came.cross_origin},
                        {"secure", came.secure},
                        {"issued", came.issued},
                        {"url", engine::is_utf8(came.request().url) ? came.request().url : std::string()},
                        {"query", object(came.request().query)},
                        {"auth", json::object{}}}},
          {"rooms", std::move(rooms)},
          {"data", socket.data.is_null() ? json::value(json::object{}) : socket.data}};
}

std::string client_ack(std::string_view id, const Answer& answer) {
  std::vector<std::string_view> attachments(answer.attachments.begin(), answer.attachments.end());
  std::string out;
  const json::value first = answer.args.empty() ? json::value(nullptr) : answer.args.front();
  const json::object object{
      {"type", static_cast<std::int64_t>(Type::client_ack)}, {"requestId", id}, {"packet", first}};
  socket::write_msgpack(out, object, attachments);
  return out;
}

std::string text(const json::object& object) {
  std::string out;
  socket::write_json(out, object);
  return out;
}

}  // namespace sioxx::cluster::classic
