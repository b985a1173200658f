// Two servers on one PostgreSQL, writing to the same chats, while PostgreSQL fails: what was acknowledged is there
// once, and every chat counts without a gap.
#include "rozmova/store/database.hpp"
#include "rozmova/store/migration.hpp"
#include "rozmova/store/postgres/connection.hpp"
#include "tests/unit/postgres_database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

namespace rozmova::store::testing {
namespace {

constexpr WallMs now = 1'772'357'400'000;
constexpr std::chrono::seconds patience{60};

class PostgresTwoNodes : public ::testing::Test {
 protected:
  static constexpr int chats = 5;

  void SetUp() override {
    database_.factory()->migrate();
    const auto store = database_.factory()->open_writer();
    store->begin();
    for (int i = 0; i < chats; ++i) orders_.push_back(some_order(*store, now));
    store->commit();
    for (auto& node : nodes_) {
      DatabaseOptions options;
      options.lanes = 2;
      factories_.push_back(database_.factory());
      node = std::make_unique<Database>(*factories_.back(), options, [](std::string_view) {});
    }
  }

  NewMessage message(const Order& order, std::string word) {
    NewMessage message;
    message.chat = {ChatKind::order, order.id};
    message.sender_id = (word.size() & 1U) != 0 ? order.client_id : order.performer_id;
    message.content = word;
    message.client_message_id = std::move(word);
    return message;
  }

  /// As a client does: sends again, to any node, until somebody has acknowledged it.
  void send(const Order& order, const std::string& word) {
    Database& node = *nodes_[random_() % nodes_.size()];
    const bool taken = node.append(message(order, word), [this, &order, word](Result<Appended> result) {
      const std::lock_guard lock(mutex_);
      if (result) {
        const std::string seq = order.id.text() + " " + std::to_string(result->message.seq);
        if (!result->duplicate) ++told_[seq];
        acknowledged_[order.id.text() + " " + word].insert(result->message.seq);
      } else {
        again_.emplace_back(&order, word);
      }
      --under_way_;
      changed_.notify_all();
    });
    const std::lock_guard lock(mutex_);
    if (taken) {
      ++under_way_;
    } else {
      again_.emplace_back(&order, word);
    }
  }
  bool settle() {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
      std::vector<std::pair<const Order*, std::string>> again;
      {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, until, [this] { return under_way_ <= 0; });
        if (again_.empty()) return true;
        again.swap(again_);
      }
      for (const auto& [order, word] : again) send(*order, word);
    }
    return false;
  }
  void expect_truth() {
    for (const Order& order : orders_) {
      const std::string id = "'" + order.id.text() + "'";
      EXPECT_EQ(database_.ask("SELECT max(seq) - count(*) FROM messages WHERE order_id = " + id), "0");
      EXPECT_EQ(
          database_.ask(
              "SELECT count(*) - count(DISTINCT client_message_id) FROM messages WHERE order_id = " + id),
          "0");
    }
    EXPECT_EQ(database_.ask("SELECT count(*) FROM messages"), std::to_string(acknowledged_.size()));
    for (const auto& [word, seqs] : acknowledged_)
      EXPECT_EQ(seqs.size(), 1U) << word << " has several places";
    for (const auto& [seq, times] : told_) EXPECT_EQ(times, 1) << seq << " was told several times";
  }

  PostgresDatabase database_;
  std::vector<Order> orders_;
  std::vector<std::unique_ptr<StoreFactory>> factories_;
  std::array<std::unique_ptr<Database>, 2> nodes_;
  std::mt19937 random_{7};

  std::mutex mutex_;
  std::condition_variable changed_;
  int under_way_ = 0;
  std::map<std::string, std::set<std::int64_t>> acknowledged_;
  std::map<std::string, int> told_;
  std::vector<std::pair<const Order*, std::string>> again_;
};

TEST_F(PostgresTwoNodes, CountTheSameChatsTogetherAndStoreEachSendOnce) {
  for (int i = 0; i < 400; ++i) {
    const Order& order = orders_[static_cast<std::size_t>(i % chats)];
    const std::string word = "w" + std::to_string(i);
    for (int copies = 0; copies < 1 + i % 3; ++copies) send(order, word);
  }
  ASSERT_TRUE(settle());
  EXPECT_EQ(acknowledged_.size(), 400U);
  EXPECT_EQ(told_.size(), 400U) << "each is told as new by exactly one node";
  expect_truth();
}

TEST_F(PostgresTwoNodes, LoseAndDoubleNothingWhenPostgresLosesPower) {
  int sent = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 300; ++i, ++sent)
      send(orders_[static_cast<std::size_t>(sent % chats)], "m" + std::to_string(sent));
    PostgresServer::instance().crash();
    for (int i = 0; i < 20; ++i, ++sent)
      send(orders_[static_cast<std::size_t>(sent % chats)], "m" + std::to_string(sent));
    PostgresServer::instance().start_again();
    ASSERT_TRUE(settle()) << "round " << round;
  }
  EXPECT_EQ(acknowledged_.size(), static_cast<std::size_t>(sent));
  EXPECT_EQ(told_.size(), static_cast<std::size_t>(sent))
      << "what was committed without an answer is told too";
  expect_truth();
}

TEST_F(PostgresTwoNodes, AServerThatHangsIsGivenUpInTimeAndTakenAgain) {
  PostgresServer::instance().signal(SIGSTOP);
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) send(orders_[static_cast<std::size_t>(i % chats)], "h" + std::to_string(i));
  {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(40), [this] { return !again_.empty(); }));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
  PostgresServer::instance().signal(SIGCONT);
  ASSERT_TRUE(settle());
  EXPECT_EQ(acknowledged_.size(), 10U);
  expect_truth();
}

TEST_F(PostgresTwoNodes, DisputesAndOrdersMoveOnce) {
  // Both nodes want the same order accepted, then the same dispute opened: one does it, the other finds it done.
  const Order& order = orders_.front();
  const Uuid dispute = Uuid::v7(now);
  const auto accept = [&order](Store& store) {
    return store.change_status(
        {{ChatKind::order, order.id}, "accepted", order.performer_id, Role::performer, "", {}}, now);
  };
  const auto dispute_it = [&order, dispute](Store& store) {
    return store.open_dispute({dispute, order.id, order.client_id, Role::client, "why"}, now);
  };
  const auto all_do = [this, &order](const std::function<Result<Changed>(Store&)>& deed) {
    int changed = 0, repeated = 0;
    for (int i = 0; i < 20; ++i) {
      const auto result = std::make_shared<std::optional<Result<Changed>>>();
      const std::lock_guard lock(mutex_);
      ++under_way_;
      nodes_[static_cast<std::size_t>(i % 2)]->write(
          {ChatKind::order, order.id}, [deed, result](Store& store) { *result = deed(store); },
          [this, result, &changed, &repeated](const Result<Done>& done) {
            const std::lock_guard told(mutex_);
            if (done && **result) ++((***result).repeated ? repeated : changed);
            --under_way_;
            changed_.notify_all();
          });
    }
    EXPECT_TRUE(settle());
    return std::to_string(changed) + " " + std::to_string(repeated);
  };
  EXPECT_EQ(all_do(accept), "1 19");
  EXPECT_EQ(all_do(dispute_it), "1 19");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM disputes"), "1");
  EXPECT_EQ(database_.ask("SELECT max(seq) - count(*) FROM messages"), "0");
}

TEST_F(PostgresTwoNodes, MigrateAtOnce) {
  PostgresDatabase fresh;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::vector<std::string> problems;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      try {
        fresh.factory()->migrate();
      } catch (const std::exception& problem) {
        const std::lock_guard lock(mutex);
        problems.emplace_back(problem.what());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(problems, ::testing::IsEmpty());
  EXPECT_EQ(fresh.ask("SELECT count(*) FROM schema_migrations"),
            std::to_string(postgres_migrations().size()));
}

TEST_F(PostgresTwoNodes, NewsThatAreCommittedLateAreHeardAllTheSame) {
  const auto reader = database_.factory()->open_reader();
  std::int64_t seen = reader->access_news_so_far().up_to;
  postgres::Connection slow({.url = database_.url()}, Access::write);
  const std::string late = orders_[0].id.text(), early = orders_[1].id.text();
  const std::string carol = orders_[2].client_id.text();
  slow.exec(("BEGIN; UPDATE orders SET client_id = '" + carol + "' WHERE id = '" + late + "'").c_str());
  database_.sql("UPDATE orders SET client_id = '" + carol + "' WHERE id = '" + early + "'");
  const auto look = [&] {
    std::set<std::string> heard;
    const AccessNews news = reader->access_news(seen, 100);
    for (const ChatKey& chat : news.chats) heard.insert(chat.id.text());
    seen = news.up_to;
    return heard;
  };
  EXPECT_THAT(look(), ::testing::ElementsAre(early));
  const std::int64_t before = reader->changes_of_others();
  EXPECT_NE(before, reader->changes_of_others()) << "while a number is missing it is looked for";
  slow.exec("COMMIT");
  EXPECT_THAT(look(), ::testing::ElementsAre(late));
  EXPECT_EQ(reader->changes_of_others(), reader->changes_of_others());
}

}  // namespace
}  // namespace rozmova::store::testing
