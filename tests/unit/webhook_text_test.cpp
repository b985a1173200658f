#include "rozmova/bridge/webhook_text.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <memory>
#include <string>

namespace rozmova::bridge {
namespace {

namespace json = boost::json;

store::WebhookRow row(std::string type) {
  store::WebhookRow row;
  row.id = Uuid::v7(1'000);
  row.type = std::move(type);
  row.created_at = 1'767'225'600'000;
  ChatFacts chat;
  chat.chat = {ChatKind::dispute, Uuid::v7(1)};
  chat.order_id = Uuid::v7(2);
  chat.client_id = Uuid::v7(3);
  chat.performer_id = Uuid::v7(4);
  row.chat = chat;
  Message message;
  message.id = Uuid::v7(5);
  message.chat = chat.chat;
  message.seq = 7;
  message.sender_id = chat.client_id;
  message.content = "таємниця";
  message.attachments.push_back({Uuid::v7(6), "https://x/secret.pdf", "secret.pdf", {}, {}, {}, {}});
  row.message = message;
  return row;
}

TEST(WebhookText, AMessageWithItsPeople) {
  const auto told = row("message.created");
  const json::value body = json::parse(webhook_body(told, true));
  EXPECT_EQ(body.at("id").as_string(), told.id.text());
  EXPECT_EQ(body.at("createdAt").as_string(), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(body.at_pointer("/data/message/content").as_string(), "таємниця");
  EXPECT_EQ(body.at_pointer("/data/disputeId").as_string(), told.chat->chat.id.text());
  EXPECT_TRUE(body.at_pointer("/data/moderatorId").is_null());
}

TEST(WebhookText, NothingThatPeopleWroteWithoutLeave) {
  auto told = row("message.created");
  std::string body = webhook_body(told, false);
  EXPECT_EQ(body.find("таємниця"), std::string::npos);
  EXPECT_EQ(body.find("secret"), std::string::npos);
  EXPECT_EQ(json::parse(body).at_pointer("/data/message/attachmentCount").as_int64(), 1);
  Change change;
  change.value = "resolved";
  change.previous = "under_review";
  change.note = "таємниця";
  change.order_status = "completed";
  told.message->change = std::make_shared<const Change>(change);
  body = webhook_body(told, false);
  EXPECT_EQ(body.find("таємниця"), std::string::npos);
  EXPECT_EQ(json::parse(body).at_pointer("/data/orderStatus").as_string(), "completed");
  EXPECT_NE(webhook_body(told, true).find("таємниця"), std::string::npos);
}

TEST(WebhookText, SignsTimeAndBody) {
  // printf '1767225600.{}' | openssl dgst -sha256 -hmac secret
  EXPECT_EQ(webhook_signature("secret", 1'767'225'600, "{}"),
            "t=1767225600,v1=fa7eaa06bf97d7815f3f456e97cde70c9e50cb005f01660c8d10b10c21964887");
}

}  // namespace
}  // namespace rozmova::bridge
