#pragma once

#include "rozmova/chat/options.hpp"
#include "rozmova/model.hpp"
#include "rozmova/refusal.hpp"
#include "rozmova/store/store.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Notifications and unread counters: what they say, and what is asked about them over REST. Pure.

namespace rozmova::chat {

inline constexpr std::string_view notification_event = "notification";
inline constexpr std::string_view notifications_read_event = "notifications_read";
inline constexpr std::string_view unread_event = "unread";

/// What a notification about a message needs to know of it. Its text is not part of it.
struct MessageNews {
  ChatKey chat;
  Uuid message_id;
  std::int64_t seq = 0;
  Uuid sender_id;
};
/// In the reader's language ("uk", else English): who wrote; the data names the chat, the message, and its sender.
store::NewNotification message_notification(const MessageNews& news, const User& reader,
                                            std::string_view sender_name);

/// `{id, type, content, data, createdAt, readAt}`
void append_notification(std::string& out, const Notification& notification);
/// `{notifications, nextCursor, unread}`
std::string notifications_json(const store::NotificationList& list, std::int64_t unread);
/// `{total, orders:{id:n}, disputes:{id:n}, notifications}`; names the latest chats_max chats, counts all.
std::string unread_json(const store::Unread& unread, std::size_t chats_max);

/// `{ids:[…]}`, `{upTo:time}` or `{all:true}` of POST /v1/notifications/read.
struct NotificationsRead {
  std::vector<Uuid> ids;
  std::optional<WallMs> up_to;
};
/// `{all:true}` is `{upTo:now}`.
Result<NotificationsRead> parse_notifications_read(const boost::json::object& body, WallMs now,
                                                   const ChatOptions& limits);
/// `{ids | upTo, readAt}`
std::string notifications_read_json(const NotificationsRead& read, WallMs read_at);

/// `{userId | userIds:[…], type?, content, data?}` of POST /v1/admin/notifications and of the outbox, one for each user.
Result<std::vector<store::NewNotification>> parse_announcement(const boost::json::object& body,
                                                               const ChatOptions& limits);
Refusal no_such_user(const Uuid& user);

}  // namespace rozmova::chat
