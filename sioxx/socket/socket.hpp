#pragma once

#include "sioxx/engine/session.hpp"
#include "sioxx/socket/acks.hpp"
#include "sioxx/socket/adapter.hpp"
#include "sioxx/socket/event.hpp"
#include "sioxx/socket/operators.hpp"
#include "sioxx/socket/rooms.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sioxx {

namespace loop {
class Shard;
}
namespace socket {
class LocalNamespace;
class Client;
class Gate;
class Recoveries;
class TaskPlace;
}  // namespace socket

/// Encodes one EVENT packet for any number of receivers. `json_args`: the arguments as JSON text without the
/// brackets (`{"a":1}` or `1,"x"`; empty for none). `order`: see Encoded::order(). Any thread.
engine::EncodedPtr encode_event(std::string_view nsp, std::string_view event, std::string_view json_args,
                                std::uint64_t order = 0);
/// Appends `utf8` as a JSON string, for such a text that is put together by hand. Any thread.
void append_json(std::string& out, std::string_view utf8);

namespace socket {
template <class... Args>
inline constexpr bool has_callback = (std::is_invocable_v<const Args&, std::optional<Answer>> || ...);
}

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
  bool present() const { return stage_ == Stage::connecting || stage_ == Stage::connected; }
  /// It had been here before: same id, rooms and data, and it has been sent what it missed (see
  /// Namespace::recover_as). Known from the connection handlers on; until then id() may still change.
  bool recovered() const { return recovered_; }
  engine::Link link() const;
  loop::Shard& shard() const;
  SocketRef ref();

  // ---- to this client
  template <class... Args>
  void emit(std::string_view event, const Args&... args) {
    emit_array(event, to_array(args...));
  }
  void emit_array(std::string_view event, const boost::json::array& args,
                  std::span<const std::string> attachments = {});
  /// Something encoded before, by encode_event(), for this namespace.
  void send(const engine::EncodedPtr& encoded, engine::Delivery delivery = engine::Delivery::durable);
  /// Asks for an answer: `on_answer` is called once, on this shard; with nothing when none came within
  /// `timeout_ms`, the socket went away, or Acks::waiting_max answers are outstanding already.
  void emit_with_ack(std::string_view event, const boost::json::array& args, std::int64_t timeout_ms,
                     OnAnswer on_answer, std::span<const std::string> attachments = {});
  /// The same for a coroutine, waiting ack_timeout_default_ms (or timeout()): `co_await
  /// socket.emit_with_ack("sure?", id)`; an empty optional is no answer.
  template <class... Args>
  Later<Answer> emit_with_ack(std::string_view event,
                              const Args&... args) requires(!socket::has_callback<Args...>) {
    return DirectOperator(*this).emit_with_ack(event, args...);
  }
  DirectOperator ephemeral() { return DirectOperator(*this).ephemeral(); }
  DirectOperator compress(bool wanted) { return DirectOperator(*this).compress(wanted); }
  DirectOperator timeout(std::int64_t ms) { return DirectOperator(*this).timeout(ms); }

  // ---- to others of its namespace, never to itself
  BroadcastOperator to(std::string_view room);
  BroadcastOperator except(std::string_view room);
  BroadcastOperator broadcast();
  BroadcastOperator local();

  // ---- rooms
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
  friend class socket::Acks;
  friend class socket::Client;
  friend class socket::LocalNamespace;
  friend class socket::Recoveries;
  friend class socket::TaskPlace;
  /// parked: the client has gone and may come back; stays in its rooms and collects what it misses.
  enum class Stage : std::uint8_t { connecting, connected, parked, gone };
  struct Rare;

  Rare& rare();
  void trim_rare();
  void trim_acks();
  socket::Gate* gate(const socket::Room& room);
  void drop_gate(const socket::Room& room);
  void put(const engine::EncodedPtr& encoded, engine::Delivery delivery = engine::Delivery::durable);
  void send_text(std::string_view payload);
  void tell_outgoing(std::string_view packet) const;

  socket::Client* client_;  ///< null once gone
  socket::LocalNamespace* nsp_;
  engine::Id id_;
  std::uint16_t tasks_ = 0;  ///< coroutine handlers that have not ended
  Stage stage_ = Stage::connecting;
  bool recovered_ = false;
  std::unique_ptr<Rare> rare_;  ///< what few sockets have, and only for a while
  std::shared_ptr<void> data_;
};

}  // namespace sioxx
