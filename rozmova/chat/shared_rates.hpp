#pragma once

#include "rozmova/chat/house.hpp"
#include "rozmova/chat/spending.hpp"

#include <boost/json/array.hpp>

#include <cstddef>

namespace rozmova::chat {

/// Spending between nodes: tells the others, and hears them. Owned by Nodes, one a shard, on its thread. What is told is
/// ephemeral: while the bus is away it is lost, and each node counts by itself.
class SharedRates final : private sioxx::loop::Timer {
 public:
  static constexpr std::int64_t tell_ms = 20;
  static constexpr std::size_t told_at_once_max = 100;  ///< under 6 kB, which every bus carries

  explicit SharedRates(House::Part& part) : part_(part), spending_(part.rates) {}

  Rates::Verdict take(const Uuid& user, Rates::Kind kind);
  void hear(const boost::json::array& signal);
  void nodes(std::size_t count) { spending_.nodes(count); }
  void sweep(std::int64_t now_ms);

 private:
  void on_timer(sioxx::loop::TimeMs now) override;
  void tell_soon();

  House::Part& part_;
  Spending spending_;
};

}  // namespace rozmova::chat
