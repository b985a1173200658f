#include "rozmova/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <numeric>

namespace rozmova {

namespace {

/// More threads than rows share rows: still right, only slower.
constexpr std::size_t rows_max = 128;
constexpr std::size_t codes = static_cast<std::size_t>(ErrorCode::internal) + 1;

struct Family {
  std::string_view name, help;
};
constexpr std::array<Family, counts> count_families{{
    {"rozmova_messages_stored_total", "Messages committed to the store."},
    {"rozmova_messages_duplicate_total", "Sends that had been stored before (same clientMessageId)."},
    {"rozmova_broadcasts_total", "Events sent to a room."},
    {"rozmova_joins_total", "Chats entered."},
    {"rozmova_leaves_total", "Chats left."},
    {"rozmova_typing_relayed_total", "Typing events relayed."},
    {"rozmova_connects_total", "Sockets let in."},
    {"rozmova_connects_refused_total", "Sockets refused at connect."},
    {"rozmova_reconnects_total", "Chats entered again with afterSeq."},
    {"rozmova_http_requests_total", "Requests to REST routes."},
}};
constexpr std::array<Family, spans> span_families{{
    {"rozmova_ack_seconds", "From a message's arrival to its ack."},
    {"rozmova_delivery_seconds", "From a message's arrival to its broadcast."},
    {"rozmova_http_request_seconds", "From a request's arrival to its answer."},
}};

using Cell = std::atomic<std::uint64_t>;

void add(Cell& cell, std::uint64_t n) noexcept { cell.fetch_add(n, std::memory_order_relaxed); }

void append_head(std::string& out, const Family& family, std::string_view type) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n", family.name, family.help, type);
}

}  // namespace

struct alignas(64) Metrics::Row {
  struct Histogram {
    std::array<Cell, bucket_us.size() + 1> buckets{};
    Cell us_total = 0;
  };
  std::array<Cell, counts> counted{};
  std::array<Cell, codes> refused{};
  std::array<Histogram, spans> took{};
};

Metrics::Metrics() : rows_(std::make_unique<Row[]>(rows_max)) {}
Metrics::~Metrics() = default;

Metrics::Row& Metrics::row() noexcept {
  static std::atomic<std::size_t> threads = 0;
  thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed) % rows_max;
  return rows_[mine];
}

void Metrics::count(Count what, std::uint64_t n) noexcept {
  add(row().counted[static_cast<std::size_t>(what)], n);
}

void Metrics::refused(ErrorCode code) noexcept { add(row().refused[static_cast<std::size_t>(code)], 1); }

void Metrics::took(Span what, std::int64_t us) noexcept {
  Row::Histogram& histogram = row().took[static_cast<std::size_t>(what)];
  const auto time = static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0));
  const auto bucket = std::lower_bound(bucket_us.begin(), bucket_us.end(), time) - bucket_us.begin();
  add(histogram.buckets[static_cast<std::size_t>(bucket)], 1);
  add(histogram.us_total, time);
}

std::uint64_t Metrics::total(Count what) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < rows_max; ++i)
    sum += rows_[i].counted[static_cast<std::size_t>(what)].load(std::memory_order_relaxed);
  return sum;
}

std::uint64_t Metrics::total(ErrorCode code) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < rows_max; ++i)
    sum += rows_[i].refused[static_cast<std::size_t>(code)].load(std::memory_order_relaxed);
  return sum;
}

void Metrics::append_prometheus(std::string& out) const {
  const auto to = std::back_inserter(out);
  for (std::size_t i = 0; i < counts; ++i) {
    append_counter(out, count_families[i].name, count_families[i].help, total(static_cast<Count>(i)));
  }
  append_head(out, {"rozmova_refusals_total", "Requests and events answered with an error, by code."},
              "counter");
  for (std::size_t i = 0; i < codes; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    fmt::format_to(to, "rozmova_refusals_total{{code=\"{}\"}} {}\n", text(code), total(code));
  }
  for (std::size_t i = 0; i < spans; ++i) {
    std::array<std::uint64_t, bucket_us.size() + 1> buckets{};
    std::uint64_t us_total = 0;
    for (std::size_t r = 0; r < rows_max; ++r) {
      const Row::Histogram& histogram = rows_[r].took[i];
      for (std::size_t b = 0; b < buckets.size(); ++b)
        buckets[b] += histogram.buckets[b].load(std::memory_order_relaxed);
      us_total += histogram.us_total.load(std::memory_order_relaxed);
    }
    const Family& family = span_families[i];
    append_head(out, family, "histogram");
    std::uint64_t sum = 0;
    for (std::size_t b = 0; b < bucket_us.size(); ++b) {
      sum += buckets[b];
      fmt::format_to(to, "{}_bucket{{le=\"{}\"}} {}\n", family.name, static_cast<double>(bucket_us[b]) / 1e6,
                     sum);
    }
    sum += buckets.back();
    fmt::format_to(to, "{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", family.name, sum,
                   static_cast<double>(us_total) / 1e6);
  }
}

void append_counter(std::string& out, std::string_view name, std::string_view help, std::uint64_t value) {
  append_head(out, {name, help}, "counter");
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

void append_gauge(std::string& out, std::string_view name, std::string_view help, double value) {
  append_head(out, {name, help}, "gauge");
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

}  // namespace rozmova
