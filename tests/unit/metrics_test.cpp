#include "rozmova/metrics.hpp"

#include "rozmova/api/metrics_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace rozmova {
namespace {

using testing::HasSubstr;

std::string text_of(const Metrics& metrics) {
  std::string out;
  metrics.append_prometheus(out);
  return out;
}

TEST(Metrics, SumsOverThreads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) metrics.count(Count::joins);
      metrics.refused(ErrorCode::forbidden);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(metrics.total(Count::joins), 4'000U);
  EXPECT_EQ(metrics.total(Count::leaves), 0U);
  EXPECT_EQ(metrics.total(ErrorCode::forbidden), 4U);
  EXPECT_THAT(text_of(metrics), HasSubstr("rozmova_refusals_total{code=\"FORBIDDEN\"} 4\n"));
}

TEST(Metrics, BucketsAreCumulativeAndBoundsInclusive) {
  Metrics metrics;
  metrics.took(Span::ack, 100);
  metrics.took(Span::ack, 101);
  metrics.took(Span::ack, 60'000'000);
  metrics.took(Span::ack, -5);
  const std::string text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("rozmova_ack_seconds_bucket{le=\"0.0001\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("rozmova_ack_seconds_bucket{le=\"0.00025\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("rozmova_ack_seconds_bucket{le=\"5\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("rozmova_ack_seconds_bucket{le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("rozmova_ack_seconds_count 4\n"));
  EXPECT_THAT(text, HasSubstr("rozmova_delivery_seconds_count 0\n"));
}

TEST(Metrics, EventsOfTheContractAreCountedByTheirNames) {
  Metrics metrics;
  for (const std::string_view event : {"dispute_assigned", "server_draining", "order_message"})
    metrics.event_out(event, 10);
  metrics.event_out("whatever", 10);
  const std::string text = text_of(metrics);
  for (const std::string_view event : {"dispute_assigned", "server_draining", "order_message", "other"}) {
    EXPECT_THAT(text, HasSubstr("socket_io_events_sent_total{event=\"" + std::string(event) +
                                "\",namespace=\"/\"} 1\n"));
  }
}

TEST(Metrics, WhatIsCalledTotalIsACounter) {
  const std::string page = api::metrics_text({}, {.commit_us_total = 1'500'000}, Metrics(), 0);
  EXPECT_THAT(page, HasSubstr("# TYPE rozmova_db_commit_seconds_total counter\n"
                              "rozmova_db_commit_seconds_total 1.5\n"));
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);)
    EXPECT_FALSE(line.starts_with("# TYPE") && line.ends_with("_total gauge")) << line;
}

TEST(Metrics, ThePageIsWellFormed) {
  // Every sample belongs to a family that was announced before it, each family once (Prometheus text format 0.0.4).
  const std::string page = api::metrics_text({.sessions = 3, .websocket_sessions = 2}, {}, Metrics(), 1);
  std::istringstream lines(page);
  std::set<std::string> families;
  std::string family, line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string first, second, third;
    words >> first >> second >> third;
    if (first == "#") {
      if (second == "TYPE") family = third;
      const bool again = second == "HELP" && !families.insert(third).second;
      EXPECT_FALSE(again) << third << " stands twice";
      continue;
    }
    EXPECT_TRUE(first.starts_with(family)) << line;
    EXPECT_NO_THROW((void)std::stod(second)) << line;
  }
  EXPECT_THAT(page, HasSubstr("rozmova_connections{transport=\"websocket\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("rozmova_connections{transport=\"polling\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("rozmova_log_lines_dropped_total 1\n"));
  EXPECT_TRUE(page.ends_with('\n'));
}

}  // namespace
}  // namespace rozmova
