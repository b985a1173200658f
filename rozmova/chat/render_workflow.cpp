// Statuses, disputes and notes as JSON.
#include "rozmova/chat/events.hpp"
#include "rozmova/chat/render_parts.hpp"
#include "rozmova/workflow.hpp"

namespace rozmova::chat {

namespace {

/// An undecided dispute decides about the order; nobody else does.
bool waits_for_decision(const store::OrderSummary& summary) {
  return summary.dispute && !is_decided(summary.dispute->status);
}

void append_person_or_null(ObjectText& object, std::string& out, std::string_view key,
                           const std::optional<Uuid>& id, std::string_view name) {
  object.key(key);
  if (id)
    append_party(out, *id, name);
  else
    out += "null";
}

}  // namespace

void append_change(ObjectText& message, const Change& change, ChatKind kind) {
  std::string json;
  ObjectText object(json);
  if (change.what == Change::What::status) {
    object.text("status", change.value)
        .text_or_null("previousStatus", change.previous)
        .id("changedBy", change.by);
    object.text_or_null("note", change.note);
    if (kind == ChatKind::order)
      object.id("disputeId", change.dispute_id);
    else
      object.text_or_null("orderStatus", change.order_status);
  } else {
    object.text_or_null("moderatorId", change.value).text_or_null("previousModeratorId", change.previous);
    object.id("changedBy", change.by);
  }
  object.close();
  message.raw(change.what == Change::What::status ? "statusChange" : "assignment", json);
}

std::string status_update_json(const Message& message) {
  const Change& change = *message.change;
  std::string out;
  ObjectText object(out);
  object.id(names(message.chat.kind).id_key, message.chat.id).text("status", change.value);
  object.text_or_null("previousStatus", change.previous).id("changedBy", change.by);
  object.time("changedAt", message.created_at).number("seq", message.seq);
  object.close();
  return out;
}

std::string status_as_it_is_json(const ChatKey& chat, std::string_view status) {
  std::string out;
  ObjectText object(out);
  object.id(names(chat.kind).id_key, chat.id).text("status", status);
  object.raw("previousStatus", "null").raw("changedBy", "null").raw("changedAt", "null").raw("seq", "null");
  object.close();
  return out;
}

std::string dispute_assigned_json(const Message& message, std::string_view moderator_name) {
  const Change& change = *message.change;
  std::string out;
  ObjectText object(out);
  object.id("disputeId", message.chat.id);
  append_person_or_null(object, out, "moderator", Uuid::parse(change.value), moderator_name);
  object.text_or_null("previousModeratorId", change.previous).id("changedBy", change.by);
  object.time("changedAt", message.created_at).number("seq", message.seq);
  object.close();
  return out;
}

void append_transitions(std::string& out, ChatKind kind, const Viewer& viewer, const Uuid& client_id,
                        const Uuid& performer_id, std::string_view status) {
  const Actor actor = actor_of(viewer.user, viewer.role, client_id, performer_id);
  append_each(out, next_statuses(kind, actor, status), append_json_string);
}

void append_order_workflow(ObjectText& object, std::string& out, const store::OrderSummary& summary,
                           const Viewer& viewer) {
  const Order& order = summary.order;
  object.key("dispute");
  if (summary.dispute) {
    ObjectText dispute(out);
    dispute.id("id", summary.dispute->id).text("status", text(summary.dispute->status));
    dispute.close();
  } else {
    out += "null";
  }
  object.key("transitions");
  if (waits_for_decision(summary))
    out += "[]";
  else
    append_transitions(out, ChatKind::order, viewer, order.client_id, order.performer_id, text(order.status));
  const Actor actor = actor_of(viewer.user, viewer.role, order.client_id, order.performer_id);
  object.boolean("mayDispute", !waits_for_decision(summary) && !may_open_dispute(actor, order.status));
}

void append_dispute(std::string& out, const store::DisputeSummary& summary, const Viewer& viewer) {
  const Dispute& dispute = summary.dispute;
  ObjectText object(out);
  object.id("id", dispute.id).id("orderId", dispute.order_id).key("order");
  {
    ObjectText order(out);
    order.id("id", dispute.order_id).number("number", summary.order_number);
    order.text("title", summary.order_title).text("status", text(summary.order_status));
    order.close();
  }
  object.text("status", text(dispute.status))
      .text("reason", dispute.reason)
      .id("openedBy", dispute.opened_by);
  append_parties(object, out, summary.client_id, summary.performer_id, summary);
  append_person_or_null(object, out, "moderator", dispute.moderator_id, summary.moderator_name);
  object.text_or_null("outcome", summary.outcome);
  append_activity(object, out, summary);
  object.time("createdAt", dispute.created_at).time("updatedAt", dispute.updated_at);
  object.key("transitions");
  append_transitions(out, ChatKind::dispute, viewer, summary.client_id, summary.performer_id,
                     text(dispute.status));
  object.close();
}

std::string disputes_json(const store::DisputeList& list, const Viewer& viewer) {
  return page_json("disputes", list.disputes, list.next_cursor,
                   [&](std::string& out, const auto& summary) { append_dispute(out, summary, viewer); });
}

void append_note(std::string& out, const store::Note& note) {
  ObjectText object(out);
  object.id("id", note.id).id("disputeId", note.dispute_id).number("seq", note.seq);
  object.id("authorId", note.author_id).text("authorName", note.author_name).text("content", note.content);
  object.text_or_null("clientMessageId", note.client_message_id.value_or(""))
      .time("createdAt", note.created_at);
  object.close();
}

std::string notes_json(const store::NotePage& page) {
  std::string out = R"({"notes":)";
  append_each(out, page.notes, append_note);
  out += page.has_more ? R"(,"hasMore":true,"lastSeq":)" : R"(,"hasMore":false,"lastSeq":)";
  append_number(out, page.last_seq);
  out += '}';
  return out;
}

void append_cursor(std::string& out, const std::optional<std::string>& cursor) {
  if (cursor)
    append_json_string(out, *cursor);
  else
    out += "null";
}

}  // namespace rozmova::chat
