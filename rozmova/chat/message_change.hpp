#pragma once

#include "rozmova/chat/options.hpp"
#include "rozmova/model.hpp"
#include "rozmova/refusal.hpp"
#include "rozmova/store/store.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

// Edits and deletions: their events, what they carry, and how moderators see what was said before. Pure.

namespace rozmova::chat {

struct ChangeNames {
  std::string_view edit;     ///< "order_message_edit", from its author
  std::string_view remove;   ///< "order_message_delete"
  std::string_view edited;   ///< "order_message_edited", to the room, with the message
  std::string_view deleted;  ///< "order_message_deleted"
};
const ChangeNames& change_names(ChatKind kind);
/// What the room is told about a message that has changed.
std::string_view changed_event(const Message& message);

struct ChangePayload {
  ChatKey chat;
  Uuid message_id;
  std::optional<std::string> content;  ///< nothing: delete
};
/// `{orderId, messageId, content}`
Result<ChangePayload> parse_edit(ChatKind kind, const boost::json::value* payload, const ChatOptions& limits);
/// `{orderId, messageId}`
Result<ChangePayload> parse_delete(ChatKind kind, const boost::json::value* payload);
/// `{content}` of PATCH; may be empty, a message with files needs no words.
Result<std::string> parse_edit_body(const boost::json::object& body, const ChatOptions& limits);

/// `{changes, hasMore, lastChangeSeq}`
std::string changes_json(const store::ChangePage& page);
/// `{message, attachments, revisions:[{reason, content, replacedBy, replacedAt}]}`
std::string revisions_json(const store::Revisions& revisions);

}  // namespace rozmova::chat
