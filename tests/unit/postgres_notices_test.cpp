// What servers on one PostgreSQL tell each other, and how they know who lives.
#include "rozmova/store/postgres/nodes.hpp"
#include "rozmova/store/postgres/notices.hpp"
#include "tests/unit/postgres_database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace rozmova::store::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::PostgresDatabase;
using testing::PostgresServer;

constexpr std::chrono::seconds patience{20};

/// What one listener has heard, for a test that waits for it.
class Heard {
 public:
  NoticeHooks hooks() {
    return {[this](std::string_view channel, std::string_view payload) {
              note(std::string(channel) + "=" + std::string(payload));
            },
            [this] { note("back"); },
            [this](std::string_view) { note("lost"); },
            {}};
  }
  void note(std::string what) {
    const std::lock_guard lock(mutex_);
    all_.push_back(std::move(what));
    came_.notify_all();
  }
  /// The first `count`; fewer when the patience ends.
  std::vector<std::string> first(std::size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, patience, [&] { return all_.size() >= count; });
    return all_;
  }
  bool until(const std::string& what) {
    std::unique_lock lock(mutex_);
    return came_.wait_for(lock, patience,
                          [&] { return std::find(all_.begin(), all_.end(), what) != all_.end(); });
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    all_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> all_;
};

class PostgresNotices : public ::testing::Test {
 protected:
  void SetUp() override { database_.factory()->migrate(); }
  PostgresDatabase database_;
  const PostgresOptions options_{.url = database_.url()};
};

TEST_F(PostgresNotices, AreHeardByOthersInOrderAndNotByOneself) {
  Heard a, b;
  Notices one(options_, a.hooks()), other(options_, b.hooks());
  one.listen("room \"1\"");
  other.listen("room \"1\"");
  ASSERT_TRUE(a.until("back"));
  ASSERT_TRUE(b.until("back"));
  // LISTEN goes before what the same connection says later; each hears the other's mark when both listen.
  while (!one.notify("room \"1\"", "mark") || !other.notify("room \"1\"", "mark")) {
  }
  ASSERT_TRUE(b.until("room \"1\"=mark"));
  b.clear();
  for (const char* word : {"same", "same", "", "же"}) ASSERT_TRUE(one.notify("room \"1\"", word));
  ASSERT_TRUE(one.notify("nobody listens", "x"));
  ASSERT_TRUE(one.notify("room \"1\"", "end"));
  EXPECT_THAT(b.first(5), ElementsAre("room \"1\"=same", "room \"1\"=same", "room \"1\"=", "room \"1\"=же",
                                      "room \"1\"=end"));
  for (const std::string& heard : a.first(0)) EXPECT_THAT(heard, ::testing::Not(HasSubstr("same")));
}

TEST_F(PostgresNotices, CarryEveryByteAndAnyLength) {
  Heard heard;
  Notices listener(options_, heard.hooks());
  const std::string channel =
      "a channel with a name that is longer than what PostgreSQL calls a name: " + std::string(80, 'x');
  listener.listen(channel);
  ASSERT_TRUE(heard.until("back"));
  Heard quiet;
  Notices speaker(options_, quiet.hooks());
  ASSERT_TRUE(quiet.until("back"));
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  std::string many;
  for (int i = 0; i < 2'000; ++i) many += bytes;
  heard.clear();
  ASSERT_TRUE(speaker.notify(channel, bytes));
  ASSERT_TRUE(speaker.notify(channel, many));
  ASSERT_TRUE(speaker.notify(channel, std::string(9'000, 'y')));
  const auto all = heard.first(3);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0], channel + "=" + bytes);
  EXPECT_EQ(all[1], channel + "=" + many);
  EXPECT_EQ(all[2], channel + "=" + std::string(9'000, 'y'));
}

TEST_F(PostgresNotices, AfterAPowerFailureOfTheServerListeningGoesOnAndIsTold) {
  Heard heard, quiet;
  Notices listener(options_, heard.hooks()), speaker(options_, quiet.hooks());
  listener.listen("news");
  ASSERT_TRUE(heard.until("back"));
  ASSERT_TRUE(quiet.until("back"));
  heard.clear();
  quiet.clear();
  PostgresServer::instance().crash();
  ASSERT_TRUE(heard.until("lost"));
  ASSERT_TRUE(quiet.until("lost"));
  EXPECT_FALSE(speaker.notify("news", "nobody can hear this"));
  PostgresServer::instance().start_again();
  ASSERT_TRUE(heard.until("back"));
  ASSERT_TRUE(quiet.until("back"));
  ASSERT_TRUE(speaker.notify("news", "again"));
  EXPECT_TRUE(heard.until("news=again"));
}

TEST_F(PostgresNotices, WhatIsSaidTooFastIsRefusedAndNotKept) {
  Heard heard;
  Notices::Limits limits;
  limits.queue_bytes_max = 100;
  Notices speaker(options_, heard.hooks(), limits);
  ASSERT_TRUE(heard.until("back"));
  EXPECT_FALSE(speaker.notify("news", std::string(101, 'x')));
  EXPECT_TRUE(speaker.notify("news", "short"));
}

class PostgresNodes : public PostgresNotices {
 protected:
  static std::string listed(const std::vector<NodeRow>& rows) {
    std::string all;
    for (const NodeRow& row : rows) all += row.id + "@" + row.address + " ";
    return all;
  }
  MembershipHooks into(Heard& heard) {
    return {.living = [&heard](const std::vector<NodeRow>& rows) { heard.note(listed(rows)); },
            .left_behind =
                [&heard](const std::vector<Uuid>& users) {
                  for (const Uuid& user : users) heard.note("left behind " + user.text());
                }};
  }
  static constexpr Nodes::Times quick{.heartbeat_ms = 20, .dead_after_ms = 300, .tidy_after_ms = 0};
};

TEST_F(PostgresNodes, KnowOfEachOther) {
  Heard heard;
  Nodes first(options_, {"a", "10.0.0.1:3000"}, into(heard), quick);
  EXPECT_THAT(heard.first(1), ElementsAre("a@10.0.0.1:3000 "));
  {
    Nodes second(options_, {"b", "10.0.0.2:3000"}, {}, quick);
    EXPECT_TRUE(heard.until("a@10.0.0.1:3000 b@10.0.0.2:3000 "));
    heard.clear();
  }
  EXPECT_TRUE(heard.until("a@10.0.0.1:3000 ")) << "who goes in peace is gone at once";
}

TEST_F(PostgresNodes, CloseTheRowsOfOneThatDied) {
  const Uuid user = Uuid::v7(1), lost = Uuid::v7(2), kept = Uuid::v7(3);
  const auto store = database_.factory()->open_writer();
  store->begin();
  store->ensure_user({user, "x", Role::client, ""}, 1);
  store->connection_opened({lost, user, "of the dead", 1, "dead"});
  store->connection_opened({kept, user, "of the living", 1, "alive"});
  store->commit();
  database_.sql("INSERT INTO rozmova_nodes (id, heartbeat_at) VALUES ('dead', now() - INTERVAL '1 hour')");
  Heard heard;
  Nodes node(options_, {"alive", ""}, into(heard), quick);
  const auto until = std::chrono::steady_clock::now() + patience;
  const auto active = [&] {
    return database_.ask("SELECT string_agg(node, ',') FROM websocket_connections WHERE is_active");
  };
  while (active() != "alive" && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_EQ(active(), "alive");
  EXPECT_TRUE(heard.until("left behind " + user.text()));
  EXPECT_EQ(database_.ask("SELECT count(*) FROM rozmova_nodes"), "1");
}

}  // namespace
}  // namespace rozmova::store::postgres
