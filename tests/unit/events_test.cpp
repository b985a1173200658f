#include "rozmova/chat/events.hpp"

#include "rozmova/chat/message_change.hpp"
#include "rozmova/chat/notice_text.hpp"
#include "tests/unit/golden.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rozmova::chat {
namespace {

const std::string order_text = "0197a1b2-1001-7000-8000-000000001001";
const Uuid order_id = Uuid::parse(order_text).value();
const ChatOptions limits;

/// An object with the order's id and whatever else.
std::string with_id(const std::string& rest) {
  return R"({"orderId":")" + order_text + "\"" + (rest.empty() ? "" : ",") + rest + "}";
}

Result<NewMessage> message_of(const std::string& json) {
  const auto value = boost::json::parse(json);
  return parse_message(ChatKind::order, &value, limits);
}

struct Wrong {
  std::string json;
  std::string names;  ///< what the message must speak of
  ErrorCode code = ErrorCode::invalid_payload;
};

TEST(Events, AMessageIsTakenWhole) {
  const auto message = message_of(with_id(
      R"("content":"Добрий день","clientMessageId":"c-1","replyTo":"0197A1B2-3001-7000-8000-000000003001",)"
      R"("attachments":[{"fileUrl":"https://files.example/a.pdf","fileName":"a.pdf","size":"ignored"}],"more":[1])"));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->chat, (ChatKey{ChatKind::order, order_id}));
  EXPECT_EQ(message->content, "Добрий день");
  EXPECT_EQ(message->client_message_id, "c-1");
  EXPECT_EQ(message->reply_to->text(), "0197a1b2-3001-7000-8000-000000003001");
  ASSERT_EQ(message->attachments.size(), 1U);
  EXPECT_EQ(message->attachments[0].file_url, "https://files.example/a.pdf");
  EXPECT_EQ(message->type, MessageType::file);
}

TEST(Events, ASchemeMayBeInCapitals) {
  const auto with_url = [](const std::string& url) {
    return message_of(with_id(R"("attachments":[{"fileName":"f","fileUrl":")" + url + R"("}])"));
  };
  for (const char* good : {"HTTPS://Files.example/A", "Http://x"}) EXPECT_TRUE(with_url(good)) << good;
  for (const char* bad : {"HTTPS:///x", "https:", "JavaScript:alert(1)", "httpsx//a"})
    EXPECT_FALSE(with_url(bad)) << bad;
}

TEST(Events, NullIsAsGoodAsAbsent) {
  const auto message =
      message_of(with_id(R"("content":"x","clientMessageId":null,"replyTo":null,"attachments":null)"));
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->client_message_id);
  EXPECT_FALSE(message->reply_to);
  EXPECT_TRUE(message->attachments.empty());
  EXPECT_EQ(message->type, MessageType::text);
}

TEST(Events, AFileNeedsNoWords) {
  for (const char* content : {"", R"("content":"",)", R"("content":"  ",)", R"("content":null,)"}) {
    EXPECT_TRUE(message_of(
        with_id(std::string(content) + R"("attachments":[{"fileUrl":"/v1/uploads/1","fileName":"f"}])")))
        << content;
  }
}

TEST(Events, LengthIsCountedInCharacters) {
  std::string letters;
  for (std::size_t i = 0; i < limits.content_characters_max; ++i) letters += "ї";
  EXPECT_TRUE(message_of(with_id(R"("content":")" + letters + "\"")));
  const auto longer = message_of(with_id(R"("content":")" + letters + "x\""));
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.refusal().code, ErrorCode::payload_too_large);
  EXPECT_NE(longer.refusal().message.find("content"), std::string::npos);
}

TEST(Events, WrongMessagesAreRefusedByName) {
  const std::string file = R"({"fileUrl":"/f","fileName":"f"})";
  std::string eleven = file;
  for (int i = 0; i < 10; ++i) eleven += "," + file;
  const std::vector<Wrong> table = {
      {"null", "payload"},
      {"[]", "payload"},
      {R"("text")", "payload"},
      {"7", "payload"},
      {"{}", "orderId"},
      {R"({"orderId":7,"content":"x"})", "orderId"},
      {R"({"orderId":"x","content":"x"})", "orderId"},
      {R"({"orderId":"0197a1b2100170008000000000001001","content":"x"})", "orderId"},
      {R"({"disputeId":")" + order_text + R"(","content":"x"})", "orderId"},
      {with_id(""), "content"},
      {with_id(R"("content":null)"), "content"},
      {with_id(R"("content":7)"), "content"},
      {with_id(R"("content":{"_placeholder":true,"num":0})"), "content"},
      {with_id(R"("content":"")"), "content"},
      {with_id(R"("content":" \n\t ")"), "content"},
      {with_id(R"("content":"a\u0000b")"), "content"},
      {with_id(R"("content":"x","clientMessageId":7)"), "clientMessageId"},
      {with_id(R"("content":"x","clientMessageId":"")"), "clientMessageId"},
      {with_id(R"("content":"x","clientMessageId":")" + std::string(65, 'c') + "\""), "clientMessageId"},
      {with_id(R"("content":"x","clientMessageId":"a\u0000")"), "clientMessageId"},
      {with_id(R"("content":"x","replyTo":"x")"), "replyTo"},
      {with_id(R"("content":"x","replyTo":{})"), "replyTo"},
      {with_id(R"("content":"x","attachments":{})"), "attachments"},
      {with_id(R"("content":"x","attachments":["x"])"), "attachments[0]"},
      {with_id(R"("content":"x","attachments":[)" + eleven + "]"), "attachments"},
      {with_id(R"("content":"x","attachments":[{"fileName":"f"}])"), "attachments[0].fileUrl"},
      {with_id(R"("content":"x","attachments":[)" + file + R"(,{"fileUrl":7,"fileName":"f"}])"),
       "attachments[1].fileUrl"},
      {with_id(R"("content":"x","attachments":[{"fileUrl":"/f"}])"), "attachments[0].fileName"},
      {with_id(R"("content":"x","attachments":[{"fileUrl":"/f","fileName":" "}])"),
       "attachments[0].fileName"},
      {with_id(R"("content":"x","attachments":[{"fileUrl":"/f","fileName":"a\nb"}])"),
       "attachments[0].fileName"},
      {with_id(R"("content":"x","attachments":[{"fileUrl":"/f","fileName":")" + std::string(256, 'n') +
               R"("}])"),
       "attachments[0].fileName"},
      {with_id(R"("content":"x","attachments":[{"fileUrl":"/)" + std::string(2048, 'u') +
               R"(","fileName":"f"}])"),
       "attachments[0].fileUrl"},
  };
  for (const Wrong& wrong : table) {
    const auto message = message_of(wrong.json);
    ASSERT_FALSE(message) << wrong.json;
    EXPECT_EQ(message.refusal().code, wrong.code) << wrong.json;
    EXPECT_EQ(message.refusal().message.rfind(wrong.names, wrong.names == "payload" ? 4 : 0),
              wrong.names == "payload" ? 4U : 0U)
        << wrong.json << ": " << message.refusal().message;
  }
  EXPECT_FALSE(parse_message(ChatKind::order, nullptr, limits));
}

TEST(Events, OnlyAddressesThatRunNothingAreFiles) {
  const auto accepted = [](const std::string& url) {
    return static_cast<bool>(
        message_of(with_id(R"("content":"x","attachments":[{"fileUrl":")" + url + R"(","fileName":"f"}])")));
  };
  for (const char* good : {"https://files.example/a?b=c&d=%20#e", "http://127.0.0.1:9000/x", "/v1/uploads/1",
                           "https://приклад.укр/файл"}) {
    EXPECT_TRUE(accepted(good)) << good;
  }
  for (const char* bad : {"", "/", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd",
                          "//evil.example/x", "https://", "https:///x", "ftp://x/y", "relative/path",
                          "https://a b", "/a\\\\b", "JAVASCRIPT:1", "/a\\u000ab", "http:/x"}) {
    EXPECT_FALSE(accepted(bad)) << bad;
  }
}

TEST(Events, JoinTypingAndReadKnowTheirFields) {
  const auto value = [](const std::string& json) { return boost::json::parse(json); };
  const auto join = [&](const std::string& rest) {
    const auto payload = value(with_id(rest));
    return parse_join(ChatKind::order, &payload);
  };
  EXPECT_FALSE(join("")->after_seq);
  EXPECT_EQ(join(R"("afterSeq":0)")->after_seq, 0);
  EXPECT_EQ(join(R"("afterSeq":9007199254740991)")->after_seq, 9'007'199'254'740'991);
  for (const char* bad :
       {"-1", "1.5", R"("1")", "true", "[]", "9007199254740992", "18446744073709551615", "1e300"}) {
    const auto refused = join(std::string(R"("afterSeq":)") + bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.refusal().message.rfind("afterSeq", 0), 0U);
  }

  const auto typing = [&](const std::string& rest) {
    const auto payload = value(with_id(rest));
    return parse_typing(ChatKind::order, &payload);
  };
  EXPECT_TRUE(typing(R"("isTyping":true)")->is_typing);
  EXPECT_FALSE(typing(R"("isTyping":false)")->is_typing);
  for (const char* bad : {"", R"("isTyping":null)", R"("isTyping":"true")", R"("isTyping":1)"})
    EXPECT_FALSE(typing(bad)) << bad;

  const auto read = [&](const std::string& rest) {
    const auto payload = value(with_id(rest));
    return parse_read(ChatKind::order, &payload);
  };
  EXPECT_EQ(read(R"("seq":7)")->seq, 7);
  for (const char* bad : {"", R"("seq":-1)", R"("seq":"7")", R"("seq":null)"}) EXPECT_FALSE(read(bad)) << bad;

  for (const char* bad : {"{}", R"({"token":7})", R"({"token":null})", "[]"}) {
    const auto payload = value(bad);
    EXPECT_FALSE(parse_auth_refresh(&payload)) << bad;
  }
}

TEST(Events, OrdersOverRest) {
  const auto parse = [](const std::string& json) {
    return parse_order_body(boost::json::parse(json).as_object(), limits);
  };
  const std::string client = R"("clientId":"0197a1b2-0001-7000-8000-000000000001")";
  const std::string performer = R"("performerId":"0197a1b2-0003-7000-8000-000000000003")";
  const auto whole = parse(R"({"id":")" + order_text + R"(","title":"Ремонт",)" + client + "," + performer +
                           R"(,"amount":1200.5,"currency":"UAH","deadlineAt":"2026-03-02T18:00:00.000Z"})");
  ASSERT_TRUE(whole);
  EXPECT_EQ(*whole->id, order_id);
  EXPECT_EQ(whole->amount_minor, 120'050);
  EXPECT_EQ(whole->currency, "UAH");
  EXPECT_FALSE(whole->performer.name);
  EXPECT_EQ(*whole->deadline_at, parse_iso_time("2026-03-02T18:00:00.000Z"));

  const auto newcomers =
      parse(R"({"title":"x","client":{"id":"0197a1b2-0001-7000-8000-000000000001","name":"Нова"},)"
            R"("performer":{"id":"0197a1b2-0003-7000-8000-000000000003"}})");
  ASSERT_TRUE(newcomers);
  EXPECT_EQ(newcomers->client->name, "Нова");
  EXPECT_EQ(newcomers->performer.name, "");

  for (const auto& [rest, field] : std::vector<std::pair<std::string, std::string>>{
           {R"("title":{})", "title"},
           {R"("title":"")", "title"},
           {R"("title":"a\nb")", "title"},
           {R"("title":")" + std::string(201, 't') + "\"", "title"},
           {R"("title":"x","id":7)", "id"},
           {R"("title":"x","clientId":"x")", "clientId"},
           {R"("title":"x","client":7)", "client"},
           {R"("title":"x","client":{"name":"y"})", "client.id"},
           {R"("title":"x","amount":-1,"currency":"UAH")", "amount"},
           {R"("title":"x","amount":"1","currency":"UAH")", "amount"},
           {R"("title":"x","amount":0.001,"currency":"UAH")", "amount"},
           {R"("title":"x","amount":1e300,"currency":"UAH")", "amount"},
           {R"("title":"x","amount":5)", "currency"},
           {R"("title":"x","currency":"uah")", "currency"},
           {R"("title":"x","currency":"EURO")", "currency"},
           {R"("title":"x","deadlineAt":"tomorrow")", "deadlineAt"},
       }) {
    const auto order = parse("{" + rest + "," + performer + "}");
    ASSERT_FALSE(order) << rest;
    EXPECT_EQ(order.refusal().code, ErrorCode::invalid_payload);
    EXPECT_EQ(order.refusal().message.rfind(field, 0), 0U) << rest << ": " << order.refusal().message;
  }
  EXPECT_EQ(parse(R"({"title":"x"})").refusal().message.rfind("performerId", 0), 0U);
}

TEST(Events, EditsNameTheMessageAndBringATextThatFits) {
  const auto edit = [](const std::string& rest) {
    const auto value = boost::json::parse(
        R"({"orderId":"0197a1b2-1001-7000-8000-000000001001","messageId":"0197a1b2-3002-7000-8000-000000003002")" +
        rest + "}");
    return parse_edit(ChatKind::order, &value, limits);
  };
  EXPECT_EQ(edit(R"(,"content":"x")")->content, "x");
  EXPECT_EQ(edit("").refusal().message, "content is missing");
  EXPECT_EQ(edit(R"(,"content":5)").refusal().message, "content must be a string");
  EXPECT_EQ(edit(R"(,"content":"a\u0000b")").refusal().code, ErrorCode::invalid_payload);
  EXPECT_EQ(edit(R"(,"content":")" + std::string(10'001, 'x') + "\"").refusal().code,
            ErrorCode::payload_too_large);
  const auto bare = boost::json::parse(R"({"orderId":"0197a1b2-1001-7000-8000-000000001001"})");
  EXPECT_EQ(parse_delete(ChatKind::order, &bare).refusal().message, "messageId is missing");
  EXPECT_FALSE(parse_delete(ChatKind::order, nullptr));
}

TEST(Events, ReadNotificationsAreNamedOrBounded) {
  const auto parse = [](const char* body) {
    return parse_notifications_read(boost::json::parse(body).as_object(), 1'000, limits);
  };
  EXPECT_EQ(parse(R"({"ids":["0197a1b2-3002-7000-8000-000000003002"]})")->ids.size(), 1U);
  EXPECT_EQ(parse(R"({"all":true})")->up_to, 1'000);
  EXPECT_EQ(parse(R"({"upTo":"1970-01-01T00:00:02Z"})")->up_to, 2'000);
  for (const char* body : {"{}", R"({"ids":[]})", R"({"ids":"x"})", R"({"ids":[1]})", R"({"all":false})",
                           R"({"all":1})", R"({"upTo":"soon"})", R"({"upTo":7})"}) {
    EXPECT_FALSE(parse(body)) << body;
  }
}

TEST(Events, EveryGoldenClientPayloadIsUnderstood) {
  int seen = 0;
  for (const std::string& name : golden::names()) {
    if (name.rfind("client.", 0) != 0) continue;
    const auto example = golden::example(name);
    const std::string event = example.at("event").as_string().c_str();
    const auto& payload = example.at("payload");
    const ChatKind kind = event.find("dispute") == std::string::npos ? ChatKind::order : ChatKind::dispute;
    const EventNames& known = names(kind);
    const bool understood =
        event == known.join                  ? static_cast<bool>(parse_join(kind, &payload))
        : event == known.leave               ? static_cast<bool>(parse_leave(kind, &payload))
        : event == known.message             ? static_cast<bool>(parse_message(kind, &payload, limits))
        : event == change_names(kind).edit   ? static_cast<bool>(parse_edit(kind, &payload, limits))
        : event == change_names(kind).remove ? static_cast<bool>(parse_delete(kind, &payload))
        : event == known.typing              ? static_cast<bool>(parse_typing(kind, &payload))
        : event == known.read                ? static_cast<bool>(parse_read(kind, &payload))
        : event == known.status              ? static_cast<bool>(parse_status(kind, &payload, limits))
        : event == dispute_note_event        ? static_cast<bool>(parse_note(&payload, limits))
                                             : event == auth_refresh_event && parse_auth_refresh(&payload);
    EXPECT_TRUE(understood) << name;
    ++seen;
  }
  EXPECT_GE(seen, 15);
}

}  // namespace
}  // namespace rozmova::chat
