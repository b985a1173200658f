#include "rozmova/chat/notices.hpp"

#include "rozmova/chat/device.hpp"
#include "rozmova/chat/house.hpp"
#include "rozmova/chat/render.hpp"

#include <algorithm>
#include <bit>
#include <set>
#include <unordered_map>
#include <utility>

namespace rozmova::chat {

namespace {

struct Place {
  Uuid user;
  ChatKey chat;
  bool operator==(const Place&) const = default;
};
struct PlaceHash {
  std::size_t operator()(const Place& place) const {
    return std::hash<Uuid>{}(place.user) * 31 + std::hash<ChatKey>{}(place.chat);
  }
};

std::vector<Uuid> participants(const ChatFacts& chat) {
  std::vector<Uuid> all{chat.client_id, chat.performer_id};
  if (chat.moderator_id) all.push_back(*chat.moderator_id);
  return all;
}

}  // namespace

/// Goes from shard to shard of a user's devices: is one of them in the chat, and is one of them not?
struct Notices::Look {
  Uuid user;
  MessageNews news;
  std::uint64_t shards = 0;  ///< still to be asked
  bool looks_on = false, looks_away = false;
};

/// An absent user's chat: the interval runs, and perhaps there is more to write at its end.
struct Notices::Pending final : sioxx::loop::Timer {
  enum class State : std::uint8_t { resting, writing };

  Pending(Notices& n, const Uuid& u) : notices(n), user(u) {}
  void on_timer(sioxx::loop::TimeMs) override;

  Notices& notices;
  Uuid user;
  MessageNews news;
  State state = State::resting;
  bool is_new = false;  ///< `news` is not written yet
};

/// A user whose `unread` was told a moment ago.
struct Notices::Counter final : sioxx::loop::Timer {
  enum class State : std::uint8_t { resting, reading };

  Counter(Notices& n, const Uuid& u) : notices(n), user(u) {}
  void on_timer(sioxx::loop::TimeMs) override;

  Notices& notices;
  Uuid user;
  State state = State::resting;
  bool is_stale = false;  ///< has changed since it was read
};

struct Notices::Desk {
  std::unordered_map<Place, Pending, PlaceHash> pending;
  std::unordered_map<Uuid, Counter> counters;
};

Notices::Notices(House& house) : house_(house) {
  for (unsigned i = 0; i < house.server().shards(); ++i) desks_.push_back(std::make_unique<Desk>());
}

Notices::~Notices() = default;

void Notices::tell(const Notification& notification) {
  std::string json;
  append_notification(json, notification);
  sioxx::BroadcastOptions target;
  target.rooms.push_back(room_of_user(notification.user_id));
  house_.server().of("/").broadcast(house_.encode(notification_event, json), std::move(target));
  house_.log().event("notification", {{"user", notification.user_id}, {"name", notification.type}});
  unread_changed(notification.user_id);
}

// ----------------------------------------------------------------------------------------------------
// messages

void Notices::message_stored(const Message& message, const ChatFacts& chat) {
  if (message.type == MessageType::system) return;  // whoever changed the status tells of that
  for (const Uuid& user : participants(chat)) {
    if (user == message.sender_id) continue;
    Look next{user, {message.chat, message.id, message.seq, message.sender_id}, 0, false, false};
    next.shards = house_.server().shards_with("/", room_of_user(user));
    look(next);
  }
}

void Notices::message_deleted(const Message& message, const ChatFacts& chat) {
  for (const Uuid& user : participants(chat)) {
    if (user != message.sender_id) unread_changed(user);
  }
}

void Notices::look(Look next) {
  if (next.shards == 0) {
    const bool ask_others = house_.nodes() != nullptr && !next.looks_on;
    return ask_others ? look_elsewhere(next) : conclude(next);
  }
  const auto shard = static_cast<unsigned>(std::countr_zero(next.shards));
  next.shards &= next.shards - 1;
  house_.at(shard, [this, next](House::Part& part) mutable {
    const Nodes::Looks here = house_.looks(part, next.user, next.news.chat);
    next.looks_on = next.looks_on || here.on;
    next.looks_away = next.looks_away || here.away;
    look(next);
  });
}

/// Nobody looks here; perhaps somebody does at another node.
void Notices::look_elsewhere(Look next) {
  house_.nodes()->look(next.user, next.news.chat, [this, next](Nodes::Looks there) mutable {
    next.looks_on = there.on;
    next.looks_away = next.looks_away || there.away;
    conclude(next);
  });
}

void Notices::conclude(const Look& look) {
  if (look.looks_away) unread_changed(look.user);
  if (look.looks_on) return;
  house_.at_home(look.user, [this, look](House::Part& home) {
    auto& pending = desks_[home.index]->pending;
    if (pending.size() >= house_.options().notifications_waiting_max) {
      house_.log().warning("notification_left_out", {{"user", look.user}, {"chat", room_of(look.news.chat)}});
      return;
    }
    const auto [entry, is_first] = pending.try_emplace({look.user, look.news.chat}, *this, look.user);
    if (!is_first && entry->second.news.seq >= look.news.seq) return;
    entry->second.news = look.news;
    entry->second.is_new = true;
    if (is_first) write(entry->second);
  });
}

void Notices::Pending::on_timer(sioxx::loop::TimeMs) {
  if (is_new) return notices.write(*this);
  notices.desks_[notices.house_.home_of(user)]->pending.erase(Place{user, news.chat});
}

void Notices::write(Pending& pending) {
  pending.state = Pending::State::writing;
  pending.is_new = false;
  const unsigned shard = house_.home_of(pending.user);
  const auto told = std::make_shared<std::optional<Notification>>();
  const auto work = [user = pending.user, news = pending.news, told,
                     now = house_.server().shard(shard).wall()](store::Store& store) {
    told->reset();
    const auto reader = store.user(user);
    if (!reader || store.read_position(news.chat, user) >= news.seq) return;
    const auto sender = store.user(news.sender_id);
    *told = store.notify(message_notification(news, *reader, sender ? sender->name : ""), now);
  };
  const auto done = [this, shard, user = pending.user, chat = pending.news.chat, told](Result<Done> stored) {
    if (stored && *told) tell(**told);
    house_.at(shard, [this, user, chat, stored = static_cast<bool>(stored)](House::Part& part) {
      written(part.index, user, chat, stored);
    });
  };
  if (!house_.database().write(pending.news.chat, work, done)) done(busy());
}

void Notices::written(unsigned shard, const Uuid& user, const ChatKey& chat, bool stored) {
  const auto entry = desks_[shard]->pending.find(Place{user, chat});
  if (entry == desks_[shard]->pending.end()) return;
  Pending& pending = entry->second;
  pending.state = Pending::State::resting;
  if (!stored) pending.is_new = true;
  auto& part = house_.server().shard(shard);
  part.timers().arm(pending, part.now() + house_.options().notification_interval_ms);
}

// ----------------------------------------------------------------------------------------------------
// counters

void Notices::unread_changed(const Uuid& user) {
  if (house_.nodes() != nullptr) house_.nodes()->unread_changed(user);
  unread_changed_here(user);
}

void Notices::unread_changed_for_all() {
  for (unsigned i = 0; i < house_.server().shards(); ++i) {
    house_.at(i, [this](House::Part& part) {
      std::set<Uuid> users;
      house_.server().each_local_socket(part.index, "/", "", [&](sioxx::Socket& socket) {
        if (const Device* device = socket.data<Device>()) users.insert(device->user());
      });
      for (const Uuid& user : users) unread_changed_here(user);
    });
  }
}

void Notices::unread_changed_here(const Uuid& user) {
  house_.at_home(user, [this, user](House::Part& home) {
    if (!home.presence.online(user)) return;
    const auto [entry, is_first] = desks_[home.index]->counters.try_emplace(user, *this, user);
    entry->second.is_stale = true;
    if (is_first) count(entry->second);
  });
}

void Notices::Counter::on_timer(sioxx::loop::TimeMs) {
  if (is_stale) return notices.count(*this);
  notices.desks_[notices.house_.home_of(user)]->counters.erase(user);
}

void Notices::count(Counter& counter) {
  counter.state = Counter::State::reading;
  counter.is_stale = false;
  const auto answer = [this, user = counter.user,
                       shard = house_.home_of(counter.user)](std::optional<store::Unread> unread) {
    house_.at(shard, [this, user, unread = std::move(unread)](House::Part& part) {
      counted(part.index, user, unread);
    });
  };
  const bool accepted = house_.database().read(
      [answer, user = counter.user](store::Store& store) { answer(store.unread(user)); },
      [answer](const Refusal&) { answer(std::nullopt); });
  if (!accepted) answer(std::nullopt);
}

void Notices::counted(unsigned shard, const Uuid& user, const std::optional<store::Unread>& unread) {
  const auto entry = desks_[shard]->counters.find(user);
  if (entry == desks_[shard]->counters.end()) return;
  Counter& counter = entry->second;
  counter.state = Counter::State::resting;
  if (unread) {
    sioxx::BroadcastOptions target;
    target.rooms.push_back(room_of_user(user));
    const std::string json = unread_json(*unread, house_.options().unread_chats_listed_max);
    target.local = true;  // each node counts for its own devices
    house_.server().of("/").broadcast(house_.encode(unread_event, json), std::move(target));
  } else {
    counter.is_stale = true;  // the store has to come back first
  }
  auto& part = house_.server().shard(shard);
  part.timers().arm(counter, part.now() + house_.options().unread_interval_ms);
}

void Notices::greet(sioxx::Socket& socket, const Uuid& user) {
  const int most = house_.options().notifications_at_connect_max;
  house_.database().read(
      [this, ref = socket.ref(), user, most](store::Store& store) {
        store::NotificationQuery query;
        query.unread_only = true;
        query.limit = most;
        auto unread = store.notifications(user, query).notifications;
        if (unread.empty()) return;
        std::reverse(unread.begin(), unread.end());
        house_.at(ref.shard(), [this, ref, unread = std::move(unread)](House::Part&) {
          sioxx::Socket* here = ref.get();
          if (here == nullptr) return;
          for (const Notification& one : unread) {
            std::string json;
            append_notification(json, one);
            here->send(house_.encode(notification_event, json));
          }
        });
      },
      {});
}

}  // namespace rozmova::chat
