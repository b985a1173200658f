// What happens in a chat. append() inside its transaction:
//
//   well-formed? → facts of the chat → may this sender? → replyTo is of this chat? → seq = last + 1 → insert
//                                                                                                       |
//                            (chat, sender, clientMessageId) is taken: the first row, duplicate  <------+
//
// A refusal leaves nothing behind, so a batch needs no savepoint around it.
#include "rozmova/access.hpp"
#include "rozmova/store/sql_store/sql_store.hpp"

#include <algorithm>
#include <string>

namespace rozmova::store {
namespace {

constexpr std::size_t column_chars_max = 255;  ///< VARCHAR(255) of file_url, file_name, client_message_id

std::size_t count_chars(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

bool fits(std::string_view utf8) {
  return utf8.size() <= column_chars_max || count_chars(utf8) <= column_chars_max;
}

/// U+0000 is a legal character that neither PostgreSQL's TEXT nor C programs on these tables can carry.
bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Refusal invalid(std::string message) { return {ErrorCode::invalid_payload, std::move(message)}; }

bool closed(ChatKind kind, std::string_view status) {
  if (kind == ChatKind::order) {
    const auto order = parse_order_status(status);
    return order && closes_chat(*order);
  }
  const auto dispute = parse_dispute_status(status);
  return dispute && closes_chat(*dispute);
}

bool known_status(ChatKind kind, std::string_view status) {
  return kind == ChatKind::order ? parse_order_status(status).has_value()
                                 : parse_dispute_status(status).has_value();
}

}  // namespace

std::optional<Refusal> SqlStore::malformed(const NewMessage& message) {
  if (message.content.empty() && message.attachments.empty()) return invalid("content is empty");
  if (has_nul(message.content)) return invalid("content must not contain U+0000");
  if (message.client_message_id) {
    if (message.client_message_id->empty()) return invalid("clientMessageId is empty");
    if (has_nul(*message.client_message_id)) return invalid("clientMessageId must not contain U+0000");
    if (!fits(*message.client_message_id)) return invalid("clientMessageId is longer than 255 characters");
  }
  for (const Attachment& attachment : message.attachments) {
    if (attachment.file_url.empty() && !attachment.is_upload) return invalid("fileUrl is empty");
    if (has_nul(attachment.file_url) || has_nul(attachment.file_name) || has_nul(attachment.mime_type)) {
      return invalid("attachments must not contain U+0000");
    }
  }
  if (message.chat.kind == ChatKind::order && !message.attachments.empty()) {
    // The columns file_url and file_name hold the first one; nothing is ever cut.
    const Attachment& first = message.attachments.front();
    if (!fits(first.file_url))
      return invalid("fileUrl of the first attachment is longer than 255 characters");
    if (!fits(first.file_name))
      return invalid("fileName of the first attachment is longer than 255 characters");
  }
  return std::nullopt;
}

Message SqlStore::make_message(const NewMessage& from, const ChatFacts& facts, WallMs now) {
  Message message;
  message.id = Uuid::v7(now);
  message.chat = from.chat;
  message.seq = facts.last_seq + 1;
  message.sender_id = from.sender_id;
  if (from.chat.kind == ChatKind::order) {
    if (from.sender_id == facts.client_id) message.receiver_id = facts.performer_id;
    if (from.sender_id == facts.performer_id) message.receiver_id = facts.client_id;
  }
  message.content = from.content;
  const bool only_files = from.type == MessageType::text && from.content.empty();
  message.type = only_files ? MessageType::file : from.type;
  message.attachments = from.attachments;
  for (Attachment& attachment : message.attachments) {
    if (attachment.id.is_nil()) attachment.id = Uuid::v7(now);
  }
  message.reply_to = from.reply_to;
  message.client_message_id = from.client_message_id;
  message.created_at = now;
  return message;
}

Result<Appended> SqlStore::append(const NewMessage& message, WallMs now) {
  if (auto refusal = malformed(message)) return *std::move(refusal);
  hold(message.chat);
  ChatFacts* const facts = cached_facts(message.chat);
  if (facts == nullptr) return Refusal{ErrorCode::not_found, "there is no such chat"};

  // The system speaks for who changed a status; that a chat is closed does not silence it.
  const Deed deed = message.type == MessageType::system ? Deed::change_status : Deed::send;
  Role role = message.sender_role;
  if (!message.sender_role_from_token) {
    const auto sender = user(message.sender_id);
    role = sender ? sender->role : Role::client;
  }
  if (auto refusal = may(message.sender_id, role, deed, *facts)) {
    if (refusal->code == ErrorCode::chat_closed) {
      // Sent and stored before the chat was closed, only the ack got lost: the same answer again.
      if (auto first = first_of(message)) return Appended{*std::move(first), *facts, true};
    }
    return *std::move(refusal);
  }
  if (message.reply_to && !has_message(message.chat, *message.reply_to))
    return invalid("replyTo is not a message of this chat");

  Message made = make_message(message, *facts, now);
  if (auto refusal = fill_from_uploads(made)) {
    // Sent by the first of two equal requests: that one's answer again.
    if (auto first = first_of(message)) return Appended{*std::move(first), *facts, true};
    return *std::move(refusal);
  }
  switch (insert(made)) {
    case Inserted::yes: facts->last_seq = made.seq; return Appended{std::move(made), *facts, false};
    case Inserted::duplicate: break;
    case Inserted::sender_unknown: return Refusal{ErrorCode::not_found, "the sender is not known here"};
    case Inserted::attachment_id_taken: return Refusal{ErrorCode::conflict, "an attachment's id is in use"};
  }
  auto first = first_of(message);
  if (!first)
    throw StoreError(StoreError::Kind::broken, "the store: messages_once names a row that is not there");
  return Appended{*std::move(first), *facts, true};
}

ChatFacts* SqlStore::cached_facts(const ChatKey& chat) {
  if (!cache_checked_) {
    const auto version = connection_.changes_of_others();
    if (!version || version != cached_at_version_ || cached_facts_.size() >= cached_facts_max)
      cached_facts_.clear();
    cached_at_version_ = version;
    cache_checked_ = true;
  }
  if (const auto known = cached_facts_.find(chat); known != cached_facts_.end()) return &known->second;
  auto read = facts(chat);
  if (!read) return nullptr;
  return &cached_facts_.emplace(chat, *std::move(read)).first->second;
}

std::optional<ChatFacts> SqlStore::facts(const ChatKey& chat) {
  auto row = facts_[chat.kind].run();
  if (!row.bind(chat.id).row()) return std::nullopt;
  ChatFacts facts;
  facts.chat = chat;
  facts.order_id = row.uuid(0);
  facts.client_id = row.uuid(1);
  facts.performer_id = row.uuid(2);
  facts.moderator_id = row.uuid_or_null(3);
  facts.status = row.string(4);
  facts.order_has_dispute = row.number(5) != 0;
  facts.last_seq = row.number(6);
  fill_facts(facts);
  return facts;
}

void SqlStore::fill_facts(ChatFacts& facts) const {
  facts.closed = closed(facts.chat.kind, facts.status);
  if (beside_ == nullptr || known_status(facts.chat.kind, facts.status)) return;
  throw StoreError(StoreError::Kind::broken, "marketplace: " + room_of(facts.chat) + " has the status '" +
                                                 facts.status +
                                                 "', which is no word of ours; name it in [marketplace]");
}

bool SqlStore::has_message(const ChatKey& chat, const Uuid& id) {
  auto row = in_chat_[chat.kind].run();
  return row.bind(id).bind(chat.id).row();
}

void SqlStore::remember(ChatFacts facts) {
  if (!cache_checked_) cached_facts_.clear();
  cache_checked_ = true;
  cached_facts_.insert_or_assign(facts.chat, std::move(facts));
}

Reached SqlStore::mark_read(const ChatKey& chat, const Uuid& user, std::int64_t seq, WallMs now) {
  hold(chat);
  const auto facts = this->facts(chat);
  if (!facts) return {};
  const std::int64_t before = read_position(chat, user);
  const std::int64_t after = std::min(seq, facts->last_seq);  // what is not said yet cannot be read
  if (after <= before) return {before, false};
  set_read_.run().bind(text(chat.kind)).bind(chat.id).bind(user).bind(after).bind_time(now).done();
  if (connection_.changes() == 0) return {before, false};  // nobody of that id
  if (chat.kind == ChatKind::order) {
    fill_read_at_.run().bind(chat.id).bind(user).bind(before).bind(after).bind_time(now).done();
  }
  read_topic_.run().bind(user).bind(room_of(chat)).bind(after).bind_time(now).done();
  return {after, true};
}

std::int64_t SqlStore::read_position(const ChatKey& chat, const Uuid& user) {
  auto row = read_seq_.run();
  return row.bind(text(chat.kind)).bind(chat.id).bind(user).row() ? row.number(0) : 0;
}

std::optional<ChatSnapshot> SqlStore::snapshot(const ChatKey& chat, const Page& page) {
  const Moment moment(connection_);
  auto facts = this->facts(chat);
  if (!facts) return std::nullopt;
  ChatSnapshot snapshot;
  snapshot.participants = participants(*facts);
  snapshot.reads = reads(chat);
  snapshot.page = messages(chat, page);
  snapshot.facts = *std::move(facts);
  return snapshot;
}

std::vector<Participant> SqlStore::participants(const ChatFacts& facts) {
  std::vector<Participant> all;
  const auto add = [&](const Uuid& id, Role role) {
    auto row = participant_.run();
    if (!row.bind(id).row()) return;
    all.push_back({id, role, row.string(0), row.time_or_null(1)});
  };
  add(facts.client_id, Role::client);
  add(facts.performer_id, Role::performer);
  if (facts.moderator_id) add(*facts.moderator_id, Role::moderator);
  return all;
}

std::vector<ReadMark> SqlStore::reads(const ChatKey& chat) {
  std::vector<ReadMark> all;
  auto row = reads_.run();
  row.bind(text(chat.kind)).bind(chat.id);
  while (row.row()) all.push_back({row.uuid(0), row.number(1)});
  return all;
}

std::vector<ChatKey> SqlStore::chats_of(const Uuid& user, int limit) {
  std::vector<ChatKey> all;
  auto row = chats_of_.run();
  row.bind(user).bind(std::int64_t{limit < 0 ? 0 : limit});
  while (row.row()) all.push_back({row.number(0) == 0 ? ChatKind::order : ChatKind::dispute, row.uuid(1)});
  return all;
}

}  // namespace rozmova::store
