// The face: what users of the library call. The house behind it is server_impl.cpp.
#include "sioxx/server.hpp"

#include "sioxx/server_impl.hpp"

#include <stdexcept>
#include <utility>

namespace sioxx {

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

std::vector<AddressCount> Server::busy_addresses(std::size_t least, std::size_t most) {
  std::vector<AddressCount> counts;
  for (const auto& count : impl_->admission().busy(least, most))
    counts.push_back({count.address.text(), count.connections, count.polling});
  return counts;
}

void Server::addresses_elsewhere(const std::vector<AddressCount>& counts) {
  std::vector<net::Admission::Count> read;
  for (const AddressCount& count : counts)
    read.push_back({net::IpAddress::parse(count.address), count.connections, count.polling});
  impl_->admission().elsewhere(read);
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
