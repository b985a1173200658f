// What is noted is written: in a moment, after a failure, and when the house is taken down.
#include "rozmova/chat/ledger.hpp"

#include "tests/unit/fake_store.hpp"

#include <gmock/gmock.h>

#include <atomic>

namespace rozmova::chat {
namespace {

using store::StoreError;
using store::testing::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LedgerTest : public store::testing::Lanes {
 protected:
  void SetUp() override {
    LogOptions quiet;
    quiet.write = [](std::string_view) {};
    log_ = std::make_unique<Log>(quiet);
    open();
    make(100);
  }
  void TearDown() override { database_.reset(); }
  void make(std::size_t rows_max) {
    ledger_ = std::make_unique<Ledger>(
        *database_, *log_, rows_max,
        Ledger::Hooks{.gather = [this] { gathers_ ? void(++gathered_) : ledger_->flush(); },
                      .retry = [this] { ++retries_; }});
  }
  void opened(int number) { ledger_->opened({id(number), id(1'000), "socket", number}); }
  void closed(int number) { ledger_->closed(id(number), number); }
  static Uuid id(int number) { return Uuid::parse("00000000-0000-7000-8000-" + digits(number)).value(); }
  static std::string digits(int number) {
    const std::string text = std::to_string(number);
    return std::string(12 - text.size(), '0') + text;
  }

  std::unique_ptr<Log> log_;
  std::unique_ptr<Ledger> ledger_;
  std::atomic<int> retries_ = 0, gathered_ = 0;
  std::atomic<bool> gathers_ = false;  ///< flush() is called by the test
};

TEST_F(LedgerTest, RowsThatComeDuringAWriteAreTheNextOne) {
  hold();
  for (int i = 1; i <= 3; ++i) opened(i);
  closed(2);
  release();
  EXPECT_THAT(script_.committed, ElementsAre("open 1", "open 2", "close 2", "open 3"));
  EXPECT_EQ(ledger_->waiting(), 0U);
}

TEST_F(LedgerTest, RowsOfAMomentAreOneWrite) {
  gathers_ = true;
  for (int i = 1; i <= 3; ++i) opened(i);
  closed(2);
  EXPECT_EQ(gathered_, 1);
  result_of("a fence");
  EXPECT_EQ(ledger_->waiting(), 3U);
  ledger_->flush();
  result_of("a fence");
  EXPECT_EQ(ledger_->waiting(), 0U);
  opened(4);
  EXPECT_EQ(gathered_, 2);
  ledger_->finish();
  opened(5);
  database_->drain();
  EXPECT_EQ(ledger_->waiting(), 0U);
  EXPECT_EQ(gathered_, 2);
}

TEST_F(LedgerTest, TheLastRowsAreWrittenThoughNobodyAsksAgain) {
  opened(1);
  opened(2);
  closed(1);
  closed(2);
  database_->drain();
  EXPECT_EQ(ledger_->waiting(), 0U);
  std::vector<std::string> all = script_.committed;
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  EXPECT_THAT(all, ElementsAre("close 1", "close 2", "open 1", "open 2"));
}

TEST_F(LedgerTest, WhatCannotBeWrittenWaitsForABetterMoment) {
  hold();
  script_.fail_begin.assign(1, Kind::full);
  opened(1);
  closed(1);
  go_on_.release();
  result_of("a fence");  // of the same batch, or of a later one
  EXPECT_EQ(retries_, 1);
  EXPECT_EQ(ledger_->waiting(), 1U);
  ledger_->flush();
  database_->drain();
  std::erase(script_.committed, "a fence");
  EXPECT_THAT(script_.committed, ElementsAre("open 1", "close 1"));
  EXPECT_EQ(ledger_->waiting(), 0U);
}

TEST_F(LedgerTest, OneBadRowCostsTheOthersNothing) {
  hold();
  for (int i = 1; i <= 3; ++i) opened(i);
  script_.poison.insert("open 2");
  go_on_.release();
  // Each row is a deed of its own then, and each fence is behind one of them.
  for (int deeds = 0; deeds < 10 && ledger_->waiting() > 0; ++deeds) result_of("a fence");
  std::erase(script_.committed, "a fence");
  EXPECT_THAT(script_.committed, ElementsAre("open 1", "open 3"));
  EXPECT_EQ(ledger_->waiting(), 0U);
  EXPECT_EQ(retries_, 0);
}

TEST_F(LedgerTest, ThoseWhoCameAndWentAreForgottenWhenThereAreTooMany) {
  make(2);
  script_.fail_begin.assign(6, Kind::full);
  for (int i = 1; i <= 6; ++i) {
    opened(i);
    result_of("x");
    closed(i);
    script_.fail_begin.assign(6, Kind::full);
    result_of("x");
  }
  EXPECT_LE(ledger_->waiting(), 3U);
}

}  // namespace
}  // namespace rozmova::chat
