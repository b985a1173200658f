#include "rozmova/chat/arrivals.hpp"

#include "rozmova/chat/device.hpp"
#include "rozmova/chat/seats.hpp"

#include <algorithm>
#include <utility>

namespace rozmova::chat {

namespace {

constexpr std::int64_t key_look_interval_ms = 250;

sioxx::ConnectError connect_error(const Refusal& refusal) {
  sioxx::ConnectError error;
  error.message = refusal.message;
  error.data["code"] = text(refusal.code);
  if (refusal.retry_after_ms > 0) error.data["retryAfterMs"] = refusal.retry_after_ms;
  return error;
}

}  // namespace

/// Lives in the table of its shard; what runs elsewhere for it knows its number alone.
struct Arrivals::Arrival final : sioxx::loop::Timer {
  enum class Stage : std::uint8_t { fetching_key, settling };

  Arrival(Arrivals& a, std::uint64_t n, sioxx::SocketRef s, sioxx::Next nx, sioxx::loop::TimeMs d)
      : all(a), number(n), socket(std::move(s)), next(std::move(nx)), deadline(d) {}

  void wait(sioxx::loop::Shard& shard) {
    const auto until = stage == Stage::fetching_key ? shard.now() + key_look_interval_ms : deadline;
    shard.timers().arm(*this, std::min(until, deadline));
  }
  void on_timer(sioxx::loop::TimeMs now) override {
    sioxx::Socket* here = socket.get();
    if (here == nullptr || now >= deadline) return all.too_late(number);
    all.verify(*this, *here);
  }

  Arrivals& all;
  const std::uint64_t number;
  sioxx::SocketRef socket;
  sioxx::Next next;
  const sioxx::loop::TimeMs deadline;
  Stage stage = Stage::fetching_key;
};

Arrivals::Arrivals(House& house, Deeds& deeds, unsigned shard)
    : house_(house), deeds_(deeds), shard_(shard) {}

Arrivals::~Arrivals() = default;

Result<std::string_view> Arrivals::token_of(const sioxx::Socket& socket) const {
  // null is what localStorage has for a token that is not there.
  if (const auto* value = socket.auth().if_contains("token"); value != nullptr && !value->is_null()) {
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

Arrivals::Arrival* Arrivals::find(std::uint64_t number) {
  const auto entry = under_way_.find(number);
  if (entry == under_way_.end()) return nullptr;
  if (entry->second->socket.get() != nullptr) return entry->second.get();
  under_way_.erase(entry);
  return nullptr;
}

void Arrivals::admit(sioxx::Socket& socket, sioxx::Next next) {
  const std::uint64_t number = ++last_number_;
  const auto deadline = socket.shard().now() + house_.options().connect_answer_ms;
  auto arrival = std::make_unique<Arrival>(*this, number, socket.ref(), std::move(next), deadline);
  Arrival& here = *under_way_.emplace(number, std::move(arrival)).first->second;
  verify(here, socket);
}

void Arrivals::verify(Arrival& arrival, sioxx::Socket& socket) {
  const auto token = token_of(socket);
  if (!token) return turn_away(arrival.number, token.refusal());
  const auto identity = house_.auth().verify(*token, socket.shard().wall());
  if (identity) return go_on(arrival, socket, *identity);
  if (identity.refusal().code == ErrorCode::unavailable) return arrival.wait(socket.shard());
  turn_away(arrival.number, identity.refusal());
}

void Arrivals::go_on(Arrival& arrival, sioxx::Socket& socket, const Identity& identity) {
  const WallMs now = socket.shard().wall();
  const std::uint64_t number = arrival.number;
  if (auto no = revoked(house_.here().revocations, identity, now)) return turn_away(number, *no);
  arrival.stage = Arrival::Stage::settling;
  arrival.wait(socket.shard());
  const auto refuse = [this, number](const Refusal& no) {
    house_.at(shard_, [this, number, no](House::Part&) { turn_away(number, no); });
  };
  // Each sign-in is a row in the database.
  house_.at_home(identity.user_id, [this, number, identity, now, refuse](House::Part& home) {
    const auto verdict = house_.take(home, identity.user_id, Rates::Kind::sign_in);
    if (verdict.retry_after_ms > 0)
      return refuse({ErrorCode::rate_limited, "too many sign-ins; try again later", verdict.retry_after_ms});
    deeds_.settle(identity, now, [this, number, identity, refuse](Result<User> user) {
      if (!user) return refuse(user.refusal());
      count_elsewhere(number, identity, user->role);
    });
  });
}

/// Those that he has at other nodes count too, as far as the table knows: connection_rows_gather_ms and a commit late.
void Arrivals::count_elsewhere(std::uint64_t number, const Identity& identity, Role role) {
  const auto take = [this, number, identity, role](std::size_t elsewhere) {
    take_seat(number, identity, role, elsewhere);
  };
  if (!house_.options().several_nodes) return take(0);
  const bool accepted = house_.database().read(
      [this, take, user = identity.user_id](store::Store& store) {
        take(static_cast<std::size_t>(store.connections_elsewhere(user, house_.options().node)));
      },
      [take](const Refusal&) { take(0); });
  if (!accepted) take(0);
}

void Arrivals::take_seat(std::uint64_t number, const Identity& identity, Role role, std::size_t elsewhere) {
  house_.at_home(identity.user_id, [this, number, identity, role, elsewhere](House::Part& home) {
    const std::size_t most = house_.options().connections_per_user_max;
    const bool has_seat = home.presence.reserve(identity.user_id, most - std::min(most, elsewhere));
    if (has_seat && house_.nodes() != nullptr)
      house_.nodes()->seats(home.index).taken(identity.user_id, home.presence.seats(identity.user_id));
    house_.at(shard_, [this, number, identity, role, has_seat](House::Part&) {
      if (has_seat) return seated(number, identity, role);
      turn_away(number, too_many_connections());
    });
  });
}

void Arrivals::seated(std::uint64_t number, const Identity& identity, Role role) {
  Arrival* arrival = find(number);
  if (arrival == nullptr) return give_back_seat(identity.user_id);
  sioxx::Socket& socket = *arrival->socket.get();
  const WallMs now = socket.shard().wall();
  // Revoked while the database was asked?
  if (auto no = house_.still_good(identity, now)) {
    turn_away(number, *no);
    return give_back_seat(identity.user_id);
  }
  const auto device = std::make_shared<Device>(house_, socket, identity, role, Uuid::v7(now));
  socket.data(device);
  sioxx::Next next = std::move(arrival->next);
  under_way_.erase(number);
  next();  // runs Devices::connected()
  if (!device->is_connected()) give_back_seat(identity.user_id);
}

void Arrivals::give_back_seat(const Uuid& user) {
  house_.at_home(user, [user](House::Part& home) { home.presence.release(user); });
}

void Arrivals::turn_away(std::uint64_t number, const Refusal& refusal) {
  Arrival* arrival = find(number);
  if (arrival == nullptr) return;
  const sioxx::Socket& socket = *arrival->socket.get();
  const std::string_view address = socket.handshake().address;
  const bool bad_token = refusal.code == ErrorCode::unauthorized || refusal.code == ErrorCode::token_expired;
  const auto over = bad_token ? house_.too_many_bad_tokens(address) : std::nullopt;
  const Refusal& answer = over ? *over : refusal;
  house_.metrics().count(Count::connects_refused);
  house_.metrics().refused(answer.code);
  if (!over) {
    house_.log().event("connection_refused", {{"socket", socket.id()},
                                              {"address", address},
                                              {"code", text(answer.code)},
                                              {"reason", answer.message}});
  }
  sioxx::Next next = std::move(arrival->next);
  under_way_.erase(number);
  next.refuse(connect_error(answer));
}

void Arrivals::too_late(std::uint64_t number) {
  if (find(number) != nullptr)
    turn_away(number, {ErrorCode::unavailable, "the server could not let you in just now; try again", 1'000});
}

}  // namespace rozmova::chat
