// The lanes over a store that does what each test says: batches, order, failures.
#include "tests/unit/fake_store.hpp"

#include <gmock/gmock.h>

namespace rozmova::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(Lanes, WhatArrivesDuringAFlushIsTheNextBatch) {
  open();
  hold();
  for (const char* content : {"a", "b", "", "c"}) EXPECT_TRUE(append(content));
  EXPECT_TRUE(write("w", [](Store& store) { store.ensure_user({{}, "user", Role::client, ""}, 0); }));
  EXPECT_EQ(database_->stats().queue_deeds, 6U);
  release();
  EXPECT_THAT(results_, ElementsAre("a+", "b+", ":INVALID_PAYLOAD", "c+", "w+"));
  EXPECT_THAT(script_.batches, ElementsAre(0, 4));
  EXPECT_THAT(script_.committed, ElementsAre("a", "b", "c", "user"));
  const DatabaseStats stats = database_->stats();
  EXPECT_EQ(stats.batches, 2U);
  EXPECT_EQ(stats.deeds, 6U);
  EXPECT_EQ(stats.failed, 0U);
  EXPECT_EQ(stats.queue_deeds, 0U);
  EXPECT_GE(stats.commit_us_total, stats.commit_us_max);
}

TEST_F(Lanes, ALargeCrowdIsSplitEvenlyIntoBatches) {
  open({.batch_deeds_max = 10});
  hold();
  for (int i = 0; i < 21; ++i) append(std::to_string(i));
  release();
  EXPECT_THAT(script_.batches, ElementsAre(0, 7, 7, 7));
  ASSERT_EQ(results_.size(), 21U);
  for (int i = 0; i < 21; ++i) EXPECT_EQ(results_[static_cast<std::size_t>(i)], std::to_string(i) + "+");
}

TEST_F(Lanes, ResultsComeAfterTheCommit) {
  open();
  std::vector<std::string> at_result;
  EXPECT_TRUE(database_->append(message("a"), [&](const Result<Appended>&) {
    const std::lock_guard lock(script_.mutex);
    at_result = script_.committed;
  }));
  database_->drain();
  EXPECT_THAT(at_result, ElementsAre("a"));
}

TEST_F(Lanes, AFailedWriteIsUndoneAloneAndTheOthersStay) {
  open();
  hold();
  append("a");
  write("breaks", [](Store& store) {
    store.ensure_user({{}, "half", Role::client, ""}, 0);
    throw StoreError(Kind::broken, "constraint");
  });
  write("throws", [](Store& store) {
    store.ensure_user({{}, "half", Role::client, ""}, 0);
    throw std::runtime_error("a bug");
  });
  append("b");
  release();
  EXPECT_THAT(results_, ElementsAre("a+", "breaks:INTERNAL", "throws:INTERNAL", "b+"));
  EXPECT_THAT(script_.committed, ElementsAre("a", "b"));
  EXPECT_THAT(script_.batches, ElementsAre(0, 2));
  EXPECT_EQ(database_->stats().failed, 2U);
  EXPECT_EQ(errors_, 2);
}

TEST_F(Lanes, AFailedWriteAloneIsRolledBack) {
  open();
  write("breaks", [](Store& store) {
    store.ensure_user({{}, "half", Role::client, ""}, 0);
    throw std::runtime_error("a bug");
  });
  database_->drain();
  EXPECT_THAT(results_, ElementsAre("breaks:INTERNAL"));
  EXPECT_THAT(script_.committed, IsEmpty());
}

TEST_F(Lanes, OnePoisonedAppendDoesNotSpoilItsBatch) {
  script_.poison = {"bad"};
  open();
  hold();
  for (const char* content : {"a", "bad", "b"}) append(content);
  release();
  EXPECT_THAT(results_, ElementsAre("a+", "bad:INTERNAL", "b+"));
  EXPECT_THAT(script_.committed, ElementsAre("a", "b"));
}

TEST_F(Lanes, AFailedCommitRefusesTheWholeBatchAndTheNextOneGoesOn) {
  for (const Kind kind : {Kind::full, Kind::lost}) {
    results_.clear();
    open();
    hold();
    append("a");
    append("b");
    write("w", [](Store&) {});
    write("arms", [&](Store&) {  // in the same batch: the commit that follows fails
      const std::lock_guard lock(script_.mutex);
      script_.fail_commit = {kind};
    });
    release();
    EXPECT_THAT(results_, ElementsAre("a:UNAVAILABLE", "b:UNAVAILABLE", "w:UNAVAILABLE", "arms:UNAVAILABLE"));
    EXPECT_THAT(script_.committed, IsEmpty());
    open();  // the old one ends, a new one on the same store
    results_.clear();
    append("c");
    database_->drain();
    EXPECT_THAT(results_, ElementsAre("c+"));
    script_.committed.clear();
  }
}

TEST_F(Lanes, ARefusedBatchSaysWhenToTryAgain) {
  script_.fail_begin = {Kind::full};
  open();
  std::int64_t retry_ms = 0;
  database_->append(message("a"),
                    [&](const Result<Appended>& result) { retry_ms = result.refusal().retry_after_ms; });
  database_->drain();
  EXPECT_GT(retry_ms, 0);
}

TEST_F(Lanes, ABusyStoreIsTriedAgainAFewTimes) {
  script_.fail_begin = {Kind::busy, Kind::busy};
  script_.fail_commit = {Kind::busy};
  open();
  append("a");
  database_->drain();
  EXPECT_THAT(results_, ElementsAre("a+"));
  EXPECT_THAT(script_.committed, ElementsAre("a"));
}

TEST_F(Lanes, AStoreThatStaysBusyIsGivenUp) {
  script_.fail_begin = {Kind::busy, Kind::busy, Kind::busy, Kind::busy};
  open();
  append("a");
  database_->drain();
  EXPECT_THAT(results_, ElementsAre("a:UNAVAILABLE"));
  EXPECT_THAT(script_.fail_begin, IsEmpty());
  EXPECT_EQ(database_->stats().failed, 1U);
}

TEST_F(Lanes, ALostConnectionIsOpenedAgainAndTheBatchRepeatedIfItWasNotCommitting) {
  script_.fail_append = {Kind::lost};
  open();
  EXPECT_EQ(script_.opened, 1);
  append("a");
  database_->drain();
  EXPECT_THAT(results_, ElementsAre("a+"));
  EXPECT_EQ(script_.opened, 2);
}

TEST_F(Lanes, ACommitWithoutAnAnswerThatHappenedIsToldAndNotRepeated) {
  script_.fail_commit = {Kind::lost};
  script_.has_message = true;
  open();
  append("a");
  database_->drain();
  EXPECT_THAT(results_, ElementsAre("a+"));
  EXPECT_THAT(script_.committed, IsEmpty());
  EXPECT_EQ(script_.opened, 2);
}

TEST_F(Lanes, ACommitWithoutAnAnswerThatDidNotHappenIsDoneAgain) {
  script_.fail_commit = {Kind::lost};
  open();
  append("a");
  database_->drain();
  EXPECT_THAT(results_, ElementsAre("a+"));
  EXPECT_THAT(script_.committed, ElementsAre("a"));
  EXPECT_EQ(script_.opened, 2);
}

TEST_F(Lanes, ACommitWithoutAnAnswerAndWithoutAMessageIsNotRepeated) {
  script_.fail_commit = {Kind::lost};
  open();
  int runs = 0;
  std::string heard;
  database_->write(
      {}, [&](Store&) { ++runs; },
      [&](const Result<Done>& done) { heard = done ? "done" : text(done.refusal().code); });
  database_->drain();
  EXPECT_EQ(heard, "UNAVAILABLE");
  EXPECT_EQ(runs, 1);
}

TEST_F(Lanes, WhileTheStoreCannotBeOpenedDeedsAreRefusedThenItGoesOn) {
  open();
  {
    const std::lock_guard lock(script_.mutex);
    script_.fail_open = true;
    script_.fail_begin = {Kind::lost, Kind::lost};
  }
  result_of("a");
  EXPECT_THAT(results_, ElementsAre("a:UNAVAILABLE"));
  {
    const std::lock_guard lock(script_.mutex);
    script_.fail_open = false;
  }
  // Tried again after a pause, so the first ones may still be refused.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  do {
    result_of("b");
  } while (results_.back() != "b+" && std::chrono::steady_clock::now() < until);
  EXPECT_EQ(results_.back(), "b+");
}

TEST_F(Lanes, WhoCameWhileTheStoreWasHeldHasOneTryUntilOneSucceeds) {
  open();
  script_.fail_begin.assign(5, Kind::busy);
  for (const char* content : {"four tries", "one try", "free again"}) result_of(content);
  EXPECT_THAT(results_, ElementsAre("four tries:UNAVAILABLE", "one try:UNAVAILABLE", "free again+"));
}

}  // namespace
}  // namespace rozmova::store::testing
