// The edges of Database: full queues, the end, results that throw, reading threads, the long log.
#include "tests/unit/fake_store.hpp"

#include <gmock/gmock.h>

#include <latch>
#include <map>

namespace rozmova::store::testing {
namespace {

using ::testing::ElementsAre;

TEST_F(Lanes, AFullQueueRefusesAtOnce) {
  open({.queue_deeds_max = 3});
  hold();
  EXPECT_TRUE(append("a"));
  EXPECT_TRUE(append("b"));
  EXPECT_FALSE(append("c"));
  EXPECT_FALSE(write("w", [](Store&) {}));
  EXPECT_EQ(database_->stats().refused_full, 2U);
  release();
  EXPECT_THAT(results_, ElementsAre("a+", "b+"));
}

TEST_F(Lanes, DrainFlushesAndThenRefuses) {
  open();
  for (int i = 0; i < 100; ++i) append(std::to_string(i));
  database_->drain();
  EXPECT_EQ(results_.size(), 100U);
  EXPECT_FALSE(append("late"));
  EXPECT_FALSE(write("late", [](Store&) {}));
  EXPECT_FALSE(database_->read([](Store&) {}, {}));
  database_->drain();  // twice is once
}

TEST_F(Lanes, DrainEndsThoughOthersKeepSending) {
  open();
  std::atomic<bool> refused = false;
  std::atomic<int> accepted = 0;
  std::atomic<int> told = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!refused) {
        if (database_->append(message("x"), [&](const Result<Appended>&) { ++told; })) {
          ++accepted;
        } else {
          refused = true;
        }
      }
    });
  }
  while (told < 1'000) std::this_thread::yield();
  database_->drain();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(told, accepted);
}

TEST_F(Lanes, DestructionFlushesWhatWasAccepted) {
  open();
  hold();
  for (int i = 0; i < 50; ++i) append(std::to_string(i));
  go_on_.release();
  database_.reset();
  EXPECT_EQ(results_.size(), 50U);
  EXPECT_EQ(script_.committed.size(), 50U);
}

TEST_F(Lanes, AResultThatThrowsDoesNotStopTheLane) {
  open();
  database_->append(message("a"), [](const Result<Appended>&) { throw std::runtime_error("a bug"); });
  append("b");
  database_->drain();
  EXPECT_THAT(results_, ElementsAre("b+"));
  EXPECT_EQ(errors_, 1);
}

TEST_F(Lanes, WhatADeedCapturedIsGoneWhenItIsDrained) {
  open();
  const auto shared = std::make_shared<int>(1);
  database_->append(message("a"), [shared](const Result<Appended>&) {});
  database_->write({}, [shared](Store&) {}, {});
  database_->read([shared](Store&) {}, {});
  database_->drain();
  EXPECT_EQ(shared.use_count(), 1);
}

TEST_F(Lanes, OneChatHasOneLaneAndLanesShareTheChats) {
  open({.lanes = 4});
  std::mutex mutex;
  std::map<Uuid, std::set<std::thread::id>> lanes_of_chat;
  std::set<std::thread::id> lanes;
  for (int i = 0; i < 64; ++i) {
    const ChatKey chat{ChatKind::order, Uuid::v7(i)};
    for (int n = 0; n < 3; ++n) {
      database_->write(
          chat, [](Store&) {},
          [&, id = chat.id](const Result<Done>&) {
            const std::lock_guard lock(mutex);
            lanes_of_chat[id].insert(std::this_thread::get_id());
            lanes.insert(std::this_thread::get_id());
          });
    }
  }
  database_->drain();
  for (const auto& [chat, threads] : lanes_of_chat) EXPECT_EQ(threads.size(), 1U);
  EXPECT_EQ(lanes.size(), 4U);
}

TEST_F(Lanes, AStoreThatCannotBeOpenedIsToldAtOnce) {
  script_.fail_open = true;
  EXPECT_THROW(open(), StoreError);
}

// ----------------------------------------------------------------------------------------------------
// readers

TEST_F(Lanes, ReadsRunBesideTheLane) {
  open();
  hold();
  std::binary_semaphore done(0);
  EXPECT_TRUE(database_->read([&](Store&) { done.release(); }, {}));
  done.acquire();
  release();
}

TEST_F(Lanes, AFailedReadIsRefusedByItsKind) {
  open();
  std::vector<ErrorCode> codes;
  const auto failed = [&](const Refusal& refusal) { codes.push_back(refusal.code); };
  for (const Kind kind : {Kind::busy, Kind::lost, Kind::full, Kind::broken}) {
    database_->read([kind](Store&) { throw StoreError(kind, "planned"); }, failed);
  }
  database_->read([](Store&) { throw std::runtime_error("a bug"); }, failed);
  database_->read([](Store&) { throw StoreError(Kind::lost, "planned"); }, {});
  database_->drain();
  EXPECT_THAT(codes, ElementsAre(ErrorCode::unavailable, ErrorCode::unavailable, ErrorCode::unavailable,
                                 ErrorCode::internal, ErrorCode::internal));
}

TEST_F(Lanes, TheQueueOfReadsIsBoundedToo) {
  open({.queue_deeds_max = 2});
  std::binary_semaphore inside(0);
  std::binary_semaphore go_on(0);
  EXPECT_TRUE(database_->read(
      [&](Store&) {
        inside.release();
        go_on.acquire();
      },
      {}));
  inside.acquire();
  EXPECT_TRUE(database_->read([](Store&) {}, {}));
  EXPECT_FALSE(database_->read([](Store&) {}, {}));
  go_on.release();
  database_->drain();
}

TEST_F(Lanes, SeveralReadersReadAtOnce) {
  open({.readers = 3});
  std::latch all_inside(3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(database_->read([&](Store&) { all_inside.arrive_and_wait(); }, {}));
  }
  database_->drain();
}

// ---------------------------------------------------------------------------------------------------- the
// long log

TEST_F(Lanes, ALongLogIsFoldedBesideTheLaneAndFinishedByIt) {
  script_.log_pages = 100'000;
  open();
  const auto threads = [&] {
    const std::lock_guard lock(script_.mutex);
    return script_.folding_threads.size();
  };
  while (threads() < 2) result_of("a");  // the caretaker's thread, then the lane's
  EXPECT_EQ(errors_, 0);
}

}  // namespace
}  // namespace rozmova::store::testing
