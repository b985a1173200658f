#pragma once

#include "rozmova/chat/address_rates.hpp"
#include "rozmova/chat/house.hpp"

#include <boost/json/array.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rozmova::chat {

/// The limits of one address over several nodes: how many connections it has, and the rates of AddressRates. Nodes tell each
/// other of addresses that have more than a small part of the limit, and of every bad token and demo sign-in. So with a
/// limit of m connections on n nodes an address gets at most m + (n - 1) m / 4n, and what begins elsewhere within tell_ms;
/// of the addresses_max busiest ones of a node. While the bus is away each node counts by itself.
///
/// One a process, owned by Nodes; shard 0, but for took() and hear(), which are any shard's.
class SharedAddresses final : private sioxx::loop::Timer {
 public:
  static constexpr std::int64_t tell_ms = 250;
  static constexpr std::int64_t tell_again_ms = 5'000;  ///< also what has not changed
  static constexpr std::int64_t forget_ms = 16'000;     ///< a node that tells nothing
  static constexpr std::size_t addresses_max = 60;      ///< of each kind in one signal, under 6 kB
  static constexpr std::size_t nodes_max = 256;

  using Took = std::map<std::pair<std::string, AddressRates::Kind>, std::int64_t>;

  explicit SharedAddresses(House& house) : house_(house) {}
  void begin();
  void nodes(std::size_t count);
  /// One was let through on that shard.
  void took(unsigned shard, std::string_view address, AddressRates::Kind kind);
  void hear(const boost::json::array& signal);

 private:
  struct Other {
    std::vector<sioxx::AddressCount> counts;
    std::int64_t heard_ms = 0;
  };

  void on_timer(sioxx::loop::TimeMs now) override;
  void tell(sioxx::loop::TimeMs now);
  void note(std::uint64_t node, std::vector<sioxx::AddressCount> counts);
  void sum_up();

  House& house_;
  std::size_t nodes_ = 2;
  Took took_;
  boost::json::array told_;
  std::int64_t told_ms_ = 0;
  std::map<std::uint64_t, Other> others_;
};

}  // namespace rozmova::chat
