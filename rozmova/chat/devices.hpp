#pragma once

#include "rozmova/access.hpp"
#include "rozmova/chat/answer.hpp"
#include "rozmova/chat/arrivals.hpp"
#include "rozmova/chat/deeds.hpp"
#include "rozmova/chat/device.hpp"
#include "rozmova/chat/house.hpp"
#include "rozmova/chat/ledger.hpp"
#include "rozmova/refusal.hpp"
#include "sioxx/server.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rozmova::chat {

/// Connections to the chat: who may come in (Arrivals), what is kept of them while they are here (presence,
/// websocket_connections), and that they end with their token. Owned by Chat; the callbacks run on the
/// socket's shard.
///
///   CONNECT -> Arrivals -> accepted -> present, row written -> gone, row closed
class Devices {
 public:
  Devices(House& house, Deeds& deeds);
  ~Devices();

  void admit(sioxx::Socket& socket, sioxx::Next next);
  void connected(sioxx::Socket& socket);
  void disconnected(sioxx::Socket& socket, sioxx::CloseReason reason);
  void refresh(sioxx::Socket& socket, std::string token, Answer answer);
  /// The shards have stopped: writes what is known of connections and has not been written.
  void finish();
  /// What every action asks first.
  std::optional<Refusal> still_good(const sioxx::Socket& socket) const;

 private:
  /// Tells the database now and then which connections of one shard are still there.
  struct Roll;

  void renew(sioxx::Socket& socket, std::string_view token, const Answer& answer);
  void renewed(sioxx::Socket& socket, const Identity& identity, Role role, const Answer& answer);
  void write_rows(std::function<void(store::Store&)> work);

  House& house_;
  Deeds& deeds_;
  struct Flush;
  std::unique_ptr<Flush> flush_;  ///< of the ledger
  Ledger ledger_;
  std::vector<std::unique_ptr<Roll>> rolls_;
  std::vector<std::unique_ptr<Arrivals>> arrivals_;  ///< one a shard
};

}  // namespace rozmova::chat
