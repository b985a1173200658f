#pragma once

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
#include "sioxx/server.hpp"
#include "sioxx/socket/client.hpp"
#include "sioxx/socket/local.hpp"

#include <memory>
#include <string>
#include <vector>

namespace sioxx {

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
  const engine::ProcessId process_id;
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

}  // namespace sioxx
