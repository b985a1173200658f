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
    {"socket_io_disconnect_total", "Sockets that have gone."},
    {"rozmova_users_online_total", "Users who came online."},
    {"rozmova_users_offline_total", "Users who went offline."},
    {"rozmova_expelled_total", "Connections ended by the server: rate, token, administrator."},
    {"rozmova_webhooks_delivered_total", "Webhook events that their endpoint took."},
    {"rozmova_webhooks_failed_total", "Attempts to deliver a webhook event that failed."},
    {"rozmova_webhooks_given_up_total", "Webhook events that were given up."},
    {"rozmova_outbox_processed_total", "Rows of the outbox that became events."},
    {"rozmova_outbox_refused_total", "Rows of the outbox that were refused; see their column error."},
    {"rozmova_caught_up_total",
     "Messages and changes of other nodes that the bus did not bring: read from the store."},
    {"rozmova_bus_losses_total", "Times that the bus between the nodes went away."},
}};
constexpr std::array<Family, gauges> gauge_families{{
    {"rozmova_webhooks_waiting", "Webhook events not yet delivered."},
    {"rozmova_webhooks_dead", "Webhook events that were given up and are kept for inspection."},
    {"rozmova_outbox_waiting", "Rows of the outbox not yet processed."},
    {"rozmova_outbox_bad", "Rows of the outbox with an error."},
    {"rozmova_bus_up", "1: other nodes are heard. 0: there is no bus, or it is away."},
    {"rozmova_bus_since_seconds",
     "Unix time from which on rozmova_bus_up is what it is; 0: there is no bus."},
    {"rozmova_nodes", "Nodes that are alive, this one included; 0: the only one there can be."},
}};
constexpr std::array<Family, spans> span_families{{
    {"rozmova_ack_seconds", "From a message's arrival to its ack."},
    {"rozmova_delivery_seconds", "From a message's arrival to its broadcast."},
    {"rozmova_http_request_seconds", "From a request's arrival to its answer."},
}};

/// In alphabetical order; the last one is everything else.
constexpr std::array<std::string_view, 33> event_names{"auth_refresh",
                                                       "chat_error",
                                                       "dispute_assigned",
                                                       "dispute_message",
                                                       "dispute_message_delete",
                                                       "dispute_message_deleted",
                                                       "dispute_message_edit",
                                                       "dispute_message_edited",
                                                       "dispute_note",
                                                       "dispute_read",
                                                       "dispute_status",
                                                       "dispute_status_update",
                                                       "dispute_typing",
                                                       "join_dispute_chat",
                                                       "join_order_chat",
                                                       "leave_dispute_chat",
                                                       "leave_order_chat",
                                                       "notification",
                                                       "notifications_read",
                                                       "order_message",
                                                       "order_message_delete",
                                                       "order_message_deleted",
                                                       "order_message_edit",
                                                       "order_message_edited",
                                                       "order_read",
                                                       "order_status",
                                                       "order_status_update",
                                                       "order_typing",
                                                       "server_draining",
                                                       "token_expiring",
                                                       "unread",
                                                       "user_presence",
                                                       "other"};
static_assert(std::is_sorted(event_names.begin(), event_names.end() - 1));

std::size_t event_index(std::string_view name) noexcept {
  const auto* const end = event_names.end() - 1;
  const auto* const found = std::lower_bound(event_names.begin(), end, name);
  return static_cast<std::size_t>((found != end && *found == name ? found : end) - event_names.begin());
}

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
  struct Traffic {
    Cell events = 0, bytes = 0;
  };
  std::array<Traffic, event_names.size()> in{}, out{};
};

struct Metrics::Levels {
  std::array<std::atomic<std::int64_t>, gauges> values{};
};

Metrics::Metrics() : rows_(std::make_unique<Row[]>(rows_max)), levels_(std::make_unique<Levels>()) {}
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

void Metrics::event_in(std::string_view name, std::size_t bytes) noexcept {
  Row::Traffic& traffic = row().in[event_index(name)];
  add(traffic.events, 1);
  add(traffic.bytes, bytes);
}

void Metrics::event_out(std::string_view name, std::size_t bytes) noexcept {
  Row::Traffic& traffic = row().out[event_index(name)];
  add(traffic.events, 1);
  add(traffic.bytes, bytes);
}

std::uint64_t Metrics::taken(Span what) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t r = 0; r < rows_max; ++r) {
    for (const Cell& bucket : rows_[r].took[static_cast<std::size_t>(what)].buckets)
      sum += bucket.load(std::memory_order_relaxed);
  }
  return sum;
}

double Metrics::quantile_us(Span what, double part) const noexcept {
  std::array<std::uint64_t, bucket_us.size() + 1> buckets{};
  std::uint64_t all = 0;
  for (std::size_t r = 0; r < rows_max; ++r) {
    const auto& histogram = rows_[r].took[static_cast<std::size_t>(what)];
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      const auto n = histogram.buckets[b].load(std::memory_order_relaxed);
      buckets[b] += n;
      all += n;
    }
  }
  const double wanted = part * static_cast<double>(all);
  double below = 0;
  for (std::size_t b = 0; b < bucket_us.size() && all > 0; ++b) {
    const auto here = static_cast<double>(buckets[b]);
    const double from = b == 0 ? 0 : bucket_us[b - 1];
    if (below + here >= wanted && here > 0) return from + (bucket_us[b] - from) * (wanted - below) / here;
    below += here;
  }
  return all == 0 ? 0 : bucket_us.back();
}

void Metrics::set(Gauge what, std::int64_t value) noexcept {
  levels_->values[static_cast<std::size_t>(what)].store(value, std::memory_order_relaxed);
}

std::int64_t Metrics::level(Gauge what) const noexcept {
  return levels_->values[static_cast<std::size_t>(what)].load(std::memory_order_relaxed);
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
  for (std::size_t i = 0; i < gauges; ++i) {
    const auto value = levels_->values[i].load(std::memory_order_relaxed);
    append_gauge(out, gauge_families[i].name, gauge_families[i].help, static_cast<double>(value));
  }
  append_head(out, {"rozmova_refusals_total", "Requests and events answered with an error, by code."},
              "counter");
  for (std::size_t i = 0; i < codes; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    fmt::format_to(to, "rozmova_refusals_total{{code=\"{}\"}} {}\n", text(code), total(code));
  }
  append_events(out);
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

void Metrics::append_events(std::string& out) const {
  using Table = std::array<Row::Traffic, event_names.size()> Row::*;
  const auto family = [&](const Family& of, Table table, Cell Row::Traffic::*cell) {
    append_head(out, of, "counter");
    for (std::size_t i = 0; i < event_names.size(); ++i) {
      std::uint64_t sum = 0;
      for (std::size_t r = 0; r < rows_max; ++r)
        sum += ((rows_[r].*table)[i].*cell).load(std::memory_order_relaxed);
      if (sum == 0) continue;
      fmt::format_to(std::back_inserter(out), "{}{{event=\"{}\",namespace=\"/\"}} {}\n", of.name,
                     event_names[i], sum);
    }
  };
  family({"socket_io_events_received_total", "Events received."}, &Row::in, &Row::Traffic::events);
  family({"socket_io_events_sent_total", "Events sent, each once for all of its receivers."}, &Row::out,
         &Row::Traffic::events);
  family({"socket_io_recieve_bytes", "Bytes of received events."}, &Row::in, &Row::Traffic::bytes);
  family({"socket_io_transmit_bytes", "Bytes of sent events."}, &Row::out, &Row::Traffic::bytes);
}

void append_counter(std::string& out, std::string_view name, std::string_view help, std::uint64_t value) {
  append_head(out, {name, help}, "counter");
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

void append_counter(std::string& out, std::string_view name, std::string_view help, double value) {
  append_head(out, {name, help}, "counter");
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

void append_gauge(std::string& out, std::string_view name, std::string_view help, double value) {
  append_head(out, {name, help}, "gauge");
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

}  // namespace rozmova
