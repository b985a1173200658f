// What others commit is heard at once: the watcher's next look would be in an hour.
#include "rozmova/store/watcher.hpp"
#include "tests/unit/postgres_database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <vector>

namespace rozmova::store::testing {
namespace {

constexpr WallMs now = 1'772'357'400'000;
constexpr std::chrono::seconds patience{30};

class PostgresWatcher : public ::testing::Test {
 protected:
  void SetUp() override {
    factory_->migrate();
    const auto store = factory_->open_writer();
    store->begin();
    order_ = some_order(*store, now);
    store->commit();
    watcher_ = std::make_unique<Watcher>(
        *factory_, std::chrono::hours(1),
        Watcher::Hooks{.tell = [this](Store&, const AccessNews& news) { heard(news); },
                       .outbox = [this] { note([this] { ++outbox_; }); }},
        [](std::string_view) {});
  }
  void heard(const AccessNews& news) {
    note([&] {
      chats_.insert(news.chats.begin(), news.chats.end());
      users_.insert(news.users.begin(), news.users.end());
      revocations_ |= news.revocations;
    });
  }
  void note(const std::function<void()>& what) {
    const std::lock_guard lock(mutex_);
    what();
    changed_.notify_all();
  }
  bool eventually(const std::function<bool()>& happened) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, happened);
  }

  PostgresDatabase database_;
  std::unique_ptr<StoreFactory> factory_ = database_.factory();
  Order order_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<ChatKey> chats_;
  std::set<Uuid> users_;
  bool revocations_ = false;
  int outbox_ = 0;
  std::unique_ptr<Watcher> watcher_;
};

TEST_F(PostgresWatcher, HearsAtOnceWhoseAccessHasChanged) {
  database_.sql("UPDATE users SET role = 'moderator' WHERE id = '" + order_.client_id.text() + "'");
  EXPECT_TRUE(eventually([this] { return users_.contains(order_.client_id); }));
  database_.sql("INSERT INTO revocations (token_id) VALUES ('lost')");
  EXPECT_TRUE(eventually([this] { return revocations_; }));
}

TEST_F(PostgresWatcher, HearsAtOnceThatSomethingWaitsInTheOutbox) {
  database_.sql("INSERT INTO rozmova_outbox (kind, payload) VALUES ('order_status', '{}')");
  EXPECT_TRUE(eventually([this] { return outbox_ > 0; }));
}

TEST_F(PostgresWatcher, HearsOfEveryRowWhenATableIsEmptied) {
  database_.sql("TRUNCATE orders CASCADE");
  EXPECT_TRUE(eventually([this] { return chats_.contains({ChatKind::order, order_.id}); }));
  database_.sql("TRUNCATE users CASCADE");
  EXPECT_TRUE(eventually([this] { return users_.contains(order_.performer_id); }));
}

TEST_F(PostgresWatcher, ListensAgainAfterItsConnectionWasEnded) {
  database_.ask(
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
      "AND pid <> pg_backend_pid()");
  database_.sql("UPDATE users SET role = 'admin' WHERE id = '" + order_.client_id.text() + "'");
  EXPECT_TRUE(eventually([this] { return users_.contains(order_.client_id); }));
}

}  // namespace
}  // namespace rozmova::store::testing
