#include "rozmova/chat/events.hpp"
#include "rozmova/chat/render.hpp"
#include "tests/unit/golden.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace rozmova::chat {
namespace {

WallMs at(const char* iso) { return parse_iso_time(iso).value(); }
Uuid id(const char* text) { return Uuid::parse(text).value(); }

const Uuid olena = id("0197a1b2-0001-7000-8000-000000000001");
const Uuid taras = id("0197a1b2-0003-7000-8000-000000000003");
const Uuid mariia = id("0197a1b2-0005-7000-8000-000000000005");
const Uuid order = id("0197a1b2-1001-7000-8000-000000001001");
const Uuid dispute = id("0197a1b2-2001-7000-8000-000000002001");
const ChatOptions limits;

Message message_in(ChatKind kind, const Uuid& sender, std::string content) {
  Message message;
  message.id = id("0197a1b2-3002-7000-8000-000000003002");
  message.chat = {kind, kind == ChatKind::order ? order : dispute};
  message.seq = 2;
  message.sender_id = sender;
  if (kind == ChatKind::order) message.receiver_id = olena;
  message.content = std::move(content);
  message.type = MessageType::system;
  message.created_at = at("2026-03-01T15:04:05.678Z");
  return message;
}

Message accepted() {
  Message message = message_in(ChatKind::order, taras, "The order was accepted: Буду завтра о 9:00");
  Change change;
  change.value = "accepted";
  change.previous = "created";
  change.by = taras;
  change.note = "Буду завтра о 9:00";
  message.change = std::make_shared<const Change>(change);
  return message;
}

Message resolved() {
  Message message = message_in(ChatKind::dispute, mariia, "The dispute was resolved: Роботу виконано");
  Change change;
  change.value = "resolved";
  change.previous = "under_review";
  change.by = mariia;
  change.note = "Роботу виконано";
  change.order_status = "completed";
  message.change = std::make_shared<const Change>(change);
  return message;
}

Message assigned() {
  Message message = message_in(ChatKind::dispute, mariia, "The dispute is in the hands of Марія Бондаренко");
  Change change;
  change.what = Change::What::moderator;
  change.value = mariia.text();
  change.by = mariia;
  message.change = std::make_shared<const Change>(change);
  return message;
}

store::DisputeSummary opened() {
  store::DisputeSummary summary;
  summary.dispute.id = dispute;
  summary.dispute.order_id = order;
  summary.dispute.opened_by = olena;
  summary.dispute.reason = "Змішувач тече й далі";
  summary.dispute.created_at = summary.dispute.updated_at = at("2026-03-01T15:00:00.000Z");
  summary.order_number = 1'042;
  summary.order_title = "Ремонт кухонного змішувача";
  summary.order_status = OrderStatus::disputed;
  summary.client_id = olena;
  summary.performer_id = taras;
  summary.client_name = "Олена Коваленко";
  summary.performer_name = "Тарас Мельник";
  Message first = message_in(ChatKind::dispute, olena, "The dispute was opened: Змішувач тече й далі");
  first.seq = 1;
  Change change;
  change.value = "open";
  change.by = olena;
  change.note = "Змішувач тече й далі";
  first.change = std::make_shared<const Change>(change);
  summary.last_message = first;
  summary.last_seq = 1;
  return summary;
}

store::DisputeSummary taken() {
  store::DisputeSummary summary = opened();
  summary.dispute.status = DisputeStatus::under_review;
  summary.dispute.moderator_id = mariia;
  summary.dispute.updated_at = at("2026-03-01T15:04:05.678Z");
  summary.moderator_name = "Марія Бондаренко";
  Message last = message_in(ChatKind::dispute, taras, "Вітаю! Буду о 17:30.");
  last.type = MessageType::text;
  last.client_message_id = "c-7f3a";
  summary.last_message = last;
  summary.last_seq = 2;
  summary.last_read_seq = summary.unread = 1;
  return summary;
}

store::Note note() {
  return {id("0197a1b2-5001-7000-8000-000000005001"),
          dispute,
          1,
          mariia,
          "Марія Бондаренко",
          "Третє повернення за місяць",
          "n-1",
          at("2026-03-01T15:04:05.678Z")};
}

template <class Value>
std::string json_of(void (*append)(std::string&, const Value&), const Value& value) {
  std::string out;
  append(out, value);
  return out;
}

TEST(RenderWorkflow, SystemMessagesSayWhatHasChanged) {
  EXPECT_EQ(json_of(append_message, accepted()), golden::text("server.order_message_system", "payload"));
  EXPECT_EQ(json_of(append_message, resolved()), golden::text("server.dispute_message_system", "payload"));
  EXPECT_EQ(json_of(append_message, assigned()), golden::text("server.dispute_message_assigned", "payload"));
}

TEST(RenderWorkflow, UpdatesAreTheSameInEventAckAndAnswer) {
  const std::string of_order = status_update_json(accepted());
  EXPECT_EQ(of_order, golden::text("server.order_status_update", "payload"));
  EXPECT_EQ(of_order, golden::text("rest.post_order_status", "response"));
  EXPECT_EQ(of_order, golden::text("rest.post_admin_order_status", "response"));
  const std::string of_dispute = status_update_json(resolved());
  EXPECT_EQ(of_dispute, golden::text("server.dispute_status_update", "payload"));
  EXPECT_EQ(of_dispute, golden::text("rest.post_dispute_status", "response"));
  EXPECT_EQ(of_dispute, golden::text("rest.post_admin_dispute_status", "response"));
  const auto inner = [](const std::string& ack) { return ack.substr(1, ack.size() - 2); };
  EXPECT_EQ(inner(ok_ack(inner(of_order))), golden::text("client.order_status", "ack"));
  EXPECT_EQ(inner(ok_ack(inner(of_dispute))), golden::text("client.dispute_status", "ack"));
  EXPECT_EQ(dispute_assigned_json(assigned(), "Марія Бондаренко"),
            golden::text("server.dispute_assigned", "payload"));
  EXPECT_EQ(status_as_it_is_json({ChatKind::order, order}, "accepted"),
            R"({"orderId":"0197a1b2-1001-7000-8000-000000001001","status":"accepted","previousStatus":null,)"
            R"("changedBy":null,"changedAt":null,"seq":null})");
}

TEST(RenderWorkflow, DisputesSayWhatTheReaderMayDoNext) {
  const Viewer client{olena, Role::client};
  const Viewer moderator{mariia, Role::moderator};
  const auto one = [](const store::DisputeSummary& summary, const Viewer& viewer) {
    std::string out;
    append_dispute(out, summary, viewer);
    return out;
  };
  EXPECT_EQ(one(opened(), client), golden::text("rest.post_order_disputes", "response"));
  EXPECT_EQ(one(taken(), moderator), golden::text("rest.get_dispute", "response"));
  EXPECT_EQ(one(taken(), moderator), golden::text("rest.post_dispute_assign", "response"));
  EXPECT_NE(one(taken(), client).find(R"("transitions":[])"), std::string::npos);
  store::DisputeList list{{taken()}, "MjAyNi0wMi0yNw"};
  EXPECT_EQ(disputes_json(list, moderator), golden::text("rest.get_disputes", "response"));
  EXPECT_EQ(disputes_json({}, moderator), R"({"disputes":[],"nextCursor":null})");
}

TEST(RenderWorkflow, AnOrderWaitsForTheDecisionOfItsDispute) {
  store::OrderSummary summary;
  summary.order.client_id = olena;
  summary.order.performer_id = taras;
  summary.order.status = OrderStatus::disputed;
  const auto tail = [&](const Viewer& viewer) {
    std::string out;
    append_order(out, summary, viewer);
    return out.substr(out.find(R"("dispute":)"));
  };
  const Viewer admin{mariia, Role::admin};
  const Viewer stranger{mariia, Role::client};
  summary.dispute = store::DisputeRef{dispute, DisputeStatus::open};
  EXPECT_EQ(tail(admin), R"("dispute":{"id":")" + dispute.text() +
                             R"(","status":"open"},"transitions":[],"mayDispute":false})");
  summary.dispute->status = DisputeStatus::closed;
  EXPECT_NE(tail(admin).find(R"("transitions":["in_progress","delivered","completed","cancelled"])"),
            std::string::npos);
  summary.order.status = OrderStatus::delivered;
  EXPECT_NE(
      tail({olena, Role::client}).find(R"("transitions":["completed","in_progress"],"mayDispute":true)"),
      std::string::npos);
  EXPECT_NE(tail(stranger).find(R"("transitions":[],"mayDispute":false)"), std::string::npos);
}

TEST(RenderWorkflow, Notes) {
  const std::string one = json_of(append_note, note());
  EXPECT_EQ(one, golden::text("server.dispute_note", "payload"));
  EXPECT_EQ(R"({"note":)" + one + '}', golden::text("rest.post_dispute_notes", "response"));
  EXPECT_EQ(R"([{"ok":true,"note":)" + one + "}]", '[' + golden::text("client.dispute_note", "ack") + ']');
  EXPECT_EQ(notes_json({{note()}, false, 1}), golden::text("rest.get_dispute_notes", "response"));
  EXPECT_EQ(notes_json({{}, true, 0}), R"({"notes":[],"hasMore":true,"lastSeq":0})");
}

TEST(EventsWorkflow, StatusesAreNamedAndNotesBounded) {
  const auto parse = [](ChatKind kind, const std::string& fields) {
    const auto payload = boost::json::parse("{" + fields + "}");
    return parse_status(kind, &payload, limits);
  };
  const std::string in_order = R"("orderId":")" + order.text() + "\",";
  const std::string in_dispute = R"("disputeId":")" + dispute.text() + "\",";
  const auto good = parse(ChatKind::dispute, in_dispute + R"("status":"rejected","orderStatus":"cancelled")");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->order_status, OrderStatus::cancelled);
  EXPECT_EQ(good->note, "");
  EXPECT_TRUE(parse(ChatKind::order, in_order + R"("status":"accepted","note":"")"));
  EXPECT_FALSE(parse(ChatKind::order, in_order + R"("status":"accepted","orderStatus":7)")->order_status)
      << "a key that orders do not know";
  for (
      const auto& [kind, fields, message] :
      std::initializer_list<std::tuple<ChatKind, std::string, const char*>>{
          {ChatKind::order, R"("status":"accepted")", "orderId is missing"},
          {ChatKind::order, in_order + R"("note":"x")", "status is missing"},
          {ChatKind::order, in_order + R"("status":1)", "status must be a string"},
          {ChatKind::order, in_order + R"("status":"open")",
           "status must be one of created, accepted, in_progress, delivered, completed, cancelled, disputed"},
          {ChatKind::dispute, in_dispute + R"("status":"accepted")",
           "status must be one of open, under_review, resolved, rejected, closed"},
          {ChatKind::order, in_order + R"("status":"accepted","note":7)", "note must be a string"},
          {ChatKind::order, in_order + R"("status":"accepted","note":"  ")", "note is empty"},
          {ChatKind::dispute, in_dispute + R"("status":"open","orderStatus":"x")",
           "orderStatus must be one of created, accepted, in_progress, delivered, completed, cancelled, disputed"},
      }) {
    const auto refused = parse(kind, fields);
    ASSERT_FALSE(refused) << fields;
    EXPECT_EQ(refused.refusal().message, message);
    EXPECT_EQ(refused.refusal().code, ErrorCode::invalid_payload);
  }
  const std::string long_note(limits.note_characters_max + 1, 'x');
  EXPECT_EQ(
      parse(ChatKind::order, in_order + R"("status":"accepted","note":")" + long_note + '"').refusal().code,
      ErrorCode::payload_too_large);
  EXPECT_FALSE(parse_status(ChatKind::order, nullptr, limits));
}

TEST(EventsWorkflow, BodiesOfDisputes) {
  const auto body = [](const std::string& json) { return boost::json::parse(json).as_object(); };
  EXPECT_EQ(parse_dispute_body(body(R"({"reason":"x"})"), limits)->id, std::nullopt);
  EXPECT_EQ(parse_dispute_body(body(R"({})"), limits).refusal().message, "reason is missing");
  EXPECT_EQ(parse_dispute_body(body(R"({"reason":"x","id":"y"})"), limits).refusal().message,
            "id must be a UUID");
  EXPECT_EQ(*parse_assign_body(body("{}"), mariia), mariia);
  EXPECT_EQ(*parse_assign_body(body(R"({"moderatorId":null})"), mariia), std::nullopt);
  EXPECT_EQ(*parse_assign_body(body(R"({"moderatorId":")" + taras.text() + "\"}"), mariia), taras);
  EXPECT_FALSE(parse_assign_body(body(R"({"moderatorId":7})"), mariia));
  EXPECT_EQ(parse_note_body(dispute, body(R"({"content":" "})"), limits).refusal().message,
            "content is empty");
  EXPECT_FALSE(parse_note_body(dispute, body(R"({"content":"x","clientMessageId":""})"), limits));
}

}  // namespace
}  // namespace rozmova::chat
