#pragma once

#include "rozmova/model.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// What an administrator asks of live connections. Any shard's thread; each shard answers for its own sockets, one after
// the other, and `then` runs on the last one's thread.

namespace rozmova::chat {

class House;

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

/// Of every node that answers in time.
void list_connections(House& house, const ConnectionQuery& query, std::function<void(ConnectionPage)> then);

/// Tells it (`chat_error`) and ends it; false: there is none with this socket id.
void end_connection(House& house, std::string socket_id, std::function<void(bool)> then);

// ---- one shard's part, on its thread
/// Adds its own: the page is again the oldest ones, in their order, and no more than asked.
void add_connections(House& house, const ConnectionQuery& query, unsigned shard, ConnectionPage& page);
bool end_connection_here(House& house, std::string_view socket_id, unsigned shard);

}  // namespace rozmova::chat
