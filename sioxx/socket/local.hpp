#pragma once

#include "sioxx/engine/log_line.hpp"
#include "sioxx/engine/session.hpp"
#include "sioxx/socket/adapter.hpp"
#include "sioxx/socket/namespace.hpp"
#include "sioxx/socket/packet.hpp"
#include "sioxx/socket/rooms.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
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
/// Local.
class LocalNamespace {
 public:
  LocalNamespace(Local& local, const Namespace& table) : local_(local), table_(table) {}
  LocalNamespace(const LocalNamespace&) = delete;
  LocalNamespace& operator=(const LocalNamespace&) = delete;

  const std::string& name() const { return table_.name(); }
  Local& local() { return local_; }
  const Rooms& rooms() const { return rooms_; }

  /// To this shard's sockets, each at most once, in the order of the calls. Calls nobody back.
  void deliver(const engine::EncodedPtr& message, const BroadcastOptions& options);
  /// Sockets in a room ("" = all). They may leave, go away, send meanwhile.
  void each_socket(std::string_view room, const std::function<void(Socket&)>& visit);

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
  void dispatch(Socket& socket, std::string_view name, Event& event);
  /// Disconnect handlers, while rooms can still be read; then out of all rooms.
  void exit(Socket& socket, CloseReason reason, bool was_connected);

 private:
  void settle(const std::weak_ptr<Socket>& waiting, std::size_t step, std::optional<ConnectError> error);
  template <class F>
  void guarded(std::string_view what, Socket& socket, F&& run);
  Socket* by_id(std::string_view id) const;
  void send_to(Member& member, const Room& room, const engine::EncodedPtr& message,
               engine::Delivery delivery);
  void mark_excepted(const BroadcastOptions& options);

  Local& local_;
  const Namespace& table_;
  Rooms rooms_;
  /// Socket ids carry their slot, so an id finds its socket without a second table.
  std::vector<Socket*> slots_;
  std::vector<std::uint32_t> free_slots_;
};

/// What all sockets of one shard share: namespaces, limits, counters, tools. Pure: time comes from the
/// sessions. Owned by the Server, one per shard, used by that shard's thread; outlives the sessions.
class Local {
 public:
  /// Runs a task on the home shard's thread; called from any other one.
  using PostHome = std::function<void(std::function<void()>)>;

  /// `home` and `post` may be empty in tests that drive everything on one thread.
  Local(unsigned shard, loop::Shard* home, Adapter& adapter, const Limits& limits, const Log& log,
        PostHome post = {});
  Local(const Local&) = delete;
  Local& operator=(const Local&) = delete;
  ~Local();

  void add(const Namespace& table);
  /// Null: no such namespace.
  LocalNamespace* find(std::string_view nsp);

  unsigned shard() const { return shard_; }
  loop::Shard* home() const { return home_; }
  void post(std::function<void()> task) const {
    if (post_) post_(std::move(task));
  }
  Adapter& adapter() const { return adapter_; }
  const Limits& limits() const { return limits_; }
  Counters& counters() { return counters_; }
  const std::vector<std::unique_ptr<LocalNamespace>>& namespaces() const { return spaces_; }
  JsonReader& json() { return json_; }
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
  const PostHome post_;
  Counters counters_;
  std::vector<std::unique_ptr<LocalNamespace>> spaces_;
  JsonReader json_;
  std::string scratch_;
};

}  // namespace sioxx::socket
