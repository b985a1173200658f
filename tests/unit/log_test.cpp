#include "rozmova/log.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rozmova {
namespace {

constexpr std::int64_t moment = 1'700'000'000'123;
const Uuid user = *Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad91");

std::string json_line(LogFields fields) {
  return format_log_line(LogFormat::json, false, moment, LogLevel::info, "join", fields);
}

TEST(LogLine, IsOneJsonObjectWithTheFieldsInOrder) {
  EXPECT_EQ(
      json_line({{"user", user}, {"socket", "s1"}, {"duration_ms", 12}, {"hurry", false}, {"share", 0.5}}),
      R"({"ts":"2023-11-14T22:13:20.123Z","level":"info","event":"join","user":"0190163d-8694-739b-aea5-966c26f8ad91",)"
      R"("socket":"s1","duration_ms":12,"hurry":false,"share":0.5})");
}

TEST(LogLine, LeavesOutWhatSaysNothing) {
  EXPECT_EQ(json_line({{"user", Uuid{}}, {"reason", ""}, {"n", 0}}),
            R"({"ts":"2023-11-14T22:13:20.123Z","level":"info","event":"join","n":0})");
}

TEST(LogLine, StaysOneLineOfJsonWhateverAClientSends) {
  const std::string nasty =
      "a\"b\\c\nd\te\x01\x7f\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82 \xd0\x96\xf0\x9f\x98\x80\xe2\x80\xa8";
  const std::string line = json_line({{"reason", nasty}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto value = boost::json::parse(line);
  const std::string back(value.at("reason").as_string());
  EXPECT_TRUE(back.starts_with("a\"b\\c\nd\te\x01\x7f\xef\xbf\xbd"));
  EXPECT_NE(back.find("\xd0\x96\xf0\x9f\x98\x80"), std::string::npos) << "what is UTF-8 stays";
}

TEST(LogLine, TextQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(
      format_log_line(LogFormat::text, false, moment, LogLevel::warning, "left",
                      {{"user", user}, {"reason", "ping timeout"}, {"n", 1}}),
      "2023-11-14T22:13:20.123Z warn  left user=0190163d-8694-739b-aea5-966c26f8ad91 reason=\"ping timeout\" n=1");
  EXPECT_EQ(format_log_line(LogFormat::text, false, moment, LogLevel::info, "x", {{"path", "a\x1b[2Jb"}}),
            "2023-11-14T22:13:20.123Z info  x path=\"a\\u001b[2Jb\"")
      << "nobody may move the cursor of who reads the log";
}

TEST(LogLevel, NamesBothWays) {
  for (const LogLevel level :
       {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::off}) {
    EXPECT_EQ(parse_log_level(text(level)), level);
  }
  EXPECT_EQ(parse_log_level("warning"), LogLevel::warning);
  EXPECT_EQ(parse_log_level("loud"), std::nullopt);
}

TEST(Log, WritesWholeLinesInOrderFromTheLevelOn) {
  std::string written;
  {
    Log log({.level = LogLevel::info,
             .format = LogFormat::text,
             .colour = false,
             .queue_lines_max = 64,
             .write = [&](std::string_view line) { written += line; }});
    EXPECT_FALSE(log.on(LogLevel::debug));
    EXPECT_TRUE(log.on(LogLevel::error));
    EXPECT_FALSE(log.on(LogLevel::off));
    log.debug("a");
    log.event("b");
    log.warning("c");
    log.error("d");
  }
  std::string events;
  for (std::size_t at = 0; at < written.size(); at = written.find('\n', at) + 1)
    events += written.substr(at + 31, 1);
  EXPECT_EQ(events, "bcd");
}

TEST(Log, OffIsSilent) {
  std::string written;
  {
    Log({.level = LogLevel::off,
         .format = LogFormat::json,
         .colour = false,
         .queue_lines_max = 64,
         .write = [&](std::string_view line) { written += line; }})
        .error("x");
  }
  EXPECT_EQ(written, "");
}

TEST(Log, ASlowReaderLosesTheOldestLinesAndNobodyWaits) {
  std::mutex mutex;
  std::condition_variable gate;
  bool open = false;
  std::vector<std::string> lines;
  std::uint64_t dropped = 0;
  constexpr int sent = 500;
  {
    Log log({.level = LogLevel::info,
             .format = LogFormat::json,
             .colour = false,
             .queue_lines_max = 16,
             .write = [&](std::string_view line) {
               std::unique_lock lock(mutex);
               gate.wait(lock, [&] { return open; });
               lines.emplace_back(line);
             }});
    for (int i = 0; i < sent; ++i) log.event("e", {{"n", i}});  // returns although nobody reads
    dropped = log.dropped();
    EXPECT_GT(dropped, 0U);
    const std::lock_guard lock(mutex);
    open = true;
    gate.notify_all();
  }
  EXPECT_EQ(lines.size() + dropped, static_cast<std::size_t>(sent));
  EXPECT_NE(lines.back().find("\"n\":499"), std::string::npos) << "the newest is there";
}

TEST(Log, ManyThreadsNeverMixTheirLines) {
  std::vector<std::string> lines;
  {
    Log log({.level = LogLevel::info,
             .format = LogFormat::json,
             .colour = false,
             .queue_lines_max = 8'192,
             .write = [&](std::string_view line) { lines.emplace_back(line); }});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = 0; i < 500; ++i) log.event("e", {{"t", t}, {"i", i}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  ASSERT_EQ(lines.size(), 2'000U);
  for (const std::string& line : lines) EXPECT_TRUE(boost::json::parse(line).is_object());
}

}  // namespace
}  // namespace rozmova
