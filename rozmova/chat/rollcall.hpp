#pragma once

#include "rozmova/chat/house.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// What an administrator asks of live connections. Any shard's thread; each shard answers for its own sockets, one after
// the other, and `then` runs on the last one's thread.

namespace rozmova::chat {

struct ConnectionInfo {
  Uuid id;  ///< of its row in websocket_connections; ascends with time
  std::string socket_id;
  Uuid user_id;
  Role role = Role::client;
  std::string_view transport;
  std::string address;
  WallMs connected_at = 0;
  WallMs token_expires_at = 0;
  std::vector<ChatKey> chats;
};

struct ConnectionPage {
  std::vector<ConnectionInfo> connections;  ///< oldest first
  bool has_more = false;
};

struct ConnectionQuery {
  std::optional<Uuid> user;
  Uuid after;  ///< nil: from the first on
  std::size_t limit = 100;
};

void list_connections(House& house, const ConnectionQuery& query, std::function<void(ConnectionPage)> then);

/// Tells it (`chat_error`) and ends it; false: there is none with this socket id.
void end_connection(House& house, std::string socket_id, std::function<void(bool)> then);

}  // namespace rozmova::chat
