#pragma once

#include "rozmova/uuid.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// What several servers on one database have of each other. Made by a StoreFactory; an engine that serves one server alone
// makes none.

namespace rozmova::store {

/// A server on this database, as it says of itself.
struct NodeRow {
  std::string id;       ///< at most 64 characters
  std::string address;  ///< where the others reach it; empty: nowhere
  auto operator<=>(const NodeRow&) const = default;
};

/// On a thread of the membership's own, which waits meanwhile.
struct MembershipHooks {
  /// All that live, this one among them, ascending: first before the membership is there, then whenever they change.
  std::function<void(const std::vector<NodeRow>&)> living{};
  /// Whose connections were closed because their node is gone.
  std::function<void(const std::vector<Uuid>&)> left_behind{};
  std::function<void(std::string_view)> log{};
};

/// As long as it lives, this server is known to the others as alive.
class Membership {
 public:
  virtual ~Membership() = default;
};

/// On a thread of the wire's own: be quick.
struct WireHooks {
  std::function<void(std::string_view payload)> heard{};  ///< what another server has said; any bytes
  std::function<void()>
      back{};  ///< listening, for the first time or again: what was said before may be missing
  std::function<void(std::string_view why)> lost{};  ///< once for each loss
};

/// Says something to all other servers on the database at once. Not kept: who does not listen has missed it.
class Wire {
 public:
  virtual ~Wire() = default;
  /// Any thread; does not wait. False: lost, because the database is away or slower than what is said.
  virtual bool say(std::string_view payload) = 0;
};

}  // namespace rozmova::store
