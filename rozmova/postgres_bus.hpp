#pragma once

#include "rozmova/store/among.hpp"
#include "rozmova/store/store.hpp"
#include "sioxx/server.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace rozmova {

/// The database itself as what carries the bus between nodes, where there is no Redis: every node hears everything and
/// passes over what it has not subscribed to. Good for a few nodes; what is said is bounded by what NOTIFY carries. Owned
/// by the Server; the bus's shard, but for what the wire's own thread says, which goes there by letter.
class PostgresBus final : public sioxx::cluster::Carrier {
 public:
  /// The factory must outlive it.
  explicit PostgresBus(store::StoreFactory& factory) : factory_(factory) {}

  void start(sioxx::loop::Shard& shard, Ear& ear) override;
  void stop() override;
  bool publish(std::string_view channel, std::string_view bytes) override;
  void subscribe(std::string_view channel) override;
  void unsubscribe(std::string_view channel) override;

 private:
  void heard(std::string_view payload);

  store::StoreFactory& factory_;
  sioxx::loop::Shard* shard_ = nullptr;
  Ear* ear_ = nullptr;  ///< null: stopped
  std::set<std::string, std::less<>> channels_;
  std::unique_ptr<store::Wire> wire_;
};

}  // namespace rozmova
