// Who looks over the shoulder of every writer: triggers, news and the thread that reads them.
#include "rozmova/store/watcher.hpp"
#include "tests/unit/sqlite_database.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <mutex>
#include <string>
#include <vector>

namespace rozmova::store::testing {
namespace {

class WatcherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_.factory()->migrate();
    factory_ = database_.factory();
    sql("INSERT INTO users (id, name) VALUES ('" + alice_ + "', 'A'), ('" + bob_ + "', 'B'), ('" + carol_ +
        "', 'C')");
    sql("INSERT INTO orders (id, number, title, client_id, performer_id) VALUES ('" + order_ +
        "', 1, 'x', '" + alice_ + "', '" + bob_ + "')");
    sql("INSERT INTO disputes (id, order_id, opened_by) VALUES ('" + dispute_ + "', '" + order_ + "', '" +
        alice_ + "')");
  }
  void sql(const std::string& statement) { database_.sql(statement); }
  AccessNews news(std::int64_t after = 0) { return factory_->open_reader()->access_news(after, 100); }
  static bool has(const AccessNews& news, ChatKind kind, const std::string& id) {
    return std::find(news.chats.begin(), news.chats.end(), ChatKey{kind, *Uuid::parse(id)}) !=
           news.chats.end();
  }

  const std::string alice_ = "0190163d-8694-739b-aea5-966c26f8ad91",
                    bob_ = "0190163d-8694-739b-aea5-966c26f8ad92",
                    carol_ = "0190163d-8694-739b-aea5-966c26f8ad93",
                    order_ = "0190163d-8694-739b-aea5-966c26f8ad94",
                    dispute_ = "0190163d-8694-739b-aea5-966c26f8ad95";
  SqliteDatabase database_;
  std::unique_ptr<StoreFactory> factory_;
};

TEST_F(WatcherTest, WhatTakesNothingAwayIsNoNews) {
  EXPECT_TRUE(news().empty());
  sql("UPDATE orders SET status = 'accepted', title = 'y', updated_at = '2026-03-01T09:30:00.000Z'");
  sql("UPDATE orders SET performer_id = performer_id");
  sql("UPDATE users SET name = 'N', role = role");
  sql("UPDATE disputes SET reason = 'because', moderator_id = '" + carol_ + "'");
  EXPECT_TRUE(news().empty());
}

TEST_F(WatcherTest, AnotherPartyIsNewsOfTheOrderAndOfItsDisputes) {
  sql("UPDATE orders SET performer_id = '" + carol_ + "'");
  const AccessNews heard = news();
  EXPECT_TRUE(has(heard, ChatKind::order, order_));
  EXPECT_TRUE(has(heard, ChatKind::dispute, dispute_));
  EXPECT_TRUE(news(heard.up_to).empty());
}

TEST_F(WatcherTest, DeletingAndReplacingAndClosingAndRolesAreNews) {
  sql("UPDATE disputes SET status = 'closed'");
  AccessNews heard = news();
  EXPECT_TRUE(has(heard, ChatKind::order, order_) && has(heard, ChatKind::dispute, dispute_));
  sql("REPLACE INTO disputes (id, order_id, opened_by) VALUES ('" + dispute_ + "', '" + order_ + "', '" +
      bob_ + "')");
  heard = news(heard.up_to);
  EXPECT_TRUE(has(heard, ChatKind::dispute, dispute_));
  sql("UPDATE users SET role = 'admin' WHERE id = '" + carol_ + "'");
  heard = news(heard.up_to);
  ASSERT_EQ(heard.users.size(), 1U);
  EXPECT_EQ(heard.users.front().text(), carol_);
  sql("DELETE FROM orders");
  heard = news(heard.up_to);
  EXPECT_TRUE(has(heard, ChatKind::order, order_) && has(heard, ChatKind::dispute, dispute_));
  sql("INSERT INTO revocations (token_id) VALUES ('t')");
  heard = news(heard.up_to);
  EXPECT_TRUE(heard.revocations);
}

TEST_F(WatcherTest, ALongListComesInPieces) {
  for (int i = 0; i < 7; ++i)
    sql("UPDATE users SET role = '" + std::string(i % 2 == 0 ? "admin" : "client") + "' WHERE id = '" +
        carol_ + "'");
  const auto reader = factory_->open_reader();
  const AccessNews first = reader->access_news(0, 4), second = reader->access_news(first.up_to, 4);
  EXPECT_TRUE(first.has_more);
  EXPECT_EQ(first.users.size(), 4U);
  EXPECT_FALSE(second.has_more);
  EXPECT_EQ(second.users.size(), 3U);
}

TEST_F(WatcherTest, NumbersAreNotGivenTwiceAfterTheNewsWereForgotten) {
  sql("UPDATE users SET role = 'admin' WHERE id = '" + carol_ + "'");
  const AccessNews heard = news();
  const auto writer = factory_->open_writer();
  writer->begin();
  writer->forget_access(0, heard.up_to);
  writer->commit();
  EXPECT_EQ(database_.ask("SELECT count(*) FROM access_changes"), "0");
  EXPECT_EQ(factory_->open_reader()->access_news_so_far().up_to, heard.up_to);
  sql("UPDATE users SET role = 'client' WHERE id = '" + carol_ + "'");
  EXPECT_EQ(news(heard.up_to).users.size(), 1U);
}

TEST_F(WatcherTest, ALaterMomentTakesThePlaceOfAnEarlierOne) {
  const auto writer = factory_->open_writer();
  Revocation wish;
  wish.user_id = *Uuid::parse(alice_);
  writer->begin();
  for (const WallMs before : {1'000, 3'000, 2'000}) {
    wish.issued_before = before;
    ASSERT_TRUE(writer->revoke(wish, 5'000));
  }
  wish.issued_before.reset();
  wish.token_id = "t";
  wish.expires_at = 6'000;
  ASSERT_TRUE(writer->revoke(wish, 5'000));
  writer->commit();
  const auto kept = writer->revocations(5'000);
  ASSERT_EQ(kept.size(), 3U);  // 3000 replaced 1000; 2000 says nothing new and harms nobody; the token
  EXPECT_EQ(kept.front().token_id, "t");
  EXPECT_EQ(writer->revocations(6'000).size(), 2U);
}

TEST_F(WatcherTest, TheThreadTellsWhatOthersWrite) {
  std::mutex mutex;
  std::promise<void> told;
  bool first = false;
  Watcher watcher(*factory_, std::chrono::milliseconds(5),
                  {.tell =
                       [&](Store& store, const AccessNews& heard) {
                         const std::lock_guard lock(mutex);
                         if (heard.first) first = true;
                         if (!heard.users.empty() && store.user(heard.users.front())->role == Role::moderator)
                           told.set_value();
                       }},
                  {});
  {
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(first);  // before the constructor had returned
  }
  sql("UPDATE users SET role = 'moderator' WHERE id = '" + carol_ + "'");
  EXPECT_EQ(told.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST_F(WatcherTest, WhatCouldNotBeToldComesAgain) {
  std::mutex mutex;
  int failures = 0;
  std::promise<void> told;
  Watcher watcher(*factory_, std::chrono::milliseconds(5),
                  {.tell =
                       [&](Store&, const AccessNews& heard) {
                         const std::lock_guard lock(mutex);
                         if (heard.users.empty()) return;
                         if (++failures < 3) throw StoreError(StoreError::Kind::lost, "planned");
                         if (failures == 3) told.set_value();
                       }},
                  {});
  sql("UPDATE users SET role = 'moderator' WHERE id = '" + carol_ + "'");
  EXPECT_EQ(told.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

}  // namespace
}  // namespace rozmova::store::testing
