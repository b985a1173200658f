#include "rozmova/chat/notice_text.hpp"

#include "rozmova/chat/events.hpp"
#include "rozmova/chat/payload.hpp"
#include "rozmova/chat/render.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace rozmova::chat {

using namespace payload;

store::NewNotification message_notification(const MessageNews& news, const User& reader,
                                            std::string_view sender_name) {
  store::NewNotification wanted;
  wanted.user_id = reader.id;
  wanted.type = names(news.chat.kind).message;
  const bool uk = reader.locale == "uk";
  if (sender_name.empty()) {
    wanted.content = uk ? "Нове повідомлення" : "New message";
  } else {
    wanted.content = (uk ? "Нове повідомлення: " : "New message from ") + std::string(sender_name);
  }
  wanted.data.clear();
  ObjectText data(wanted.data);
  data.id(names(news.chat.kind).id_key, news.chat.id).id("messageId", news.message_id);
  data.number("seq", news.seq).id("senderId", news.sender_id).text("senderName", sender_name);
  data.close();
  wanted.topic = room_of(news.chat);
  wanted.position = news.seq;
  return wanted;
}

void append_notification(std::string& out, const Notification& notification) {
  ObjectText object(out);
  object.id("id", notification.id).text("type", notification.type).text("content", notification.content);
  object.raw("data", notification.data);
  object.time("createdAt", notification.created_at).time("readAt", notification.read_at);
  object.close();
}

std::string notifications_json(const store::NotificationList& list, std::int64_t unread) {
  std::string out = R"({"notifications":[)";
  for (const Notification& one : list.notifications) {
    if (&one != &list.notifications.front()) out += ',';
    append_notification(out, one);
  }
  out += R"(],"nextCursor":)";
  if (list.next_cursor)
    append_json_string(out, *list.next_cursor);
  else
    out += "null";
  out += R"(,"unread":)";
  append_number(out, unread);
  out += '}';
  return out;
}

std::string unread_json(const store::Unread& unread, std::size_t chats_max) {
  // Ids are of version 7 when they are ours, so the last ones are the youngest chats.
  std::vector<store::Unread::Chat> chats = unread.chats;
  std::sort(chats.begin(), chats.end(),
            [](const auto& left, const auto& right) { return right.chat.id < left.chat.id; });
  std::int64_t total = 0;
  for (const auto& one : chats) total += one.messages;
  if (chats.size() > chats_max) chats.resize(chats_max);

  std::string out;
  ObjectText object(out);
  object.number("total", total);
  for (const ChatKind kind : {ChatKind::order, ChatKind::dispute}) {
    object.key(kind == ChatKind::order ? "orders" : "disputes");
    ObjectText counts(out);
    for (const auto& one : chats) {
      if (one.chat.kind == kind) counts.number(one.chat.id.text(), one.messages);
    }
    counts.close();
  }
  object.number("notifications", unread.notifications);
  object.close();
  return out;
}

namespace {

Result<std::vector<Uuid>> ids_of(const json::object& body, std::string_view key, std::size_t ids_max) {
  const json::value* value = find(body, key);
  const json::array* list = value == nullptr ? nullptr : value->if_array();
  const auto no_ids = [&] {
    return invalid(fmt::format("{} must be an array of 1 to {} UUIDs", key, ids_max));
  };
  if (list == nullptr || list->empty() || list->size() > ids_max) return no_ids();
  std::vector<Uuid> ids;
  for (const json::value& one : *list) {
    const auto id = uuid_of(key, one);
    if (!id) return no_ids();
    ids.push_back(*id);
  }
  return ids;
}

}  // namespace

Result<NotificationsRead> parse_notifications_read(const json::object& body, WallMs now,
                                                   const ChatOptions& limits) {
  NotificationsRead read;
  if (find(body, "ids") != nullptr) {
    auto ids = ids_of(body, "ids", limits.notification_ids_max);
    if (!ids) return ids.refusal();
    read.ids = std::move(*ids);
    return read;
  }
  if (find(body, "upTo") != nullptr) {
    const auto text = text_of(body, "upTo");
    read.up_to = text ? parse_iso_time(*text) : std::nullopt;
    if (!read.up_to) return invalid("upTo must be an ISO 8601 time");
    return read;
  }
  const json::value* all = find(body, "all");
  if (all == nullptr) return invalid("ids, upTo or all is missing");
  if (!all->is_bool() || !all->get_bool()) return invalid("all must be true");
  read.up_to = now;
  return read;
}

std::string notifications_read_json(const NotificationsRead& read, WallMs read_at) {
  std::string out;
  ObjectText object(out);
  if (read.up_to) {
    object.time("upTo", read.up_to);
  } else {
    object.key("ids");
    out += '[';
    for (const Uuid& id : read.ids) {
      if (&id != &read.ids.front()) out += ',';
      append_json_string(out, id.text());
    }
    out += ']';
  }
  object.time("readAt", read_at);
  object.close();
  return out;
}

Result<std::vector<store::NewNotification>> parse_announcement(const json::object& body,
                                                               const ChatOptions& limits) {
  std::vector<Uuid> users;
  if (find(body, "userIds") != nullptr) {
    if (find(body, "userId") != nullptr) return invalid("give userId or userIds, not both");
    auto ids = ids_of(body, "userIds", limits.notification_receivers_max);
    if (!ids) return ids.refusal();
    users = std::move(*ids);
  } else {
    const auto id = uuid_of(body, "userId");
    if (!id) return id.refusal();
    users.push_back(*id);
  }
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());

  store::NewNotification wanted;
  wanted.type = "announcement";
  if (find(body, "type") != nullptr) {
    const auto type = text_of(body, "type");
    if (!type) return type.refusal();
    if (is_blank(*type) || type->size() > limits.notification_type_bytes_max || has_control(*type)) {
      return invalid(fmt::format("type must have 1 to {} bytes and no control characters",
                                 limits.notification_type_bytes_max));
    }
    wanted.type = *type;
  }
  const auto content = text_of(body, "content");
  if (!content) return content.refusal();
  if (is_blank(*content) || has_nul(*content) || characters(*content) > limits.notification_characters_max) {
    return invalid(fmt::format("content must have 1 to {} characters", limits.notification_characters_max));
  }
  wanted.content = *content;
  if (const json::value* data = find(body, "data")) {
    if (!data->is_object()) return invalid("data must be an object");
    wanted.data = json::serialize(*data);
    if (wanted.data.size() > limits.notification_data_bytes_max) {
      return Refusal{ErrorCode::payload_too_large,
                     fmt::format("data is longer than {} bytes", limits.notification_data_bytes_max)};
    }
  }
  std::vector<store::NewNotification> all;
  for (const Uuid& user : users) {
    wanted.user_id = user;
    all.push_back(wanted);
  }
  return all;
}

Refusal no_such_user(const Uuid& user) { return {ErrorCode::not_found, "there is no user " + user.text()}; }

}  // namespace rozmova::chat
