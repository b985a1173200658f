// Many at once, through Database: what a server's shards do to a store.
#include "rozmova/store/database.hpp"
#include "tests/contract/store_suite.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <map>
#include <mutex>
#include <semaphore>
#include <set>
#include <thread>

namespace rozmova::store::testing {

namespace {

constexpr int senders = 8;

void no_errors(std::string_view error) { ADD_FAILURE() << error; }

}  // namespace

TEST_P(StoreSuite, TheSameSendNTimesAtOnceIsOneRowAndNEqualAcks) {
  constexpr int distinct = 50;
  Database database(*factory_, {}, no_errors);
  std::latch start(senders);
  std::mutex mutex;
  std::map<std::string, std::vector<Appended>> acks;
  std::vector<std::thread> threads;
  for (int i = 0; i < senders; ++i) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int n = 0; n < distinct; ++n) {
        NewMessage same = message(alice_, order_, "number " + std::to_string(n));
        same.client_message_id = "c-" + std::to_string(n);
        EXPECT_TRUE(database.append(same, [&](Result<Appended> result) {
          const std::lock_guard lock(mutex);
          acks[*result->message.client_message_id].push_back(*result);
        }));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  database.drain();
  ASSERT_EQ(acks.size(), static_cast<std::size_t>(distinct));
  for (const auto& [id, same] : acks) {
    ASSERT_EQ(same.size(), static_cast<std::size_t>(senders)) << id;
    int first_ones = 0;
    for (const Appended& ack : same) {
      expect_same(ack.message, same.front().message);
      if (!ack.duplicate) ++first_ones;
    }
    EXPECT_EQ(first_ones, 1) << id;
  }
  const MessagePage page = reader_->messages(order_, {0, {}, 1'000});
  ASSERT_EQ(page.messages.size(), static_cast<std::size_t>(distinct));
  for (std::size_t i = 0; i < page.messages.size(); ++i)
    EXPECT_EQ(page.messages[i].seq, static_cast<std::int64_t>(i) + 1);
}

TEST_P(StoreSuite, ConcurrentSendersGetSeqWithoutGapsAndHearResultsInItsOrder) {
  constexpr int each = 200;
  const ChatKey chats[] = {
      order_, {ChatKind::order, order_between(alice_, bob_)}, {ChatKind::dispute, dispute_about(order_id_)}};
  Database database(*factory_, {}, no_errors);
  std::latch start(senders);
  std::map<Uuid, std::vector<std::int64_t>> heard;  // by the one lane's thread
  std::vector<std::thread> threads;
  for (int i = 0; i < senders; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      for (int n = 0; n < each; ++n) {
        const ChatKey& chat = chats[static_cast<std::size_t>(n % 3)];
        EXPECT_TRUE(database.append(message(i % 2 == 0 ? alice_ : bob_, chat, std::to_string(n)),
                                    [&heard](Result<Appended> result) {
                                      ASSERT_TRUE(result);
                                      heard[result->message.chat.id].push_back(result->message.seq);
                                    }));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  database.drain();
  std::size_t all = 0;
  for (const auto& [chat, got] : heard) {
    for (std::size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], static_cast<std::int64_t>(i) + 1);
    all += got.size();
  }
  EXPECT_EQ(all, static_cast<std::size_t>(senders * each));
  for (const ChatKey& chat : chats) {
    EXPECT_EQ(reader_->facts(chat)->last_seq, static_cast<std::int64_t>(heard[chat.id].size()));
  }
}

TEST_P(StoreSuite, TwoProcessesOnOneStoreShareOneSeqAndOneClientMessageId) {
  constexpr int each = 150;
  const auto other_factory = database_->factory();
  Database here(*factory_, {}, no_errors);
  Database there(*other_factory, {}, no_errors);
  std::atomic<int> duplicates = 0;
  std::mutex mutex;
  std::set<std::int64_t> seqs_given;
  for (int n = 0; n < each; ++n) {
    NewMessage same = message(alice_, order_, "x");
    same.client_message_id = "c-" + std::to_string(n);
    for (Database* node : {&here, &there}) {
      EXPECT_TRUE(node->append(same, [&](Result<Appended> result) {
        ASSERT_TRUE(result) << result.refusal().message;
        if (result->duplicate) ++duplicates;
        const std::lock_guard lock(mutex);
        seqs_given.insert(result->message.seq);
      }));
    }
  }
  here.drain();
  there.drain();
  EXPECT_EQ(duplicates, each);
  EXPECT_EQ(seqs_given.size(), static_cast<std::size_t>(each));
  EXPECT_EQ(*seqs_given.rbegin(), each);
  EXPECT_EQ(reader_->facts(order_)->last_seq, each);
}

TEST_P(StoreSuite, ASnapshotIsOfOneMomentWhileOthersWrite) {
  constexpr int messages = 600;
  Database database(*factory_, {}, no_errors);
  std::thread writer([&] {
    std::binary_semaphore stored(0);
    // One by one: as many commits as messages, so that they fall between the statements of a read.
    for (int n = 0; n < messages; ++n) {
      EXPECT_TRUE(database.append(message(alice_, order_, std::to_string(n + 1)),
                                  [&](const Result<Appended>&) { stored.release(); }));
      stored.acquire();
    }
  });
  int looks = 0;
  std::int64_t last_before = 0;
  do {
    const auto snapshot = reader_->snapshot(order_, {});
    if (!snapshot) break;
    const std::int64_t last = snapshot->facts.last_seq;
    EXPECT_GE(last, last_before);
    last_before = last;
    EXPECT_EQ(snapshot->page.messages.size(), static_cast<std::size_t>(std::min<std::int64_t>(last, 50)));
    EXPECT_EQ(last > 0 ? snapshot->page.messages.back().seq : 0, last);
    EXPECT_EQ(snapshot->page.has_more, last > 50);
    ++looks;
  } while (last_before < messages && !HasFailure());
  writer.join();
  EXPECT_GT(looks, 0);
  EXPECT_EQ(last_before, messages);
}

}  // namespace rozmova::store::testing
