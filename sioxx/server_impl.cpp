#include "sioxx/server_impl.hpp"

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
      process_id(make_process_id()),
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

}  // namespace sioxx
