#include "rozmova/bridge/webhook_text.hpp"

#include "rozmova/chat/render.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace rozmova::bridge {

namespace {

using chat::ObjectText;

void append_people(ObjectText& data, const ChatFacts& chat) {
  data.id("orderId", chat.order_id);
  if (chat.chat.kind == ChatKind::dispute) data.id("disputeId", chat.chat.id);
  data.id("clientId", chat.client_id).id("performerId", chat.performer_id);
  if (chat.chat.kind == ChatKind::dispute) data.id("moderatorId", chat.moderator_id);
}

/// A message without anything that somebody wrote.
void append_outline(std::string& out, const Message& message) {
  ObjectText object(out);
  object.id("id", message.id).number("seq", message.seq);
  object.id("senderId", message.sender_id)
      .id("receiverId", message.receiver_id)
      .text("type", text(message.type));
  object.number("attachmentCount", static_cast<std::int64_t>(message.attachments.size()));
  object.id("replyTo", message.reply_to)
      .time("editedAt", message.edited_at)
      .time("deletedAt", message.deleted_at);
  object.time("createdAt", message.created_at);
  object.close();
}

void append_change(ObjectText& data, const Message& message, bool with_content) {
  const Change& change = *message.change;
  if (change.what == Change::What::moderator) {
    data.text_or_null("assignedTo", change.value).text_or_null("previouslyAssignedTo", change.previous);
  } else {
    data.text_or_null("status", change.value).text_or_null("previousStatus", change.previous);
    if (!change.order_status.empty()) data.text("orderStatus", change.order_status);
  }
  data.id("changedBy", change.by).time("changedAt", message.created_at).number("seq", message.seq);
  if (with_content) data.text_or_null("note", change.note);
}

void append_data(std::string& out, const store::WebhookRow& row, bool with_content) {
  ObjectText data(out);
  if (row.notification) {
    const Notification& notification = *row.notification;
    data.id("userId", notification.user_id).key("notification");
    ObjectText object(out);
    // The sentence is one of ours: notifications never hold the text of a message.
    object.id("id", notification.id).text("type", notification.type).text("content", notification.content);
    object.raw("data", notification.data).time("createdAt", notification.created_at);
    object.time("readAt", notification.read_at);
    object.close();
    data.close();
    return;
  }
  if (row.chat) append_people(data, *row.chat);
  if (row.message && row.message->change) {
    append_change(data, *row.message, with_content);
  } else if (row.message) {
    data.key("message");
    if (with_content)
      chat::append_message(out, *row.message);
    else
      append_outline(out, *row.message);
  }
  data.close();
}

}  // namespace

std::string webhook_body(const store::WebhookRow& row, bool with_content) {
  std::string out;
  ObjectText body(out);
  body.id("id", row.id).text("type", row.type).time("createdAt", row.created_at).key("data");
  append_data(out, row, with_content);
  body.close();
  return out;
}

std::string webhook_signature(std::string_view secret, std::int64_t unix_s, std::string_view body) {
  const std::string time = std::to_string(unix_s);
  std::string text = time + '.';
  text += body;
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  std::string out = "t=" + time + ",v1=";
  constexpr char hex[] = "0123456789abcdef";
  for (unsigned i = 0; i < size; ++i) {
    out += hex[mac[i] >> 4];
    out += hex[mac[i] & 15];
  }
  return out;
}

}  // namespace rozmova::bridge
