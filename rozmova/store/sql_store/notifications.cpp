// What users are told, and what they have not read yet.
#include "rozmova/store/cursor.hpp"
#include "rozmova/store/sql_store/sql_store.hpp"

#include <algorithm>

namespace rozmova::store {
namespace {

constexpr int page_notifications_max = 200;

}  // namespace

std::optional<Notification> SqlStore::notify(const NewNotification& wanted, WallMs now) {
  Notification made{Uuid::v7(now), wanted.user_id, wanted.type, wanted.content, wanted.data, now, {}};
  if (rewrite(made, wanted)) return made;
  auto row = insert_notification_.run();
  row.bind(made.id).bind(made.user_id).bind(made.type).bind(made.content).bind(made.data);
  if (wanted.topic.empty()) {
    row.bind_null();
  } else {
    row.bind(wanted.topic);
  }
  row.bind(wanted.position).bind_time(now);
  switch (row.write()) {
    case Wrote::yes: return made;
    case Wrote::unique_taken:  // another node was the first to tell him
      if (rewrite(made, wanted)) return made;
      break;
    case Wrote::parent_missing: break;
  }
  return std::nullopt;
}

/// Over the unread one of the same topic, if there is one.
bool SqlStore::rewrite(Notification& made, const NewNotification& wanted) {
  if (wanted.topic.empty()) return false;
  {
    auto row = unread_of_topic_.run();
    if (!row.bind(wanted.user_id).bind(wanted.topic).row()) return false;
    made.id = row.uuid(0);
  }
  auto change = rewrite_notification_.run();
  change.bind(made.id).bind(made.type).bind(made.content).bind(made.data);
  change.bind_time(made.created_at).bind(wanted.position).done();
  return true;
}

NotificationList SqlStore::notifications(const Uuid& user, const NotificationQuery& query) {
  NotificationList list;
  Cursor from{after_every_time, {}};
  if (query.cursor) {
    auto decoded = decode_cursor(*query.cursor);
    if (!decoded) return list;
    from = *std::move(decoded);
  }
  const int rows_max = std::clamp(query.limit, 1, page_notifications_max);
  auto row = (query.unread_only ? unread_notifications_ : notifications_).run();
  row.bind(user).bind_time_us(from.activity_us).bind(from.id).bind(std::int64_t{rows_max} + 1);
  while (row.row()) {
    if (static_cast<int>(list.notifications.size()) == rows_max) {
      const Notification& last = list.notifications.back();
      list.next_cursor = encode({last.created_at * 1'000, last.id});
      break;
    }
    list.notifications.push_back(
        {row.uuid(0), user, row.string(1), row.string(2), row.string(3), row.time(4), row.time_or_null(5)});
  }
  return list;
}

std::int64_t SqlStore::unread_notifications(const Uuid& user) {
  auto row = count_unread_notifications_.run();
  return row.bind(user).bind(unread_count_max).row() ? row.number(0) : 0;
}

int SqlStore::read_notifications(const Uuid& user, std::span<const Uuid> ids, WallMs now) {
  std::int64_t changed = 0;
  for (const Uuid& id : ids) {
    read_notification_.run().bind(id).bind(user).bind_time(now).done();
    changed += connection_.changes();
  }
  return static_cast<int>(changed);
}

int SqlStore::read_notifications_until(const Uuid& user, WallMs until, WallMs now) {
  read_notifications_until_.run().bind(user).bind_time(until).bind_time(now).done();
  return static_cast<int>(connection_.changes());
}

Uuid SqlStore::forget_notifications(const Uuid& after, WallMs before, int rows_max) {
  Uuid last;
  bool at_end = true;
  {
    auto row = forget_notifications_up_to_.run();
    if (!row.bind(after).bind(std::int64_t{rows_max}).row() || row.number(1) == 0) return {};
    last = row.uuid(0);
    at_end = row.number(1) < rows_max;
  }
  forget_notifications_.run().bind(after).bind(last).bind_time(before).done();
  return at_end ? Uuid{} : last;
}

Unread SqlStore::unread(const Uuid& user) {
  const Moment moment(connection_);
  Unread unread;
  for (const ChatKind kind : {ChatKind::order, ChatKind::dispute}) {
    auto row = unread_chats_[kind].run();
    row.bind(user).bind(unread_count_max);
    while (row.row()) unread.chats.push_back({{kind, row.uuid(0)}, row.number(1)});
  }
  unread.notifications = unread_notifications(user);
  return unread;
}

}  // namespace rozmova::store
