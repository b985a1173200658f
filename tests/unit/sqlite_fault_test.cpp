// The disk fails at its N-th operation, for every N: nothing that was acknowledged is lost, nothing is half
// done, and the server goes on when the disk does. And the power fails at any moment.
#include "rozmova/store/database.hpp"
#include "tests/unit/faulty_vfs.hpp"
#include "tests/unit/sqlite_database.hpp"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <semaphore>

namespace rozmova::store::testing {
namespace {

class SqliteFaults : public ::testing::Test {
 protected:
  void SetUp() override {
    FaultyVfs::reset();
    options_.path = directory_.file("x.db");
    options_.vfs = FaultyVfs::name();
    options_.log_pages_max = 40;  // so that folding the log fails too
    factory_ = make_sqlite(options_);
    factory_->migrate();
    const auto writer = factory_->open_writer();
    writer->begin();
    NewOrder order;
    order.client_id = alice_ = writer->ensure_user({Uuid::v7(1), "Alice", Role::client, ""}, 1).id;
    order.performer_id = writer->ensure_user({Uuid::v7(1), "Bob", Role::performer, ""}, 1).id;
    chat_ = {ChatKind::order, writer->create_order(order, 1)->id};
    writer->commit();
  }
  void TearDown() override { FaultyVfs::reset(); }

  NewMessage message(int number) const {
    NewMessage message;
    message.chat = chat_;
    message.sender_id = alice_;
    message.content = "number " + std::to_string(number) + std::string(500, '.');
    message.client_message_id = "c-" + std::to_string(number);
    return message;
  }

  /// Appends one and waits for its result.
  bool send(Database& database, int number) {
    std::binary_semaphore told(0);
    bool stored = false;
    EXPECT_TRUE(database.append(message(number), [&](Result<Appended> result) {
      stored = static_cast<bool>(result);
      if (result) {
        acked_[number] = result->message;
      } else {
        EXPECT_TRUE(result.refusal().code == ErrorCode::unavailable ||
                    result.refusal().code == ErrorCode::internal);
      }
      told.release();
    }));
    told.acquire();
    return stored;
  }

  /// Everything acknowledged is there, as it was acknowledged; seq has no gap; the file is sound.
  void expect_kept(const std::string& path) {
    EXPECT_EQ(run_sql(path, "PRAGMA integrity_check"), "ok");
    SqliteOptions options;
    options.path = path;
    const auto reader = make_sqlite(options)->open_reader();
    const auto page = reader->messages(chat_, {0, {}, 1'000});
    std::map<std::string, Message> stored;
    for (std::size_t i = 0; i < page.messages.size(); ++i) {
      ASSERT_EQ(page.messages[i].seq, static_cast<std::int64_t>(i) + 1);
      ASSERT_TRUE(stored.emplace(*page.messages[i].client_message_id, page.messages[i]).second);
    }
    for (const auto& [number, message] : acked_) {
      const auto found = stored.find("c-" + std::to_string(number));
      ASSERT_NE(found, stored.end()) << "acknowledged and lost: " << number;
      EXPECT_EQ(found->second.seq, message.seq);
      EXPECT_EQ(found->second.id, message.id);
    }
  }

  void fail_everywhere(Fault fault, int operations) {
    int number = 0;
    int refused = 0;
    Database database(*factory_, {}, [](std::string_view) {});
    for (int nth = 1; nth <= operations; ++nth) {
      FaultyVfs::fail_from(fault, nth);
      const int until = number + 200;
      while (!FaultyVfs::has_failed() && number < until) {
        if (!send(database, number)) ++refused;
        ++number;
      }
      ASSERT_TRUE(FaultyVfs::has_failed()) << "the disk was never asked for a " << nth << ". time";
      if (!send(database, number)) {  // it still fails
        ++refused;
        FaultyVfs::heal();
        ASSERT_TRUE(send(database, number)) << "the same message again, when the disk works again";
      }
      FaultyVfs::heal();
      ++number;
      ASSERT_TRUE(send(database, number++)) << "after the failure of operation " << nth;
    }
    database.drain();
    EXPECT_GT(refused, 0);
    EXPECT_GT(database.stats().failed, 0U);
    expect_kept(options_.path);
  }

  TemporaryDirectory directory_;
  SqliteOptions options_;
  std::unique_ptr<StoreFactory> factory_;
  Uuid alice_;
  ChatKey chat_;
  std::map<int, Message> acked_;
};

TEST_F(SqliteFaults, ADiskThatFillsUpAtAnyWriteLosesNothing) { fail_everywhere(Fault::disk_full, 60); }
TEST_F(SqliteFaults, AWriteErrorAnywhereLosesNothing) { fail_everywhere(Fault::write_error, 60); }
TEST_F(SqliteFaults, ASyncErrorAnywhereLosesNothing) { fail_everywhere(Fault::sync_error, 20); }

TEST_F(SqliteFaults, APowerFailureAtAnyMomentLosesNothingAcknowledged) {
  Database database(*factory_, {}, [](std::string_view error) { ADD_FAILURE() << error; });
  for (int number = 0; number < 120; ++number) {
    ASSERT_TRUE(send(database, number));
    if (number % 7 != 0) continue;
    const TemporaryDirectory after;
    FaultyVfs::power_failure(after.path());
    expect_kept(after.file("x.db"));
  }
}

}  // namespace
}  // namespace rozmova::store::testing
