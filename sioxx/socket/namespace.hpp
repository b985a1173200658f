#pragma once

#include "sioxx/engine/close_reason.hpp"
#include "sioxx/socket/socket.hpp"
#include "sioxx/socket/task.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sioxx {

/// Why a connection to a namespace is refused: becomes CONNECT_ERROR `{message, data}`.
struct ConnectError {
  std::string message;
  boost::json::object data;
};
/// Why an event is refused.
using EventError = ConnectError;

/// Lets a middleware answer, at once or later, once; from any thread (elsewhere than on the socket's shard it
/// travels there). Dropped unanswered: refused.
class Next {
 public:
  using Done = std::function<void(std::optional<ConnectError>)>;
  /// `dropped`: a literal, what is said when nobody answers.
  explicit Next(Done done, const char* dropped = "Connection refused")
      : done_(std::move(done)), dropped_(dropped) {}
  Next(Next&& other) noexcept : done_(std::exchange(other.done_, nullptr)), dropped_(other.dropped_) {}
  Next& operator=(Next&& other) noexcept {
    std::swap(done_, other.done_);
    std::swap(dropped_, other.dropped_);
    return *this;
  }
  ~Next();
  void operator()() { finish(std::nullopt); }
  void refuse(ConnectError error) { finish(std::move(error)); }

 private:
  void finish(std::optional<ConnectError> error);
  Done done_;
  const char* dropped_;
};

/// The right to answer a server-side event, once, from any thread. Dropped unanswered (or when nobody asked):
/// nothing is said, and the asker counts it as missing.
class ServerSideReply {
 public:
  using Done = std::function<void(std::optional<boost::json::array>)>;
  explicit ServerSideReply(Done done = {}) : done_(std::move(done)) {}
  ServerSideReply(ServerSideReply&& other) noexcept : done_(std::exchange(other.done_, nullptr)) {}
  ServerSideReply& operator=(ServerSideReply&& other) noexcept {
    std::swap(done_, other.done_);
    return *this;
  }
  ~ServerSideReply() { finish(std::nullopt); }
  template <class... Args>
  void operator()(const Args&... args) {
    finish(to_array(args...));
  }
  explicit operator bool() const { return done_ != nullptr; }

 private:
  void finish(std::optional<boost::json::array> args);
  Done done_;
};

/// An event as it goes out to one client: the text of its packet (`2["hello",1]`), binary as placeholders.
class Outgoing {
 public:
  explicit Outgoing(std::string_view packet) : packet_(packet) {}
  std::string_view packet() const { return packet_; }
  /// Name first, then the arguments; read from the packet each time that it is asked.
  boost::json::array event() const;

 private:
  std::string_view packet_;
};

using EventHandler = std::function<void(Socket&, Event&)>;
using Middleware = std::function<void(Socket&, Next)>;
using EventMiddleware = std::function<void(Socket&, Event&, Next)>;
using AnyHandler = std::function<void(Socket&, const Event&)>;
using OutgoingHandler = std::function<void(const Socket&, const Outgoing&)>;
using RefusedHandler = std::function<void(Socket&, Event&, const EventError&)>;
using ServerSideHandler = std::function<void(const boost::json::array& args, ServerSideReply reply)>;
/// Whether a pattern means this name. Called on any shard, so it shares nothing that changes.
using NamespaceFilter = std::function<bool(std::string_view name)>;

/// A coroutine as a handler: takes the event by value, so that it has it until it ends.
template <class H>
concept CoroutineEventHandler = requires(const H& handler, Socket& socket, Event event) {
  { handler(socket, std::move(event)) } -> std::same_as<Task>;
};
/// What must not compile: a coroutine that would look at an event which has gone.
template <class H>
concept CoroutineByReference = requires(const H& handler, Socket& socket, Event& event) {
  { handler(socket, event) } -> std::same_as<Task>;
};
template <class H>
concept CoroutineSocketHandler = requires(const H& handler, Socket& socket) {
  { handler(socket) } -> std::same_as<Task>;
};

/// Handlers of one namespace, or of all that a pattern makes. Filled before Server::run(), immutable afterwards (so
/// there is no off()), shared by all shards: one table for any number of sockets; handlers are registered here and
/// not on each socket. They run on the socket's shard. A handler that throws is logged and costs nobody the
/// connection.
///
///   CONNECT: use… -> answer -> on_connect…       event: on_any… -> use_event… -> its handler or on_unknown
class Namespace {
 public:
  explicit Namespace(std::string name, NamespaceFilter filter = {})
      : name_(std::move(name)), filter_(std::move(filter)) {}
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  /// Of a pattern: a label of ours (`/_0`), to which nobody can connect.
  const std::string& name() const { return name_; }
  bool is_pattern() const { return filter_ != nullptr; }

  // ---- before the server runs -----------------------------------------------------------------------------
  /// Called in order for every CONNECT, before the client is told; each must let it pass.
  Namespace& use(Middleware middleware);
  /// Called in order for every event of every socket, before its handler; each must let it pass. The event may be
  /// changed, and stays where it is until the Next is answered (look at it on the socket's shard only). While one
  /// is being thought about, later events of the same socket wait for it, in order; beyond
  /// Options::events_waiting_max of them (or …_bytes_max) they are refused at once.
  Namespace& use_event(EventMiddleware middleware);
  /// Told of every refused event, and may ack it. Without such a handler an event that asked for an ack is acked
  /// with `{"error":{"message":…,"data":…}}`, and any other is dropped.
  Namespace& on_refused(RefusedHandler handler);

  /// After the CONNECT answer is queued, so events emitted here follow it.
  Namespace& on_connect(std::function<void(Socket&)> handler);
  /// The socket is still readable (rooms included), but sends nothing any more.
  Namespace& on_disconnect(std::function<void(Socket&, CloseReason)> handler);
  /// One handler an event: a later one takes the place of the first.
  Namespace& on(std::string event, EventHandler handler);
  /// For events that have no handler.
  Namespace& on_unknown(EventHandler handler);
  /// Sees every event that arrives, before the middleware; prepend_any: before those that are there.
  Namespace& on_any(AnyHandler listener);
  Namespace& prepend_any(AnyHandler listener);
  /// Sees every event that goes out to a socket, broadcasts included (acks not). It is called while something is
  /// being sent: it must not send, join or leave. Costs nothing where there is none.
  Namespace& on_any_outgoing(OutgoingHandler listener);
  Namespace& prepend_any_outgoing(OutgoingHandler listener);

  /// The same handlers as coroutines: see Task. At most Options::tasks_per_socket_max of one socket run at a time;
  /// an event beyond that is refused.
  template <CoroutineEventHandler H>
  Namespace& on(std::string event, H handler) {
    EventHandler plain = as_handler(event, std::move(handler));
    return on(std::move(event), std::move(plain));
  }
  template <CoroutineByReference H>
  Namespace& on(std::string event, H handler) = delete;  // take the Event by value
  template <CoroutineEventHandler H>
  Namespace& on_unknown(H handler) {
    return on_unknown(as_handler("unknown event", std::move(handler)));
  }
  template <CoroutineSocketHandler H>
  Namespace& on_connect(H handler) {
    return on_connect(std::function<void(Socket&)>([handler = std::move(handler)](Socket& socket) {
      socket::run_task(socket, "connect", handler(socket));
    }));
  }

  /// What others may see of a socket (RemoteSocket::data). Called on the socket's shard.
  Namespace& describe(std::function<boost::json::value(const Socket&)> describe);
  /// Lets sessions of this namespace be recovered after their connection broke (Options::recovery_window_ms; socketio-wire
  /// §3.7). `identity` says whose a session is, after the middleware has let it pass: only a client of the same
  /// identity gets it back, and only once. The middleware always runs again. Direct events and broadcasts then carry
  /// one more argument, an opaque text; ephemeral ones and those that ask for an ack are not kept.
  Namespace& recover_as(std::function<std::string(const Socket&)> identity);
  /// Gives a recovered socket its data back: what describe() said when it went. Before its connection handlers.
  Namespace& restore(std::function<void(Socket&, const boost::json::value& data)> restore);
  /// What server_side_emit() of other shards means here; called once on each of them, on its thread.
  Namespace& on_server_side(std::string event, ServerSideHandler handler);

  // ---- any thread, while the server runs: to all of the namespace (of a pattern: of all its namespaces) ------
  BroadcastOperator all() const { return BroadcastOperator(*adapter_, name_, is_pattern()); }
  BroadcastOperator to(std::string_view room) const { return std::move(all().to(room)); }
  BroadcastOperator in(std::string_view room) const { return std::move(all().to(room)); }
  BroadcastOperator except(std::string_view room) const { return std::move(all().except(room)); }
  BroadcastOperator local() const { return all().local(); }
  BroadcastOperator elsewhere() const { return all().elsewhere(); }
  BroadcastOperator ephemeral() const { return all().ephemeral(); }
  BroadcastOperator compress(bool wanted) const { return all().compress(wanted); }
  BroadcastOperator timeout(std::int64_t ms) const { return all().timeout(ms); }
  template <class... Args>
  void emit(std::string_view event, const Args&... args) {
    all().emit(event, args...);
  }
  void broadcast(engine::EncodedPtr message, BroadcastOptions options);
  void fetch_sockets(OnFetched done) const { all().fetch_sockets(std::move(done)); }
  Later<Fetched> fetch_sockets() const { return all().fetch_sockets(); }
  void sockets_join(std::string_view room) const { all().sockets_join(room); }
  void sockets_leave(std::string_view room) const { all().sockets_leave(room); }
  void disconnect_sockets(bool close = false) const { all().disconnect_sockets(close); }

  /// To the on_server_side() handlers of every shard but the one that says it (each shard is a node, as the
  /// processes of the field are).
  template <class... Args>
  void server_side_emit(std::string_view event, const Args&... args) const {
    adapter_->server_side_emit(name_, event, to_array(args...), {}, ack_timeout_default_ms, {});
  }
  /// `done` hears once what they answered, and how many did not within the time.
  void server_side_emit_with_ack(std::string_view event, boost::json::array args, std::int64_t timeout_ms,
                                 OnAnswers done) const;
  Later<Answers> server_side_emit_with_ack(std::string_view event, boost::json::array args,
                                           std::int64_t timeout_ms = ack_timeout_default_ms) const;

  /// For whoever carries server-side events here; or null.
  const ServerSideHandler* server_side(std::string_view event) const;

  /// By the Server, or whoever else builds the house: where broadcasts go; and no more handlers from now on.
  void attach(Adapter& adapter) { adapter_ = &adapter; }
  void freeze() { frozen_ = true; }

 private:
  friend class socket::LocalNamespace;
  friend class socket::Local;
  friend class Socket;
  template <class H>
  static EventHandler as_handler(std::string what, H handler) {
    return [what = std::move(what), handler = std::move(handler)](Socket& socket, Event& event) {
      if (!socket::may_run_task(socket, event)) return;
      socket::run_task(socket, what, handler(socket, std::move(event)));
    };
  }
  void must_be_open() const;
  std::string name_;
  NamespaceFilter filter_;
  Adapter* adapter_ = nullptr;
  bool frozen_ = false;
  std::vector<Middleware> middleware_;
  std::vector<EventMiddleware> event_middleware_;
  std::vector<std::function<void(Socket&)>> connect_;
  std::vector<std::function<void(Socket&, CloseReason)>> disconnect_;
  std::map<std::string, EventHandler, std::less<>> handlers_;
  EventHandler unknown_;
  std::vector<AnyHandler> any_;
  std::vector<OutgoingHandler> outgoing_;
  RefusedHandler refused_;
  std::function<boost::json::value(const Socket&)> describe_;
  std::function<std::string(const Socket&)> identity_;
  std::function<void(Socket&, const boost::json::value&)> restore_;
  std::map<std::string, ServerSideHandler, std::less<>> server_side_;
};

/// A filter of names with stars: `*` stands for one or more characters but a slash ("/order-*", "/shop/*/staff").
NamespaceFilter glob(std::string pattern);

}  // namespace sioxx
