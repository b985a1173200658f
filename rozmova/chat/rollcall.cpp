#include "rozmova/chat/rollcall.hpp"

#include "rozmova/chat/device.hpp"
#include "rozmova/chat/house.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace rozmova::chat {

namespace {

ConnectionInfo describe(const sioxx::Socket& socket, const Device& device) {
  ConnectionInfo info;
  info.id = device.id();
  info.socket_id = socket.id();
  info.user_id = device.user();
  info.role = device.role();
  info.transport = socket.link() == sioxx::engine::Link::websocket ? "websocket" : "polling";
  info.address = socket.handshake().address;
  info.connected_at = device.since();
  info.token_expires_at = device.expires_at();
  for (const std::string& room : socket.rooms()) {
    if (const auto chat = chat_of_room(room)) info.chats.push_back(*chat);
  }
  return info;
}

/// From shard to shard with one page that only gets better: at every step it holds the oldest ones seen so far.
struct Roll {
  ConnectionQuery query;
  ConnectionPage page;
  std::function<void(ConnectionPage)> then;
};

void cut(ConnectionPage& page, std::size_t limit) {
  auto& connections = page.connections;
  std::sort(connections.begin(), connections.end(),
            [](const ConnectionInfo& a, const ConnectionInfo& b) { return a.id < b.id; });
  if (connections.size() <= limit) return;
  connections.resize(limit);
  page.has_more = true;
}

void call(House& house, const std::shared_ptr<Roll>& roll, unsigned shard) {
  if (shard == house.server().shards()) return roll->then(std::move(roll->page));
  house.at(shard, [&house, roll, shard](House::Part&) {
    add_connections(house, roll->query, shard, roll->page);
    call(house, roll, shard + 1);
  });
}

}  // namespace

void add_connections(House& house, const ConnectionQuery& query, unsigned shard, ConnectionPage& page) {
  std::vector<std::pair<Uuid, sioxx::Socket*>> found;
  const std::string room = query.user ? room_of_user(*query.user) : std::string();
  house.server().each_local_socket(shard, "/", room, [&](sioxx::Socket& socket) {
    const Device* device = socket.data<Device>();
    if (device != nullptr && device->is_connected() && query.after < device->id())
      found.emplace_back(device->id(), &socket);
  });
  // Nobody goes away before this turn ends, so the pointers hold.
  const std::size_t most = std::min(found.size(), query.limit + 1);
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(most), found.end());
  for (std::size_t i = 0; i < most; ++i)
    page.connections.push_back(describe(*found[i].second, *found[i].second->data<Device>()));
  cut(page, query.limit);
}

void list_connections(House& house, const ConnectionQuery& query, std::function<void(ConnectionPage)> then) {
  const auto roll = std::make_shared<Roll>(Roll{query, {}, std::move(then)});
  Nodes* const nodes = house.nodes();
  if (nodes == nullptr) return call(house, roll, 0);
  nodes->list_connections(query, [&house, roll](ConnectionPage page) {
    roll->page = std::move(page);
    cut(roll->page, roll->query.limit);
    call(house, roll, 0);
  });
}

bool end_connection_here(House& house, std::string_view socket_id, unsigned shard) {
  bool found = false;
  house.server().each_local_socket(shard, "/", "", [&](sioxx::Socket& socket) {
    if (found || socket.id() != socket_id || socket.data<Device>() == nullptr) return;
    found = true;
    house.expel(socket.ref(), "connect",
                {ErrorCode::forbidden, "an administrator has ended this connection"});
  });
  return found;
}

namespace {

void end_on(House& house, const std::string& socket_id, const std::function<void(bool)>& then,
            unsigned shard) {
  if (shard == house.server().shards()) {
    Nodes* const nodes = house.nodes();
    return nodes == nullptr ? then(false) : nodes->end_connection(socket_id, then);
  }
  house.at(shard, [&house, socket_id, then, shard](House::Part&) {
    if (end_connection_here(house, socket_id, shard)) return then(true);
    end_on(house, socket_id, then, shard + 1);
  });
}

}  // namespace

void end_connection(House& house, std::string socket_id, std::function<void(bool)> then) {
  end_on(house, socket_id, then, 0);
}

}  // namespace rozmova::chat
