#include "rozmova/uuid.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>
#include <unordered_set>
#include <vector>

namespace rozmova {
namespace {

TEST(Uuid, ReadsAndPrintsTheHyphenatedForm) {
  const auto id = Uuid::parse("0191d3a0-7c1e-7abc-8def-0123456789ab");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->text(), "0191d3a0-7c1e-7abc-8def-0123456789ab");
  EXPECT_EQ(id->bytes.front(), 0x01);
  EXPECT_EQ(id->bytes.back(), 0xab);
}

TEST(Uuid, PrintsLowerCaseWhateverWasRead) {
  EXPECT_EQ(Uuid::parse("0191D3A0-7C1E-7ABC-8DEF-0123456789AB")->text(),
            "0191d3a0-7c1e-7abc-8def-0123456789ab");
}

TEST(Uuid, RefusesEverythingElse) {
  for (const char* text :
       {"", "0191d3a0", "0191d3a07c1e7abc8def0123456789ab", "0191d3a0-7c1e-7abc-8def-0123456789a",
        "0191d3a0-7c1e-7abc-8def-0123456789abc", "0191d3a0-7c1e-7abc-8def-0123456789ag",
        "0191d3a0_7c1e-7abc-8def-0123456789ab", "0191d3a0-7c1e-7abc-8def0-123456789ab",
        "{191d3a0-7c1e-7abc-8def-0123456789a}", " 191d3a0-7c1e-7abc-8def-0123456789ab",
        "0191d3a0-7c1e-7abc-8def-0123456789a\xff"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
  EXPECT_FALSE(
      Uuid::parse(std::string_view("0191d3a0-7c1e-7abc-8def-01234567\0"
                                   "9ab",
                                   36)));
}

TEST(Uuid, Version7CarriesTheTimeTheVersionAndTheVariant) {
  const Uuid id = Uuid::v7(0x0191d3a07c1e);
  EXPECT_EQ(id.text().substr(0, 13), "0191d3a0-7c1e");
  EXPECT_EQ(id.text()[14], '7');
  EXPECT_NE(std::string("89ab").find(id.text()[19]), std::string::npos);
}

TEST(Uuid, IdsOfOneThreadGrowWithinAMillisecondAndAcross) {
  Uuid last;
  for (int i = 0; i < 100'000; ++i) {
    const Uuid id = Uuid::v7(1'700'000'000'000 + i / 5'000);
    ASSERT_LT(last, id);
    last = id;
  }
}

TEST(Uuid, AnEarlierTimeIsKeptAsGiven) {
  const Uuid late = Uuid::v7(1'700'000'000'000);
  const Uuid early = Uuid::v7(1'600'000'000'000);
  EXPECT_LT(early, late);
}

TEST(Uuid, ThreadsDoNotMeet) {
  std::vector<std::vector<Uuid>> made(4);
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 20'000; ++i) mine.push_back(Uuid::v7(1'700'000'000'000));
    });
  }
  for (auto& thread : threads) thread.join();
  std::unordered_set<Uuid> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 80'000U);
}

TEST(Uuid, AForkedChildDoesNotRepeatItsParent) {
  Uuid::v7(1'700'000'000'000);  // the pool of random bytes is filled before the fork
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const Uuid id = Uuid::v7(1'700'000'000'000);
    const bool written = write(pipe_ends[1], id.bytes.data(), id.bytes.size()) == 16;
    _exit(written ? 0 : 1);
  }
  const Uuid mine = Uuid::v7(1'700'000'000'000);
  Uuid its;
  EXPECT_EQ(read(pipe_ends[0], its.bytes.data(), its.bytes.size()), 16);
  int status = 0;
  waitpid(child, &status, 0);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  EXPECT_EQ(status, 0);
  EXPECT_NE(mine, its);
}

TEST(Uuid, HashesSpreadOverLowBitsThoughIdsShareTheirFirstHalf) {
  std::set<std::size_t> buckets;
  for (int i = 0; i < 10'000; ++i) buckets.insert(std::hash<Uuid>{}(Uuid::v7(1'700'000'000'000)) % 1'024);
  EXPECT_GT(buckets.size(), 1'000U);
}

}  // namespace
}  // namespace rozmova
