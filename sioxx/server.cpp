#include "sioxx/server.hpp"

#include "sioxx/cluster/exchange.hpp"
#include "sioxx/cluster/shards.hpp"
#include "sioxx/engine/sessions.hpp"
#include "sioxx/farewell.hpp"
#include "sioxx/floors.hpp"
#include "sioxx/net/admission.hpp"
#include "sioxx/net/connections.hpp"
#include "sioxx/net/house.hpp"
#include "sioxx/net/listener.hpp"
#include "sioxx/net/tls.hpp"
#include "sioxx/socket/client.hpp"
#include "sioxx/socket/local.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <pthread.h>
#include <sys/random.h>

namespace sioxx {
namespace {

/// The operating system's randomness; without it there are no sids, so failing is fatal.
void fill_random(unsigned char* out, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ::getrandom(out, bytes, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    out += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

engine::ProcessId make_process_id() {
  std::array<unsigned char, engine::ProcessId::bytes> random;
  fill_random(random.data(), random.size());
  return engine::ProcessId::of(random);
}

/// A session without Socket.IO on top: each message goes to one function.
class PlainHandler final : public engine::SessionHandler {
 public:
  PlainHandler(engine::Session& session, const Server::EngineHandler& on_message, net::Connections& home)
      : session_(session), on_message_(on_message), home_(home) {}
  void on_message(std::string_view data, bool binary) override {
    try {
      on_message_(session_, data, binary);
    } catch (const std::exception& error) {
      home_.log_failure(error.what());
    }
  }
  void on_close(CloseReason) override {}

 private:
  engine::Session& session_;
  const Server::EngineHandler& on_message_;
  net::Connections& home_;
};

}  // namespace

/// The house: shards, what lives on each, and the doors between them. Members die from the last to the first,
/// so connections go before sessions, sessions before sockets' homes, and shards last.
struct Server::Impl final : net::House {
  struct Story {
    Story(Impl& impl, unsigned index);
    Stats stats();
    void take_leave(std::int64_t spread_ms);

    Impl& house;
    loop::Shard& shard;
    socket::Local local;
    std::vector<std::unique_ptr<engine::Sessions>> sessions;  ///< one a route
    net::Connections connections;
    std::unique_ptr<Farewell> farewell;
  };
  struct Plain {
    std::string path;
    EngineHandler on_message;
  };

  explicit Impl(Options given);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  Namespace& of(std::string_view name);
  Namespace& of_matching(NamespaceFilter filter);
  void freeze();
  void join_others();
  std::shared_ptr<const net::TlsContext> load_tls() const;
  void run();
  void began_to_stop(std::int64_t spread_ms);

  unsigned shards() const override { return static_cast<unsigned>(shards_.size()); }
  loop::Shard& shard(unsigned index) override { return *shards_.at(index); }
  net::Connections& connections(unsigned index) override { return stories[index]->connections; }
  engine::Sessions& sessions(unsigned index, unsigned route) override {
    return *stories[index]->sessions[route];
  }
  net::Admission& admission() override { return admission_; }
  const net::Options& options() const override { return net_options; }
  const http::Handler& handler() const override { return http; }
  const http::BodyHandler& body_handler() const override { return http_bodies; }
  const RawHandler& raw_handler(unsigned index) const override { return raw_handlers[index]; }
  void log(const LogLine& line) override {
    if (given.log) given.log(line);
  }

  const Options given;
  const engine::ProcessId process_id = make_process_id();
  const engine::Settings settings;
  const socket::Limits limits;
  net::Options net_options;
  http::Handler http;
  http::BodyHandler http_bodies;
  std::vector<RawHandler> raw_handlers;  ///< by net_options.raw_paths
  std::vector<std::unique_ptr<Namespace>> namespaces;
  std::vector<std::unique_ptr<Plain>> plains;  ///< routes 1, 2, …
  std::vector<std::unique_ptr<loop::Shard>> shards_;
  net::Admission admission_;
  cluster::Shards adapter;
  loop::Shard bus_shard{engine::Sessions::shards_max};  ///< beside those that serve
  std::unique_ptr<cluster::Carrier> carrier;            ///< until freeze()
  cluster::BusWatch bus_watch;
  std::unique_ptr<cluster::Exchange> bus;     ///< null: alone
  std::unique_ptr<cluster::Classic> classic;  ///< null: nothing to do with the Socket.IO world's Redis
  std::unique_ptr<cluster::BothBuses> both;
  std::vector<std::unique_ptr<Story>> stories;
  net::Listener listener{*this};
  unsigned stories_ending = 0, stories_gone = 0;  ///< shard 0's
  bool frozen = false;
};

Server::Impl::Story::Story(Impl& impl, unsigned index)
    : house(impl),
      shard(*impl.shards_[index]),
      local(index, &shard, impl.adapter, impl.limits, impl.given.log,
            {shard.timers(), [&home = shard] { return home.now(); }},
            [&home = shard](std::function<void()> task) { home.post(std::move(task), loop::Mail::reply); }),
      connections(impl, index) {}

Stats Server::Impl::Story::stats() {
  Stats stats;
  for (const auto& one : sessions) {
    const engine::Counters& counters = one->counters();
    stats.sessions += one->size();
    stats.websocket_sessions += counters.on_websocket;
    stats.sessions_opened += counters.opened;
    stats.sessions_closed += counters.closed;
    stats.upgrades += counters.upgrades;
    stats.slow_consumers += counters.slow_consumers;
    stats.ephemeral_dropped += counters.ephemeral_dropped;
    stats.parse_errors += counters.parse_errors;
  }
  const socket::Counters& counters = local.counters();
  stats.sockets = counters.sockets;
  stats.events_in = counters.events_in;
  stats.events_out = counters.events_out;
  stats.parse_errors += counters.parse_errors;
  stats.rooms = local.rooms();
  stats.http_connections = connections.counters().http_connections;
  stats.bytes_in = connections.counters().bytes_in;
  stats.bytes_out = connections.counters().bytes_out;
  stats.relayed = connections.counters().relayed;
  stats.relay_lost = connections.counters().relay_lost;
  stats.tunnels = connections.counters().tunnels;
  stats.letters_refused = shard.refused_letters();
  return stats;
}

void Server::Impl::Story::take_leave(std::int64_t spread_ms) {
  if (farewell == nullptr) {
    std::vector<engine::Sessions*> all;
    for (const auto& one : sessions) all.push_back(one.get());
    const auto ending = [this] {
      house.shard(0).post(
          [&impl = house] {
            if (++impl.stories_ending == impl.shards()) impl.listener.stop();
          },
          loop::Mail::reply);
    };
    const auto gone = [this] {
      house.shard(0).post(
          [&impl = house] {
            if (++impl.stories_gone < impl.shards()) return;
            for (const auto& one : impl.shards_) one->stop();
          },
          loop::Mail::reply);
    };
    farewell = std::make_unique<Farewell>(
        std::move(all), connections, shard.timers(), [this] { return shard.now(); }, ending, gone);
  }
  farewell->start(spread_ms);
}

Server::Impl::Impl(Options wanted)
    : given(std::move(wanted)),
      settings(settings_of(given, process_id)),
      limits(limits_of(given)),
      net_options(net_options_of(given)),
      shards_([this] {
        std::vector<std::unique_ptr<loop::Shard>> all;
        const unsigned count = shard_count(given.threads);
        for (unsigned index = 0; index < count; ++index) all.push_back(std::make_unique<loop::Shard>(index));
        return all;
      }()),
      admission_(shards(), given.connections_max, given.connections_per_ip_max),
      adapter(
          [this] {
            std::vector<loop::Shard*> all;
            for (const auto& one : shards_) all.push_back(one.get());
            return all;
          }(),
          given.log) {
  std::vector<socket::Local*> locals;
  for (unsigned index = 0; index < shards(); ++index) {
    stories.push_back(std::make_unique<Story>(*this, index));
    locals.push_back(&stories.back()->local);
  }
  adapter.settle(locals);
  carrier = carrier_of(given, process_id);
  if (!given.redis_adapter_prefix.empty()) classic_rules_of(given);  // throws here rather than in run()
  of("/");
}

/// Coroutines first: what they hold may look at everything else.
Server::Impl::~Impl() {
  for (const auto& story : stories) {
    const socket::Local::Presence presence(story->local);
    story->local.end_tasks();
  }
  adapter.drop_questions();
}

Namespace& Server::Impl::of(std::string_view name) {
  const std::string full = name.starts_with('/') ? std::string(name) : "/" + std::string(name);
  for (const auto& space : namespaces) {
    if (space->name() == full && !space->is_pattern()) return *space;
  }
  if (frozen) throw std::logic_error("namespace " + full + " must be made before the server runs");
  namespaces.push_back(std::make_unique<Namespace>(full));
  namespaces.back()->attach(adapter);
  return *namespaces.back();
}

Namespace& Server::Impl::of_matching(NamespaceFilter filter) {
  if (frozen) throw std::logic_error("patterns of namespaces must be made before the server runs");
  if (!filter) throw std::invalid_argument("a pattern of namespaces needs a filter");
  const auto number = std::count_if(namespaces.begin(), namespaces.end(),
                                    [](const auto& space) { return space->is_pattern(); });
  namespaces.push_back(std::make_unique<Namespace>("/_" + std::to_string(number), std::move(filter)));
  namespaces.back()->attach(adapter);
  return *namespaces.back();
}

/// From here on the tables do not change: every shard gets its view of them.
void Server::Impl::freeze() {
  if (std::exchange(frozen, true)) return;
  join_others();
  for (const auto& space : namespaces) space->freeze();
  for (const auto& plain : plains) net_options.paths.push_back(plain->path);
  for (const auto& story : stories) {
    for (const auto& space : namespaces) story->local.add(*space);
    const auto add = [&](engine::Sessions::HandlerFactory make) {
      story->sessions.push_back(std::make_unique<engine::Sessions>(
          story->shard.index(), settings, story->shard.timers(),
          [&shard = story->shard] { return shard.now(); }, fill_random, std::move(make)));
    };
    add([&local = story->local](engine::Session& session) -> std::unique_ptr<engine::SessionHandler> {
      return std::make_unique<socket::Client>(session, local);
    });
    for (const auto& plain : plains) {
      add([&plain = *plain,
           &home = story->connections](engine::Session& session) -> std::unique_ptr<engine::SessionHandler> {
        return std::make_unique<PlainHandler>(session, plain.on_message, home);
      });
    }
  }
}

void Server::Impl::join_others() {
  if (carrier == nullptr) return;
  bus = std::make_unique<cluster::Exchange>(bus_shard, adapter, std::move(carrier), process_id,
                                            bus_limits_of(given), std::move(bus_watch), given.log);
  adapter.attach(*bus);
  if (given.redis_adapter_prefix.empty()) return;
  classic = std::make_unique<cluster::Classic>(bus_shard, adapter, redis_of(given, process_id), process_id,
                                               classic_rules_of(given), given.log);
  both = std::make_unique<cluster::BothBuses>(*bus, *classic);
  adapter.attach(*both);
}

void Server::Impl::run() {
  std::thread bus_thread;
  if (bus != nullptr) {
    bus->start();
    if (classic != nullptr) classic->start();
    bus_thread = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "sioxx-bus");
      bus_shard.run();
    });
  }
  std::vector<std::thread> threads;
  for (unsigned index = 1; index < shards(); ++index) {
    threads.emplace_back([story = stories[index].get(), index] {
      ::pthread_setname_np(::pthread_self(), ("sioxx-" + std::to_string(index)).c_str());
      const socket::Local::Presence presence(story->local);
      story->shard.run();
    });
  }
  {
    const socket::Local::Presence presence(stories[0]->local);
    shard(0).post([this] { listener.start(); });
    shard(0).run();
  }
  for (std::thread& thread : threads) thread.join();
  if (bus == nullptr) return;
  bus->leave();
  bus_thread.join();
}

/// On shard 0. The listener goes when the last session has: a polling client may come back for its last
/// packets.
void Server::Impl::began_to_stop(std::int64_t spread_ms) {
  for (const auto& story : stories) {
    story->shard.post([&one = *story, spread_ms] { one.take_leave(spread_ms); }, loop::Mail::reply);
  }
}

/// Null when the server speaks plainly.
std::shared_ptr<const net::TlsContext> Server::Impl::load_tls() const {
  const bool cert = !given.tls_cert_file.empty(), key = !given.tls_key_file.empty();
  if (!cert && !key) return nullptr;
  if (!cert || !key) {
    throw std::runtime_error(cert ? "tls_cert_file is given without tls_key_file: TLS needs both"
                                  : "tls_key_file is given without tls_cert_file: TLS needs both");
  }
  return net::TlsContext::load(given.tls_cert_file, given.tls_key_file);
}

// ---- the face
// --------------------------------------------------------------------------------------------------------

Server::Server(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Server::~Server() = default;

Namespace& Server::of(std::string_view name) { return impl_->of(name); }
Namespace& Server::of_matching(NamespaceFilter filter) { return impl_->of_matching(std::move(filter)); }
BroadcastOperator Server::at(std::string_view nsp) {
  return BroadcastOperator(impl_->adapter, nsp.starts_with('/') ? std::string(nsp) : "/" + std::string(nsp));
}
void Server::http(http::Handler handler) { impl_->http = std::move(handler); }
void Server::http_bodies(http::BodyHandler handler) { impl_->http_bodies = std::move(handler); }

void Server::engine(std::string path, EngineHandler on_message) {
  if (impl_->frozen) throw std::logic_error("engine path " + path + " must be added before the server runs");
  impl_->plains.push_back(std::make_unique<Impl::Plain>(Impl::Plain{std::move(path), std::move(on_message)}));
}

void Server::raw_websocket(std::string path, RawHandler on_message) {
  if (impl_->frozen)
    throw std::logic_error("WebSocket path " + path + " must be added before the server runs");
  impl_->net_options.raw_paths.push_back(std::move(path));
  impl_->raw_handlers.push_back(std::move(on_message));
}

void Server::attach(std::unique_ptr<cluster::Carrier> carrier) {
  if (impl_->frozen) throw std::logic_error("the bus must be attached before the server runs");
  impl_->carrier = std::move(carrier);
}

void Server::watch_bus(cluster::BusWatch watch) {
  if (impl_->frozen) throw std::logic_error("the bus must be watched before the server runs");
  impl_->bus_watch = std::move(watch);
}

void Server::listen() {
  if (impl_->listener.port() != 0) return;
  impl_->freeze();
  const auto tls = impl_->load_tls();
  for (const auto& story : impl_->stories) story->connections.use_tls(tls);
  impl_->listener.open(impl_->given.host, impl_->given.port);
}

void Server::reload_tls() {
  const auto tls = impl_->load_tls();
  if (tls == nullptr) return;
  for (const auto& story : impl_->stories)
    story->shard.post([&connections = story->connections, tls] { connections.use_tls(tls); });
}

std::uint16_t Server::port() const { return impl_->listener.port(); }

void Server::set_peers(const std::vector<Peer>& peers) {
  const auto known = std::make_shared<const net::Peers>(peers);
  for (const auto& story : impl_->stories)
    story->shard.post([&connections = story->connections, known] { connections.use_peers(known); });
}

void Server::run() {
  listen();
  impl_->run();
}

void Server::stop(std::int64_t spread_ms) {
  impl_->shard(0).post([&impl = *impl_, spread_ms] { impl.began_to_stop(spread_ms); }, loop::Mail::reply);
}

void Server::drain() {
  for (const auto& story : impl_->stories) {
    story->shard.post([&connections = story->connections] { connections.drain(); }, loop::Mail::reply);
  }
}

unsigned Server::shards() const { return impl_->shards(); }
loop::Shard& Server::shard(unsigned index) { return impl_->shard(index); }

void Server::each_local_socket(unsigned shard, std::string_view nsp, std::string_view room,
                               const std::function<void(Socket&)>& visit) {
  if (socket::LocalNamespace* const space = impl_->stories.at(shard)->local.find(nsp))
    space->each_socket(room, visit);
}

void Server::deliver_here(std::string_view nsp, const engine::EncodedPtr& message, BroadcastOptions target) {
  socket::Local* const local = socket::Local::here();
  if (local == nullptr) return;
  if (impl_->given.recovery_window_ms > 0) target.offset = impl_->adapter.next_offset();
  local->deliver(nsp, message, target);
}

std::uint64_t Server::shards_with(std::string_view nsp, std::string_view room) const {
  return impl_->adapter.where(nsp, room);
}

void Server::stats(unsigned reply_on, std::function<void(const Stats&)> done) {
  struct Sum {
    Stats stats;
    unsigned missing;
    std::function<void(const Stats&)> done;
  };
  const auto sum = std::make_shared<Sum>(Sum{{}, shards() + 2, std::move(done)});
  loop::Shard& reply = shard(reply_on);
  const auto come_in = [sum](const Stats& part) {
    sum->stats += part;
    if (--sum->missing == 0) sum->done(sum->stats);
  };
  for (const auto& story : impl_->stories) {
    story->shard.post(
        [&one = *story, &reply, come_in] {
          reply.post([come_in, part = one.stats()] { come_in(part); }, loop::Mail::reply);
        },
        loop::Mail::reply);
  }
  const auto home = [&reply, come_in](const auto& put) {
    return [&reply, come_in, put](const auto& part) {
      Stats stats;
      stats.*put = part;
      reply.post([come_in, stats] { come_in(stats); }, loop::Mail::reply);
    };
  };
  const auto bus = home(&Stats::bus);
  if (impl_->bus == nullptr || !impl_->bus->stats(bus)) bus(cluster::BusStats{});
  const auto world = home(&Stats::redis_adapter);
  if (impl_->classic == nullptr || !impl_->classic->stats(world)) world(cluster::ClassicStats{});
}

Adapter& Server::adapter() { return impl_->adapter; }
const engine::ProcessId& Server::process_id() const { return impl_->process_id; }

}  // namespace sioxx
