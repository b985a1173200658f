#pragma once

#include "sioxx/engine/log_line.hpp"
#include "sioxx/engine/session.hpp"
#include "sioxx/socket/adapter.hpp"
#include "sioxx/socket/namespace.hpp"
#include "sioxx/socket/packet.hpp"
#include "sioxx/socket/recovery.hpp"
#include "sioxx/socket/rooms.hpp"
#include "sioxx/socket/transcoder.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sioxx::socket {

class Local;

/// What the sockets of every shard are held to.
struct Limits {
  loop::TimeMs connect_timeout_ms = 10'000;  ///< from the handshake to the first CONNECT that is let in
  loop::TimeMs binary_timeout_ms = 10'000;   ///< from a binary packet to its last attachment
  std::size_t binary_bytes_max = 1'000'000;  ///< all attachments of one packet
  std::size_t rooms_per_socket_max = 200;
  std::size_t room_name_bytes_max = 1'024;
  std::size_t namespaces_per_client_max = 16;
  std::size_t json_depth_max = 32;
  std::size_t hold_bytes_max = 1'048'576;  ///< behind one gate
  std::size_t events_waiting_max = 100;    ///< of one socket, behind an event middleware that thinks
  std::size_t events_waiting_bytes_max = 1'048'576;
  std::size_t tasks_per_socket_max = 100;       ///< coroutine handlers that have not ended
  std::size_t dynamic_namespaces_max = 10'000;  ///< made by patterns, a shard
  loop::TimeMs recovery_window_ms = 0;       ///< how long a session waits for its client; 0: recovery is off
  std::size_t recovery_packets_max = 1'000;  ///< kept for one session
  std::size_t recovery_bytes_max = 262'144;  ///< likewise
  std::size_t recovery_sessions_max = 10'000;  ///< that wait for their clients, a shard
  bool keep_handshake = false;
  PacketLimits packet;
};

/// What one shard's sockets have done. Plain integers: written by the shard's thread, read by asking the
/// shard.
struct Counters {
  std::uint64_t sockets = 0;  ///< connected now
  std::uint64_t connected = 0, refused = 0;
  std::uint64_t events_in = 0, events_out = 0;
  std::uint64_t parse_errors = 0, handler_errors = 0;
};

/// One namespace as one shard has it: its sockets, its rooms, and the shared table of handlers. Owned by
/// Local; one that a pattern made goes when the last of its sockets has been freed.
class LocalNamespace {
 public:
  LocalNamespace(Local& local, const Namespace& table, std::string name)
      : local_(local), table_(table), name_(std::move(name)) {}
  LocalNamespace(const LocalNamespace&) = delete;
  LocalNamespace& operator=(const LocalNamespace&) = delete;
  static LocalNamespace& of(const Socket& socket) { return *socket.nsp_; }
  /// For tests: keeps nothing of what only busy sockets need.
  static bool is_lean(const Socket& socket) { return socket.rare_ == nullptr; }

  const std::string& name() const { return name_; }
  const Namespace& table() const { return table_; }
  Local& local() { return local_; }
  const Rooms& rooms() const { return rooms_; }

  /// To this shard's sockets, each at most once, in the order of the calls. Calls nobody back.
  void deliver(const engine::EncodedPtr& message, const BroadcastOptions& options);
  /// The same, and everybody is to answer: `on_each` is called once for each of the returned number, now or later.
  std::size_t ask(const engine::EncodedPtr& event, const BroadcastOptions& options, loop::TimeMs timeout_ms,
                  const OnAnswer& on_each);
  /// The connected sockets that a broadcast would reach; what is done with them may change everything.
  std::vector<std::shared_ptr<Socket>> select(const BroadcastOptions& options);
  /// Sockets in a room ("" = all). They may leave, go away, send meanwhile.
  void each_socket(std::string_view room, const std::function<void(Socket&)>& visit);
  RemoteSocket describe(const Socket& socket);

  // ---- for Socket
  bool join(Socket& socket, std::string_view room, bool held);
  void leave(Socket& socket, std::string_view room);
  bool release(Socket& socket, std::string_view room, std::uint64_t after);

  // ---- for Client: the life of a socket
  /// Gives it a place and an id.
  void enter(Socket& socket, engine::Id id);
  /// Runs the middleware; ends in Client::connected() or Client::refused(), now or later.
  void admit(const std::shared_ptr<Socket>& socket, std::size_t step = 0);
  void run_connect_handlers(Socket& socket);
  /// An event has come: listeners, middleware, handler.
  void dispatch(Socket& socket, Event event);
  /// Disconnect handlers, while rooms can still be read; then out of all rooms.
  void exit(Socket& socket, CloseReason reason, bool was_connected);
  /// A Socket was made / freed.
  void hold() { ++sockets_alive_; }
  void let_go();

  // ---- for Recoveries
  bool recovers() const;
  std::string identity(const Socket& socket);
  /// Takes an id and rooms that it had; returns those of the rooms in which it was not yet.
  std::vector<std::string> become(Socket& socket, engine::Id id, const std::vector<std::string>& rooms);
  void restore(Socket& socket, const boost::json::value& data);
  /// Out of all rooms and of its place: nobody finds it any more.
  void vacate(Socket& socket);

  // ---- for handlers
  void refuse_event(Socket& socket, Event& event, const EventError& error);
  void failed(std::string_view what, const Socket& socket, std::string_view why);
  std::uint64_t next_ack_id() { return ack_ids_++; }

 private:
  static void settle(const std::weak_ptr<Socket>& waiting, std::size_t step,
                     std::optional<ConnectError> error);
  void handle(Socket& socket, Event& event);
  void advance(Socket& socket);
  void deliver_as_is(const engine::EncodedPtr& message, const BroadcastOptions& options);
  static void settle_event(const std::weak_ptr<Socket>& asked, std::uint64_t question,
                           std::optional<EventError> error);
  template <class F>
  void guarded(std::string_view what, const Socket& socket, F&& run) {
    try {
      run();
    } catch (const std::exception& error) {
      failed(what, socket, error.what());
    } catch (...) {
      failed(what, socket, "not a std::exception");
    }
  }
  Socket* by_id(std::string_view id) const;
  void send_to(Member& member, const Room& room, const engine::EncodedPtr& message,
               engine::Delivery delivery);
  void mark_excepted(const BroadcastOptions& options);

  Local& local_;
  const Namespace& table_;
  const std::string name_;
  Rooms rooms_;
  std::size_t sockets_alive_ = 0;
  std::uint64_t ack_ids_ = 0;  ///< one count for all sockets, so that a broadcast can carry one id to all
  /// Socket ids carry their slot, so an id finds its socket without a second table.
  std::vector<Socket*> slots_;
  std::vector<std::uint32_t> free_slots_;
};

/// The shard's time, for those who read no clock.
struct Clock {
  loop::Timers& timers;
  std::function<loop::TimeMs()> now;
};

/// What all sockets of one shard share: namespaces, limits, counters, tools, time. Pure. Owned by the Server, one per shard, used by that shard's thread; outlives the sessions.
class Local {
 public:
  /// Runs a task on the home shard's thread; called from any other one.
  using PostHome = std::function<void(std::function<void()>)>;

  /// `home` and `post` may be empty in tests that drive everything on one thread.
  Local(unsigned shard, loop::Shard* home, Adapter& adapter, const Limits& limits, const Log& log,
        Clock clock, PostHome post = {});
  Local(const Local&) = delete;
  Local& operator=(const Local&) = delete;
  ~Local();

  void add(const Namespace& table);
  /// Null: no such namespace, or (of a pattern) nobody of this shard is in it.
  LocalNamespace* find(std::string_view nsp);
  /// For a CONNECT: makes it when a pattern means it (the first that does). Null: nobody knows the name;
  /// `full`: dynamic_namespaces_max are there.
  LocalNamespace* open(std::string_view nsp, bool& full);
  /// That namespace, or all that a pattern has made; they may go meanwhile.
  void each_of(std::string_view nsp, bool children, const std::function<void(LocalNamespace&)>& visit);
  /// LocalNamespace::deliver() and ask() in that namespace, or under their own names in all of a pattern.
  void deliver(std::string_view nsp, const engine::EncodedPtr& message, const BroadcastOptions& options);
  std::size_t ask(std::string_view nsp, const engine::EncodedPtr& event, const BroadcastOptions& options,
                  loop::TimeMs timeout_ms, const OnAnswer& on_each);
  /// The handlers that go by this name, a pattern's label included; or null.
  const Namespace* table(std::string_view name) const;
  void drop(const LocalNamespace& child) { children_.erase(children_.find(child.name())); }
  /// Logs what an application's function threw.
  void handler_failed(std::string_view what, std::string_view socket_id, std::string_view why);
  /// Before the sessions go: ends the coroutines that run.
  void end_tasks() { tasks_.end_all(); }

  unsigned shard() const { return shard_; }
  loop::Shard* home() const { return home_; }
  void post(std::function<void()> task) const {
    if (post_) post_(std::move(task));
  }
  loop::Timers& timers() const { return clock_.timers; }
  loop::TimeMs now() const { return clock_.now(); }
  TaskList& tasks() { return tasks_; }
  Recoveries& recoveries() { return recoveries_; }
  Adapter& adapter() const { return adapter_; }
  const Limits& limits() const { return limits_; }
  Counters& counters() { return counters_; }
  std::size_t rooms() const;
  JsonReader& json() { return json_; }
  /// For clients of another dialect; made when the first one comes.
  Transcoder& transcoder();
  /// An empty string to build one packet in; valid until asked again.
  std::string& scratch();
  void log(const LogLine& line) const {
    if (log_) log_(line);
  }

  /// The Local whose thread this is, or null. Set by Presence while a shard runs.
  static Local* here();
  class Presence {
   public:
    explicit Presence(Local& local);
    ~Presence();
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;

   private:
    Local* outer_;
  };

 private:
  static constexpr std::size_t scratch_bytes_kept_max = 65'536;
  const unsigned shard_;
  loop::Shard* const home_;
  Adapter& adapter_;
  const Limits& limits_;
  const Log& log_;
  const Clock clock_;
  const PostHome post_;
  Counters counters_;
  JsonReader json_;
  std::unique_ptr<Transcoder> transcoder_;
  std::string scratch_;
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  std::vector<std::unique_ptr<LocalNamespace>> spaces_;
  std::vector<const Namespace*> patterns_;
  std::unordered_map<std::string, std::unique_ptr<LocalNamespace>, NameHash, std::equal_to<>> children_;
  Recoveries recoveries_{*this};
  TaskList tasks_;
};

}  // namespace sioxx::socket
