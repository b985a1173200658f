#include "rozmova/chat/message_change.hpp"

#include "rozmova/chat/events.hpp"
#include "rozmova/chat/payload.hpp"
#include "rozmova/chat/render.hpp"

#include <fmt/format.h>

namespace rozmova::chat {

using namespace payload;

namespace {

constexpr ChangeNames of_orders{"order_message_edit", "order_message_delete", "order_message_edited",
                                "order_message_deleted"};
constexpr ChangeNames of_disputes{"dispute_message_edit", "dispute_message_delete", "dispute_message_edited",
                                  "dispute_message_deleted"};

}  // namespace

const ChangeNames& change_names(ChatKind kind) { return kind == ChatKind::order ? of_orders : of_disputes; }

std::string_view changed_event(const Message& message) {
  const ChangeNames& event = change_names(message.chat.kind);
  return message.deleted_at ? event.deleted : event.edited;
}

Result<ChangePayload> parse_delete(ChatKind kind, const json::value* payload) {
  const auto object = object_of(payload);
  if (!object) return object.refusal();
  const auto chat = uuid_of(**object, names(kind).id_key);
  if (!chat) return chat.refusal();
  const auto message = uuid_of(**object, "messageId");
  if (!message) return message.refusal();
  return ChangePayload{{kind, *chat}, *message, std::nullopt};
}

Result<ChangePayload> parse_edit(ChatKind kind, const json::value* payload, const ChatOptions& limits) {
  auto change = parse_delete(kind, payload);
  if (!change) return change;
  auto content = parse_edit_body(payload->get_object(), limits);
  if (!content) return content.refusal();
  change->content = std::move(*content);
  return change;
}

Result<std::string> parse_edit_body(const json::object& body, const ChatOptions& limits) {
  const auto content = text_of(body, "content");
  if (!content) return content.refusal();
  if (characters(*content) > limits.content_characters_max) {
    return Refusal{ErrorCode::payload_too_large,
                   fmt::format("content has more than {} characters", limits.content_characters_max)};
  }
  if (has_nul(*content)) return invalid("content must not contain U+0000");
  return std::string(*content);
}

std::string changes_json(const store::ChangePage& page) {
  std::string out = R"({"changes":)";
  append_messages(out, page.messages);
  out += page.has_more ? R"(,"hasMore":true,"lastChangeSeq":)" : R"(,"hasMore":false,"lastChangeSeq":)";
  append_number(out, page.last_change_seq);
  out += '}';
  return out;
}

std::string revisions_json(const store::Revisions& all) {
  std::string out;
  ObjectText object(out);
  object.key("message");
  append_message(out, all.message);
  object.key("attachments");
  append_attachments(out, all.attachments);
  object.key("revisions");
  out += '[';
  for (const store::Revision& one : all.revisions) {
    if (&one != &all.revisions.front()) out += ',';
    ObjectText revision(out);
    revision.text("reason", one.reason == store::Revision::Reason::deleted ? "delete" : "edit");
    revision.text("content", one.content)
        .id("replacedBy", one.replaced_by)
        .time("replacedAt", one.replaced_at);
    revision.close();
  }
  out += ']';
  object.close();
  return out;
}

}  // namespace rozmova::chat
