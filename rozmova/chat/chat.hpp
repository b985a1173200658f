#pragma once

#include "rozmova/auth.hpp"
#include "rozmova/chat/options.hpp"
#include "rozmova/log.hpp"
#include "rozmova/metrics.hpp"
#include "rozmova/store/database.hpp"
#include "sioxx/server.hpp"

#include <memory>

namespace rozmova::chat {

class Deeds;
class House;
class Watch;

/// The chat: registers every event of the contract (spec §3) on the namespace "/" and serves them. Owned by
/// main; built before the server runs. Inside it has one part per shard, touched by that shard's thread
/// alone. What belongs to a user rather than to a connection (rates, presence, typing) lives on the shard
/// that his id names.
///
/// Taking down: Server::run() has returned, then Database::drain(), then this object dies, then Database,
/// then Server.
class Chat {
 public:
  /// `server`, `database`, `auth`, `log` and `metrics` must outlive this object.
  Chat(sioxx::Server& server, store::Database& database, const Auth& auth, ChatOptions options, Log& log,
       Metrics& metrics);
  Chat(const Chat&) = delete;
  Chat& operator=(const Chat&) = delete;
  ~Chat();

  /// After the server has run and before the database is drained: the last rows of connections.
  void finish();
  /// The same deeds for REST.
  Deeds& deeds();
  Watch& watch();
  const ChatOptions& options() const;

 private:
  std::unique_ptr<House> house_;
  std::unique_ptr<Deeds> deeds_;
  struct Doors;
  std::unique_ptr<Doors> doors_;
  std::unique_ptr<Watch> watch_;  ///< ends first: it is told on a thread of the store's
};

}  // namespace rozmova::chat
