// What users are told and have not read: notifications, and the counters that are derived from the tables.
#include "tests/contract/store_suite.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>

namespace rozmova::store::testing {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace {

NewNotification about(const Uuid& user, std::string content, std::string topic = {},
                      std::int64_t position = 0) {
  return {user, "order_message", std::move(content), R"({"a":1})", std::move(topic), position};
}

std::vector<std::string> contents(const NotificationList& list) {
  std::vector<std::string> all;
  for (const Notification& one : list.notifications) all.push_back(one.content);
  return all;
}

}  // namespace

TEST_P(StoreSuite, ANotificationIsKeptAsItWasToldNewestFirst) {
  std::optional<Notification> first;
  in_transaction([&](Store& store) { first = store.notify(about(alice_.id, "перше"), now_); });
  now_ += 5;
  in_transaction([&](Store& store) { store.notify(about(alice_.id, "second"), now_); });
  in_transaction([&](Store& store) { store.notify(about(bob_.id, "not hers"), now_); });
  ASSERT_TRUE(first);
  const auto list = reader_->notifications(alice_.id, {});
  EXPECT_THAT(contents(list), ElementsAre("second", "перше"));
  const Notification& kept = list.notifications.back();
  EXPECT_EQ(kept.id, first->id);
  EXPECT_EQ(kept.user_id, alice_.id);
  EXPECT_EQ(kept.type, "order_message");
  EXPECT_EQ(kept.data, R"({"a":1})");
  EXPECT_EQ(kept.created_at, now_ - 5);
  EXPECT_FALSE(kept.read_at);
  EXPECT_FALSE(list.next_cursor);
}

TEST_P(StoreSuite, NobodyUnknownIsNotified) {
  in_transaction([&](Store& store) { EXPECT_FALSE(store.notify(about(Uuid::v7(now_), "x"), now_)); });
}

TEST_P(StoreSuite, OfOneTopicThereIsOneUnreadNotification) {
  Uuid first, second, third;
  in_transaction(
      [&](Store& store) { first = store.notify(about(alice_.id, "one", "order:x", 1), now_)->id; });
  ++now_;
  in_transaction([&](Store& store) {
    second = store.notify(about(alice_.id, "two", "order:x", 2), now_)->id;
    store.notify(about(alice_.id, "elsewhere", "order:y", 1), now_ - 1);
  });
  EXPECT_EQ(first, second);
  EXPECT_THAT(contents(reader_->notifications(alice_.id, {})), ElementsAre("two", "elsewhere"));
  in_transaction([&](Store& store) { store.read_notifications(alice_.id, std::array{first}, now_); });
  ++now_;
  in_transaction(
      [&](Store& store) { third = store.notify(about(alice_.id, "three", "order:x", 3), now_)->id; });
  EXPECT_NE(third, first);
  EXPECT_THAT(contents(reader_->notifications(alice_.id, {})), ElementsAre("three", "two", "elsewhere"));
  const NotificationQuery unread{true, 10, {}};
  EXPECT_THAT(contents(reader_->notifications(alice_.id, unread)), ElementsAre("three", "elsewhere"));
}

TEST_P(StoreSuite, NotificationsAreReadOnceAndOnlyByTheirUser) {
  std::vector<Uuid> ids;
  for (const char* text : {"a", "b", "c"}) {
    in_transaction([&](Store& store) { ids.push_back(store.notify(about(alice_.id, text), now_)->id); });
    ++now_;
  }
  const std::vector<Uuid> two{ids[0], ids[1]};
  in_transaction([&](Store& store) {
    EXPECT_EQ(store.read_notifications(bob_.id, two, now_), 0);
    EXPECT_EQ(store.read_notifications(alice_.id, two, now_), 2);
    EXPECT_EQ(store.read_notifications(alice_.id, two, now_ + 1), 0);
    EXPECT_EQ(store.unread_notifications(alice_.id), 1);
  });
  EXPECT_EQ(reader_->notifications(alice_.id, {}).notifications.back().read_at, now_);
  in_transaction([&](Store& store) {
    store.notify(about(alice_.id, "d"), now_ + 10);
    EXPECT_EQ(store.read_notifications_until(alice_.id, now_, now_), 1);
  });
  EXPECT_THAT(contents(reader_->notifications(alice_.id, {true, 10, {}})), ElementsAre("d"));
}

TEST_P(StoreSuite, PagesOfNotificationsMeet) {
  for (int i = 0; i < 7; ++i) {
    in_transaction([&](Store& store) { store.notify(about(alice_.id, std::to_string(i)), now_ + i / 2); });
  }
  std::vector<std::string> all;
  std::optional<std::string> cursor;
  int pages = 0;
  do {
    NotificationQuery query{false, 3, {}};
    if (cursor) query.cursor = *cursor;
    const auto page = reader_->notifications(alice_.id, query);
    EXPECT_LE(page.notifications.size(), 3U);
    for (const auto& text : contents(page)) all.push_back(text);
    cursor = page.next_cursor;
    ++pages;
  } while (cursor);
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(all, ::testing::UnorderedElementsAre("0", "1", "2", "3", "4", "5", "6"));
  EXPECT_THAT(reader_->notifications(alice_.id, {false, 3, "nonsense"}).notifications, IsEmpty());
}

TEST_P(StoreSuite, ReadingTheChatReadsWhatWasToldOfIt) {
  for (const char* text : {"one", "two", "three"}) said(say(bob_, order_, text));
  in_transaction([&](Store& store) { store.notify(about(alice_.id, "news", room_of(order_), 3), now_); });
  read(alice_, order_, 2);
  EXPECT_EQ(reader_->unread_notifications(alice_.id), 1);
  EXPECT_EQ(reader_->read_position(order_, alice_.id), 2);
  read(alice_, order_, 3);
  EXPECT_EQ(reader_->unread_notifications(alice_.id), 0);
}

TEST_P(StoreSuite, OldNotificationsAreForgottenPieceByPiece) {
  for (int i = 0; i < 5; ++i) {
    in_transaction([&](Store& store) { store.notify(about(alice_.id, std::to_string(i)), now_ + i); });
  }
  Uuid place;
  int rounds = 0;
  do {
    in_transaction([&](Store& store) { place = store.forget_notifications(place, now_ + 3, 2); });
    ++rounds;
  } while (!place.is_nil() && rounds < 10);
  EXPECT_EQ(rounds, 3);
  EXPECT_THAT(contents(reader_->notifications(alice_.id, {})), ElementsAre("4", "3"));
}

TEST_P(StoreSuite, UnreadIsWhatOthersSaidAfterTheReadPositionInOwnChats) {
  const ChatKey dispute{ChatKind::dispute, dispute_about(order_id_)};
  const Person mariia = person(Role::moderator, "Марія");
  database_->sql("UPDATE disputes SET moderator_id = '" + mariia.id.text() + "'");
  for (const char* text : {"1", "2", "3"}) said(say(bob_, order_, text));
  said(say(alice_, order_, "mine"));
  said(say(bob_, dispute, "here"));
  read(alice_, order_, 1);
  const auto counts = [&](const Person& who) {
    std::map<std::string, std::int64_t> all;
    for (const auto& one : reader_->unread(who.id).chats) all[room_of(one.chat)] = one.messages;
    return all;
  };
  EXPECT_THAT(counts(alice_), ElementsAre(std::pair(room_of(dispute), 1), std::pair(room_of(order_), 2)));
  EXPECT_THAT(counts(bob_), ElementsAre(std::pair(room_of(order_), 1)));
  EXPECT_THAT(counts(mariia), ElementsAre(std::pair(room_of(dispute), 1)));
  EXPECT_THAT(counts(person(Role::admin, "Ірина")), IsEmpty());
}

TEST_P(StoreSuite, UnreadAgreesWithACountOfTheTablesAfterAnyRun) {
  std::mt19937 random(20'261'122);
  std::vector<ChatKey> chats{order_};
  for (int i = 0; i < 3; ++i) chats.push_back({ChatKind::order, order_between(alice_, bob_)});
  chats.push_back({ChatKind::dispute, dispute_about(order_id_)});
  const auto pick = [&](std::size_t size) { return static_cast<std::size_t>(random() % size); };
  for (int step = 0; step < 400; ++step) {
    const Person& who = pick(2) == 0 ? alice_ : bob_;
    const ChatKey& chat = chats[pick(chats.size())];
    const auto last = reader_->facts(chat)->last_seq;
    if (pick(3) == 0 && last > 0) {
      read(who, chat, static_cast<std::int64_t>(pick(static_cast<std::size_t>(last))) + 1);
    } else {
      said(say(who, chat, "message"));
    }
  }
  for (const Person& who : {alice_, bob_}) {
    const auto unread = reader_->unread(who.id);
    for (const ChatKey& chat : chats) {
      const bool is_order = chat.kind == ChatKind::order;
      const std::string id = "'" + chat.id.text() + "'", me = "'" + who.id.text() + "'";
      const std::string counted = database_->ask(
          "SELECT count(*) FROM " + std::string(is_order ? "messages" : "dispute_messages") + " WHERE " +
          (is_order ? "order_id = " : "dispute_id = ") + id + " AND sender_id <> " + me +
          " AND deleted_at IS NULL AND seq > coalesce((SELECT seq FROM chat_reads WHERE chat_id = " + id +
          " AND user_id = " + me + "), 0)");
      std::int64_t told = 0;
      for (const auto& one : unread.chats) {
        if (one.chat == chat) told = one.messages;
      }
      EXPECT_EQ(std::to_string(told), counted) << room_of(chat);
    }
  }
}

}  // namespace rozmova::store::testing
