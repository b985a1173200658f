#include "rozmova/chat/render.hpp"

#include "rozmova/chat/message_change.hpp"
#include "rozmova/chat/notice_text.hpp"
#include "tests/unit/golden.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rozmova::chat {
namespace {

WallMs at(const char* iso) { return parse_iso_time(iso).value(); }
Uuid id(const char* text) { return Uuid::parse(text).value(); }

const Uuid olena = id("0197a1b2-0001-7000-8000-000000000001");
const Uuid taras = id("0197a1b2-0003-7000-8000-000000000003");
const Uuid mariia = id("0197a1b2-0005-7000-8000-000000000005");

ChatKey chat_of(ChatKind kind) {
  return {kind, id(kind == ChatKind::order ? "0197a1b2-1001-7000-8000-000000001001"
                                           : "0197a1b2-2001-7000-8000-000000002001")};
}

std::string named(const char* pattern, ChatKind kind) {
  std::string name = pattern;
  return name.replace(name.find('*'), 1, text(kind));
}

Message plain_message(ChatKind kind) {
  Message message;
  message.id = id("0197a1b2-3002-7000-8000-000000003002");
  message.chat = chat_of(kind);
  message.seq = 2;
  message.sender_id = taras;
  if (kind == ChatKind::order) message.receiver_id = olena;
  message.content = "Вітаю! Буду о 17:30.";
  message.client_message_id = "c-7f3a";
  message.created_at = at("2026-03-01T15:04:05.678Z");
  return message;
}

Message edited_message(ChatKind kind) {
  Message message = plain_message(kind);
  message.content = "Вітаю! Буду о 18:00.";
  message.edited_at = at("2026-03-01T15:06:00.000Z");
  message.change_seq = 1;
  return message;
}

Message deleted_message(ChatKind kind) {
  Message message = plain_message(kind);
  message.content.clear();
  message.deleted_at = at("2026-03-01T15:07:00.000Z");
  message.change_seq = 2;
  return message;
}

Message file_message(ChatKind kind) {
  Message message = plain_message(kind);
  message.content = "Фото готової роботи, \"до\" й після";
  message.type = MessageType::file;
  message.reply_to = id("0197a1b2-3001-7000-8000-000000003001");
  Attachment photo;
  photo.id = id("0197a1b2-4001-7000-8000-000000004001");
  photo.file_url = "/v1/uploads/0197a1b2-4001-7000-8000-000000004001";
  photo.file_name = "після.jpg";
  photo.size = 184'213;
  photo.mime_type = "image/jpeg";
  photo.width = 1'600;
  photo.height = 1'200;
  Attachment act;
  act.id = id("0197a1b2-4002-7000-8000-000000004002");
  act.file_url = "https://files.example/akt.pdf";
  act.file_name = "акт.pdf";
  message.attachments = {photo, act};
  return message;
}

store::ChatSnapshot snapshot_of(ChatKind kind) {
  store::ChatSnapshot snapshot;
  snapshot.facts.chat = chat_of(kind);
  snapshot.facts.client_id = olena;
  snapshot.facts.performer_id = taras;
  snapshot.facts.status = kind == ChatKind::order ? "in_progress" : "open";
  snapshot.facts.last_seq = 2;
  snapshot.participants = {{olena, Role::client, "Олена Коваленко", at("2026-02-01T00:00:00.000Z")},
                           {taras, Role::performer, "Тарас Мельник", at("2026-03-01T14:58:00.250Z")}};
  if (kind == ChatKind::dispute)
    snapshot.participants.push_back({mariia, Role::moderator, "Марія Бондаренко", std::nullopt});
  snapshot.reads = {{olena, 1}, {taras, 2}};
  snapshot.page.messages = {plain_message(kind)};
  return snapshot;
}

store::OrderSummary summary_of_order() {
  store::OrderSummary summary;
  summary.order.id = chat_of(ChatKind::order).id;
  summary.order.number = 1'042;
  summary.order.title = "Ремонт кухонного змішувача";
  summary.order.status = OrderStatus::in_progress;
  summary.order.amount_minor = 120'050;
  summary.order.currency = "UAH";
  summary.order.client_id = olena;
  summary.order.performer_id = taras;
  summary.order.created_at = at("2026-02-27T09:00:00.000Z");
  summary.order.updated_at = at("2026-03-01T15:04:05.678Z");
  summary.order.deadline_at = at("2026-03-02T18:00:00.000Z");
  summary.client_name = "Олена Коваленко";
  summary.performer_name = "Тарас Мельник";
  summary.last_message = plain_message(ChatKind::order);
  summary.last_seq = 2;
  summary.last_read_seq = 1;
  summary.unread = 1;
  return summary;
}

store::OrderSummary fresh_order() {
  store::OrderSummary summary = summary_of_order();
  summary.order.status = OrderStatus::created;
  summary.order.amount_minor = 0;
  summary.order.currency.clear();
  summary.order.updated_at = summary.order.created_at;
  summary.order.deadline_at.reset();
  summary.last_message.reset();
  summary.last_seq = summary.last_read_seq = summary.unread = 0;
  return summary;
}

/// Numbers as Boost.JSON writes them, which is how golden::text() has them.
std::string rewritten(const std::string& json) { return boost::json::serialize(boost::json::parse(json)); }

/// `[{…}]` of an ack without the array's brackets.
std::string inner(const std::string& ack) { return ack.substr(1, ack.size() - 2); }

class Rendered : public ::testing::TestWithParam<ChatKind> {};
INSTANTIATE_TEST_SUITE_P(BothKinds, Rendered, ::testing::Values(ChatKind::order, ChatKind::dispute),
                         [](const auto& kind) { return std::string(text(kind.param)); });

TEST_P(Rendered, Messages) {
  const ChatKind kind = GetParam();
  std::string plain, file;
  append_message(plain, plain_message(kind));
  append_message(file, file_message(kind));
  EXPECT_EQ(plain, golden::text(named("server.*_message", kind), "payload"));
  EXPECT_EQ(inner(ok_ack("\"message\":" + file)), golden::text(named("client.*_message", kind), "ack"));
}

TEST_P(Rendered, Joins) {
  const ChatKind kind = GetParam();
  Message gone = deleted_message(kind);
  gone.id = id("0197a1b2-3001-7000-8000-000000003001");
  gone.seq = gone.change_seq.emplace(1);
  gone.client_message_id.reset();
  const JoinText join = join_text(snapshot_of(kind), {{gone}, false, 1}, olena, Role::client, false);
  const std::string fields = join_fields(join, {true, false, false}, at("2026-03-01T15:04:06.000Z"));
  EXPECT_EQ(inner(ok_ack(fields)), golden::text(named("client.join_*_chat", kind), "ack"));
  EXPECT_EQ(inner(ok_ack({})), golden::text(named("client.leave_*_chat", kind), "ack"));
}

TEST_P(Rendered, Changes) {
  const ChatKind kind = GetParam();
  for (const auto& [message, deed] :
       {std::pair(edited_message(kind), "edit"), std::pair(deleted_message(kind), "delete")}) {
    std::string json;
    append_message(json, message);
    const std::string event(changed_event(message));
    EXPECT_EQ(json, golden::text("server." + event, "payload"));
    EXPECT_EQ(golden::example("server." + event).at("event").as_string(), event);
    EXPECT_EQ(inner(ok_ack("\"message\":" + json)),
              golden::text(named("client.*_message_", kind) + deed, "ack"));
  }
}

TEST(Rendering, ChangesOverRest) {
  const Message edited = edited_message(ChatKind::order), deleted = deleted_message(ChatKind::order);
  EXPECT_EQ(changes_json({{deleted}, false, 2}), golden::text("rest.get_order_changes", "response"));
  const store::Revisions all{
      deleted,
      {},
      {{store::Revision::Reason::edited, plain_message(ChatKind::order).content, taras, *edited.edited_at},
       {store::Revision::Reason::deleted, edited.content, taras, *deleted.deleted_at}}};
  EXPECT_EQ(revisions_json(all), golden::text("rest.get_order_message_revisions", "response"));
}

TEST(Rendering, NotificationsAndCounters) {
  const MessageNews news{chat_of(ChatKind::order), plain_message(ChatKind::order).id, 2, taras};
  const User reader{olena, "Олена Коваленко", Role::client, "uk"};
  const auto wanted = message_notification(news, reader, "Тарас Мельник");
  EXPECT_EQ(wanted.topic, room_of(news.chat));
  EXPECT_EQ(wanted.position, 2);
  const Notification one{id("0197a1b2-5001-7000-8000-000000005001"),
                         olena,
                         wanted.type,
                         wanted.content,
                         wanted.data,
                         at("2026-03-01T15:04:06.000Z"),
                         std::nullopt};
  std::string json;
  append_notification(json, one);
  EXPECT_EQ(json, golden::text("server.notification", "payload"));
  EXPECT_EQ(notifications_json({{one}, std::nullopt}, 1), golden::text("rest.get_notifications", "response"));
  const NotificationsRead read{{one.id}, std::nullopt};
  EXPECT_EQ(notifications_read_json(read, at("2026-03-01T15:05:00.000Z")),
            golden::text("server.notifications_read", "payload"));
  const store::Unread unread{{{chat_of(ChatKind::order), 2}}, 1};
  EXPECT_EQ(unread_json(unread, 10), golden::text("server.unread", "payload"));
  EXPECT_EQ(unread_json(unread, 10), golden::text("rest.get_unread", "response"));
  EXPECT_EQ(unread_json(unread, 0), R"({"total":2,"orders":{},"disputes":{},"notifications":1})");
}

TEST(Rendering, NotificationsInTheReadersLanguage) {
  const MessageNews news{chat_of(ChatKind::dispute), {}, 1, taras};
  EXPECT_EQ(message_notification(news, {olena, "", Role::client, "en"}, "Taras").content,
            "New message from Taras");
  EXPECT_EQ(message_notification(news, {olena, "", Role::client, ""}, "").content, "New message");
  EXPECT_EQ(message_notification(news, {olena, "", Role::client, "uk"}, "").content, "Нове повідомлення");
}

TEST_P(Rendered, TypingAndReads) {
  const ChatKind kind = GetParam();
  EXPECT_EQ(typing_json(chat_of(kind), taras, true), golden::text(named("server.*_typing", kind), "payload"));
  EXPECT_EQ(read_json(chat_of(kind), olena, 2, at("2026-03-01T15:05:00.000Z")),
            golden::text(named("server.*_read", kind), "payload"));
  EXPECT_EQ(inner(ok_ack("\"seq\":2")), golden::text(named("client.*_read", kind), "ack"));
}

TEST(Render, PresenceTokensAndRefusals) {
  EXPECT_EQ(presence_json(taras, false, at("2026-03-01T14:58:00.250Z")),
            golden::text("server.user_presence", "payload"));
  EXPECT_EQ(token_expiring_json(at("2026-03-01T16:00:00.000Z")),
            golden::text("server.token_expiring", "payload"));
  EXPECT_EQ(chat_error_json("order_message", {ErrorCode::invalid_payload, "content is empty"}),
            golden::text("server.chat_error", "payload"));
  EXPECT_EQ(chat_lost_json({ChatKind::order, *Uuid::parse("0197a1b2-1001-7000-8000-000000001001")},
                           {ErrorCode::forbidden, "you are not a participant of this chat"}),
            golden::text("server.chat_error.access_lost", "payload"));
  EXPECT_EQ(inner(refusal_ack({ErrorCode::rate_limited, "too often; try again later", 480})),
            golden::text("client.refused", "ack"));
}

TEST(Render, Orders) {
  std::string one, fresh;
  append_order(one, summary_of_order(), {taras, Role::performer});
  append_order(fresh, fresh_order(), {olena, Role::client});
  EXPECT_EQ(rewritten(one), golden::text("rest.get_order", "response"));
  EXPECT_EQ(fresh, golden::text("rest.post_orders", "response"));
  store::OrderList list;
  list.orders = {summary_of_order(), fresh_order()};
  list.orders[0].order.status = OrderStatus::disputed;
  list.orders[0].dispute = store::DisputeRef{id("0197a1b2-2001-7000-8000-000000002001"), DisputeStatus::open};
  list.next_cursor = "MjAyNi0wMi0yNw";
  EXPECT_EQ(rewritten(orders_json(list, {olena, Role::client})), golden::text("rest.get_orders", "response"));
  EXPECT_EQ(orders_json({}, {olena, Role::client}), R"({"orders":[],"nextCursor":null})");
}

TEST(Render, HistoryAndPeople) {
  ChatFacts facts;
  facts.client_id = olena;
  facts.status = "in_progress";
  facts.last_seq = 2;
  EXPECT_EQ(history_json({{plain_message(ChatKind::order)}, false}, facts, 0, olena, Role::client),
            golden::text("rest.get_order_messages", "response"));
  facts.status = "closed";
  facts.last_seq = 7;
  EXPECT_EQ(
      history_json({{}, true}, facts, 3, mariia, Role::moderator),
      R"({"messages":[],"hasMore":true,"lastSeq":7,"lastChangeSeq":3,"status":"closed","role":"moderator"})");
  std::string user;
  append_user(user, {olena, "Олена Коваленко", Role::client, "uk"});
  EXPECT_EQ(user, golden::text("rest.get_me", "response"));
}

TEST(Render, AnAnswerThatIsTooBigIsCutAtTheEndThatIsAskedForNext) {
  const auto page_of = [](std::size_t content_bytes) {
    store::MessagePage page;
    for (std::int64_t seq = 1; seq <= 5; ++seq) {
      page.messages.push_back(plain_message(ChatKind::order));
      page.messages.back().seq = seq;
      page.messages.back().content.assign(content_bytes, 'x');
    }
    return page;
  };
  const auto trimmed = [&](std::size_t content_bytes, bool forward) {
    auto page = page_of(content_bytes);
    trim_page(page, forward, 10'000);
    std::string seqs;
    for (const auto& message : page.messages) seqs += std::to_string(message.seq);
    return seqs + (page.has_more ? "+" : "");
  };
  EXPECT_EQ(trimmed(100, true), "12345");
  EXPECT_EQ(trimmed(3'000, true), "12+");
  EXPECT_EQ(trimmed(3'000, false), "45+");
  EXPECT_EQ(trimmed(50'000, true), "1+");
  EXPECT_EQ(trimmed(50'000, false), "5+");
  store::MessagePage none;
  trim_page(none, true, 10);
  EXPECT_FALSE(none.has_more);
}

TEST(Render, MoneyIsADecimalNumber) {
  for (const auto& [minor, expected] : std::vector<std::pair<std::int64_t, std::string>>{{0, "0"},
                                                                                         {1, "0.01"},
                                                                                         {10, "0.1"},
                                                                                         {99, "0.99"},
                                                                                         {100, "1"},
                                                                                         {120'050, "1200.5"},
                                                                                         {8'500, "85"}}) {
    store::OrderSummary summary = summary_of_order();
    summary.order.amount_minor = minor;
    std::string json;
    append_order(json, summary, {olena, Role::client});
    EXPECT_NE(json.find("\"amount\":" + expected + ","), std::string::npos) << json;
  }
}

TEST(Render, TextsComeBackAsTheyWere) {
  std::string all;
  for (char c = 0; c < 0x7f; ++c) all += c;
  all += "\x7f ґ € 👩‍👧 \u2028\u2029\ufeff";
  for (const std::string& text :
       {all, std::string(), std::string("\"\\/\b\f\n\r\t"), std::string(R"(","ok":true)")}) {
    std::string json;
    append_json_string(json, text);
    const auto parsed = boost::json::parse(json);
    EXPECT_EQ(std::string(parsed.as_string().c_str(), parsed.as_string().size()), text);
  }
}

TEST(Render, AModeratorIsWhatHeIsAndAPartyWhatItIsHere) {
  const ChatFacts facts = snapshot_of(ChatKind::order).facts;
  EXPECT_EQ(role_in(facts, olena, Role::admin), Role::client);
  EXPECT_EQ(role_in(facts, taras, Role::client), Role::performer);
  EXPECT_EQ(role_in(facts, mariia, Role::moderator), Role::moderator);
}

}  // namespace
}  // namespace rozmova::chat
