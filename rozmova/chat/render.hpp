#pragma once

#include "rozmova/access.hpp"
#include "rozmova/model.hpp"
#include "rozmova/refusal.hpp"
#include "rozmova/store/store.hpp"
#include "rozmova/workflow.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Everything that the chat says, as JSON text written straight into a string: no tree, one pass. Names and
// order of the fields are those of spec §3; the examples in golden/ are checked against these functions.
// Pure.

namespace rozmova::chat {

/// Writes one JSON object, key by key. Lives for one object; close() ends it.
class ObjectText {
 public:
  explicit ObjectText(std::string& out) : out_(out) { out_ += '{'; }
  ObjectText& raw(std::string_view key, std::string_view json);
  ObjectText& text(std::string_view key, std::string_view value);
  ObjectText& text_or_null(std::string_view key, std::string_view value);  ///< empty: null
  ObjectText& number(std::string_view key, std::int64_t value);
  ObjectText& boolean(std::string_view key, bool value);
  ObjectText& id(std::string_view key, const Uuid& value);
  ObjectText& id(std::string_view key, const std::optional<Uuid>& value);
  ObjectText& time(std::string_view key, WallMs value);
  ObjectText& time(std::string_view key, const std::optional<WallMs>& value);
  /// The key alone; the caller appends the value to the string.
  ObjectText& key(std::string_view key);
  void close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

/// A JSON string with its quotes; `utf8` must be valid.
void append_json_string(std::string& out, std::string_view utf8);
void append_number(std::string& out, std::int64_t value);

/// `OrderChatMessage` or `DisputeChatMessage`.
void append_message(std::string& out, const Message& message);
void append_attachments(std::string& out, const std::vector<Attachment>& attachments);
void append_messages(std::string& out, const std::vector<Message>& messages);

/// `{orderId, userId, isTyping}`
std::string typing_json(const ChatKey& chat, const Uuid& user, bool is_typing);
/// `{userId, isOnline, lastSeenAt}`
std::string presence_json(const Uuid& user, bool is_online, std::optional<WallMs> last_seen_at);
/// `{orderId, userId, seq, readAt}`
std::string read_json(const ChatKey& chat, const Uuid& user, std::int64_t seq, WallMs read_at);
/// `{expiresAt}`
std::string token_expiring_json(WallMs expires_at);
/// `{event, code, message, retryAfterMs?}`
std::string chat_error_json(std::string_view event, const Refusal& refusal);
/// `{event, code, message, orderId}`: this connection is not in the chat any more.
std::string chat_lost_json(const ChatKey& chat, const Refusal& refusal);

/// The arguments of an ack: `[{"ok":true, <fields>}]`; `fields` without braces, may be empty.
std::string ok_ack(std::string_view fields);
/// `[{"ok":false,"error":{code, message, retryAfterMs?}}]`
std::string refusal_ack(const Refusal& refusal);

/// The role of somebody in a chat: his part in it, else what he is.
Role role_in(const ChatFacts& chat, const Uuid& user, Role own);

/// What a join answers with, still without who is there (that is known elsewhere, see presence.hpp).
struct JoinText {
  std::string head;  ///< orderId … lastReadSeq
  std::string tail;  ///< reads … gap
  std::vector<store::Participant> participants;
};
JoinText join_text(const store::ChatSnapshot& snapshot, const store::ChangePage& changes, const Uuid& reader,
                   Role role, bool gap);
/// The fields of the ack. `online` has one entry a participant; `now` is the last-seen time of those who are
/// here.
std::string join_fields(const JoinText& text, const std::vector<bool>& online, WallMs now);

/// `{id, number, title, status, amount, currency, clientId, performerId, client, performer, lastMessage,
/// lastSeq, lastReadSeq, unread, createdAt, updatedAt, deadlineAt, dispute, transitions, mayDispute}`; amount in
/// whole units as a decimal number.
void append_order(std::string& out, const store::OrderSummary& summary, const Viewer& viewer);
std::string orders_json(const store::OrderList& list, const Viewer& viewer);
/// `dispute`, `transitions` and `mayDispute` of an order.
void append_order_workflow(ObjectText& object, std::string& out, const store::OrderSummary& summary,
                           const Viewer& viewer);
/// `{id, name}`
void append_party(std::string& out, const Uuid& id, std::string_view name);

// ---- render_workflow.cpp
/// What a system message tells: `statusChange` or `assignment`, into the message's object.
void append_change(ObjectText& message, const Change& change, ChatKind kind);
/// `{orderId, status, previousStatus, changedBy, changedAt, seq}` of a status's system message.
std::string status_update_json(const Message& message);
/// The same for a status that was here before its chat had a record of it.
std::string status_as_it_is_json(const ChatKey& chat, std::string_view status);
/// `{disputeId, moderator, previousModeratorId, changedBy, changedAt, seq}` of an assignment's system message.
std::string dispute_assigned_json(const Message& message, std::string_view moderator_name);
/// `{id, orderId, order, status, reason, openedBy, clientId, …, moderator, outcome, lastMessage, …, transitions}`
void append_dispute(std::string& out, const store::DisputeSummary& summary, const Viewer& viewer);
std::string disputes_json(const store::DisputeList& list, const Viewer& viewer);
/// `{id, disputeId, seq, authorId, authorName, content, clientMessageId, createdAt}`
void append_note(std::string& out, const store::Note& note);
/// `{notes, hasMore, lastSeq}`
std::string notes_json(const store::NotePage& page);
/// `[…]` of the words that are next.
void append_transitions(std::string& out, ChatKind kind, const Viewer& viewer, const Uuid& client_id,
                        const Uuid& performer_id, std::string_view status);
/// A string or null.
void append_cursor(std::string& out, const std::optional<std::string>& cursor);
/// Cuts a page to what fits into one answer, at the end that is asked for next (the oldest, or with `forward`
/// the newest), but never to nothing.
void trim_page(store::MessagePage& page, bool forward, std::size_t bytes_max);
/// The same for a page of changes that were asked for after a position: what is cut is the next page.
void trim_changes(store::ChangePage& changes, std::size_t bytes_max);
/// `{messages, hasMore, lastSeq, lastChangeSeq, status, role}`; `role` is the reader's own, outside of this chat.
std::string history_json(const store::MessagePage& page, const ChatFacts& facts, std::int64_t last_change_seq,
                         const Uuid& reader, Role role);
/// `{id, name, role, locale}`
void append_user(std::string& out, const User& user);

}  // namespace rozmova::chat
