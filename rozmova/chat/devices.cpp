#include "rozmova/chat/devices.hpp"

#include "rozmova/chat/render.hpp"

#include <algorithm>
#include <utility>

namespace rozmova::chat {

namespace {

constexpr std::int64_t key_wait_ms = 250;
constexpr int key_waits_max = 24;  ///< six seconds: a little longer than a look at the issuer's keys may take

sioxx::ConnectError connect_error(const Refusal& refusal) {
  sioxx::ConnectError error;
  error.message = refusal.message;
  error.data["code"] = text(refusal.code);
  if (refusal.retry_after_ms > 0) error.data["retryAfterMs"] = refusal.retry_after_ms;
  return error;
}

}  // namespace

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

/// Lets the ledger try again what the database could not take.
struct Devices::Retry final : sioxx::loop::Timer {
  explicit Retry(Devices& d) : devices(d) {}
  void begin(House::Part& part) {
    part.shard.timers().arm(*this, part.shard.now() + devices.house_.options().connection_rows_retry_ms);
  }
  void on_timer(sioxx::loop::TimeMs) override { devices.ledger_.flush(); }
  Devices& devices;
};

Devices::Devices(House& house, Deeds& deeds)
    : house_(house),
      deeds_(deeds),
      retry_(std::make_unique<Retry>(*this)),
      ledger_(house.database(), house.log(), house.options().connection_rows_waiting_max,
              [this] { house_.at(0, [this](House::Part& part) { retry_->begin(part); }); }),
      key_waits_(house.server().shards()) {
  for (unsigned i = 0; i < house.server().shards(); ++i) {
    Roll& roll = *rolls_.emplace_back(std::make_unique<Roll>(*this, i));
    house.server().shard(i).post([&roll] { roll.begin(); });
  }
}

Devices::~Devices() = default;

Result<std::string_view> Devices::token_of(const sioxx::Socket& socket) const {
  if (const auto* value = socket.auth().if_contains("token")) {
    const auto* token = value->if_string();
    if (token == nullptr) return Refusal{ErrorCode::unauthorized, "auth.token must be a string"};
    return std::string_view(token->data(), token->size());
  }
  const auto header = socket.handshake().header("authorization");
  if (!header.empty()) return header;
  if (house_.options().query_token) {
    const auto parameter = socket.handshake().parameter("token");
    if (!parameter.empty()) return parameter;
  }
  return Refusal{ErrorCode::unauthorized, "sign in first: auth.token is missing"};
}

void Devices::refuse(const sioxx::Socket& socket, sioxx::Next& next, const Refusal& refusal) {
  house_.metrics().count(Count::connects_refused);
  house_.metrics().refused(refusal.code);
  house_.log().event("connection_refused", {{"socket", socket.id()},
                                            {"address", socket.handshake().address},
                                            {"code", text(refusal.code)},
                                            {"reason", refusal.message}});
  next.refuse(connect_error(refusal));
}

/// A connection whose token is signed with a key that is being fetched: verified again now and then, for a few seconds.
/// In the list of its shard.
struct Devices::KeyWait final : sioxx::loop::Timer {
  KeyWait(Devices& d, sioxx::SocketRef s, sioxx::Next n)
      : devices(d), socket(std::move(s)), next(std::move(n)) {}

  void begin(sioxx::loop::Shard& shard) { shard.timers().arm(*this, shard.now() + key_wait_ms); }
  void on_timer(sioxx::loop::TimeMs) override {
    sioxx::Socket* here = socket.get();
    if (here == nullptr) return end();
    const auto token = devices.token_of(*here);
    const auto identity = devices.house_.auth().verify(token ? *token : "", here->shard().wall());
    const bool fetching = !identity && identity.refusal().code == ErrorCode::unavailable;
    if (fetching && ++tries < key_waits_max) return begin(here->shard());
    if (identity)
      devices.verified(*here, *identity, std::move(next));
    else
      devices.refuse(*here, next, identity.refusal());
    end();
  }
  /// Dies.
  void end() {
    std::erase_if(devices.key_waits_[socket.shard()], [this](const auto& one) { return one.get() == this; });
  }

  Devices& devices;
  sioxx::SocketRef socket;
  sioxx::Next next;
  int tries = 0;
};

void Devices::admit(sioxx::Socket& socket, sioxx::Next next) {
  const auto token = token_of(socket);
  if (!token) return refuse(socket, next, token.refusal());
  const WallMs now = socket.shard().wall();
  const auto identity = house_.auth().verify(*token, now);
  if (identity) return verified(socket, *identity, std::move(next));
  if (identity.refusal().code != ErrorCode::unavailable) return refuse(socket, next, identity.refusal());
  auto& waits = key_waits_[house_.here().index];
  waits.push_back(std::make_unique<KeyWait>(*this, socket.ref(), std::move(next)));
  waits.back()->begin(socket.shard());
}

void Devices::verified(sioxx::Socket& socket, const Identity& identity, sioxx::Next next) {
  const WallMs now = socket.shard().wall();
  if (auto no = revoked(house_.here().revocations, identity, now)) return refuse(socket, next, *no);

  // Next may only be moved, and a std::function only copied.
  const auto shared = std::make_shared<sioxx::Next>(std::move(next));
  const auto turn_away = [this, ref = socket.ref(), shared](const Refusal& no) {
    house_.at(ref.shard(), [this, ref, shared, no](House::Part&) {
      if (sioxx::Socket* here = ref.get()) refuse(*here, *shared, no);
    });
  };
  // Each sign-in is a row in the database.
  house_.at_home(
      identity.user_id, [this, ref = socket.ref(), identity, now, shared, turn_away](House::Part& home) {
        const auto verdict = home.rates.take(identity.user_id, Rates::Kind::sign_in, home.shard.now());
        if (verdict.retry_after_ms > 0) {
          return turn_away(
              {ErrorCode::rate_limited, "too many sign-ins; try again later", verdict.retry_after_ms});
        }
        deeds_.settle(identity, now, [this, ref, identity, shared, turn_away](Result<User> user) {
          if (user) return take_seat(ref, identity, user->role, shared);
          turn_away(user.refusal());
        });
      });
}

void Devices::take_seat(const sioxx::SocketRef& socket, const Identity& identity, Role role,
                        std::shared_ptr<sioxx::Next> next) {
  house_.at_home(identity.user_id, [this, socket, identity, role, next](House::Part& home) {
    const std::size_t most = house_.options().connections_per_user_max;
    const bool has_seat = home.presence.reserve(identity.user_id, most);
    house_.at(socket.shard(), [this, socket, identity, role, next, has_seat](House::Part&) {
      if (has_seat) return let_in(socket, identity, role, *next);
      if (sioxx::Socket* here = socket.get()) {
        refuse(*here, *next, {ErrorCode::rate_limited, "too many connections of one user are open", 5'000});
      }
    });
  });
}

void Devices::let_in(const sioxx::SocketRef& ref, const Identity& identity, Role role, sioxx::Next& next) {
  bool is_in = false;
  if (sioxx::Socket* socket = ref.get()) {
    // Revoked while the database was asked?
    if (auto no = house_.still_good(identity, socket->shard().wall())) {
      refuse(*socket, next, *no);
      return give_back_seat(identity.user_id);
    }
    const auto device =
        std::make_shared<Device>(house_, *socket, identity, role, Uuid::v7(socket->shard().wall()));
    socket->data(device);
    next();  // runs connected()
    is_in = device->is_connected();
  }
  if (!is_in) give_back_seat(identity.user_id);
}

void Devices::give_back_seat(const Uuid& user) {
  house_.at_home(user, [user](House::Part& home) { home.presence.release(user); });
}

void Devices::connected(sioxx::Socket& socket) {
  Device* device = socket.data<Device>();
  if (device == nullptr) return;
  device->connected();
  socket.join(room_of_user(device->user()));
  const WallMs now = socket.shard().wall();
  house_.at_home(device->user(),
                 [user = device->user(), now](House::Part& home) { home.presence.come(user, now); });
  ledger_.opened({device->id(), device->user(), std::string(socket.id()), now});
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
  const WallMs now = socket.shard().wall();
  house_.at_home(device->user(), [this, user = device->user(), id = device->id(), now](House::Part& home) {
    house_.stop_typing(home, user, id);
    home.presence.go(user, home.shard.now(), now);
  });
  ledger_.closed(device->id(), now);
  const auto duration_ms = socket.shard().now() - device->since();
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
  for (const std::string& room : socket.rooms()) {
    if (const auto chat = chat_of_room(room)) house_.recheck(device->user(), *chat, [] {});
  }
}

}  // namespace rozmova::chat
