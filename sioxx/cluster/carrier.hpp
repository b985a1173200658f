#pragma once

#include "sioxx/loop/shard.hpp"

#include <string_view>

namespace sioxx::cluster {

/// What carries bytes between processes: channels to publish on and to listen to, as Redis has them (PUBLISH, SUBSCRIBE)
/// and PostgreSQL (NOTIFY, LISTEN). It knows nothing of what is said; Exchange makes a bus of it. Everything here happens
/// on the thread of one shard that is the bus's own and serves nobody else.
///
/// What is asked of it: whatever one process publishes reaches another one in the order of publishing, over all channels
/// together, or not at all; and once subscribed() was called, everything that is published later is heard until lost().
class Carrier {
 public:
  class Ear {
   public:
    /// It can publish and listen, for the first time or again. What was subscribed to must be subscribed to once more.
    virtual void on_ready() = 0;
    /// Once for each loss, and once when the first attempt fails. Trying again is the carrier's own business.
    virtual void on_lost(std::string_view why) = 0;
    /// From here on this channel is heard; once for each subscribe() since on_ready(), in their order.
    virtual void on_subscribed(std::string_view channel) = 0;
    /// Its own messages may come back; the ear knows them.
    virtual void on_heard(std::string_view channel, std::string_view bytes) = 0;

    /// The engine took a publish() and then would not do it (rights, memory).
    virtual void on_refused(std::string_view why) = 0;

   protected:
    ~Ear() = default;
  };
  virtual ~Carrier() = default;
  /// From now on it connects, and after each loss again. Nothing here blocks the shard.
  virtual void start(loop::Shard& shard, Ear& ear) = 0;
  virtual void stop() = 0;
  /// False: not now (not ready, or more waits than it may hold); nothing was sent.
  virtual bool publish(std::string_view channel, std::string_view bytes) = 0;
  virtual void subscribe(std::string_view channel) = 0;
  virtual void unsubscribe(std::string_view channel) = 0;
  /// Whether a process hears what it publishes on its own channels, after all that it has published before.
  virtual bool echoes() const { return false; }
};

}  // namespace sioxx::cluster
