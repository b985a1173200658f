#pragma once

#include "sioxx/cluster/message.hpp"

#include <memory>

namespace sioxx::cluster {

/// The wire to other processes. It carries the messages that shards send each other, and nothing else: a process on
/// the bus is one more node, only further away. Whoever implements it (over Redis, say) encodes and decodes the
/// values of message.hpp; what they do is known by Node::handle() alone.
///
/// Shards gives it every message that is not marked local, after its own shards have been served. What it hears it
/// gives to Shards::receive(), which serves this process's shards and sends nothing back onto the bus.
class Bus {
 public:
  virtual ~Bus() = default;
  /// Any thread. Does not wait: what cannot be sent now is queued within a limit of the bus's own, or lost.
  virtual void publish(const std::shared_ptr<const Message>& message) = 0;
};

}  // namespace sioxx::cluster
