// A batch of messages on PostgreSQL: which way it takes through the tables, and what becomes of one that fails on the
// journey of its commit.
#include "rozmova/store/database.hpp"
#include "tests/unit/postgres_database.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

namespace rozmova::store::testing {
namespace {

constexpr WallMs now = 1'772'357'400'000;

class PostgresBatch : public ::testing::Test {
 protected:
  void SetUp() override {
    factory_->migrate();
    const auto store = factory_->open_writer();
    store->begin();
    order_ = some_order(*store, now);
    store->commit();
  }
  NewMessage message(std::string word) const {
    NewMessage message;
    message.chat = {ChatKind::order, order_.id};
    message.sender_id = order_.client_id;
    message.content = word;
    message.client_message_id = std::move(word);
    return message;
  }
  /// Of all connections that have ended: they report their last numbers when they go.
  std::string tables_read_from_end_to_end() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (database_.ask("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                         "AND backend_type = 'client backend' AND pid <> pg_backend_pid()") != "0") {
      if (std::chrono::steady_clock::now() > until) return "the store's connections do not end";
      std::this_thread::yield();
    }
    return database_.ask(
        "SELECT string_agg(relname || ' ' || seq_scan, ', ' ORDER BY relname) FROM pg_stat_user_tables "
        "WHERE relname IN ('messages', 'orders', 'users', 'disputes')");
  }

  PostgresDatabase database_;
  std::unique_ptr<StoreFactory> factory_ = database_.factory();
  Order order_;
};

TEST_F(PostgresBatch, FindsEverythingByKeysHoweverSmallTheTablesWereWhenItWasPlanned) {
  // What PostgreSQL knows of a table that was tidied up while it was tiny: reading all of it is cheapest.
  database_.sql("VACUUM ANALYZE messages");
  database_.sql("VACUUM ANALYZE orders");
  database_.sql("VACUUM ANALYZE users");
  const std::string before = tables_read_from_end_to_end();
  {
    const auto store = factory_->open_writer();
    for (int batch = 0; batch < 3; ++batch) {
      const NewMessage one = message("one of " + std::to_string(batch));
      const NewMessage two = message("two of " + std::to_string(batch));
      const std::array<const NewMessage*, 2> both{&one, &two};
      store->begin();
      store->expect(std::array{one.chat}, both);
      EXPECT_EQ(store->append_all(both, now).size(), both.size());
      store->commit();
    }
  }
  EXPECT_EQ(tables_read_from_end_to_end(), before);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM messages"), "6");
}

TEST_F(PostgresBatch, PositionsOfManyChatsAreOneQuestionAndThoseThatExist) {
  const auto store = factory_->open_writer();
  const NewMessage one = message("one");
  store->begin();
  EXPECT_TRUE(store->append(one, now));
  EXPECT_TRUE(store->append(message("two"), now));
  store->commit();
  const ChatKey chat{ChatKind::order, order_.id};
  const auto known = factory_->open_reader()->positions(
      std::array{ChatKey{ChatKind::dispute, order_.id}, chat, ChatKey{ChatKind::order, Uuid::v7(now)}});
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known[0].chat, chat);
  EXPECT_EQ(known[0].seq, 2);
  EXPECT_EQ(known[0].change_seq, 0);
}

// Other programs' rows have microseconds, and a page may end between two of one millisecond.
TEST_F(PostgresBatch, PagesOfListsNeitherRepeatNorSkipWhatChangedInOneMillisecond) {
  const std::string values =
      "', 'x', '" + order_.client_id.text() + "', '" + order_.performer_id.text() + "', ";
  for (int i = 0; i < 5; ++i) {
    database_.sql("INSERT INTO orders (number, id, title, client_id, performer_id, updated_at) VALUES (" +
                  std::to_string(5'000 + i) + ", '" + Uuid::v7(now + (i * 7) % 5).text() + values +
                  "TIMESTAMPTZ '2026-03-01 09:30:00.123" + std::to_string(100 + i * 150) + "+00')");
  }
  const auto reader = factory_->open_reader();
  for (const bool all : {true, false}) {
    std::vector<std::int64_t> numbers;
    std::optional<std::string> cursor;
    do {
      const OrderList page = reader->orders(order_.client_id, all, 1, cursor);
      for (const OrderSummary& one : page.orders) numbers.push_back(one.order.number);
      cursor = page.next_cursor;
    } while (cursor && numbers.size() < 10);
    EXPECT_EQ(std::set(numbers.begin(), numbers.end()).size(), 6U) << all;
    EXPECT_EQ(numbers.size(), 6U) << all;
  }
}

TEST_F(PostgresBatch, ThatFailsWithItsCommitLeavesNothingAndTheNextOneGoesOn) {
  database_.sql(
      "CREATE FUNCTION dislike() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF NEW.content = 'bad' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$; "
      "CREATE TRIGGER dislike BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION dislike()");
  const auto store = factory_->open_writer();
  const NewMessage good = message("good"), bad = message("bad");
  const auto commit = [&](std::span<const NewMessage* const> messages) {
    store->begin();
    store->expect(std::array{good.chat}, messages);
    store->append_all(messages, now);
    store->commit();
  };
  EXPECT_THROW(commit(std::array{&good, &bad}), StoreError);
  store->rollback();
  EXPECT_EQ(database_.ask("SELECT count(*) FROM messages"), "0");
  commit(std::array{&good});
  EXPECT_EQ(database_.ask("SELECT string_agg(content || seq, ',') FROM messages"), "good1");
}

TEST_F(PostgresBatch, ThatWasLookedUpIsMadeSureByACommitBehindIt) {
  const auto store = factory_->open_writer();
  store->begin();
  const auto stored = store->append(message("one"), now);
  ASSERT_TRUE(stored);
  store->commit();
  const std::string before = database_.ask("SELECT pg_current_wal_flush_lsn()");
  store->begin();
  EXPECT_TRUE(store->has_message(stored->message.chat, stored->message.id));
  store->make_sure();
  EXPECT_EQ(database_.ask("SELECT pg_current_wal_flush_lsn() > '" + before + "'"), "t");
}

TEST_F(PostgresBatch, OneThatCannotBeStoredDoesNotSpoilTheOthers) {
  database_.sql("ALTER TABLE messages ADD CONSTRAINT dislike CHECK (content <> 'bad')");
  Database database(*factory_, {}, [](std::string_view) {});
  std::atomic<int> stored = 0, refused = 0;
  for (const char* word : {"one", "bad", "two", "three"}) {
    ASSERT_TRUE(database.append(message(word), [&](const Result<Appended>& r) { ++(r ? stored : refused); }));
  }
  database.drain();
  EXPECT_EQ(stored, 3);
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(database_.ask("SELECT string_agg(content || seq, ',' ORDER BY seq) FROM messages"),
            "one1,two2,three3");
}

}  // namespace
}  // namespace rozmova::store::testing
