#include "rozmova/chat/render_parts.hpp"

#include "rozmova/chat/events.hpp"
#include "sioxx/server.hpp"

#include <array>
#include <charconv>

namespace rozmova::chat {

namespace {

/// Hundredths as a JSON number: 120050 -> 1200.5
void append_amount(std::string& out, std::int64_t minor) {
  append_number(out, minor / 100);
  const auto cents = static_cast<int>(minor % 100);
  if (cents == 0) return;
  out += '.';
  out += static_cast<char>('0' + cents / 10);
  if (cents % 10 != 0) out += static_cast<char>('0' + cents % 10);
}

void append_attachment(std::string& out, const Attachment& attachment) {
  const auto number_or_null = [&out](ObjectText& object, std::string_view key, const auto& value) {
    object.key(key);
    if (value)
      append_number(out, *value);
    else
      out += "null";
  };
  ObjectText object(out);
  object.id("id", attachment.id).text("fileUrl", attachment.file_url).text("fileName", attachment.file_name);
  number_or_null(object, "size", attachment.size);
  object.text_or_null("mimeType", attachment.mime_type);
  number_or_null(object, "width", attachment.width);
  number_or_null(object, "height", attachment.height);
  object.close();
}

void append_error_fields(ObjectText& object, const Refusal& refusal) {
  object.text("code", text(refusal.code)).text("message", refusal.message);
  if (refusal.retry_after_ms > 0) object.number("retryAfterMs", refusal.retry_after_ms);
}

/// "key":… fields that go into an object somebody else opens.
class Fields {
 public:
  Fields() : object_(text_) {}
  ObjectText* operator->() { return &object_; }
  std::string& text() { return text_; }
  std::string take() && { return text_.substr(1); }

 private:
  std::string text_;
  ObjectText object_;
};

}  // namespace

ObjectText& ObjectText::key(std::string_view key) {
  if (!first_) out_ += ',';
  first_ = false;
  out_ += '"';
  out_ += key;
  out_ += "\":";
  return *this;
}

ObjectText& ObjectText::raw(std::string_view name, std::string_view json) {
  key(name);
  out_ += json;
  return *this;
}

ObjectText& ObjectText::text(std::string_view name, std::string_view value) {
  key(name);
  append_json_string(out_, value);
  return *this;
}

ObjectText& ObjectText::text_or_null(std::string_view name, std::string_view value) {
  return value.empty() ? raw(name, "null") : text(name, value);
}

ObjectText& ObjectText::number(std::string_view name, std::int64_t value) {
  key(name);
  append_number(out_, value);
  return *this;
}

ObjectText& ObjectText::boolean(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

ObjectText& ObjectText::id(std::string_view name, const Uuid& value) {
  key(name);
  out_ += '"';
  value.append_to(out_);
  out_ += '"';
  return *this;
}

ObjectText& ObjectText::id(std::string_view name, const std::optional<Uuid>& value) {
  return value ? id(name, *value) : raw(name, "null");
}

ObjectText& ObjectText::time(std::string_view name, WallMs value) {
  key(name);
  out_ += '"';
  append_iso_time(out_, value);
  out_ += '"';
  return *this;
}

ObjectText& ObjectText::time(std::string_view name, const std::optional<WallMs>& value) {
  return value ? time(name, *value) : raw(name, "null");
}

void append_json_string(std::string& out, std::string_view utf8) { sioxx::append_json(out, utf8); }

void append_number(std::string& out, std::int64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append_attachments(std::string& out, const std::vector<Attachment>& attachments) {
  out += '[';
  for (const Attachment& attachment : attachments) {
    if (&attachment != &attachments.front()) out += ',';
    append_attachment(out, attachment);
  }
  out += ']';
}

void append_message(std::string& out, const Message& message) {
  const Attachment* first = message.attachments.empty() ? nullptr : &message.attachments.front();
  ObjectText object(out);
  object.id("id", message.id).id(names(message.chat.kind).id_key, message.chat.id).number("seq", message.seq);
  object.id("senderId", message.sender_id).id("receiverId", message.receiver_id);
  object.text("content", message.content).text("type", text(message.type));
  object.text_or_null("fileUrl", first ? first->file_url : "")
      .text_or_null("fileName", first ? first->file_name : "");
  object.key("attachments");
  append_attachments(out, message.attachments);
  object.id("replyTo", message.reply_to);
  object.text_or_null("clientMessageId", message.client_message_id.value_or(""));
  object.time("readAt", message.read_at)
      .time("editedAt", message.edited_at)
      .time("deletedAt", message.deleted_at);
  object.time("createdAt", message.created_at);
  if (message.change_seq) object.number("changeSeq", *message.change_seq);
  if (message.change) append_change(object, *message.change, message.chat.kind);
  object.close();
}

void append_messages(std::string& out, const std::vector<Message>& messages) {
  append_each(out, messages, append_message);
}

std::string typing_json(const ChatKey& chat, const Uuid& user, bool is_typing) {
  std::string out;
  ObjectText object(out);
  object.id(names(chat.kind).id_key, chat.id).id("userId", user).boolean("isTyping", is_typing);
  object.close();
  return out;
}

std::string presence_json(const Uuid& user, bool is_online, std::optional<WallMs> last_seen_at) {
  std::string out;
  ObjectText object(out);
  object.id("userId", user).boolean("isOnline", is_online).time("lastSeenAt", last_seen_at);
  object.close();
  return out;
}

std::string read_json(const ChatKey& chat, const Uuid& user, std::int64_t seq, WallMs read_at) {
  std::string out;
  ObjectText object(out);
  object.id(names(chat.kind).id_key, chat.id).id("userId", user).number("seq", seq).time("readAt", read_at);
  object.close();
  return out;
}

std::string token_expiring_json(WallMs expires_at) {
  std::string out;
  ObjectText object(out);
  object.time("expiresAt", expires_at);
  object.close();
  return out;
}

std::string chat_error_json(std::string_view event, const Refusal& refusal) {
  std::string out;
  ObjectText object(out);
  object.text("event", event);
  append_error_fields(object, refusal);
  object.close();
  return out;
}

std::string chat_lost_json(const ChatKey& chat, const Refusal& refusal) {
  std::string out;
  ObjectText object(out);
  object.text("event", names(chat.kind).join);
  append_error_fields(object, refusal);
  object.id(names(chat.kind).id_key, chat.id);
  object.close();
  return out;
}

std::string ok_ack(std::string_view fields) {
  std::string out;
  out.reserve(fields.size() + 16);
  out += R"([{"ok":true)";
  if (!fields.empty()) out += ',';
  out += fields;
  out += "}]";
  return out;
}

std::string refusal_ack(const Refusal& refusal) {
  std::string out = R"([{"ok":false,"error":)";
  ObjectText object(out);
  append_error_fields(object, refusal);
  object.close();
  out += "}]";
  return out;
}

Role role_in(const ChatFacts& chat, const Uuid& user, Role own) {
  if (user == chat.client_id) return Role::client;
  if (user == chat.performer_id) return Role::performer;
  return own;
}

JoinText join_text(const store::ChatSnapshot& snapshot, const store::ChangePage& changes, const Uuid& reader,
                   Role role, bool gap) {
  const ChatFacts& facts = snapshot.facts;
  std::int64_t last_read = 0;
  for (const auto& mark : snapshot.reads) {
    if (mark.user_id == reader) last_read = mark.seq;
  }
  JoinText result;
  Fields head;
  head->id(names(facts.chat.kind).id_key, facts.chat.id).text("status", facts.status);
  head->text("role", text(role_in(facts, reader, role)));
  head->number("lastSeq", facts.last_seq).number("lastReadSeq", last_read);
  result.head = std::move(head).take();

  Fields tail;
  tail->key("reads");
  ObjectText reads(tail.text());
  for (const auto& mark : snapshot.reads) reads.number(mark.user_id.text(), mark.seq);
  reads.close();
  tail->key("messages");
  append_messages(tail.text(), snapshot.page.messages);
  tail->boolean("hasMore", snapshot.page.has_more).boolean("gap", gap);
  tail->key("changes");
  append_messages(tail.text(), changes.messages);
  tail->boolean("hasMoreChanges", changes.has_more).number("lastChangeSeq", changes.last_change_seq);
  result.tail = std::move(tail).take();
  result.participants = snapshot.participants;
  return result;
}

std::string join_fields(const JoinText& join, const std::vector<bool>& online, WallMs now) {
  std::string out = join.head;
  out += R"(,"participants":[)";
  for (std::size_t i = 0; i < join.participants.size(); ++i) {
    const store::Participant& person = join.participants[i];
    const bool is_online = i < online.size() && online[i];
    if (i != 0) out += ',';
    ObjectText object(out);
    object.id("userId", person.user_id).text("role", text(person.role)).text("name", person.name);
    object.boolean("isOnline", is_online)
        .time("lastSeenAt", is_online ? std::optional<WallMs>(now) : person.last_seen_at);
    object.close();
  }
  out += "],";
  out += join.tail;
  return out;
}

void append_party(std::string& out, const Uuid& id, std::string_view name) {
  ObjectText party(out);
  party.id("id", id).text("name", name);
  party.close();
}

void append_order(std::string& out, const store::OrderSummary& summary, const Viewer& viewer) {
  const Order& order = summary.order;
  ObjectText object(out);
  object.id("id", order.id)
      .number("number", order.number)
      .text("title", order.title)
      .text("status", text(order.status));
  object.key("amount");
  if (order.currency.empty())
    out += "null";
  else
    append_amount(out, order.amount_minor);
  object.text_or_null("currency", order.currency);
  append_parties(object, out, order.client_id, order.performer_id, summary);
  append_activity(object, out, summary);
  object.time("createdAt", order.created_at)
      .time("updatedAt", order.updated_at)
      .time("deadlineAt", order.deadline_at);
  append_order_workflow(object, out, summary, viewer);
  object.close();
}

std::string orders_json(const store::OrderList& list, const Viewer& viewer) {
  return page_json("orders", list.orders, list.next_cursor,
                   [&](std::string& out, const auto& summary) { append_order(out, summary, viewer); });
}

void trim_page(store::MessagePage& page, bool forward, std::size_t bytes_max) {
  constexpr std::size_t frame_bytes = 512;  // names, ids, times
  auto& messages = page.messages;
  std::size_t kept = 0, bytes = 0;
  while (kept < messages.size()) {
    const Message& next = forward ? messages[kept] : messages[messages.size() - 1 - kept];
    bytes += frame_bytes + next.content.size();
    for (const Attachment& file : next.attachments)
      bytes += frame_bytes + file.file_url.size() + file.file_name.size();
    if (bytes > bytes_max && kept > 0) break;
    ++kept;
  }
  if (kept == messages.size()) return;
  page.has_more = true;
  const auto surplus = static_cast<std::ptrdiff_t>(messages.size() - kept);
  if (forward)
    messages.erase(messages.end() - surplus, messages.end());
  else
    messages.erase(messages.begin(), messages.begin() + surplus);
}

void trim_changes(store::ChangePage& changes, std::size_t bytes_max) {
  store::MessagePage page{std::move(changes.messages), changes.has_more};
  trim_page(page, true, bytes_max);
  changes.messages = std::move(page.messages);
  changes.has_more = page.has_more;
  if (changes.has_more && !changes.messages.empty())
    changes.last_change_seq = *changes.messages.back().change_seq;
}

std::string history_json(const store::MessagePage& page, const ChatFacts& facts, std::int64_t last_change_seq,
                         const Uuid& reader, Role role) {
  std::string out;
  ObjectText object(out);
  object.key("messages");
  append_messages(out, page.messages);
  object.boolean("hasMore", page.has_more)
      .number("lastSeq", facts.last_seq)
      .number("lastChangeSeq", last_change_seq)
      .text("status", facts.status)
      .text("role", text(role_in(facts, reader, role)));
  object.close();
  return out;
}

void append_user(std::string& out, const User& user) {
  ObjectText object(out);
  object.id("id", user.id)
      .text("name", user.name)
      .text("role", text(user.role))
      .text_or_null("locale", user.locale);
  object.close();
}

}  // namespace rozmova::chat
