// What stands beside the chats: revocations and news of access, uploads, webhooks, the outbox.
#include "tests/contract/store_suite.hpp"

#include <gmock/gmock.h>

namespace rozmova::store::testing {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_P(StoreSuite, ALaterRevocationOfAUserTakesThePlaceOfAnEarlierOne) {
  const auto revoke = [&](Revocation wish) {
    in_transaction([&](Store& store) { ASSERT_TRUE(store.revoke(wish, now_)); });
  };
  Revocation of_user;
  of_user.user_id = alice_.id;
  of_user.issued_before = now_;
  revoke(of_user);
  of_user.issued_before = now_ + 1'000;
  revoke(of_user);
  ASSERT_THAT(reader_->revocations(now_), SizeIs(1));
  EXPECT_EQ(reader_->revocations(now_)[0].issued_before, now_ + 1'000);
  of_user.issued_before.reset();  // every token
  revoke(of_user);
  ASSERT_THAT(reader_->revocations(now_), SizeIs(1));
  EXPECT_FALSE(reader_->revocations(now_)[0].issued_before);
  Revocation of_token;
  of_token.token_id = "jti";
  of_token.expires_at = now_ + 10;
  revoke(of_token);
  EXPECT_THAT(reader_->revocations(now_), SizeIs(2));
  EXPECT_EQ(reader_->revocations(now_)[0].token_id, "jti");
  EXPECT_THAT(reader_->revocations(now_ + 10), SizeIs(1)) << "it is over";
  in_transaction([&](Store& store) { store.forget_access(now_ + 10, 0); });
  EXPECT_EQ(database_->ask("SELECT count(*) FROM revocations"), "1");
}

TEST_P(StoreSuite, WhoeverChangesAccessIsHeard) {
  const Uuid dispute = dispute_about(order_id_);
  std::int64_t seen = reader_->access_news(0, 1'000).up_to;
  const std::int64_t before = reader_->changes_of_others();
  database_->sql("UPDATE users SET role = 'moderator' WHERE id = '" + bob_.id.text() + "'");
  database_->sql("UPDATE disputes SET status = 'closed'");
  database_->sql("INSERT INTO revocations (token_id) VALUES ('x')");
  EXPECT_NE(before, reader_->changes_of_others());
  AccessNews news = reader_->access_news(seen, 1'000);
  EXPECT_THAT(news.users, ElementsAre(bob_.id));
  EXPECT_THAT(news.chats, ::testing::Contains(ChatKey{ChatKind::dispute, dispute}));
  EXPECT_THAT(news.chats, ::testing::Contains(order_));
  EXPECT_TRUE(news.revocations);
  EXPECT_FALSE(news.has_more);
  seen = news.up_to;
  EXPECT_TRUE(reader_->access_news(seen, 1'000).empty());
  in_transaction([&](Store& store) { store.forget_access(now_, seen); });
  database_->sql("DELETE FROM orders");
  news = reader_->access_news(seen, 1'000);
  EXPECT_THAT(news.chats, ::testing::Contains(order_));
}

TEST_P(StoreSuite, AnUploadIsSentOnce) {
  Upload upload;
  upload.id = Uuid::v7(now_);
  upload.user_id = alice_.id;
  upload.chat = order_;
  upload.file_name = "план.pdf";
  upload.mime_type = "application/pdf";
  upload.bytes = 1'234;
  upload.width = 5;
  upload.sha256 = "abc";
  upload.created_at = now_;
  in_transaction([&](Store& store) {
    ASSERT_TRUE(store.add_upload(upload));
    EXPECT_EQ(store.add_upload(upload).refusal().code, ErrorCode::conflict);
    Upload strange = upload;
    strange.id = Uuid::v7(now_);
    strange.user_id = Uuid::v7(now_);
    EXPECT_EQ(store.add_upload(strange).refusal().code, ErrorCode::not_found);
  });
  EXPECT_EQ(reader_->uploaded_bytes(alice_.id, now_ - 1), 1'234);
  EXPECT_EQ(reader_->uploaded_bytes(alice_.id, now_), 0);
  NewMessage with = message(alice_, order_, "");
  Attachment named;
  named.id = upload.id;
  named.is_upload = true;
  with.attachments = {named};
  with.client_message_id = "with a file";
  const Appended sent = said(say(with));
  EXPECT_EQ(sent.message.attachments.at(0).file_name, "план.pdf");
  EXPECT_TRUE(said(say(with)).duplicate);
  with.client_message_id.reset();
  EXPECT_EQ(refused(say(with)), ErrorCode::conflict);
  const auto read = reader_->upload(upload.id);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->is_sent);
  EXPECT_EQ(read->width, 5);
  EXPECT_EQ(read->created_at, now_);
  upload.id = Uuid::v7(now_);
  in_transaction([&](Store& store) {
    ASSERT_TRUE(store.add_upload(upload));
    EXPECT_THAT(store.forget_unsent_uploads(now_, 10), IsEmpty());
    EXPECT_THAT(store.forget_unsent_uploads(now_ + 1, 10), ElementsAre(upload.id));
  });
}

TEST_P(StoreSuite, WebhooksGoInTheOrderOfTheirChat) {
  const std::string url = "https://example.net/hook";
  in_transaction([&](Store& store) { store.set_webhook_endpoints({{url, {}}}); });
  said(say(alice_, order_, "one"));
  said(say(bob_, order_, "two"));
  in_transaction([&](Store& store) {
    ASSERT_TRUE(store.change_status({order_, "accepted", bob_.id, Role::performer, "", {}}, now_));
  });
  constexpr WallMs later = 4'000'000'000'000;
  auto due = writer_->webhooks_due(url, later, 10);
  ASSERT_THAT(due, SizeIs(2)) << "of the chat the first, and whoever is not here is told";
  const auto of_chat = [&] {
    for (const WebhookRow& row : writer_->webhooks_due(url, later, 10)) {
      if (row.chat) return row;
    }
    return WebhookRow{};
  };
  EXPECT_EQ(of_chat().message->content, "one");
  EXPECT_EQ(of_chat().type, "message.created");
  in_transaction([&](Store& store) { store.webhook_failed(of_chat().position, later + 5, "status 500"); });
  EXPECT_FALSE(of_chat().chat) << "the others wait for it";
  in_transaction([&](Store& store) { store.webhooks_may_go(url, later); });
  EXPECT_EQ(of_chat().attempts, 1);
  in_transaction([&](Store& store) { store.webhook_delivered(of_chat().position); });
  EXPECT_EQ(of_chat().message->content, "two");
  in_transaction([&](Store& store) { store.webhook_given_up(of_chat().position, "gone"); });
  EXPECT_EQ(of_chat().type, "order.status_changed");
  EXPECT_EQ(writer_->webhook_backlog().dead, 1);
  EXPECT_EQ(writer_->webhook_backlog().waiting, 2);
  EXPECT_TRUE(writer_->webhook_backlog().oldest_at);
  in_transaction([&](Store& store) { store.forget_dead_webhooks(later); });
  in_transaction([&](Store& store) { EXPECT_EQ(store.set_webhook_endpoints({}), 2); });
  EXPECT_EQ(writer_->webhook_backlog().waiting + writer_->webhook_backlog().dead, 0);
}

TEST_P(StoreSuite, EditsAreToldToWebhooksOfBothKindsOfChats) {
  const std::string url = "https://example.net/hook";
  const ChatKey dispute{ChatKind::dispute, dispute_about(order_id_)};
  const Message first = said(say(alice_, order_, "one")).message;
  const Message second = said(say(alice_, dispute, "two")).message;
  in_transaction([&](Store& store) {
    store.set_webhook_endpoints({{url, {"message.edited", "message.deleted"}}});
  });
  in_transaction([&](Store& store) {
    ASSERT_TRUE(store.change_message({order_, first.id, alice_.id, Role::client, "uno", 900'000}, now_));
    ASSERT_TRUE(store.change_message({dispute, second.id, alice_.id, Role::client, {}, 900'000}, now_));
  });
  std::vector<std::string> types;
  for (const WebhookRow& row : writer_->webhooks_due(url, 4'000'000'000'000, 10)) types.push_back(row.type);
  EXPECT_THAT(types, ::testing::UnorderedElementsAre("message.edited", "message.deleted"));
}

TEST_P(StoreSuite, TheOutboxIsReadInItsOrderAndAStatusOfOthersIsAnnouncedOnce) {
  database_->sql("INSERT INTO rozmova_outbox (kind, payload) VALUES ('a', '{}')");
  database_->sql("INSERT INTO rozmova_outbox (kind, payload) VALUES ('b', '{}')");
  set_order_status(order_id_, "accepted");
  EXPECT_EQ(reader_->outbox_backlog().waiting, 2);
  EXPECT_TRUE(reader_->outbox_backlog().oldest_at);
  in_transaction([&](Store& store) {
    const auto rows = store.outbox(10);
    ASSERT_THAT(rows, SizeIs(2));
    EXPECT_EQ(rows[0].kind, "a");
    store.outbox_done(rows[0].id, "", now_);
    store.outbox_done(rows[1].id, "bad", now_);
    const NewStatus seen{order_, "accepted", {}, Role::admin, "", {}};
    const auto changed = store.announce_status(seen, now_);
    ASSERT_TRUE(changed);
    EXPECT_FALSE(changed->repeated);
    EXPECT_TRUE(store.announce_status(seen, now_)->repeated);
  });
  EXPECT_THAT(reader_->outbox(10), IsEmpty());
  EXPECT_EQ(reader_->outbox_backlog().dead, 1);
  in_transaction([&](Store& store) { store.forget_outbox(now_ + 1); });
  EXPECT_EQ(database_->ask("SELECT count(*) FROM rozmova_outbox"), "1");
}

}  // namespace rozmova::store::testing
