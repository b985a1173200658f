#pragma once

#include "rozmova/refusal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rozmova {

/// What is counted one by one. The name on the wire stands in the table in metrics.cpp.
enum class Count : std::uint8_t {
  messages_stored,     ///< committed
  messages_duplicate,  ///< the same clientMessageId again
  broadcasts,
  joins,
  leaves,
  typing_relayed,
  connects,
  connects_refused,
  reconnects,  ///< joins with afterSeq
  http_requests,
  disconnects,
  users_came,  ///< online; minus users_left: who is here now
  users_left,
  expelled,  ///< connections that we have ended: rate, token, administrator
  webhooks_delivered,
  webhooks_failed,  ///< attempts
  webhooks_given_up,
  outbox_processed,
  outbox_refused,
  news_caught_up,  ///< messages and changes that no node has told us of: read from the store
  bus_losses,
};
inline constexpr std::size_t counts = static_cast<std::size_t>(Count::bus_losses) + 1;

/// What is so many now.
enum class Gauge : std::uint8_t {
  webhooks_waiting,
  webhooks_dead,
  outbox_waiting,
  outbox_bad,
  bus_up,
  bus_since,
  nodes
};
inline constexpr std::size_t gauges = static_cast<std::size_t>(Gauge::nodes) + 1;

/// What is measured in time.
enum class Span : std::uint8_t {
  ack,       ///< from the event to its ack
  delivery,  ///< from the event to the broadcast
  http,      ///< from the request to its answer
};
inline constexpr std::size_t spans = static_cast<std::size_t>(Span::http) + 1;

/// Counters of the application. One object, owned by main; every method may be called from any thread: each thread adds
/// to a row of its own, reading sums the rows. Costs a few nanoseconds, never waits.
class Metrics {
 public:
  /// Upper bounds of the histogram's buckets, in microseconds; one more is without bound.
  static constexpr std::array<std::uint32_t, 13> bucket_us = {
      100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 250'000, 1'000'000, 5'000'000};

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void count(Count what, std::uint64_t n = 1) noexcept;
  /// A client was told no.
  void refused(ErrorCode code) noexcept;
  void took(Span what, std::int64_t us) noexcept;
  void set(Gauge what, std::int64_t value) noexcept;
  std::int64_t level(Gauge what) const noexcept;

  /// An event by its name, for the metrics that dashboards of Socket.IO know. Names that are not the contract's are
  /// counted as "other". Sent: once for all receivers.
  void event_in(std::string_view name, std::size_t bytes) noexcept;
  void event_out(std::string_view name, std::size_t bytes) noexcept;

  std::uint64_t total(Count what) const noexcept;
  std::uint64_t taken(Span what) const noexcept;
  /// The time that this part of all took at most, between the bounds of the buckets; 0 when there was none.
  double quantile_us(Span what, double part) const noexcept;
  std::uint64_t total(ErrorCode code) const noexcept;
  /// Prometheus text format 0.0.4, one family after the other.
  void append_prometheus(std::string& out) const;

 private:
  struct Row;
  Row& row() noexcept;
  void append_events(std::string& out) const;
  std::unique_ptr<Row[]> rows_;
  struct Levels;
  std::unique_ptr<Levels> levels_;
};

/// Helpers for whoever has numbers of his own: one family with one sample.
void append_counter(std::string& out, std::string_view name, std::string_view help, std::uint64_t value);
void append_counter(std::string& out, std::string_view name, std::string_view help, double value);
void append_gauge(std::string& out, std::string_view name, std::string_view help, double value);

}  // namespace rozmova
