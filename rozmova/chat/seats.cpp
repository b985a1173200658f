#include "rozmova/chat/seats.hpp"

#include "rozmova/chat/device.hpp"
#include "rozmova/chat/events.hpp"

#include <algorithm>
#include <map>

namespace rozmova::chat {

void Seats::nodes(std::size_t count) { nodes_ = std::max<std::size_t>(2, count); }

void Seats::taken(const Uuid& user, std::size_t seats) {
  if (seats * nodes_ <= part_.house.options().connections_per_user_max) return;
  if (waiting_.size() >= users_max && !waiting_.contains(user)) return;
  waiting_[user] = looks;
  if (!armed()) part_.shard.timers().arm(*this, part_.shard.now() + look_ms);
}

std::set<Uuid> Seats::too_many(std::span<const store::ConnectionPlace> places, std::size_t most,
                               std::size_t nodes) {
  std::set<Uuid> surplus;
  if (places.size() <= most) return surplus;
  std::map<std::string_view, std::size_t> seats;
  for (const store::ConnectionPlace& place : places) ++seats[place.node];
  for (auto place = places.rbegin(); place != places.rend() && surplus.size() < places.size() - most;
       ++place) {
    if (seats[place->node] * nodes > most) surplus.insert(place->id);
  }
  return surplus;
}

void Seats::on_timer(sioxx::loop::TimeMs now) {
  House& house = part_.house;
  for (auto entry = waiting_.begin(); entry != waiting_.end();) {
    const Uuid user = entry->first;
    house.database().read(
        [this, &house, user, nodes = nodes_](store::Store& store) {
          const auto& options = house.options();
          const auto surplus = too_many(store.connections_of(user), options.connections_per_user_max, nodes);
          if (surplus.empty()) return;
          for (unsigned i = 0; i < house.server().shards(); ++i)
            house.at(i, [this, user, surplus](House::Part&) { end(user, surplus); });
        },
        {});
    entry = --entry->second == 0 ? waiting_.erase(entry) : std::next(entry);
  }
  if (!waiting_.empty()) part_.shard.timers().arm(*this, now + look_ms);
}

/// On any shard: its own of them.
void Seats::end(const Uuid& user, const std::set<Uuid>& connections) {
  House& house = part_.house;
  house.server().each_local_socket(house.here().index, "/", room_of_user(user), [&](sioxx::Socket& socket) {
    const Device* const device = socket.data<Device>();
    if (device != nullptr && connections.contains(device->id()))
      house.expel(socket.ref(), "connect", too_many_connections());
  });
}

}  // namespace rozmova::chat
