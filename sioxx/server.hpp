#pragma once

#include "sioxx/cluster/bus.hpp"
#include "sioxx/cluster/carrier.hpp"
#include "sioxx/cluster/classic.hpp"
#include "sioxx/cluster/exchange.hpp"
#include "sioxx/engine/close_reason.hpp"
#include "sioxx/engine/log_line.hpp"
#include "sioxx/engine/process_id.hpp"
#include "sioxx/engine/session.hpp"
#include "sioxx/loop/shard.hpp"
#include "sioxx/net/http.hpp"
#include "sioxx/net/peers.hpp"
#include "sioxx/net/raw_websocket.hpp"
#include "sioxx/socket/later.hpp"
#include "sioxx/socket/namespace.hpp"
#include "sioxx/socket/operators.hpp"
#include "sioxx/socket/socket.hpp"
#include "sioxx/socket/task.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sioxx {

/// Everything that can be set, with its default; the literal is the documentation.
struct Options {
  std::string host = "::";    ///< address to listen on; "::" takes IPv4 too
  std::uint16_t port = 3000;  ///< 0: a free one, see Server::port()
  unsigned threads = 0;       ///< shards; 0: 1 on up to 2 cores, else cores - 1, at most 16; limit 64
  std::string path = "/socket.io/";
  /// Certificate chain and private key in PEM form, both or neither: with them the port speaks TLS 1.2 and 1.3 (https://,
  /// wss://) and nothing else. Read by listen() and by reload_tls().
  std::string tls_cert_file{}, tls_key_file{};
  std::int64_t ping_interval_ms = 25'000;
  std::int64_t ping_timeout_ms = 20'000;
  std::int64_t connect_timeout_ms = 10'000;  ///< from the handshake to a successful CONNECT
  std::int64_t upgrade_timeout_ms = 10'000;
  std::int64_t http_header_timeout_ms = 10'000;  ///< from the first byte of a request to the end of its head
  std::int64_t http_body_timeout_ms = 60'000;
  std::int64_t http_idle_timeout_ms = 65'000;   ///< keep-alive between requests
  std::size_t max_payload_bytes = 1'000'000;    ///< one WebSocket message, one polling POST
  std::size_t http_body_bytes_max = 1'048'576;  ///< requests to the application's own routes
  std::size_t http_head_bytes_max = 16'384;
  std::size_t http_headers_max = 100;
  std::size_t send_queue_bytes_max = 1'048'576;  ///< a connection; over it: slow consumer
  std::size_t ephemeral_queue_bytes_max =
      131'072;  ///< over it typing and the like are dropped for this receiver
  std::size_t rooms_per_socket_max = 200;
  std::size_t namespaces_per_client_max = 16;
  std::size_t event_name_bytes_max = 256;
  std::size_t json_depth_max = 32;
  std::size_t attachments_max = 10;              ///< of one binary packet
  std::int64_t attachments_timeout_ms = 10'000;  ///< from a binary packet to its last attachment
  std::size_t events_waiting_max = 100;          ///< of one socket, behind an event middleware that thinks
  std::size_t events_waiting_bytes_max = 1'048'576;
  std::size_t tasks_per_socket_max = 100;       ///< coroutine handlers of one socket that have not ended
  std::size_t dynamic_namespaces_max = 10'000;  ///< made by patterns, on each shard
  /// How long a session waits for its client after the connection broke; 0: off. Only in namespaces that say whose
  /// a session is (Namespace::recover_as).
  std::int64_t recovery_window_ms = 0;
  std::size_t recovery_packets_max = 1'000;    ///< kept for one session, sent and perhaps missed
  std::size_t recovery_bytes_max = 262'144;    ///< likewise
  std::size_t recovery_sessions_max = 10'000;  ///< that wait for their clients, on each shard; the oldest go
  std::size_t connections_max = 100'000;       ///< polling sessions are counted beside them; 0: unlimited
  std::size_t connections_per_ip_max = 200;    ///< likewise; an IPv6 /64 counts as one; 0: unlimited
  std::size_t accepts_per_second_max = 0;      ///< new connections, and at once; beyond: 503; 0: unlimited
  std::vector<std::string> cors_origins{};     ///< allowed origins; "*" any; empty: same origin only
  bool cors_credentials = true;
  /// Headers of answers that scripts of those origins may read, beside the few that they always may.
  std::vector<std::string> cors_exposed_headers{"Date", "Retry-After"};
  bool trust_proxy = false;  ///< take the address from X-Forwarded-For / the scheme from X-Forwarded-Proto
  bool allow_upgrades = true;
  /// Text answers over HTTP (polling, the application's routes) are compressed when the client accepts gzip or deflate and
  /// they have at least this many bytes. Static files bring their own compressed form.
  bool http_compression = true;
  std::size_t http_compression_bytes_min = 1'024;
  /// permessage-deflate (RFC 7692) for clients that offer it. Every message is compressed by itself, so an idle connection
  /// keeps no dictionary; a broadcast is compressed once a shard. Smaller messages and those with compress(false) go plain.
  bool websocket_compression = false;
  std::size_t websocket_compression_bytes_min = 1'024;
  std::size_t compression_bytes_max =
      1'048'576;  ///< larger bodies and messages are sent as they are, for the CPU's sake
  /// Lets in clients of Engine.IO protocol 3, which are those of Socket.IO 2 (docs/sioxx.md, "Old clients").
  bool allow_eio3 = false;
  /// At least 16 bytes that all processes serving together share: requests that one gives another are signed with it.
  /// Empty: none is given and none is taken (Server::set_peers).
  std::string relay_secret{};
  /// Keep URL, headers and query of each connection for its whole life, for handlers that ask for them later;
  /// it costs a kilobyte or so a connection. Else they are there for the middleware and the connect handlers
  /// of its first namespace only.
  bool keep_handshake = false;
  /// Other processes: `redis://[[user]:password@]host[:port][/database]` through which they hear each other; empty: this
  /// one is alone (or Server::attach() gives it something else).
  std::string redis_url{};
  /// Of its channels (`sioxx:all`); clusters that share one Redis have different ones.
  std::string bus_prefix = "sioxx";
  std::size_t bus_queue_bytes_max = 16'777'216;  ///< what waits while the bus is away; then the oldest go
  /// The Socket.IO world on the same Redis (docs/sioxx.md, "Several processes"): the `key` of its adapters and emitters,
  /// usually "socket.io"; empty: we neither hear nor speak to them. What they may do: payloads are unsigned there, so whoever
  /// can publish on that Redis may do it.
  std::string redis_adapter_prefix{};
  std::vector<std::string> redis_adapter_namespaces{"/"};
  std::vector<std::string> redis_adapter_rooms{
      "*"};  ///< `*` stands for any text; to everybody needs a "*" alone
  std::vector<std::string> redis_adapter_events{"*"};  ///< likewise
  /// Server-side events by which this application's own processes speak: never exchanged with that world.
  std::vector<std::string> redis_adapter_own_events{};
  std::vector<std::string> redis_adapter_operations{"emit",  "join", "leave",      "disconnect",
                                                    "fetch", "ask",  "server-side"};
  Log log{};
};

/// Sums over all shards at one moment.
struct Stats {
  std::uint64_t sessions = 0, websocket_sessions = 0, sockets = 0, rooms = 0;
  std::uint64_t http_connections = 0;
  std::uint64_t sessions_opened = 0, sessions_closed = 0, upgrades = 0;
  std::uint64_t events_in = 0, events_out = 0, bytes_in = 0, bytes_out = 0;
  std::uint64_t slow_consumers = 0, ephemeral_dropped = 0, parse_errors = 0;
  std::uint64_t relayed = 0, relay_lost = 0;  ///< requests given to other processes; those that got no answer
  std::uint64_t tunnels = 0;                  ///< WebSockets whose sessions are elsewhere
  std::uint64_t letters_refused = 0;          ///< what threads had for a shard whose mailbox was full
  cluster::BusStats bus{};
  cluster::ClassicStats redis_adapter{};
};
/// The sum of two shards' numbers.
Stats& operator+=(Stats& sum, const Stats& part);

/// What an address (IPv6: a /64) has here: HTTP and WebSocket connections, and sessions that poll.
struct AddressCount {
  std::string address;
  std::size_t connections = 0, polling = 0;
};

/// A Socket.IO server: namespaces, shards, a listener. Built, filled with handlers, then run; taken down by
/// stop().
///
///   sioxx::Server io({.port = 3000});
///   io.of("/").on("message", [](sioxx::Socket& socket, sioxx::Event& event) {
///     socket.emit_array("message", event.args());
///   });
///   io.run();
class Server {
 public:
  explicit Server(Options options = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Registers handlers; before run() only. Afterwards it finds what there is, from any thread.
  Namespace& of(std::string_view name);
  /// Handlers of every namespace whose name the filter means and that has no of() of its own; of several patterns
  /// the first one counts. Such a namespace is there while somebody is in it, at most
  /// Options::dynamic_namespaces_max on a shard; what is sent to the returned Namespace goes to all of them. With
  /// `glob("/order-*")`, a lambda, or a std::regex in a lambda. Before run() only.
  Namespace& of_matching(NamespaceFilter filter);
  /// One namespace by its name, also one that a pattern makes: `io.at("/order-12").emit(…)`. Any thread.
  BroadcastOperator at(std::string_view nsp);
  /// Short for of("/"), any thread.
  BroadcastOperator to(std::string_view room) { return std::move(at("/").to(room)); }
  BroadcastOperator except(std::string_view room) { return std::move(at("/").except(room)); }
  template <class... Args>
  void emit(std::string_view event, const Args&... args) {
    at("/").emit(event, args...);
  }
  /// In a coroutine: goes on after that many milliseconds, on the same shard.
  Sleep sleep(std::int64_t ms) const { return Sleep(ms); }

  /// Every HTTP request that is not the engine's; default: 404.
  void http(http::Handler handler);
  /// Who takes bodies of such requests as they arrive; default: all are collected, up to http_body_bytes_max.
  void http_bodies(http::BodyHandler handler);
  /// Serves plain Engine.IO, without Socket.IO on top of it, at one more path; before run() only. Called on
  /// the session's shard for each message; it may send to the session and close it.
  using EngineHandler = std::function<void(engine::Session&, std::string_view data, bool binary)>;
  void engine(std::string path, EngineHandler on_message);

  /// Serves WebSockets with nothing on top (RFC 6455 alone) at exactly this path; before run() only. They count as
  /// connections, obey max_payload_bytes and cors_origins, have no heartbeat, and end with stop().
  void raw_websocket(std::string path, RawHandler on_message);

  /// Joins other processes through an engine of the application's own instead of Options::redis_url; before run() only.
  void attach(std::unique_ptr<cluster::Carrier> carrier);
  /// What happens to the bus; before run() only. Called upon the bus's own thread.
  void watch_bus(cluster::BusWatch watch);

  /// Reads the TLS files, binds and listens; throws std::system_error or std::runtime_error whose text says what to
  /// change. run() does it when it was not done.
  void listen();
  /// Reads the TLS files again, for connections that come from now on; those that are there go on. Throws
  /// std::runtime_error as listen() does, and then everything stays as it is. Any thread; nothing happens without TLS.
  void reload_tls();
  std::uint16_t port() const;

  /// The other processes behind the same balancer, each by NodeTag::of() of its process id. From now on a request for a session of one of them is carried there and
  /// its answer back; so polling and upgrades work whatever process a balancer picks. Needs Options::relay_secret. Any
  /// thread, again and again.
  void set_peers(const std::vector<Peer>& peers);

  /// For limits that hold over several processes. Addresses that have at least `least` of either here, the busiest first, at
  /// most so many; and what all others count together, which Options::connections_per_ip_max includes from then on. Any
  /// thread, again and again.
  std::vector<AddressCount> busy_addresses(std::size_t least, std::size_t most);
  void addresses_elsewhere(const std::vector<AddressCount>& counts);

  /// Runs all shards, number 0 on this thread; returns when stop() has taken everything down.
  void run();
  /// Any thread, also before run(). Answers new handshakes with 503, closes every session with "server
  /// shutting down" spread over `spread_ms`, flushes, stops listening, then lets run() return. A second call
  /// skips the wait.
  void stop(std::int64_t spread_ms = 0);
  /// Answers new handshakes with 503; sessions that are there go on (and may still open the connections that
  /// polling needs). Any thread.
  void drain();

  unsigned shards() const;
  loop::Shard& shard(unsigned index);

  // ---- on the shard's own thread: what lives there
  /// Sockets of this shard in a room ("" = all of the namespace).
  void each_local_socket(unsigned shard, std::string_view nsp, std::string_view room,
                         const std::function<void(Socket&)>& visit);

  /// To this shard's sockets in the target's rooms, and to nobody else.
  void deliver_here(std::string_view nsp, const engine::EncodedPtr& message, BroadcastOptions target);

  /// Any thread: which shards may have sockets in that room, one bit each.
  std::uint64_t shards_with(std::string_view nsp, std::string_view room) const;

  /// Any thread: asks every shard, calls back on shard `reply_on` when all have answered.
  void stats(unsigned reply_on, std::function<void(const Stats&)> done);

  Adapter& adapter();
  /// Who this server is among others: random, another one after each start. Any thread.
  const engine::ProcessId& process_id() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sioxx
