#pragma once

#include "rozmova/chat/house.hpp"
#include "rozmova/store/store.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace rozmova::chat {

/// Keeps living connections true to the store, whoever changed it (spec §2, §4.6): who may not read a chat any more
/// leaves its room and hears so, whose token is revoked is disconnected, a new role counts from now on. Owned by
/// Chat. The store's watcher tells it what has changed; it reads what the shards need to know, and each shard
/// looks at its own sockets.
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

  /// On the watcher's thread.
  void heard(store::Store& store, const store::AccessNews& news);
  void send(const std::shared_ptr<const Letter>& letter);

  House& house_;
  std::unique_ptr<Broom> broom_;
};

}  // namespace rozmova::chat
