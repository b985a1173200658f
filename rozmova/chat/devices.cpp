#include "rozmova/chat/devices.hpp"

#include "rozmova/chat/render.hpp"

#include <algorithm>
#include <utility>

namespace rozmova::chat {

struct Devices::Roll final : sioxx::loop::Timer {
  Roll(Devices& d, unsigned i) : devices(d), index(i) {}

  void begin() {
    auto& shard = devices.house_.server().shard(index);
    shard.timers().arm(*this, shard.now() + devices.house_.options().last_seen_interval_ms);
  }

  void on_timer(sioxx::loop::TimeMs) override {
    std::vector<Uuid> ids;
    const std::size_t most = devices.house_.options().last_seen_rows_per_deed;
    devices.house_.server().each_local_socket(index, "/", "", [&](sioxx::Socket& socket) {
      const Device* device = socket.data<Device>();
      if (device == nullptr || !device->is_connected()) return;
      ids.push_back(device->id());
      if (ids.size() == most) write(std::exchange(ids, {}));
    });
    if (!ids.empty()) write(std::move(ids));
    if (index == 0) forget();
    begin();
  }

  /// One shard for all walks through the rows, a piece at a time, and deletes those that are long over.
  void forget() {
    const auto& options = devices.house_.options();
    const WallMs before = devices.house_.server().shard(index).wall() - options.connection_rows_kept_ms;
    const WallMs old = devices.house_.server().shard(index).wall() - options.notifications_kept_ms;
    devices.write_rows(
        [place = forgotten_up_to, before, old, most = options.forget_rows_per_deed](store::Store& store) {
          place->connections = store.forget_connections(place->connections, before, most);
          place->notifications = store.forget_notifications(place->notifications, old, most);
        });
  }

  void write(std::vector<Uuid> ids) {
    const WallMs now = devices.house_.server().shard(index).wall();
    devices.write_rows(
        [ids = std::move(ids), now](store::Store& store) { store.connections_seen(ids, now); });
  }

  Devices& devices;
  unsigned index;
  /// Touched by the deeds alone, which follow each other in one lane.
  struct Place {
    Uuid connections, notifications;
  };
  std::shared_ptr<Place> forgotten_up_to = std::make_shared<Place>();
};

/// When the ledger is flushed: at once, but not again within a moment; and a while after a failure. On shard 0.
struct Devices::Flush final : sioxx::loop::Timer {
  explicit Flush(Devices& d) : devices(d), shard(d.house_.server().shard(0)) {}

  void soon() {
    there([this] {
      const auto due = last + devices.house_.options().connection_rows_gather_ms;
      shard.now() >= due ? on_timer(shard.now()) : shard.timers().arm(*this, due);
    });
  }
  void later() {
    there([this] {
      shard.timers().arm(*this, shard.now() + devices.house_.options().connection_rows_retry_ms);
    });
  }
  void on_timer(sioxx::loop::TimeMs now) override {
    last = now;
    devices.ledger_.flush();
  }
  /// A shard that has stopped takes no letter: then finish() follows.
  template <class F>
  void there(F&& task) {
    if (sioxx::loop::Shard::here() == &shard)
      task();
    else
      shard.post(std::forward<F>(task), sioxx::loop::Mail::reply);
  }

  Devices& devices;
  sioxx::loop::Shard& shard;
  sioxx::loop::TimeMs last = 0;
};

Devices::Devices(House& house, Deeds& deeds)
    : house_(house),
      deeds_(deeds),
      flush_(std::make_unique<Flush>(*this)),
      ledger_(house.database(), house.log(), house.options().connection_rows_waiting_max,
              {.gather = [this] { flush_->soon(); }, .retry = [this] { flush_->later(); }}) {
  for (unsigned i = 0; i < house.server().shards(); ++i) {
    arrivals_.push_back(std::make_unique<Arrivals>(house, deeds, i));
    Roll& roll = *rolls_.emplace_back(std::make_unique<Roll>(*this, i));
    house.server().shard(i).post([&roll] { roll.begin(); });
  }
}

Devices::~Devices() = default;

void Devices::finish() { ledger_.finish(); }

void Devices::admit(sioxx::Socket& socket, sioxx::Next next) {
  arrivals_[house_.here().index]->admit(socket, std::move(next));
}

void Devices::connected(sioxx::Socket& socket) {
  Device* device = socket.data<Device>();
  if (device == nullptr) return;
  device->connected();
  socket.join(room_of_user(device->user()));
  house_.seat_by_role(socket, device->role());
  const WallMs now = socket.shard().wall();
  house_.at_home(device->user(),
                 [user = device->user(), now](House::Part& home) { home.presence.come(user, now); });
  ledger_.opened({device->id(), device->user(), std::string(socket.id()), now, house_.options().node});
  house_.notices().greet(socket, device->user());
  house_.metrics().count(Count::connects);
  house_.log().event(
      "connection",
      {{"user", device->user()},
       {"socket", socket.id()},
       {"role", text(device->role())},
       {"address", socket.handshake().address},
       {"transport", socket.link() == sioxx::engine::Link::websocket ? "websocket" : "polling"}});
}

void Devices::disconnected(sioxx::Socket& socket, sioxx::CloseReason reason) {
  Device* device = socket.data<Device>();
  if (device == nullptr || !device->is_connected()) return;
  device->disconnected();
  house_.metrics().count(Count::disconnects);
  const WallMs now = socket.shard().wall();
  house_.at_home(device->user(), [this, user = device->user(), id = device->id(), now](House::Part& home) {
    house_.stop_typing(home, user, id);
    home.presence.go(user, home.shard.now(), now);
  });
  ledger_.closed(device->id(), now);
  const auto duration_ms = std::max<WallMs>(0, now - device->since());
  if (device->refusals_left_out() == 0) {
    house_.log().event("disconnection", {{"user", device->user()},
                                         {"socket", socket.id()},
                                         {"reason", text(reason)},
                                         {"duration_ms", duration_ms}});
  } else {
    house_.log().event("disconnection", {{"user", device->user()},
                                         {"socket", socket.id()},
                                         {"reason", text(reason)},
                                         {"duration_ms", duration_ms},
                                         {"refusals_left_out", device->refusals_left_out()}});
  }
}

/// What is done again at the next round of the roll, so one that fails may be lost.
void Devices::write_rows(std::function<void(store::Store&)> work) {
  const bool accepted = house_.database().write({}, std::move(work), [this](Result<Done> stored) {
    if (!stored) house_.log().error("roll_lost", {{"reason", stored.refusal().message}});
  });
  if (!accepted) house_.log().error("roll_lost", {{"reason", busy().message}});
}

std::optional<Refusal> Devices::still_good(const sioxx::Socket& socket) const {
  const Device* device = socket.data<Device>();
  if (device == nullptr) return Refusal{ErrorCode::unauthorized, "sign in first"};
  return house_.still_good(device->identity(), socket.shard().wall());
}

void Devices::refresh(sioxx::Socket& socket, std::string token, Answer answer) {
  const Caller& who = answer.caller();
  house_.at_home(who.user, [this, ref = socket.ref(), token = std::move(token), answer](House::Part& home) {
    if (auto over = house_.over_rate(home, answer.caller(), Rates::Kind::action, answer.event()))
      return answer.refuse(*over);
    house_.at(ref.shard(), [this, ref, token, answer](House::Part&) {
      if (sioxx::Socket* here = ref.get()) renew(*here, token, answer);
    });
  });
}

void Devices::renew(sioxx::Socket& socket, std::string_view token, const Answer& answer) {
  const WallMs now = socket.shard().wall();
  const auto identity = house_.auth().verify(token, now);
  if (!identity) return answer.refuse(identity.refusal());
  if (identity->user_id != answer.caller().user) {
    return answer.refuse({ErrorCode::forbidden, "the new token is another user's; connect anew"});
  }
  if (auto no = revoked(house_.here().revocations, *identity, now)) return answer.refuse(*no);
  deeds_.settle(*identity, now, [this, ref = socket.ref(), identity = *identity, answer](Result<User> user) {
    if (!user) return answer.refuse(user.refusal());
    house_.at(ref.shard(), [this, ref, identity, role = user->role, answer](House::Part&) {
      if (sioxx::Socket* here = ref.get()) renewed(*here, identity, role, answer);
    });
  });
}

void Devices::renewed(sioxx::Socket& socket, const Identity& identity, Role role, const Answer& answer) {
  // Revoked while the users table was read?
  if (auto no = house_.still_good(identity, socket.shard().wall())) return answer.refuse(*no);
  Device* device = socket.data<Device>();
  const bool other_role = role != device->role();
  device->renew(identity, role);
  std::string fields = R"("expiresAt":")";
  append_iso_time(fields, device->expires_at());
  answer.ok(fields + '"');
  house_.log().event("token_renewed",
                     {{"user", device->user()}, {"socket", socket.id()}, {"role", text(role)}});
  if (!other_role) return;
  house_.seat_by_role(socket, role);
  for (const std::string& room : socket.rooms()) {
    if (const auto chat = chat_of_room(room)) house_.recheck(device->user(), *chat, [] {});
  }
}

}  // namespace rozmova::chat
