// Payloads of statuses, disputes and notes.
#include "rozmova/chat/events.hpp"
#include "rozmova/chat/payload.hpp"

namespace rozmova::chat {

namespace json = boost::json;
using namespace payload;

Result<StatusPayload> parse_status(ChatKind kind, const json::value* payload, const ChatOptions& limits) {
  const auto sent = addressed(kind, payload);
  if (!sent) return sent.refusal();
  return parse_status_body(sent->chat, *sent->body, limits);
}

Result<StatusPayload> parse_status_body(const ChatKey& chat, const json::object& body,
                                        const ChatOptions& limits) {
  const auto status = text_of(body, "status");
  if (!status) return status.refusal();
  const bool known = chat.kind == ChatKind::order ? parse_order_status(*status).has_value()
                                                  : parse_dispute_status(*status).has_value();
  if (!known) return invalid("status must be one of " + statuses_of(chat.kind));
  StatusPayload wish;
  wish.chat = chat;
  wish.status = *status;
  if (const json::value* note = find(body, "note"); note != nullptr && *note != "") {
    auto words = words_of(body, "note", limits.note_characters_max);
    if (!words) return words.refusal();
    wish.note = std::move(*words);
  }
  if (chat.kind == ChatKind::dispute && find(body, "orderStatus") != nullptr) {
    const auto of_order = text_of(body, "orderStatus");
    if (!of_order) return of_order.refusal();
    wish.order_status = parse_order_status(*of_order);
    if (!wish.order_status) return invalid("orderStatus must be one of " + statuses_of(ChatKind::order));
  }
  return wish;
}

Result<NotePayload> parse_note(const json::value* payload, const ChatOptions& limits) {
  const auto sent = addressed(ChatKind::dispute, payload);
  if (!sent) return sent.refusal();
  return parse_note_body(sent->chat.id, *sent->body, limits);
}

Result<NotePayload> parse_note_body(const Uuid& dispute, const json::object& body,
                                    const ChatOptions& limits) {
  auto content = words_of(body, "content", limits.note_characters_max);
  if (!content) return content.refusal();
  auto client_message_id = client_message_id_of(body, limits);
  if (!client_message_id) return client_message_id.refusal();
  return NotePayload{dispute, std::move(*content), std::move(*client_message_id)};
}

Result<DisputePayload> parse_dispute_body(const json::object& body, const ChatOptions& limits) {
  const auto id = optional_uuid_of(body, "id");
  if (!id) return id.refusal();
  auto reason = words_of(body, "reason", limits.note_characters_max);
  if (!reason) return reason.refusal();
  return DisputePayload{*id, std::move(*reason), std::nullopt};
}

Result<std::optional<Uuid>> parse_assign_body(const json::object& body, const Uuid& asks) {
  if (!body.contains("moderatorId")) return std::optional<Uuid>(asks);
  return optional_uuid_of(body, "moderatorId");
}

}  // namespace rozmova::chat
