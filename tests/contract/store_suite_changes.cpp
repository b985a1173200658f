// Messages that are edited and deleted: who may, what is left, and how a reader who was away learns of it.
#include "tests/contract/store_suite.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>

namespace rozmova::store::testing {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace {

std::vector<std::int64_t> seqs_of(const ChangePage& page) {
  std::vector<std::int64_t> all;
  for (const Message& message : page.messages) all.push_back(message.seq);
  return all;
}

}  // namespace

Result<MessageChanged> StoreChanges::change(const Person& who, const Message& message,
                                            std::optional<std::string> content) {
  Result<MessageChanged> result = Refusal{};
  in_transaction([&](Store& store) {
    result = store.change_message({message.chat, message.id, who.id, who.role, content, window_ms}, now_);
  });
  return result;
}

MessageChanged StoreChanges::changed(const Person& who, const Message& message,
                                     std::optional<std::string> content) {
  auto result = change(who, message, std::move(content));
  if (result) return *std::move(result);
  ADD_FAILURE() << result.refusal().message;
  return {};
}

ErrorCode StoreChanges::refusal_of(const Result<MessageChanged>& result) {
  if (!result) return result.refusal().code;
  ADD_FAILURE() << "should have been refused";
  return ErrorCode::internal;
}

TEST_P(StoreChanges, AnEditChangesTheTextAndNothingElse) {
  NewMessage files = message(alice_, order_, "before");
  files.client_message_id = "c-1";
  files.attachments.push_back({{}, "/v1/uploads/1", "a.png", {}, "image/png", {}, {}});
  const Message sent = said(say(files)).message;
  now_ += 1'000;
  Message wanted = sent;
  wanted.content = "після";
  wanted.edited_at = now_;
  wanted.change_seq = 1;
  const auto result = changed(alice_, sent, "після");
  EXPECT_FALSE(result.repeated);
  expect_same(result.message, wanted);
  EXPECT_EQ(result.message.change_seq, 1);
  expect_same(only(order_), wanted);
  const Appended again = said(say(files));
  EXPECT_TRUE(again.duplicate);
  expect_same(again.message, wanted);
  EXPECT_EQ(reader_->facts(order_)->last_seq, 1);
}

TEST_P(StoreChanges, ADeletedMessageIsEmptyAndKeepsItsPlace) {
  const ChatKey dispute{ChatKind::dispute, dispute_about(order_id_)};
  for (const ChatKey& chat : {order_, dispute}) {
    NewMessage files = message(alice_, chat, "a secret");
    files.attachments.push_back({{}, "/v1/uploads/1", "a.png", {}, "image/png", {}, {}});
    const Message sent = said(say(files)).message;
    now_ += 1'000;
    const auto result = changed(alice_, sent, std::nullopt);
    expect_same(result.message, only(chat));
    EXPECT_EQ(only(chat).deleted_at, now_);
    EXPECT_EQ(only(chat).content, "");
    EXPECT_THAT(only(chat).attachments, IsEmpty());
    EXPECT_EQ(only(chat).seq, 1);
    now_ += 2 * window_ms;
    const auto again = changed(alice_, sent, std::nullopt);
    EXPECT_TRUE(again.repeated);
    expect_same(again.message, result.message);
    EXPECT_EQ(refusal_of(change(alice_, sent, "back")), ErrorCode::conflict);
  }
  EXPECT_EQ(database_->ask("SELECT count(*) FROM messages WHERE content <> '' OR file_url IS NOT NULL"), "0");
  EXPECT_EQ(database_->ask("SELECT count(*) FROM dispute_messages WHERE content <> ''"), "0");
}

TEST_P(StoreChanges, TheSameTextAgainIsNoChange) {
  const Message sent = said(say(alice_, order_, "as it is")).message;
  const auto result = changed(alice_, sent, "as it is");
  EXPECT_TRUE(result.repeated);
  EXPECT_FALSE(result.message.edited_at);
  EXPECT_THAT(reader_->revisions(order_, sent.id)->revisions, IsEmpty());
}

TEST_P(StoreChanges, OnlyTheAuthorAndOnlyForAWhile) {
  const Message sent = said(say(alice_, order_, "mine")).message;
  const Person ihor = person(Role::admin, "Ігор"), stranger = person(Role::client, "Хтось");
  for (const auto& content : {std::optional<std::string>("other"), std::optional<std::string>()}) {
    for (const Person& who : {bob_, ihor, stranger}) {
      EXPECT_EQ(refusal_of(change(who, sent, content)), ErrorCode::forbidden);
    }
  }
  EXPECT_EQ(refusal_of(change(alice_, sent, " \n")), ErrorCode::invalid_payload);
  EXPECT_EQ(refusal_of(change(alice_, sent, std::string("a\0b", 3))), ErrorCode::invalid_payload);
  Message elsewhere = sent;
  elsewhere.chat = {ChatKind::order, order_between(alice_, bob_)};
  EXPECT_EQ(refusal_of(change(alice_, elsewhere, "x")), ErrorCode::not_found);
  elsewhere.chat = {ChatKind::dispute, dispute_about(order_id_)};
  EXPECT_EQ(refusal_of(change(alice_, elsewhere, "x")), ErrorCode::not_found);
  elsewhere.chat = {ChatKind::order, Uuid::v7(now_)};
  EXPECT_EQ(refusal_of(change(alice_, elsewhere, "x")), ErrorCode::not_found);
  now_ += window_ms - 1;
  changed(alice_, sent, "in time");
  ++now_;
  EXPECT_EQ(refusal_of(change(alice_, sent, "too late")), ErrorCode::forbidden);
  EXPECT_EQ(refusal_of(change(alice_, sent, std::nullopt)), ErrorCode::forbidden);
  EXPECT_EQ(only(order_).content, "in time");
}

TEST_P(StoreChanges, SystemMessagesAndClosedChatsStayAsTheyAre) {
  NewMessage system = message(alice_, order_, "status");
  system.type = MessageType::system;
  const Message told = said(say(system)).message;
  EXPECT_EQ(refusal_of(change(alice_, told, "other")), ErrorCode::forbidden);
  EXPECT_EQ(refusal_of(change(alice_, told, std::nullopt)), ErrorCode::forbidden);
  const Message sent = said(say(alice_, order_, "mine")).message;
  set_order_status(order_id_, "cancelled");
  EXPECT_EQ(refusal_of(change(alice_, sent, "other")), ErrorCode::chat_closed);
}

TEST_P(StoreChanges, WhatWasSaidBeforeIsKept) {
  NewMessage files = message(alice_, order_, "one");
  files.attachments.push_back({{}, "/v1/uploads/1", "a.png", {}, "image/png", {}, {}});
  const Message sent = said(say(files)).message;
  changed(alice_, sent, "two");
  ++now_;
  changed(alice_, sent, std::nullopt);
  const auto all = reader_->revisions(order_, sent.id);
  ASSERT_TRUE(all);
  ASSERT_THAT(all->revisions, SizeIs(2));
  EXPECT_EQ(all->revisions[0].content, "one");
  EXPECT_EQ(all->revisions[0].reason, Revision::Reason::edited);
  EXPECT_EQ(all->revisions[0].replaced_at, now_ - 1);
  EXPECT_EQ(all->revisions[1].content, "two");
  EXPECT_EQ(all->revisions[1].reason, Revision::Reason::deleted);
  EXPECT_EQ(all->revisions[1].replaced_by, alice_.id);
  ASSERT_THAT(all->attachments, SizeIs(1));
  EXPECT_EQ(all->attachments[0].file_name, "a.png");
  EXPECT_FALSE(reader_->revisions(order_, Uuid::v7(now_)));
}

TEST_P(StoreChanges, AReaderWhoWasAwayFindsWhatChangedSince) {
  std::vector<Message> sent;
  for (int i = 0; i < 6; ++i) sent.push_back(said(say(alice_, order_, std::to_string(i))).message);
  EXPECT_EQ(reader_->changes(order_, {}).last_change_seq, 0);
  for (const int i : {4, 0, 2}) changed(alice_, sent[static_cast<std::size_t>(i)], "changed");
  changed(alice_, sent[0], std::nullopt);
  const auto all = reader_->changes(order_, {0, 6, 10});
  EXPECT_THAT(seqs_of(all), ElementsAre(5, 3, 1));
  EXPECT_EQ(all.last_change_seq, 4);
  EXPECT_FALSE(all.has_more);
  EXPECT_THAT(seqs_of(reader_->changes(order_, {1, 6, 10})), ElementsAre(3, 1));
  EXPECT_THAT(seqs_of(reader_->changes(order_, {0, 4, 10})), ElementsAre(3, 1));
  EXPECT_THAT(seqs_of(reader_->changes(order_, {4, 6, 10})), IsEmpty());
  const auto first = reader_->changes(order_, {0, 6, 2});
  EXPECT_THAT(seqs_of(first), ElementsAre(5, 3));
  EXPECT_TRUE(first.has_more);
  EXPECT_THAT(seqs_of(reader_->changes(order_, {first.last_change_seq, 6, 2})), ElementsAre(1));
  EXPECT_THAT(seqs_of(reader_->changes(order_, {std::nullopt, 6, 2})), ElementsAre(3, 1));
  EXPECT_EQ(reader_->changes(order_, {std::nullopt, 0, 0}).last_change_seq, 4);
}

TEST_P(StoreChanges, FollowingTheChangesEndsWithWhatTheTableSays) {
  std::mt19937 random(7);
  std::vector<Message> sent;
  std::map<std::int64_t, Message> mirror;
  std::int64_t have_seq = 0, have_change = 0;
  for (int round = 0; round < 60; ++round) {
    for (auto steps = random() % 6; steps > 0; --steps) {
      const auto roll = random() % 10;
      if (sent.empty() || roll < 4) {
        sent.push_back(said(say(alice_, order_, "m" + std::to_string(round))).message);
      } else {
        const Message& one = sent[random() % sent.size()];
        const auto text =
            roll < 8 ? std::optional<std::string>("e" + std::to_string(random())) : std::nullopt;
        static_cast<void>(change(alice_, one, text));
      }
    }
    if (random() % 2 == 0) continue;  // away
    const int limit = 1 + static_cast<int>(random() % 4);
    ChangePage changes;
    do {
      changes = reader_->changes(order_, {have_change, have_seq, limit});
      for (const Message& one : changes.messages) mirror[one.seq] = one;
      have_change = changes.last_change_seq;
    } while (changes.has_more);
    for (const Message& one : reader_->messages(order_, {have_seq, std::nullopt, 1'000}).messages) {
      mirror[one.seq] = one;
      have_seq = one.seq;
    }
  }
  for (const Message& one : reader_->messages(order_, {have_seq, std::nullopt, 1'000}).messages)
    mirror[one.seq] = one;
  for (const Message& one : reader_->changes(order_, {have_change, have_seq, 1'000}).messages)
    mirror[one.seq] = one;
  const auto truth = reader_->messages(order_, {0, std::nullopt, 1'000}).messages;
  ASSERT_EQ(mirror.size(), truth.size());
  for (const Message& one : truth) expect_same(mirror[one.seq], one);
}

TEST_P(StoreChanges, WhatIsDeletedIsNotUnread) {
  const Message sent = said(say(alice_, order_, "one")).message;
  said(say(alice_, order_, "two"));
  EXPECT_EQ(reader_->unread(bob_.id).chats.at(0).messages, 2);
  changed(alice_, sent, std::nullopt);
  EXPECT_EQ(reader_->unread(bob_.id).chats.at(0).messages, 1);
}

}  // namespace rozmova::store::testing
