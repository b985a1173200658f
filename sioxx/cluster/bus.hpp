#pragma once

#include "sioxx/cluster/message.hpp"
#include "sioxx/engine/process_id.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace sioxx::cluster {

/// The wire to other processes. It carries the messages that shards send each other, and nothing else: a process on
/// the bus is one more node, only further away. What messages do is known by Node::handle() alone; Shards gives the
/// bus every message that is not marked local, after its own shards have been served. Any thread; nothing waits: what
/// cannot be sent now is queued within a limit of the bus's own, or lost.
///
/// What it hears, a bus gives to Shards::receive() (broadcasts, commands, signals, questions) and Shards::answered();
/// who is there, it tells by Shards::process_came() and process_gone(). None of these sends anything back onto the bus
/// but answers.
class Bus {
 public:
  virtual ~Bus() = default;
  /// Who this process is on the bus.
  virtual engine::ProcessId self() const = 0;
  /// To every process that is concerned: those with members in one of the rooms of its target, or all.
  virtual void publish(const std::shared_ptr<const Message>& message) = 0;
  /// To the process that has asked.
  virtual void answer(engine::ProcessId asker, const std::shared_ptr<const Message>& message) = 0;
  /// This process may have got its first or lost its last member of a room: look at Shards::where().
  virtual void room_changed(std::string_view nsp, std::string_view room) = 0;
};

/// What happens to a bus, for whoever keeps a truth beside it and fills from there what the bus has lost. Called upon the
/// bus's own thread, so be quick: post it to where it belongs.
struct BusWatch {
  /// This process got its first member of a room, and from now on it hears what others say there. Not called for rooms
  /// that are subscribed to again after a loss: back() speaks of all of them.
  std::function<void(std::string_view nsp, std::string_view room)> subscribed{};
  /// The bus is there again, or for the first time, and every room that has members is heard.
  std::function<void()> back{};
  /// It went; once for each loss. What others say until back() is not heard here.
  std::function<void(std::string_view why)> lost{};
};

}  // namespace sioxx::cluster
