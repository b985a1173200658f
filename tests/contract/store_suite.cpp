// Chats: sending, once, order of messages, history, read marks.
#include "tests/contract/store_suite.hpp"

#include <gmock/gmock.h>

namespace rozmova::store::testing {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// ---------------------------------------------------------------------------------------------------- words

void StoreSuite::SetUp() {
  database_ = GetParam().make();
  factory_ = database_->factory();
  factory_->migrate();
  writer_ = factory_->open_writer();
  reader_ = factory_->open_reader();
  alice_ = person(Role::client, "Аліса");
  bob_ = person(Role::performer, "Bob");
  order_id_ = order_between(alice_, bob_);
  order_ = {ChatKind::order, order_id_};
}

StoreSuite::Person StoreSuite::person(Role role, const std::string& name) {
  const Uuid id = Uuid::v7(now_);
  in_transaction([&](Store& store) { store.ensure_user({id, name, role, "uk"}, now_); });
  return {id, role};
}

Uuid StoreSuite::order_between(const Person& client, const Person& performer) {
  NewOrder order;
  order.title = "Логотип";
  order.client_id = client.id;
  order.performer_id = performer.id;
  order.amount_minor = 150'000;
  order.currency = "UAH";
  Uuid id;
  in_transaction([&](Store& store) { id = store.create_order(order, now_)->id; });
  return id;
}

Uuid StoreSuite::dispute_about(const Uuid& order, const std::string& status) {
  const Uuid id = Uuid::v7(now_);
  database_->sql("INSERT INTO disputes (id, order_id, opened_by, status) VALUES ('" + id.text() + "', '" +
                 order.text() + "', '" + alice_.id.text() + "', '" + status + "')");
  return id;
}

void StoreSuite::set_order_status(const Uuid& order, std::string_view status) {
  database_->sql("UPDATE orders SET status = '" + std::string(status) + "' WHERE id = '" + order.text() +
                 "'");
}

NewMessage StoreSuite::message(const Person& from, const ChatKey& chat, std::string content) const {
  NewMessage message;
  message.chat = chat;
  message.sender_id = from.id;
  message.sender_role = from.role;
  message.content = std::move(content);
  return message;
}

Result<Appended> StoreSuite::say(const NewMessage& message) {
  writer_->begin();
  auto result = writer_->append(message, now_);
  writer_->commit();
  return result;
}

Result<Appended> StoreSuite::say(const Person& from, const ChatKey& chat, std::string content) {
  return say(message(from, chat, std::move(content)));
}

Appended StoreSuite::said(const Result<Appended>& result) {
  if (!result) {
    ADD_FAILURE() << text(result.refusal().code) << ": " << result.refusal().message;
    return {};
  }
  return *result;
}

ErrorCode StoreSuite::refused(const Result<Appended>& result) {
  if (!result) return result.refusal().code;
  ADD_FAILURE() << "should have been refused";
  return ErrorCode::internal;
}

std::int64_t StoreSuite::read(const Person& who, const ChatKey& chat, std::int64_t seq) {
  std::int64_t at = -1;
  in_transaction([&](Store& store) {
    const std::int64_t before = store.read_position(chat, who.id);
    const Reached mark = store.mark_read(chat, who.id, seq, now_);
    EXPECT_EQ(mark.moved, mark.seq > before);
    at = mark.seq;
  });
  return at;
}

void StoreSuite::in_transaction(const std::function<void(Store&)>& work) {
  writer_->begin();
  work(*writer_);
  writer_->commit();
}

std::vector<std::int64_t> seqs(const MessagePage& page) {
  std::vector<std::int64_t> all;
  for (const Message& message : page.messages) all.push_back(message.seq);
  return all;
}

std::vector<std::string> contents(const MessagePage& page) {
  std::vector<std::string> all;
  for (const Message& message : page.messages) all.push_back(message.content);
  return all;
}

void expect_same(const Message& left, const Message& right) {
  EXPECT_EQ(left.id, right.id);
  EXPECT_EQ(left.chat, right.chat);
  EXPECT_EQ(left.seq, right.seq);
  EXPECT_EQ(left.sender_id, right.sender_id);
  EXPECT_EQ(left.receiver_id, right.receiver_id);
  EXPECT_EQ(left.content, right.content);
  EXPECT_EQ(left.type, right.type);
  EXPECT_EQ(left.reply_to, right.reply_to);
  EXPECT_EQ(left.client_message_id, right.client_message_id);
  EXPECT_EQ(left.read_at, right.read_at);
  EXPECT_EQ(left.edited_at, right.edited_at);
  EXPECT_EQ(left.deleted_at, right.deleted_at);
  EXPECT_EQ(left.created_at, right.created_at);
  ASSERT_EQ(left.attachments.size(), right.attachments.size());
  for (std::size_t i = 0; i < left.attachments.size(); ++i) {
    EXPECT_EQ(left.attachments[i].id, right.attachments[i].id);
    EXPECT_EQ(left.attachments[i].file_url, right.attachments[i].file_url);
    EXPECT_EQ(left.attachments[i].file_name, right.attachments[i].file_name);
    EXPECT_EQ(left.attachments[i].size, right.attachments[i].size);
    EXPECT_EQ(left.attachments[i].mime_type, right.attachments[i].mime_type);
    EXPECT_EQ(left.attachments[i].width, right.attachments[i].width);
    EXPECT_EQ(left.attachments[i].height, right.attachments[i].height);
  }
}

// ----------------------------------------------------------------------------------------------------
// sending

TEST_P(StoreSuite, SeqStartsAtOneAndHasNoGapsInEachChat) {
  const ChatKey other{ChatKind::order, order_between(alice_, bob_)};
  EXPECT_EQ(said(say(alice_, order_, "one")).message.seq, 1);
  EXPECT_EQ(said(say(bob_, order_, "two")).message.seq, 2);
  EXPECT_EQ(said(say(alice_, other, "one")).message.seq, 1);
  const Appended third = said(say(alice_, order_, "three"));
  EXPECT_EQ(third.message.seq, 3);
  EXPECT_EQ(third.chat.last_seq, 3);
  EXPECT_EQ(reader_->facts(order_)->last_seq, 3);
}

TEST_P(StoreSuite, WhatIsReadIsWhatWasAnswered) {
  const Appended first = said(say(alice_, order_, "Доброго дня! 👋 it's <b>\"fine\"</b>\n\t\u2028"));
  EXPECT_EQ(first.message.sender_id, alice_.id);
  EXPECT_EQ(first.message.receiver_id, bob_.id);
  EXPECT_EQ(first.message.type, MessageType::text);
  EXPECT_EQ(first.message.created_at, now_);
  EXPECT_EQ(first.message.id.text()[14], '7');
  EXPECT_FALSE(first.duplicate);
  NewMessage answer = message(bob_, order_, "reply");
  answer.reply_to = first.message.id;
  answer.client_message_id = "c-1";
  const Appended second = said(say(answer));
  EXPECT_EQ(second.message.receiver_id, alice_.id);
  const MessagePage page = reader_->messages(order_, {});
  ASSERT_THAT(page.messages, SizeIs(2));
  expect_same(page.messages[0], first.message);
  expect_same(page.messages[1], second.message);
}

TEST_P(StoreSuite, AttachmentsKeepTheirOrderAndTheFirstFillsTheOldColumns) {
  NewMessage files = message(alice_, order_, "");
  files.attachments.push_back({{}, "/v1/uploads/1", "план.pdf", 12'345, "application/pdf", {}, {}});
  files.attachments.push_back(
      {Uuid::v7(now_), "https://x.example/" + std::string(1'000, 'y'), "b.png", {}, "image/png", 640, 480});
  const Appended sent = said(say(files));
  EXPECT_EQ(sent.message.type, MessageType::file);
  EXPECT_FALSE(sent.message.attachments[0].id.is_nil());
  expect_same(reader_->messages(order_, {}).messages.at(0), sent.message);
  EXPECT_EQ(database_->ask("SELECT file_url FROM messages"), "/v1/uploads/1");
  EXPECT_EQ(database_->ask("SELECT file_name FROM messages"), "план.pdf");
  files.content = "see here";
  files.attachments[0].id = files.attachments[1].id = {};
  EXPECT_EQ(said(say(files)).message.type, MessageType::text);
}

TEST_P(StoreSuite, AFirstAttachmentThatTheColumnCannotHoldIsRefusedNeverCut) {
  NewMessage files = message(alice_, order_, "look");
  std::string cyrillic;
  for (int i = 0; i < 255; ++i) cyrillic += "ї";
  files.attachments.push_back({{}, cyrillic, cyrillic, {}, "", {}, {}});
  EXPECT_EQ(said(say(files)).message.attachments[0].file_name, cyrillic);  // 255 characters, 510 bytes
  files.attachments[0].file_url += "x";
  const auto too_long = say(files);
  EXPECT_EQ(refused(too_long), ErrorCode::invalid_payload);
  EXPECT_NE(too_long.refusal().message.find("255"), std::string::npos);
  files.attachments[0] = {{}, "/u/1", cyrillic + "x", {}, "", {}, {}};
  EXPECT_EQ(refused(say(files)), ErrorCode::invalid_payload);
  EXPECT_EQ(reader_->facts(order_)->last_seq, 1);
}

TEST_P(StoreSuite, AnAttachmentIdInUseIsAConflictAndLeavesNothing) {
  NewMessage files = message(alice_, order_, "one");
  files.attachments.push_back({Uuid::v7(now_), "/u/1", "1", {}, "", {}, {}});
  said(say(files));
  files.attachments.insert(files.attachments.begin(), {{}, "/u/2", "2", {}, "", {}, {}});
  EXPECT_EQ(refused(say(files)), ErrorCode::conflict);
  EXPECT_EQ(said(say(alice_, order_, "two")).message.seq, 2);
  EXPECT_EQ(database_->ask("SELECT count(*) FROM attachments"), "1");
}

TEST_P(StoreSuite, MalformedMessagesAreRefused) {
  EXPECT_EQ(refused(say(alice_, order_, "")), ErrorCode::invalid_payload);
  EXPECT_EQ(refused(say(alice_, order_, std::string("a\0b", 3))), ErrorCode::invalid_payload);
  NewMessage odd = message(alice_, order_, "x");
  odd.client_message_id = "";
  EXPECT_EQ(refused(say(odd)), ErrorCode::invalid_payload);
  odd.client_message_id = std::string(256, 'c');
  EXPECT_EQ(refused(say(odd)), ErrorCode::invalid_payload);
  odd.client_message_id = std::string("c\0", 2);
  EXPECT_EQ(refused(say(odd)), ErrorCode::invalid_payload);
  odd.client_message_id.reset();
  odd.attachments.push_back({{}, "", "nothing", {}, "", {}, {}});
  EXPECT_EQ(refused(say(odd)), ErrorCode::invalid_payload);
  odd.attachments.clear();
  const ChatKey other{ChatKind::order, order_between(alice_, bob_)};
  odd.reply_to = said(say(alice_, other, "elsewhere")).message.id;
  EXPECT_EQ(refused(say(odd)), ErrorCode::invalid_payload);
  odd.reply_to = Uuid::v7(now_);
  EXPECT_EQ(refused(say(odd)), ErrorCode::invalid_payload);
  EXPECT_EQ(reader_->facts(order_)->last_seq, 0);
}

// ---------------------------------------------------------------------------------------------------- who
// may

TEST_P(StoreSuite, OnlyWhoMayWriteWrites) {
  const Person stranger = person(Role::client, "stranger");
  const Person moderator = person(Role::moderator, "moderator");
  const Person admin = person(Role::admin, "admin");
  EXPECT_EQ(refused(say(stranger, order_, "x")), ErrorCode::forbidden);
  EXPECT_EQ(refused(say(moderator, order_, "x")), ErrorCode::forbidden);
  EXPECT_EQ(refused(say(alice_, {ChatKind::order, Uuid::v7(now_)}, "x")), ErrorCode::not_found);
  EXPECT_EQ(refused(say(alice_, {ChatKind::dispute, order_id_}, "x")), ErrorCode::not_found);
  EXPECT_EQ(refused(say(Person{Uuid::v7(now_), Role::admin}, order_, "x")), ErrorCode::not_found);
  const Appended by_admin = said(say(admin, order_, "x"));
  EXPECT_EQ(by_admin.message.seq, 1);
  EXPECT_FALSE(by_admin.message.receiver_id);
}

TEST_P(StoreSuite, AChangeByAnotherProgramCountsAtTheNextMessage) {
  said(say(bob_, order_, "mine"));
  const Person carol = person(Role::performer, "Carol");
  database_->sql("UPDATE orders SET performer_id = '" + carol.id.text() + "' WHERE id = '" +
                 order_id_.text() + "'");
  EXPECT_EQ(refused(say(bob_, order_, "still?")), ErrorCode::forbidden);
  EXPECT_EQ(said(say(carol, order_, "now me")).message.seq, 2);
  set_order_status(order_id_, "cancelled");
  EXPECT_EQ(refused(say(carol, order_, "closed?")), ErrorCode::chat_closed);
  set_order_status(order_id_, "accepted");
  EXPECT_EQ(said(say(carol, order_, "open again")).message.seq, 3);
}

TEST_P(StoreSuite, AClosedChatTakesSystemMessagesAndRepetitionsOnly) {
  NewMessage once = message(alice_, order_, "before");
  once.client_message_id = "c-1";
  const Appended first = said(say(once));
  set_order_status(order_id_, "cancelled");
  EXPECT_TRUE(reader_->facts(order_)->closed);
  EXPECT_EQ(refused(say(alice_, order_, "after")), ErrorCode::chat_closed);
  const Appended again = said(say(once));
  EXPECT_TRUE(again.duplicate);
  expect_same(again.message, first.message);
  NewMessage notice = message(alice_, order_, "cancelled");
  notice.type = MessageType::system;
  EXPECT_EQ(said(say(notice)).message.type, MessageType::system);
  notice.sender_id = person(Role::client, "stranger").id;
  EXPECT_EQ(refused(say(notice)), ErrorCode::forbidden);
}

TEST_P(StoreSuite, ADisputeHasItsOwnChatAndPeople) {
  const Person moderator = person(Role::moderator, "moderator");
  said(say(alice_, order_, "in the order"));
  EXPECT_FALSE(reader_->facts(order_)->order_has_dispute);
  const ChatKey dispute{ChatKind::dispute, dispute_about(order_id_)};
  EXPECT_TRUE(reader_->facts(order_)->order_has_dispute);
  EXPECT_EQ(reader_->facts(dispute)->order_id, order_id_);
  NewMessage files = message(moderator, dispute, "");
  files.client_message_id = "c-1";
  files.attachments.push_back({{}, std::string(300, 'u'), "evidence", {}, "", {}, {}});
  const Appended sent = said(say(files));
  EXPECT_EQ(sent.message.seq, 1);
  EXPECT_FALSE(sent.message.receiver_id);
  EXPECT_TRUE(said(say(files)).duplicate);
  EXPECT_EQ(said(say(bob_, dispute, "answer")).message.seq, 2);
  expect_same(reader_->messages(dispute, {}).messages.at(0), sent.message);
  database_->sql("UPDATE disputes SET status = 'closed', moderator_id = '" + moderator.id.text() + "'");
  EXPECT_FALSE(reader_->facts(order_)->order_has_dispute);
  EXPECT_EQ(refused(say(bob_, dispute, "late")), ErrorCode::chat_closed);
  EXPECT_THAT(reader_->snapshot(dispute, {})->participants, SizeIs(3));
}

// ---------------------------------------------------------------------------------------------------- once

TEST_P(StoreSuite, TheSameClientMessageIdGivesTheFirstRowAgain) {
  NewMessage once = message(alice_, order_, "first");
  once.client_message_id = "c-1";
  once.attachments.push_back({{}, "/u/1", "1", 7, "text/plain", {}, {}});
  const Appended first = said(say(once));
  now_ += 1'000;
  once.content = "the text of a repetition does not count";
  const Appended again = said(say(once));
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.chat.last_seq, 1);
  expect_same(again.message, first.message);

  NewMessage other_sender = message(bob_, order_, "mine");
  other_sender.client_message_id = "c-1";
  EXPECT_EQ(said(say(other_sender)).message.seq, 2);
  NewMessage other_chat = once;
  other_chat.chat.id = order_between(alice_, bob_);
  EXPECT_EQ(said(say(other_chat)).message.seq, 1);
  EXPECT_EQ(said(say(alice_, order_, "without an id")).message.seq, 3);
  EXPECT_EQ(said(say(alice_, order_, "without an id")).message.seq, 4);
}

TEST_P(StoreSuite, WithinOneTransactionToo) {
  NewMessage once = message(alice_, order_, "x");
  once.client_message_id = "c-1";
  in_transaction([&](Store& store) {
    const Appended first = said(store.append(once, now_));
    for (int i = 0; i < 3; ++i) {
      const Appended again = said(store.append(once, now_));
      EXPECT_TRUE(again.duplicate);
      expect_same(again.message, first.message);
    }
    EXPECT_EQ(said(store.append(message(bob_, order_, "y"), now_)).message.seq, 2);
  });
}

TEST_P(StoreSuite, WhatIsRolledBackLeavesNoGap) {
  said(say(alice_, order_, "one"));
  writer_->begin();
  said(writer_->append(message(alice_, order_, "gone"), now_));
  said(writer_->append(message(alice_, order_, "gone too"), now_));
  writer_->rollback();
  writer_->rollback();  // nothing left to undo, and that is no error
  in_transaction([&](Store& store) {
    said(store.append(message(alice_, order_, "two"), now_));
    store.savepoint();
    said(store.append(message(alice_, order_, "undone"), now_));
    store.rollback_to_savepoint();
    store.savepoint();
    said(store.append(message(alice_, order_, "three"), now_));
    store.release_savepoint();
    EXPECT_EQ(refused(store.append(message(alice_, order_, ""), now_)), ErrorCode::invalid_payload);
    said(store.append(message(alice_, order_, "four"), now_));
  });
  const MessagePage page = reader_->messages(order_, {});
  EXPECT_THAT(seqs(page), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(contents(page), ElementsAre("one", "two", "three", "four"));
}

// ----------------------------------------------------------------------------------------------------
// history

TEST_P(StoreSuite, PagesGoBothWaysAndSayIfThereIsMore) {
  for (int i = 1; i <= 7; ++i) said(say(alice_, order_, std::to_string(i)));
  const auto page = [&](std::optional<std::int64_t> after, std::optional<std::int64_t> before, int limit) {
    return reader_->messages(order_, {after, before, limit});
  };
  EXPECT_THAT(seqs(page({}, {}, 3)), ElementsAre(5, 6, 7));
  EXPECT_TRUE(page({}, {}, 3).has_more);
  EXPECT_THAT(seqs(page({}, {}, 7)), ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_FALSE(page({}, {}, 7).has_more);
  EXPECT_THAT(seqs(page({}, 5, 3)), ElementsAre(2, 3, 4));
  EXPECT_TRUE(page({}, 5, 3).has_more);
  EXPECT_THAT(seqs(page({}, 4, 3)), ElementsAre(1, 2, 3));
  EXPECT_FALSE(page({}, 4, 3).has_more);
  EXPECT_THAT(seqs(page(0, {}, 3)), ElementsAre(1, 2, 3));
  EXPECT_TRUE(page(0, {}, 3).has_more);
  EXPECT_THAT(seqs(page(4, {}, 3)), ElementsAre(5, 6, 7));
  EXPECT_FALSE(page(4, {}, 3).has_more);
  EXPECT_THAT(seqs(page(7, {}, 3)), IsEmpty());
  EXPECT_THAT(seqs(page(-5, {}, 1)), ElementsAre(1));
  EXPECT_THAT(seqs(page(INT64_MAX, {}, 3)), IsEmpty());
  EXPECT_THAT(seqs(page({}, 1, 3)), IsEmpty());
  EXPECT_FALSE(page({}, 1, 3).has_more);
  EXPECT_THAT(seqs(page(2, {}, 0)), IsEmpty());
  EXPECT_TRUE(page(2, {}, 0).has_more);
  EXPECT_THAT(seqs(page(2, {}, -1)), IsEmpty());
  EXPECT_THAT(seqs(reader_->messages({ChatKind::order, Uuid::v7(now_)}, {})), IsEmpty());
}

// ---------------------------------------------------------------------------------------------------- read
// marks

TEST_P(StoreSuite, ReadPositionsOnlyMoveForwardAndNotBeyondTheEnd) {
  for (int i = 0; i < 5; ++i) said(say(i % 2 == 0 ? alice_ : bob_, order_, "m"));
  now_ += 60'000;
  EXPECT_EQ(read(bob_, order_, 3), 3);
  EXPECT_EQ(read(bob_, order_, 2), 3);
  EXPECT_EQ(read(bob_, order_, -1), 3);
  EXPECT_EQ(read(bob_, order_, 0), 3);
  const WallMs first_reading = now_;
  now_ += 60'000;
  EXPECT_EQ(read(bob_, order_, INT64_MAX), 5);
  const auto messages = reader_->messages(order_, {}).messages;
  EXPECT_EQ(messages[0].read_at, first_reading);
  EXPECT_EQ(messages[1].read_at, std::nullopt);  // his own
  EXPECT_EQ(messages[2].read_at, first_reading);
  EXPECT_EQ(messages[4].read_at, now_);
  EXPECT_EQ(read(alice_, {ChatKind::order, Uuid::v7(now_)}, 3), 0);
  EXPECT_EQ(read(Person{Uuid::v7(now_), Role::client}, order_, 3), 0);
  const auto marks = reader_->snapshot(order_, {})->reads;
  ASSERT_THAT(marks, SizeIs(1));
  EXPECT_EQ(marks[0].user_id, bob_.id);
  EXPECT_EQ(marks[0].seq, 5);
}

TEST_P(StoreSuite, ASnapshotTellsEverythingOfAChat) {
  EXPECT_FALSE(reader_->snapshot({ChatKind::order, Uuid::v7(now_)}, {}));
  for (int i = 0; i < 3; ++i) said(say(alice_, order_, "m"));
  read(alice_, order_, 2);
  in_transaction([&](Store& store) { store.connection_opened({Uuid::v7(now_), bob_.id, "socket", now_}); });
  const auto snapshot = reader_->snapshot(order_, {1, {}, 1});
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->facts.last_seq, 3);
  EXPECT_EQ(snapshot->facts.status, "created");
  EXPECT_THAT(seqs(snapshot->page), ElementsAre(2));
  EXPECT_TRUE(snapshot->page.has_more);
  ASSERT_THAT(snapshot->participants, SizeIs(2));
  EXPECT_EQ(snapshot->participants[0].user_id, alice_.id);
  EXPECT_EQ(snapshot->participants[0].name, "Аліса");
  EXPECT_EQ(snapshot->participants[0].role, Role::client);
  EXPECT_EQ(snapshot->participants[0].last_seen_at, std::nullopt);
  EXPECT_EQ(snapshot->participants[1].role, Role::performer);
  EXPECT_EQ(snapshot->participants[1].last_seen_at, now_);
  ASSERT_THAT(snapshot->reads, SizeIs(1));
  EXPECT_EQ(snapshot->reads[0].seq, 2);
}

}  // namespace rozmova::store::testing
