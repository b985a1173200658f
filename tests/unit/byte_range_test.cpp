#include "rozmova/api/byte_range.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace rozmova::api {
namespace {

const Validators validators{"\"e1\"", 784'111'777'000};

sioxx::http::Request asking(sioxx::http::Headers headers) {
  sioxx::http::Request request;
  request.headers = std::move(headers);
  return request;
}

TEST(ByteRange, GivesWhatIsAskedFor) {
  using A = ByteRange::Answer;
  const std::tuple<const char*, A, std::uint64_t, std::uint64_t> cases[] = {
      {"bytes=0-9", A::part, 0, 10},
      {"bytes=5-", A::part, 5, 95},
      {"bytes=-10", A::part, 90, 10},
      {"bytes=-1000", A::part, 0, 100},
      {"bytes=99-99", A::part, 99, 1},
      {"bytes=90-100000", A::part, 90, 10},
      {"bytes=100-", A::none, 0, 0},
      {"bytes=-0", A::none, 0, 0},
      {"bytes=100-200", A::none, 0, 0},
      {"bytes=5-3", A::whole, 0, 100},
      {"bytes=0-1,5-6", A::whole, 0, 100},
      {"lines=0-1", A::whole, 0, 100},
      {"bytes=a-b", A::whole, 0, 100},
      {"bytes=-", A::whole, 0, 100},
      {"bytes=99999999999999999999-", A::none, 0, 0},
      {"", A::whole, 0, 100},
  };
  for (const auto& [header, answer, first, size] : cases) {
    const ByteRange range = byte_range(asking({{"range", header}}), validators, 100);
    EXPECT_EQ(range.answer, answer) << header;
    if (answer == A::none) continue;
    EXPECT_EQ(range.first, first) << header;
    EXPECT_EQ(range.size, size) << header;
  }
}

TEST(ByteRange, IfRangeMustFit) {
  const auto answer = [](const char* condition) {
    return byte_range(asking({{"range", "bytes=0-0"}, {"if-range", condition}}), validators, 100).answer;
  };
  EXPECT_EQ(answer("\"e1\""), ByteRange::Answer::part);
  EXPECT_EQ(answer("\"e2\""), ByteRange::Answer::whole);
  EXPECT_EQ(answer("W/\"e1\""), ByteRange::Answer::whole);
  EXPECT_EQ(answer("Sun, 06 Nov 1994 08:49:37 GMT"), ByteRange::Answer::part);
}

TEST(ByteRange, WhatTheClientHasIsNotSentAgain) {
  EXPECT_TRUE(not_modified(asking({{"if-none-match", "\"x\", W/\"e1\""}}), validators));
  EXPECT_TRUE(not_modified(asking({{"if-none-match", "*"}}), validators));
  EXPECT_FALSE(not_modified(
      asking({{"if-none-match", "\"x\""}, {"if-modified-since", http_date(validators.modified_at)}}),
      validators));
  EXPECT_TRUE(not_modified(asking({{"if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"}}), validators));
  EXPECT_FALSE(not_modified(asking({}), validators));
}

}  // namespace
}  // namespace rozmova::api
