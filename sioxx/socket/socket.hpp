#pragma once

#include "sioxx/engine/session.hpp"
#include "sioxx/socket/acks.hpp"
#include "sioxx/socket/adapter.hpp"
#include "sioxx/socket/event.hpp"
#include "sioxx/socket/rooms.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sioxx {

namespace loop {
class Shard;
}
namespace socket {
class LocalNamespace;
class Client;
class Gate;
}  // namespace socket

/// `socket.to("room").except("other").emit(...)`: collects a target, then sends. Lives for one expression.
class BroadcastOperator {
 public:
  BroadcastOperator(Adapter& adapter, std::string_view nsp) : adapter_(adapter), nsp_(nsp) {}
  BroadcastOperator& to(std::string_view room);
  BroadcastOperator& except(std::string_view room);
  /// Dropped for receivers that are behind.
  BroadcastOperator& ephemeral();
  BroadcastOperator& local();
  /// False: not to be compressed on its way (default true; matters only where permessage-deflate is on).
  BroadcastOperator& compress(bool wanted);

  template <class... Args>
  void emit(std::string_view event, const Args&... args) {
    boost::json::array array;
    (array.push_back(boost::json::value_from(args)), ...);
    emit_array(event, array);
  }
  void emit_array(std::string_view event, const boost::json::array& args,
                  std::span<const std::string> attachments = {});
  void send(engine::EncodedPtr encoded);

 private:
  Adapter& adapter_;
  std::string nsp_;
  BroadcastOptions options_;
};

/// Encodes one EVENT packet for any number of receivers. `json_args`: the arguments as JSON text without the
/// brackets (`{"a":1}` or `1,"x"`; empty for none). `order`: see Encoded::order(). Any thread.
engine::EncodedPtr encode_event(std::string_view nsp, std::string_view event, std::string_view json_args,
                                std::uint64_t order = 0);

/// One client in one namespace. Owned by its Client (by shared_ptr only so that a SocketRef can find it
/// gone); used on its home shard's thread only. Sending never calls back into the application. After it has
/// gone everything here is still safe to call and does nothing.
class Socket final : public std::enable_shared_from_this<Socket>, private socket::Member {
 public:
  const engine::Id& id() const { return id_; }  ///< 20 characters; public, unlike the engine's sid
  std::string_view nsp() const;
  /// After the connection handlers have run only the address, the time and the flags are left of it, unless
  /// Options::keep_handshake says otherwise.
  const engine::Handshake& handshake() const;
  /// The CONNECT payload (`{}` when the client sent none). Kept until the connection handlers have run, then
  /// dropped.
  const boost::json::object& auth() const;
  bool connected() const { return stage_ == Stage::connected; }
  /// Not gone: connected, or still on its way through the middleware.
  bool present() const { return stage_ != Stage::gone; }
  engine::Link link() const;
  loop::Shard& shard() const;
  SocketRef ref();

  template <class... Args>
  void emit(std::string_view event, const Args&... args) {
    boost::json::array array;
    (array.push_back(boost::json::value_from(args)), ...);
    emit_array(event, array);
  }
  void emit_array(std::string_view event, const boost::json::array& args,
                  std::span<const std::string> attachments = {});
  void send(const engine::EncodedPtr& encoded, engine::Delivery delivery = engine::Delivery::durable);
  /// Asks for an answer: `on_answer` is called once, on this shard; with nothing when none came within
  /// `timeout_ms`, the socket went away, or Acks::waiting_max answers are outstanding already.
  void emit_with_ack(std::string_view event, const boost::json::array& args, std::int64_t timeout_ms,
                     OnAnswer on_answer);

  /// To everybody else in the room(s).
  BroadcastOperator to(std::string_view room);

  /// False: the socket is in rooms_per_socket_max rooms already, the name is longer than a kilobyte, or the
  /// socket has gone.
  bool join(std::string_view room);
  void leave(std::string_view room);
  bool in(std::string_view room) const;
  std::vector<std::string> rooms() const;

  /// Joins with the gate shut: what the room is sent from now on waits for this socket (at most
  /// hold_messages_max, then the oldest go and release() says so), while a snapshot is fetched. release()
  /// opens it: messages whose order() is in 1…`after` are already in the snapshot and are dropped, also when they
  /// come later; the others are delivered in order. False: messages were lost meanwhile, so the gate stays shut and the snapshot has
  /// to be taken again. leave() or disconnect drops the gate.
  bool join_held(std::string_view room);
  bool release(std::string_view room, std::uint64_t after);
  static constexpr std::size_t hold_messages_max = 1'000;

  /// `close` = the whole connection, else only this namespace.
  void disconnect(bool close = false);

  /// The application's own state of this connection.
  void data(std::shared_ptr<void> value) { data_ = std::move(value); }
  template <class T>
  T* data() const {
    return static_cast<T*>(data_.get());
  }

  Socket(socket::Client& client, socket::LocalNamespace& nsp);  ///< by Client only
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();

 private:
  friend class Ack;
  friend class socket::Client;
  friend class socket::LocalNamespace;
  enum class Stage : std::uint8_t { connecting, connected, gone };

  socket::Gate* gate(const socket::Room& room);
  void drop_gate(const socket::Room& room);
  void send_text(std::string_view payload);

  socket::Client* client_;  ///< null once gone
  socket::LocalNamespace* nsp_;
  engine::Id id_;
  Stage stage_ = Stage::connecting;
  std::unique_ptr<boost::json::object> auth_;
  std::unique_ptr<std::vector<std::unique_ptr<socket::Gate>>> gates_;
  std::unique_ptr<socket::Acks> acks_;
  std::shared_ptr<void> data_;
};

}  // namespace sioxx
