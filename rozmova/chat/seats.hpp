#pragma once

#include "rozmova/chat/house.hpp"
#include "rozmova/store/store.hpp"

#include <cstddef>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rozmova::chat {

/// The limit of one user's connections over several nodes. Who comes is let in by what the table says of the other nodes
/// (Arrivals), which is late by a moment: who comes to all of them at one moment is let in by each. So a node that has
/// more than its part of somebody's connections looks again when all rows are written, and ends those that are too many:
/// the newest, of the nodes that have more than their part, so that every node which looks finds the same ones.
///
/// One a shard, for the users whose home it is, on its thread; owned by Nodes.
class Seats final : private sioxx::loop::Timer {
 public:
  static constexpr sioxx::loop::TimeMs look_ms = 1'000;
  static constexpr int looks = 3;  ///< a row may be late
  static constexpr std::size_t users_max = 10'000;

  explicit Seats(House::Part& part) : part_(part) {}
  void nodes(std::size_t count);
  /// A connection of his was let in: he has so many here.
  void taken(const Uuid& user, std::size_t seats);

  /// Which of all his connections have to go, of all nodes; `places` by their ids. Pure.
  static std::set<Uuid> too_many(std::span<const store::ConnectionPlace> places, std::size_t most,
                                 std::size_t nodes);

 private:
  void on_timer(sioxx::loop::TimeMs now) override;
  void end(const Uuid& user, const std::set<Uuid>& connections);

  House::Part& part_;
  std::size_t nodes_ = 2;
  std::unordered_map<Uuid, int> waiting_;  ///< looks that are left
};

}  // namespace rozmova::chat
