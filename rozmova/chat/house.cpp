#include "rozmova/chat/house.hpp"

#include "rozmova/access.hpp"
#include "rozmova/chat/device.hpp"
#include "rozmova/chat/events.hpp"
#include "rozmova/chat/render.hpp"
#include "rozmova/chat/shared_addresses.hpp"
#include "rozmova/chat/shared_rates.hpp"

#include <fmt/format.h>

#include <functional>
#include <set>

namespace rozmova::chat {

namespace {

constexpr std::int64_t sweep_interval_ms = 10'000;
constexpr std::int64_t entry_audit_ms = 60'000;
/// Longer than a bus that hangs is taken for one that carries.
constexpr std::int64_t change_kept_ms = 5'000;
constexpr std::int64_t gathering_s = 2;
constexpr std::size_t changes_max =
    10'000;  ///< of presence, on one shard, that other nodes may not have heard

}  // namespace

/// Forgets users at rest and facts that nobody asked for again.
struct House::Part::Sweep final : sioxx::loop::Timer {
  explicit Sweep(Part& p) : part(p) {}
  void begin(sioxx::loop::TimeMs now) { part.shard.timers().arm(*this, now + sweep_interval_ms); }
  void on_timer(sioxx::loop::TimeMs now) override {
    part.rates.sweep(now);
    if (Nodes* const nodes = part.house.nodes()) nodes->rates(part.index).sweep(now);
    part.facts.sweep(now);
    part.addresses.sweep(now);
    if (part.house.metrics().level(Gauge::bus_up) != 0) {
      std::erase_if(part.changes_,
                    [now](const auto& change) { return now - change.second.at >= change_kept_ms; });
    }
    std::erase_if(part.entries_, [now](const auto& entry) { return now - entry.second >= entry_audit_ms; });
    begin(now);
  }
  Part& part;
};

/// Wakes the database's threads once a turn, for all that the turn has given them.
struct House::Part::Bell final : sioxx::loop::TurnEnd {
  explicit Bell(store::Database& d) : database(d) {}
  void on_turn_end() override { database.wake(); }
  store::Database& database;
};

House::Part::Part(House& h, unsigned i, sioxx::loop::Shard& s)
    : house(h),
      index(i),
      shard(s),
      rates(h.options()),
      presence(s.timers(), h.options().presence_grace_ms,
               [this](const Uuid& user, bool online, WallMs at) {
                 house.presence_changed(*this, user, online, at);
               }),
      typing(s.timers(), h.options().typing_timeout_ms, h.options().typing_chats_per_user_max,
             [this](const ChatKey& chat, const Uuid& user) { house.relay_typing(chat, user, false); }),
      facts(h.options().facts_cache_ms, h.options().facts_cache_chats_max),
      addresses(h.options()),
      sweep_(std::make_unique<Sweep>(*this)),
      bell_(std::make_unique<Bell>(h.database())) {}

House::Part::~Part() = default;

House::House(sioxx::Server& server, store::Database& database, const Auth& auth, const ChatOptions& options,
             Log& log, Metrics& metrics)
    : server_(server),
      database_(database),
      auth_(auth),
      options_(options),
      log_(log),
      metrics_(metrics),
      nsp_(server.of("/")) {
  for (unsigned i = 0; i < server.shards(); ++i) {
    Part& part = *parts_.emplace_back(std::make_unique<Part>(*this, i, server.shard(i)));
    // By letter, because a timer is armed by the thread it belongs to.
    part.shard.post([&part] { part.sweep_->begin(part.shard.now()); });
  }
  database_.wake_later([this] {
    sioxx::loop::Shard* const shard = sioxx::loop::Shard::here();
    if (shard == nullptr) return false;
    shard->at_turn_end(*here().bell_);
    return true;
  });
  notices_ = std::make_unique<Notices>(*this);
  if (options_.several_nodes) nodes_ = std::make_unique<Nodes>(*this);
}

House::~House() = default;

Role role_of(store::Store& store, const Caller& who) {
  if (who.role_from_token) return who.role;
  const auto user = store.user(who.user);
  return user ? user->role : Role::client;
}

Viewer viewer_of(store::Store& store, const Caller& who) { return {who.user, role_of(store, who)}; }

std::optional<Refusal> may(store::Store& store, const Caller& who, Deed deed, const ChatFacts& facts) {
  return may(who.user, role_of(store, who), deed, facts);
}

Refusal no_such_chat(ChatKind kind) {
  return {ErrorCode::not_found,
          kind == ChatKind::order ? "there is no such order" : "there is no such dispute"};
}

Refusal no_longer_yours() { return {ErrorCode::forbidden, "you are not a participant of this chat"}; }

Refusal too_many_connections() {
  return {ErrorCode::rate_limited, "too many connections of one user are open", 5'000};
}

namespace {
constexpr std::string_view notes_prefix = "notes:";
}

std::string notes_room(const Uuid& dispute) {
  std::string room(notes_prefix);
  dispute.append_to(room);
  return room;
}

bool is_notes_room(std::string_view room) { return room.starts_with(notes_prefix); }

bool is_shut_out(const Refusal& refusal) {
  return refusal.code == ErrorCode::forbidden || refusal.code == ErrorCode::not_found;
}

Refusal busy() { return {ErrorCode::unavailable, "the server is busy; try again in a moment", 1'000}; }

std::optional<Refusal> House::still_good(const Identity& identity, WallMs now) {
  if (auto no = auth_.still_good(identity, now)) return no;
  return revoked(here().revocations, identity, now);
}

std::int64_t House::take(std::string_view address, AddressRates::Kind kind) {
  Part& part = here();
  const auto wait = part.addresses.take(address, kind, part.shard.now());
  if (wait == 0 && nodes_ != nullptr) nodes_->addresses().took(part.index, address, kind);
  return wait;
}

std::optional<Refusal> House::too_many_bad_tokens(std::string_view address) {
  const auto wait = take(address, AddressRates::Kind::bad_token);
  if (wait == 0) return std::nullopt;
  return Refusal{ErrorCode::rate_limited, "too many bad tokens from this address; try again later", wait};
}

unsigned House::home_of(const Uuid& user) const {
  return static_cast<unsigned>(std::hash<Uuid>{}(user) % parts_.size());
}

House::Part& House::here() { return *parts_[sioxx::loop::Shard::here()->index()]; }

void House::mailbox_full(unsigned shard) { log_.error("mailbox_full", {{"shard", shard}}); }

void House::recheck(const Uuid& user, const ChatKey& chat, std::function<void()> then) {
  const auto shared = std::make_shared<const std::function<void()>>(std::move(then));
  const bool accepted = database_.read(
      [this, user, chat, shared](store::Store& store) {
        const auto facts = store.facts(chat);
        for (unsigned i = 0; i < parts_.size(); ++i) {
          at(i, [this, user, chat, facts](Part& part) {
            server_.each_local_socket(part.index, "/", room_of_user(user),
                                      [&](sioxx::Socket& socket) { leave_if_lost(socket, chat, facts); });
          });
        }
        (*shared)();
      },
      [shared](const Refusal&) { (*shared)(); });
  if (!accepted) (*shared)();
}

void House::shut_out(Part& part, const ChatKey& chat, const std::optional<ChatFacts>& facts) {
  part.facts.forget(chat);
  server_.each_local_socket(part.index, "/", room_of(chat),
                            [&](sioxx::Socket& socket) { leave_if_lost(socket, chat, facts); });
}

void House::leave_if_lost(sioxx::Socket& socket, const ChatKey& chat, const std::optional<ChatFacts>& facts) {
  const Device* device = socket.data<Device>();
  const std::string room = room_of(chat);
  if (device == nullptr || !socket.in(room)) return;
  if (facts && !may(device->user(), device->role(), Deed::read, *facts)) return;
  socket.leave(room);
  if (chat.kind == ChatKind::dispute) socket.leave(notes_room(chat.id));
  socket.send(encode(chat_error_event, chat_lost_json(chat, no_longer_yours())));
  metrics_.count(Count::leaves);
  log_.event(
      "leave",
      {{"chat", room}, {"user", device->user()}, {"socket", socket.id()}, {"reason", "access withdrawn"}});
}

void House::change_role(Part& part, const Uuid& user, Role role) {
  std::set<std::string> rooms;
  server_.each_local_socket(part.index, "/", room_of_user(user), [&](sioxx::Socket& socket) {
    Device* device = socket.data<Device>();
    if (device == nullptr || !device->table_says(role)) return;
    seat_by_role(socket, role);
    for (std::string& room : socket.rooms()) rooms.insert(std::move(room));
  });
  for (const std::string& room : rooms) {
    if (const auto chat = chat_of_room(room)) recheck(user, *chat, [] {});
  }
}

void House::revoke(Part& part, RevocationsPtr list) {
  part.revocations = std::move(list);
  if (part.revocations->empty()) return;
  server_.each_local_socket(part.index, "/", "", [&](sioxx::Socket& socket) {
    const Device* device = socket.data<Device>();
    if (device == nullptr || !device->is_connected()) return;
    if (const auto no = revoked(part.revocations, device->identity(), part.shard.wall()))
      expel(socket.ref(), "connect", *no);
  });
}

void House::note_entry(const Caller& who, const ChatFacts& facts, std::string_view by) {
  const ChatKey& chat = facts.chat;
  if (!who.user.is_nil() && (who.user == facts.client_id || who.user == facts.performer_id)) return;
  store::AuditEntry entry{{}, "enter_chat", std::string(text(chat.kind)), chat.id.text(), {}};
  if (!who.user.is_nil()) entry.actor_id = who.user;
  entry.detail = fmt::format(R"({{"by":"{}"}})", by);
  at_home(who.user, [this, entry = std::move(entry), key = std::pair(who.user, chat.id)](Part& home) {
    const auto now = home.shard.now();
    const auto [noted, is_new] = home.entries_.try_emplace(key, now);
    if (!is_new && now - noted->second < entry_audit_ms) return;
    noted->second = now;
    const auto lost = [this](std::string_view why) { log_.error("audit_lost", {{"reason", why}}); };
    const bool accepted = database_.write(
        {}, [entry, wall = home.shard.wall()](store::Store& store) { store.audit(entry, wall); },
        [lost](const Result<Done>& stored) {
          if (!stored) lost(stored.refusal().message);
        });
    if (!accepted) lost(busy().message);
  });
}

sioxx::engine::EncodedPtr House::encode(std::string_view event, std::string_view json, std::uint64_t order) {
  auto encoded = sioxx::encode_event("/", event, json, order);
  metrics_.event_out(event, encoded->size());
  return encoded;
}

void House::broadcast(const ChatKey& chat, sioxx::engine::EncodedPtr message, const Uuid* except,
                      sioxx::engine::Delivery delivery) {
  sioxx::BroadcastOptions target;
  target.rooms.push_back(room_of(chat));
  if (except != nullptr) target.except.push_back(room_of_user(*except));
  target.delivery = delivery;
  nsp_.broadcast(std::move(message), std::move(target));
  metrics_.count(Count::broadcasts);
}

void House::tell(News::Kind kind, const Message& message, std::span<const Told> events) {
  if (nodes_ != nullptr) return nodes_->tell(kind, message, events);
  for (const Told& told : events) {
    const bool has_place = kind == News::Kind::message && &told == &events.front();
    broadcast(message.chat,
              encode(told.event, told.json, has_place ? static_cast<std::uint64_t>(message.seq) : 0), nullptr,
              sioxx::engine::Delivery::durable);
  }
}

Nodes::Looks House::looks(Part& part, const Uuid& user, const ChatKey& chat) {
  Nodes::Looks looks;
  const std::string room = room_of(chat);
  server_.each_local_socket(part.index, "/", room_of_user(user), [&](const sioxx::Socket& socket) {
    (socket.in(room) ? looks.on : looks.away) = true;
  });
  return looks;
}

void House::seat_by_role(sioxx::Socket& socket, Role role) {
  if (role == Role::moderator || role == Role::admin) {
    socket.join(moderators_room);
    return;
  }
  if (!socket.in(moderators_room)) return;
  socket.leave(moderators_room);
  for (const std::string& room : socket.rooms()) {
    if (is_notes_room(room)) socket.leave(room);
  }
}

void House::forget_facts(const ChatKey& chat) {
  for (unsigned i = 0; i < parts_.size(); ++i) {
    at(i, [chat](Part& part) { part.facts.forget(chat); });
  }
}

void House::relay_typing(const ChatKey& chat, const Uuid& user, bool is_typing) {
  metrics_.count(Count::typing_relayed);
  broadcast(chat, encode(names(chat.kind).typing, typing_json(chat, user, is_typing)), &user,
            sioxx::engine::Delivery::ephemeral);
}

void House::expel(const sioxx::SocketRef& socket, std::string event, Refusal why) {
  at(socket.shard(), [socket, event = std::move(event), why = std::move(why), this](Part&) {
    sioxx::Socket* here = socket.get();
    if (here == nullptr) return;
    here->send(encode(chat_error_event, chat_error_json(event, why)));
    metrics_.count(Count::expelled);
    log_.warning("expelled", {{"socket", here->id()}, {"event", event}, {"code", text(why.code)}});
    here->disconnect(true);
  });
}

Rates::Verdict House::take(Part& home, const Uuid& user, Rates::Kind kind) {
  const bool is_shared = nodes_ != nullptr && kind != Rates::Kind::event;  // that one guards the machine
  return is_shared ? nodes_->rates(home.index).take(user, kind)
                   : home.rates.take(user, kind, home.shard.now());
}

std::optional<Refusal> House::over_rate(Part& home, const Caller& caller, Rates::Kind kind,
                                        std::string_view event) {
  const auto verdict = take(home, caller.user, kind);
  if (verdict.retry_after_ms == 0) return std::nullopt;
  Refusal refusal{ErrorCode::rate_limited, "too often; try again later", verdict.retry_after_ms};
  if (verdict.expel) {
    // By letter even on this thread: the refusal of the event itself goes first.
    home.shard.post([this, caller, name = std::string(event), refusal] {
      if (caller.device.is_nil())
        expel_all(caller.user, name, refusal);
      else
        expel(caller.socket, name, refusal);
    });
  }
  return refusal;
}

void House::expel_all(const Uuid& user, const std::string& event, const Refusal& why) {
  for (unsigned i = 0; i < parts_.size(); ++i) {
    at(i, [this, user, event, why](Part& part) {
      server_.each_local_socket(part.index, "/", room_of_user(user),
                                [&](sioxx::Socket& socket) { expel(socket.ref(), event, why); });
    });
  }
}

void House::with_facts(Part& home, const ChatKey& chat, FactsCache::Then then) {
  if (home.facts.ask(chat, home.shard.now(), std::move(then)) != FactsCache::Ask::read_it) return;
  const auto answer = [this, &home, chat](Result<ChatFacts> facts) {
    at(home.index,
       [chat, facts = std::move(facts)](Part& part) { part.facts.loaded(chat, part.shard.now(), facts); });
  };
  const bool accepted = database_.read(
      [chat, answer](store::Store& store) {
        const auto facts = store.facts(chat);
        answer(facts ? Result<ChatFacts>(*facts) : Result<ChatFacts>(no_such_chat(chat.kind)));
      },
      [answer](const Refusal& refusal) { answer(refusal); });
  if (!accepted) answer(busy());
}

void House::stop_typing(Part& home, const Uuid& user, const Uuid& device) {
  home.typing.stop_device(user, device);
  home.facts.after_reads([&home, user, device] { home.typing.stop_device(user, device); });
}

void House::presence_changed(Part& home, const Uuid& user, bool online, WallMs last_seen_at) {
  metrics_.count(online ? Count::users_came : Count::users_left);
  log_.event("presence", {{"user", user}, {"online", online}});
  if (nodes_ != nullptr && (home.changes_.size() < changes_max || home.changes_.contains(user)))
    home.changes_[user] = {home.shard.now(), last_seen_at};
  look_up_audience(home, user, {online, last_seen_at, false});
}

void House::look_up_audience(Part& home, const Uuid& user, const Part::News& news) {
  const bool under_way = home.news_.contains(user);
  Part::News& latest = home.news_[user];
  latest = {news.online, news.last_seen_at, news.again || latest.again};
  if (under_way) return;
  const auto answer = [this, &home, user](std::vector<ChatKey> chats) {
    at(home.index, [this, user, chats = std::move(chats)](Part& part) { tell_presence(part, user, chats); });
  };
  const bool must_be_told = news.again && news.online;
  const bool accepted = database_.read(
      [this, user, must_be_told, answer](store::Store& store) {
        // Who is at another node too was here before, and stays.
        const bool elsewhere =
            options_.several_nodes && !must_be_told && store.connections_elsewhere(user, options_.node) > 0;
        answer(elsewhere ? std::vector<ChatKey>() : store.chats_of(user, options_.presence_chats_max));
      },
      [answer](const Refusal&) { answer({}); });
  if (!accepted) answer({});
}

void House::tell_presence_again(Part& part) {
  for (const auto& [user, change] : part.changes_)
    part.to_tell_again_.emplace_back(user, change.last_seen_at);
  part.changes_.clear();
  next_to_tell_again(part);
}

/// One after the other: there may be thousands.
void House::next_to_tell_again(Part& home) {
  if (home.to_tell_again_.empty()) return;
  const auto [user, last_seen_at] = home.to_tell_again_.back();
  home.to_tell_again_.pop_back();
  look_up_audience(home, user, {home.presence.online(user), last_seen_at, true});
}

void House::left_behind(const Uuid& user) {
  at_home(user, [this, user](Part& home) {
    if (!home.presence.online(user)) presence_changed(home, user, false, home.shard.wall());
  });
}

void House::tell_presence(Part& home, const Uuid& user, const std::vector<ChatKey>& chats) {
  const auto entry = home.news_.find(user);
  if (entry == home.news_.end()) return;
  const Part::News news = entry->second;
  home.news_.erase(entry);
  if (news.again) next_to_tell_again(home);
  if (chats.empty()) return;  // and never a broadcast without rooms: that would be to everybody
  sioxx::BroadcastOptions target;
  for (const ChatKey& chat : chats) target.rooms.push_back(room_of(chat));
  target.except.push_back(room_of_user(user));
  target.delivery = sioxx::engine::Delivery::ephemeral;
  // A bus that has just come may not have all others yet.
  const bool gathers = metrics_.level(Gauge::bus_up) != 0 &&
                       home.shard.wall() / 1'000 - metrics_.level(Gauge::bus_since) <= gathering_s;
  target.patient = news.again || gathers;
  nsp_.broadcast(encode(presence_event, presence_json(user, news.online, news.last_seen_at)),
                 std::move(target));
  metrics_.count(Count::broadcasts);
}

}  // namespace rozmova::chat
