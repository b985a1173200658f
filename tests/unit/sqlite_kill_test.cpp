// kill -9 at a random moment: a child stores and tells each acknowledgement through a pipe; whatever came
// through is there.
#include "rozmova/store/database.hpp"
#include "tests/unit/sqlite_database.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <random>
#include <semaphore>

namespace rozmova::store::testing {
namespace {

struct Ack {
  std::int64_t seq;
  std::int64_t number;
};

class SqliteKill : public ::testing::Test {
 protected:
  void SetUp() override {
    factory_ = database_.factory();
    factory_->migrate();
    const auto writer = factory_->open_writer();
    writer->begin();
    NewOrder order;
    order.client_id = alice_ = writer->ensure_user({Uuid::v7(1), "Alice", Role::client, ""}, 1).id;
    order.performer_id = writer->ensure_user({Uuid::v7(1), "Bob", Role::performer, ""}, 1).id;
    chat_ = {ChatKind::order, writer->create_order(order, 1)->id};
    writer->commit();
  }

  /// The child: sends without end, 64 in flight, until it is killed.
  [[noreturn]] void store_for_ever(int pipe, std::int64_t first_number) {
    const auto factory = database_.factory();
    std::counting_semaphore<> window(64);
    Database database(*factory, {}, [](std::string_view) { _exit(3); });
    for (std::int64_t number = first_number;; ++number) {
      window.acquire();
      NewMessage message;
      message.chat = chat_;
      message.sender_id = alice_;
      message.content = std::to_string(number);
      message.client_message_id = "c-" + std::to_string(number);
      database.append(std::move(message), [&window, pipe, number](Result<Appended> result) {
        if (!result) _exit(4);
        const Ack ack{result->message.seq, number};
        if (write(pipe, &ack, sizeof ack) != sizeof ack) _exit(5);
        window.release();
      });
    }
  }

  SqliteDatabase database_;
  std::unique_ptr<StoreFactory> factory_;
  Uuid alice_;
  ChatKey chat_;
};

TEST_F(SqliteKill, NothingAcknowledgedIsMissingAndSeqHasNoGap) {
  constexpr int kills = 20;
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<Ack> acks;
  for (int round = 0; round < kills; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      store_for_ever(ends[1], round * 1'000'000);
    }
    close(ends[1]);
    const std::size_t kill_after = acks.size() + 1 + random() % 400;
    Ack ack{};
    bool killed = false;
    while (read(ends[0], &ack, sizeof ack) == sizeof ack) {
      acks.push_back(ack);
      if (acks.size() >= kill_after && !killed) {
        kill(child, SIGKILL);
        killed = true;  // what is in the pipe was acknowledged before: read on until it is empty
      }
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  }

  const auto reader = factory_->open_reader();
  std::vector<Message> all;
  while (true) {
    auto page = reader->messages(chat_, {static_cast<std::int64_t>(all.size()), {}, 1'000});
    for (Message& message : page.messages) all.push_back(std::move(message));
    if (!page.has_more) break;
  }
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].seq, static_cast<std::int64_t>(i) + 1);
  ASSERT_GE(all.size(), acks.size());
  for (const Ack& told : acks) {
    ASSERT_EQ(all[static_cast<std::size_t>(told.seq - 1)].content, std::to_string(told.number));
  }
  EXPECT_EQ(database_.ask("PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace rozmova::store::testing
