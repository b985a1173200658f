#pragma once

#include "rozmova/store/database.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <semaphore>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace rozmova::store::testing {

using Kind = StoreError::Kind;

/// What all connections of a test share: a journal of calls and failures to come.
struct Script {
  std::mutex mutex;
  std::vector<std::string> committed;         ///< contents, in commit order
  std::vector<std::size_t> batches;           ///< sizes of the commits
  std::vector<Kind> fail_begin, fail_commit;  ///< taken from the front
  std::set<std::string> poison;               ///< contents that break a batch
  std::vector<Kind> fail_append;
  int opened = 0;
  bool fail_open = false;
  bool has_message = false;  ///< what a commit without an answer has done
  std::size_t log_pages = 0;
  std::set<std::thread::id> folding_threads;
};

/// A Store that keeps nothing but what the script asks for.
class FakeStore final : public Store {
 public:
  explicit FakeStore(Script& script) : script_(script) {}

  void begin() override {
    open_.clear();
    fail(script_.fail_begin);
  }
  void commit() override {
    fail(script_.fail_commit);
    const std::lock_guard lock(script_.mutex);
    script_.batches.push_back(open_.size());
    script_.committed.insert(script_.committed.end(), open_.begin(), open_.end());
  }
  void rollback() noexcept override { open_.clear(); }
  void savepoint() override { mark_ = open_.size(); }
  void release_savepoint() override {}
  void rollback_to_savepoint() override { open_.resize(mark_); }
  std::size_t log_pages() const override {
    const std::lock_guard lock(script_.mutex);
    return script_.log_pages;
  }
  std::size_t fold_log() override {
    const std::lock_guard lock(script_.mutex);
    script_.folding_threads.insert(std::this_thread::get_id());
    return script_.log_pages;
  }

  Result<Appended> append(const NewMessage& message, WallMs) override {
    fail(script_.fail_append);
    {
      const std::lock_guard lock(script_.mutex);
      if (script_.poison.contains(message.content)) throw StoreError(Kind::broken, "poison");
    }
    if (message.content.empty()) return Refusal{ErrorCode::invalid_payload, "empty"};
    open_.push_back(message.content);
    Appended appended;
    appended.message.content = message.content;
    return appended;
  }
  User ensure_user(const User& user, WallMs) override {
    open_.push_back(user.name);
    return user;
  }

  bool has_message(const ChatKey&, const Uuid&) override {
    const std::lock_guard lock(script_.mutex);
    return script_.has_message;
  }
  std::optional<ChatFacts> facts(const ChatKey&) override { return {}; }
  MessagePage messages(const ChatKey&, const Page&) override { return {}; }
  Result<MessageChanged> change_message(const MessageChange&, WallMs) override { return MessageChanged{}; }
  ChangePage changes(const ChatKey&, const ChangesWanted&) override { return {}; }
  std::int64_t connections_elsewhere(const Uuid&, std::string_view) override { return 0; }
  std::vector<ConnectionPlace> connections_of(const Uuid&) override { return {}; }
  std::vector<ChatPosition> positions(std::span<const ChatKey>) override { return {}; }
  std::optional<Revisions> revisions(const ChatKey&, const Uuid&) override { return {}; }
  Reached mark_read(const ChatKey&, const Uuid&, std::int64_t, WallMs) override { return {}; }
  std::int64_t read_position(const ChatKey&, const Uuid&) override { return 0; }
  std::optional<ChatSnapshot> snapshot(const ChatKey&, const Page&) override { return {}; }
  std::vector<ChatKey> chats_of(const Uuid&, int) override { return {}; }
  std::optional<User> user(const Uuid&) override { return {}; }
  std::vector<User> users(int) override { return {}; }
  Result<Order> create_order(const NewOrder&, WallMs) override { return Order{}; }
  std::optional<OrderSummary> order(const Uuid&, const Uuid&) override { return {}; }
  OrderList orders(const Uuid&, bool, int, std::optional<std::string_view>) override { return {}; }
  std::optional<Notification> notify(const NewNotification&, WallMs) override { return {}; }
  NotificationList notifications(const Uuid&, const NotificationQuery&) override { return {}; }
  std::int64_t unread_notifications(const Uuid&) override { return 0; }
  int read_notifications(const Uuid&, std::span<const Uuid>, WallMs) override { return 0; }
  int read_notifications_until(const Uuid&, WallMs, WallMs) override { return 0; }
  Uuid forget_notifications(const Uuid&, WallMs, int) override { return {}; }
  Unread unread(const Uuid&) override { return {}; }
  void audit(const AuditEntry&, WallMs) override {}
  Result<Changed> change_status(const NewStatus&, WallMs) override { return Changed{}; }
  Result<Changed> open_dispute(const NewDispute&, WallMs) override { return Changed{}; }
  Result<Changed> assign_dispute(const NewAssignment&, WallMs) override { return Changed{}; }
  std::optional<DisputeSummary> dispute(const Uuid&, const Uuid&) override { return {}; }
  DisputeList disputes(const Uuid&, bool, const DisputeFilter&, int,
                       std::optional<std::string_view>) override {
    return {};
  }
  Result<AddedNote> add_note(const NewNote&, WallMs) override { return AddedNote{}; }
  NotePage notes(const Uuid&, const Page&) override { return {}; }
  Result<Revocation> revoke(const Revocation& revocation, WallMs) override { return revocation; }
  std::vector<Revocation> revocations(WallMs) override { return {}; }
  void forget_access(WallMs, std::int64_t) override {}
  std::int64_t changes_of_others() override { return 0; }
  AccessNews access_news(std::int64_t, int) override { return {}; }
  AccessNews access_news_so_far() override { return {}; }
  Result<Done> add_upload(const Upload&) override { return Done{}; }
  std::optional<Upload> upload(const Uuid&) override { return {}; }
  std::int64_t uploaded_bytes(const Uuid&, WallMs) override { return 0; }
  std::vector<Uuid> forget_unsent_uploads(WallMs, int) override { return {}; }
  std::int64_t set_webhook_endpoints(const std::vector<WebhookEndpoint>&) override { return 0; }
  std::vector<WebhookRow> webhooks_due(const std::string&, WallMs, int) override { return {}; }
  void webhook_delivered(std::int64_t) override {}
  void webhook_failed(std::int64_t, WallMs, const std::string&) override {}
  void webhook_given_up(std::int64_t, const std::string&) override {}
  void webhooks_may_go(const std::string&, WallMs) override {}
  void forget_dead_webhooks(WallMs) override {}
  Backlog webhook_backlog() override { return {}; }
  std::vector<OutboxRow> outbox(int) override { return {}; }
  void outbox_done(std::int64_t, const std::string&, WallMs) override {}
  void forget_outbox(WallMs) override {}
  Backlog outbox_backlog() override { return {}; }
  Result<Changed> announce_status(const NewStatus&, WallMs) override { return Changed{}; }
  void connection_opened(const ConnectionRow& row) override {
    keep("open " + std::to_string(row.connected_at));
  }
  void connections_seen(std::span<const Uuid>, WallMs) override {}
  void connection_closed(const Uuid&, WallMs at) override { keep("close " + std::to_string(at)); }
  int close_stale_connections() override { return 0; }
  Uuid forget_connections(const Uuid&, WallMs, int) override { return {}; }
  std::optional<WallMs> last_seen(const Uuid&) override { return {}; }

 private:
  void keep(std::string what) {
    const std::lock_guard lock(script_.mutex);
    if (script_.poison.contains(what)) throw StoreError(Kind::broken, "poison");
    open_.push_back(std::move(what));
  }

  void fail(std::vector<Kind>& plan) {
    const std::lock_guard lock(script_.mutex);
    if (plan.empty()) return;
    const Kind kind = plan.front();
    plan.erase(plan.begin());
    throw StoreError(kind, "planned");
  }

  Script& script_;
  std::vector<std::string> open_;
  std::size_t mark_ = 0;
};

class FakeFactory final : public StoreFactory {
 public:
  explicit FakeFactory(Script& script) : script_(script) {}
  void migrate() override {}
  std::unique_ptr<Store> open_writer() override {
    const std::lock_guard lock(script_.mutex);
    if (script_.fail_open) throw StoreError(Kind::lost, "planned: cannot open");
    ++script_.opened;
    return std::make_unique<FakeStore>(script_);
  }
  std::unique_ptr<Store> open_reader() override { return std::make_unique<FakeStore>(script_); }
  std::string describe() const override { return "fake"; }

 private:
  Script& script_;
};

/// Words for the tests of Database over the fake store: send, hold the lane, look at the results.
class Lanes : public ::testing::Test {
 protected:
  void open(DatabaseOptions options = {}) {
    database_ = std::make_unique<Database>(factory_, options, [this](std::string_view) { ++errors_; });
  }

  static NewMessage message(std::string content) {
    NewMessage message;
    message.content = std::move(content);
    return message;
  }
  bool append(const std::string& content) {
    return database_->append(message(content), [this, content](Result<Appended> result) {
      results_.push_back(content + (result ? "+" : ":" + std::string(text(result.refusal().code))));
    });
  }
  bool write(const std::string& name, Database::Work work) {
    return database_->write({}, std::move(work), [this, name](Result<Done> result) {
      results_.push_back(name + (result ? "+" : ":" + std::string(text(result.refusal().code))));
    });
  }
  /// Keeps the lane inside a deed, so that what comes next is one batch.
  void hold() {
    ASSERT_TRUE(database_->write({},
                                 [this](Store&) {
                                   held_.release();
                                   go_on_.acquire();
                                 },
                                 {}));
    held_.acquire();
  }
  void release() {
    go_on_.release();
    database_->drain();
  }

  void result_of(const std::string& content) {
    std::binary_semaphore told(0);
    ASSERT_TRUE(database_->append(message(content), [&](Result<Appended> result) {
      results_.push_back(content + (result ? "+" : ":" + std::string(text(result.refusal().code))));
      told.release();
    }));
    told.acquire();
  }

  Script script_;
  FakeFactory factory_{script_};
  std::atomic<int> errors_ = 0;
  std::binary_semaphore held_{0}, go_on_{0};
  std::vector<std::string> results_;  ///< written on the one lane's thread, read after drain()
  std::unique_ptr<Database> database_;
};

}  // namespace rozmova::store::testing
