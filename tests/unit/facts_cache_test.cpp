#include "rozmova/chat/facts_cache.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rozmova::chat {
namespace {

using Ask = FactsCache::Ask;

struct FactsCacheTest : ::testing::Test {
  static ChatKey chat(int n) {
    ChatKey key;
    key.id.bytes[15] = static_cast<std::uint8_t>(n);
    return key;
  }
  Ask ask(const ChatKey& key, std::int64_t now, std::string tag = "?") {
    return cache.ask(key, now, [this, tag](const Result<ChatFacts>& facts) {
      heard.push_back(tag + ":" + (facts ? facts->status : std::string(text(facts.refusal().code))));
    });
  }
  static Result<ChatFacts> facts(const char* status) {
    ChatFacts f;
    f.status = status;
    return f;
  }

  FactsCache cache{1'000, 4};
  std::vector<std::string> heard;
};

TEST_F(FactsCacheTest, OneReadASecond) {
  EXPECT_EQ(ask(chat(1), 0, "a"), Ask::read_it);
  EXPECT_EQ(ask(chat(1), 0, "b"), Ask::waiting);
  cache.loaded(chat(1), 10, facts("open"));
  EXPECT_EQ(heard, (std::vector<std::string>{"a:open", "b:open"}));
  EXPECT_EQ(ask(chat(1), 1'009, "c"), Ask::answered);
  EXPECT_EQ(ask(chat(1), 1'010, "d"), Ask::read_it);
  cache.loaded(chat(1), 1'011, facts("closed"));
  EXPECT_EQ(heard.back(), "d:closed");
}

TEST_F(FactsCacheTest, ARefusalIsToldAndNotKept) {
  ask(chat(1), 0, "a");
  cache.loaded(chat(1), 0, Refusal{ErrorCode::not_found, "no such order"});
  EXPECT_EQ(heard, (std::vector<std::string>{"a:NOT_FOUND"}));
  EXPECT_EQ(ask(chat(1), 1), Ask::read_it);
}

TEST_F(FactsCacheTest, TasksWaitForTheReadUnderWay) {
  cache.after_read(chat(1), [this] { heard.push_back("at once"); });
  ask(chat(1), 0, "start");
  cache.after_read(chat(1), [this] { heard.push_back("stop"); });
  cache.after_reads([this] { heard.push_back("gone"); });
  EXPECT_EQ(heard, (std::vector<std::string>{"at once"}));
  cache.loaded(chat(1), 1, facts("open"));
  EXPECT_EQ(heard, (std::vector<std::string>{"at once", "start:open", "stop", "gone"}));
}

TEST_F(FactsCacheTest, OldFactsAreForgottenAndReadsUnderWayAreNot) {
  for (int i = 1; i <= 3; ++i) {
    ask(chat(i), 0);
    cache.loaded(chat(i), 0, facts("open"));
  }
  ask(chat(4), 0);
  EXPECT_EQ(cache.size(), 4U);
  ask(chat(5), 2'000);
  EXPECT_EQ(cache.size(), 2U) << "the two that are being read";
  cache.sweep(1'000'000);
  EXPECT_EQ(cache.size(), 2U);
}

TEST_F(FactsCacheTest, WhatIsForgottenIsReadAnewAlsoWhenItWasBeingRead) {
  ask(chat(1), 0);
  cache.loaded(chat(1), 0, facts("open"));
  cache.forget(chat(1));
  EXPECT_EQ(ask(chat(1), 1, "first"), Ask::read_it);
  cache.forget(chat(1));
  cache.loaded(chat(1), 1, facts("old"));
  EXPECT_EQ(heard, (std::vector<std::string>{"?:open", "first:old"})) << "who waited is answered";
  EXPECT_EQ(ask(chat(1), 1), Ask::read_it) << "and nobody after him by that";
  cache.forget(chat(2));
}

TEST_F(FactsCacheTest, WhoIsAnsweredMayAskAgain) {
  cache.ask(chat(1), 0, [this](const Result<ChatFacts>&) { ask(chat(1), 0, "inner"); });
  cache.loaded(chat(1), 0, facts("open"));
  EXPECT_EQ(heard, (std::vector<std::string>{"inner:open"}));
  cache.ask(chat(2), 0,
            [this](const Result<ChatFacts>&) { EXPECT_EQ(ask(chat(2), 0, "again"), Ask::read_it); });
  cache.loaded(chat(2), 0, Refusal{ErrorCode::unavailable, "busy"});
}

}  // namespace
}  // namespace rozmova::chat
