// Notifications and counters as people ask for them; what happens by itself is in notices.cpp.
#include "rozmova/chat/deeds.hpp"
#include "rozmova/chat/notice_text.hpp"
#include "rozmova/chat/render.hpp"

namespace rozmova::chat {

void Deeds::notifications(const Caller& who, bool unread_only, int limit, std::optional<std::string> cursor,
                          Then<std::string> done) {
  read<std::string>(
      [user = who.user, unread_only, limit,
       cursor = std::move(cursor)](store::Store& store) -> Result<std::string> {
        store::NotificationQuery query{unread_only, limit, std::nullopt};
        if (cursor) query.cursor = *cursor;
        const auto list = store.notifications(user, query);
        return notifications_json(list, store.unread_notifications(user));
      },
      std::move(done));
}

void Deeds::read_notifications(const Caller& who, NotificationsRead read, WallMs now,
                               Then<std::string> done) {
  house_.at_home(who.user,
                 [this, who, read = std::move(read), now, done = std::move(done)](House::Part& home) mutable {
                   if (auto over = house_.over_rate(home, who, Rates::Kind::action, notifications_read_event))
                     return done(std::move(*over));
                   write_notifications_read(who, std::move(read), now, std::move(done));
                 });
}

void Deeds::write_notifications_read(const Caller& who, NotificationsRead read, WallMs now,
                                     Then<std::string> done) {
  struct Outcome {
    std::int64_t changed = 0, unread = 0;
  };
  const auto outcome = std::make_shared<Outcome>();
  const auto shared = std::make_shared<Then<std::string>>(std::move(done));
  const auto work = [user = who.user, read, now, outcome](store::Store& store) {
    outcome->changed = read.up_to ? store.read_notifications_until(user, *read.up_to, now)
                                  : store.read_notifications(user, read.ids, now);
    outcome->unread = store.unread_notifications(user);
  };
  const auto answer = [this, user = who.user, read, now, outcome, shared](Result<Done> stored) {
    if (!stored) return (*shared)(stored.refusal());
    if (outcome->changed > 0) {
      sioxx::BroadcastOptions target;
      target.rooms.push_back(room_of_user(user));
      house_.server().of("/").broadcast(
          house_.encode(notifications_read_event, notifications_read_json(read, now)), std::move(target));
      house_.notices().unread_changed(user);
    }
    std::string json;
    ObjectText(json).number("read", outcome->changed).number("unread", outcome->unread).close();
    (*shared)(std::move(json));
  };
  if (!house_.database().write({ChatKind::order, who.user}, work, answer)) (*shared)(busy());
}

void Deeds::announce(const Caller& who, std::vector<store::NewNotification> wanted, WallMs now,
                     Then<std::string> done) {
  struct Outcome {
    std::vector<Notification> stored;
    std::optional<Refusal> refusal;
  };
  const auto outcome = std::make_shared<Outcome>();
  const auto shared = std::make_shared<Then<std::string>>(std::move(done));
  const ChatKey lane{ChatKind::order, wanted.front().user_id};
  const auto work = [wanted, now, outcome](store::Store& store) {
    *outcome = {};
    for (const auto& one : wanted) {
      if (store.user(one.user_id)) continue;
      outcome->refusal = no_such_user(one.user_id);
      return;
    }
    for (const auto& one : wanted) {
      if (auto stored = store.notify(one, now)) outcome->stored.push_back(*std::move(stored));
    }
  };
  const auto answer = [this, user = who.user, outcome, shared](Result<Done> stored) {
    if (!stored) return (*shared)(stored.refusal());
    if (outcome->refusal) return (*shared)(*outcome->refusal);
    house_.log().event("announcement", {{"user", user}, {"receivers", outcome->stored.size()}});
    std::string json = R"({"notifications":[)";
    for (const Notification& one : outcome->stored) {
      house_.notices().tell(one);
      if (&one != &outcome->stored.front()) json += ',';
      json += R"({"userId":")" + one.user_id.text() + R"(","notification":)";
      append_notification(json, one);
      json += '}';
    }
    (*shared)(json + "]}");
  };
  if (!house_.database().write(lane, work, answer)) (*shared)(busy());
}

void Deeds::unread(const Caller& who, Then<std::string> done) {
  read<std::string>(
      [user = who.user, most = house_.options().unread_chats_listed_max](
          store::Store& store) -> Result<std::string> { return unread_json(store.unread(user), most); },
      std::move(done));
}

}  // namespace rozmova::chat
