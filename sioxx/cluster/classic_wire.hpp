#pragma once

#include "sioxx/engine/encoded.hpp"
#include "sioxx/socket/adapter.hpp"
#include "sioxx/socket/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sioxx::cluster::classic {

// What Node's @socket.io/redis-adapter and every @socket.io/redis-emitter write (socketio-wire §3.1, §3.2; the grammar
// stands in classic_wire.cpp). What is read is a value to judge: nothing for what cannot be read.

/// An event for clients, as it was found on the bus.
struct Told {
  std::string uid;
  std::string event;
  BroadcastOptions target;
  engine::EncodedPtr message;
};

enum class Type : std::uint8_t {
  sockets,
  rooms,
  join,
  leave,
  disconnect,
  fetch,
  server_side,
  ask,
  client_count,
  client_ack
};

constexpr std::int64_t number_of(Type type) { return static_cast<std::int64_t>(type); }

struct Request {
  Type type = Type::sockets;
  std::string uid;                ///< empty: an emitter's
  std::optional<std::string> id;  ///< absent: no answer is wanted
  BroadcastOptions target;
  std::vector<std::string> rooms;   ///< join, leave
  bool close = false;               ///< disconnect
  std::string sid;                  ///< join, leave, disconnect in their old form: one socket, and …
  std::string event;                ///< server_side, ask
  boost::json::array args;          ///< server_side
  engine::EncodedPtr message;       ///< ask
  std::int64_t timeout_ms = 5'000;  ///< ask
};

struct Response {
  std::string id;
  std::optional<std::int64_t> type;
  bool of_our_kind = false;  ///< says nothing: a sioxx process, which its own bus has asked
  std::vector<RemoteSocket> sockets;
  std::size_t clients = 0;
  Answer answer;
};

class Reader {
 public:
  static constexpr std::size_t depth_max = 64;
  static constexpr std::size_t attachments_max = 256;
  static constexpr std::int64_t timeout_ms_max = 600'000;

  /// `nsp`: the channel's; another one in the packet is nothing.
  std::optional<Told> broadcast(std::string_view bytes, std::string_view nsp);
  std::optional<Request> request(std::string_view bytes, std::string_view nsp);
  std::optional<Response> response(std::string_view bytes, std::string_view nsp);

 private:
  /// JSON or MessagePack; the first byte tells.
  bool value(std::string_view bytes, boost::json::value& out);
  engine::EncodedPtr packet(const boost::json::value* packet, std::string_view nsp, bool compress,
                            std::string& event);

  socket::JsonReader json_{depth_max};
  std::vector<std::string> attachments_;  ///< of the last value
};

class Writer {
 public:
  /// Empty: the message cannot be read (somebody has emitted raw text that is no JSON).
  std::string broadcast(std::string_view uid, std::string_view nsp, const engine::Encoded& message,
                        const BroadcastOptions& target);
  std::string ask(std::string_view uid, std::string_view id, std::string_view nsp,
                  const engine::Encoded& event, const BroadcastOptions& target, std::int64_t timeout_ms);

 private:
  std::optional<boost::json::object> packet(std::string_view nsp, const engine::Encoded& message);
  socket::JsonReader json_{512};
  std::vector<std::string_view> attachments_;
};

boost::json::object opts_of(const BroadcastOptions& target);
/// As Node's RemoteSocket has it.
boost::json::object describe(const RemoteSocket& socket);
std::string client_ack(std::string_view id, const Answer& answer);
std::string text(const boost::json::object& object);

}  // namespace sioxx::cluster::classic
