#pragma once

#include "rozmova/chat/house.hpp"
#include "rozmova/store/store.hpp"

#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace rozmova::chat {

/// Keeps living connections true to the store, whoever changed it (spec §2, §4.6): who may not read a chat any more
/// leaves its room and hears so, whose token is revoked is disconnected, a new role counts from now on. Owned by
/// Chat. The store's watcher tells it what has changed; it reads what the shards need to know, and each shard
/// looks at its own sockets.
///
/// Where no trigger may be put on the tables (they are a marketplace's own), access_sweep_ms makes it look anew at every
/// chat that somebody is in, over and over, a piece at a time.
///
///   a commit of anybody -> access_changes -> Watcher (250 ms) -> facts, roles, revocations -> one letter a shard
class Watch {
 public:
  explicit Watch(House& house);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  /// Any thread: reads the revocations anew, tells every shard, then `then`, on a thread of its choosing.
  void reload_revocations(std::function<void(std::optional<Refusal>)> then);

 private:
  struct Letter {
    std::vector<std::pair<ChatKey, std::optional<ChatFacts>>> chats;
    std::vector<std::pair<Uuid, Role>> users;
    RevocationsPtr revocations;  ///< null: the same as before
  };
  struct Broom;
  struct Sweep;
  static constexpr std::size_t chats_per_read = 200;

  /// On the watcher's thread.
  void heard(store::Store& store, const store::AccessNews& news);
  void send(const std::shared_ptr<const Letter>& letter);
  void gather(const std::shared_ptr<std::set<ChatKey>>& chats, unsigned shard);
  /// Reads the next piece, tells the shards, and goes on after it.
  void sweep(const std::shared_ptr<std::set<ChatKey>>& chats);

  House& house_;
  std::unique_ptr<Broom> broom_;
  std::unique_ptr<Sweep> sweep_;
};

}  // namespace rozmova::chat
