#include "storm_scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "clock.hpp"
#include "packet.hpp"
#include "process_stats.hpp"
#include "seats.hpp"

namespace bench {

namespace {

constexpr std::size_t opening_window = 64;
constexpr std::uint64_t retry_ns = 500 * ns_per_ms;
constexpr std::uint64_t join_ack_id = 0;  // messages count from 1
constexpr std::uint64_t members_per_chat = 2;

std::size_t count_of(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size()))
    ++count;
  return count;
}

}  // namespace

StormScenario::StormScenario(const Options& options, std::vector<std::string> orders, std::uint32_t run)
    : options_(options),
      orders_(std::move(orders)),
      connections_(seat_count(options)),
      last_seq_(connections_.size(), 0),
      is_joined_(connections_.size(), false),
      writer_(run, options.payload_bytes),
      run_(fmt::format(R"("clientMessageId":"{:08x}-)", run)) {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connections_[i].index = static_cast<std::uint32_t>(i);
    connections_[i].transport = options_.transport;
    connections_[i].token = token_of(options_, seat_of(options_, i));
  }
}

void StormScenario::start(Loop& loop, std::uint64_t now) {
  loop_ = &loop;
  open_more(loop, now);
}

std::uint64_t StormScenario::wake_at_ns() const {
  return retries_.empty() ? no_wake : retries_.front().due_ns;
}

void StormScenario::on_turn(Loop& loop, std::uint64_t now) {
  if (phase_ == Phase::opening || phase_ == Phase::storm) open_more(loop, now);
  if (phase_ == Phase::opening && joined_ == connections_.size()) return begin_filling();
  if (phase_ == Phase::filling) {
    const std::uint64_t messages = orders_.size() * options_.missed;
    if (acks_ >= messages && deliveries_ >= messages * members_per_chat) begin_storm(now);
  } else if (phase_ == Phase::storm && joined_ == connections_.size()) {
    measurement_.end(options_, now);
    peak_bytes_ = peak_rss(options_.server_pids);
    phase_ = Phase::finished;
  }
}

void StormScenario::open_more(Loop& loop, std::uint64_t now) {
  const std::size_t window = phase_ == Phase::opening ? opening_window : options_.connect_window;
  for (; !retries_.empty() && retries_.front().due_ns <= now && !is_finished(); retries_.pop_front()) {
    open_one(loop, retries_.front().index);
  }
  while (opened_ < connections_.size() && under_way_ < window && !is_finished()) {
    open_one(loop, static_cast<std::uint32_t>(opened_++));
  }
}

void StormScenario::open_one(Loop& loop, std::uint32_t index) {
  if (loop.open(connections_[index])) {
    ++under_way_;
  } else {
    fail(fmt::format("connection {} cannot be opened: {}", index, std::strerror(errno)));
  }
}

void StormScenario::begin_filling() {
  phase_ = Phase::filling;
  for (std::uint32_t i = 1; i <= options_.missed; ++i) {
    for (std::size_t seat = 0; seat < connections_.size(); seat += 2) {
      send(connections_[seat], writer_.write(order_of(connections_[seat]), 0, i));
    }
  }
}

void StormScenario::begin_storm(std::uint64_t now) {
  resident_bytes_ = memory_of(options_.server_pids).rss;
  reset_peak(options_.server_pids);
  measurement_.begin(options_, now);
  phase_ = Phase::storm;
  joined_ = opened_ = under_way_ = 0;
  is_joined_.assign(connections_.size(), false);
  storm_ns_ = now;
  for (Connection& connection : connections_) connection.close(true);
}

void StormScenario::on_connected(Connection& connection) {
  std::string packet =
      fmt::format(R"(42{}["join_order_chat",{{"orderId":"{}")", join_ack_id, order_of(connection));
  const std::uint64_t seen = last_seq_[connection.index];
  if (phase_ == Phase::storm && options_.missed > 0) {
    packet += fmt::format(R"(,"afterSeq":{})", seen > options_.missed ? seen - options_.missed : 0);
  }
  send(connection, packet + "}]");
}

void StormScenario::on_ack(Connection& connection, std::uint64_t id, std::string_view body,
                           std::uint64_t received_ns) {
  if (!is_ok(body)) {
    ++refused_;
    if (sample_.empty()) sample_ = body.substr(0, 300);
    if (id != join_ack_id || phase_ != Phase::storm) return fail(fmt::format("refused: {}", sample_));
    connection.close(true);
    return on_closed(connection, "join refused");
  }
  if (id != join_ack_id) {
    ++acks_;
  } else {
    on_joined(connection, body, received_ns);
  }
}

void StormScenario::on_joined(const Connection& connection, std::string_view body,
                              std::uint64_t received_ns) {
  ++joined_;
  --under_way_;
  is_joined_[connection.index] = true;
  if (phase_ != Phase::storm) return;
  back_.record(received_ns - storm_ns_);
  const std::size_t heard = count_of(body, run_);
  caught_up_ += std::min(heard, options_.missed);
  if (heard < options_.missed) ++not_caught_up_;
  if (options_.missed > 0 && heard > options_.missed) ++surplus_;
}

void StormScenario::on_event(Connection& connection, std::string_view body, std::uint64_t) {
  if (!body.starts_with(R"(["order_message",)")) return;
  ++deliveries_;
  FieldFinder seq(R"("seq":)");
  last_seq_[connection.index] = std::max(last_seq_[connection.index], leading_number(seq.after(body), 0));
}

void StormScenario::on_closed(Connection& connection, std::string_view reason) {
  if (phase_ != Phase::storm) {
    return fail(fmt::format("connection {} was lost before the storm: {}", connection.index, reason));
  }
  if (sample_.empty()) sample_ = reason;
  ++attempts_failed_;
  --(is_joined_[connection.index] ? joined_ : under_way_);
  is_joined_[connection.index] = false;
  retries_.push_back({now_ns() + retry_ns, connection.index});
}

void StormScenario::send(Connection& connection, std::string_view packet) {
  connection.send_text(packet);
  loop_->mark_dirty(connection);
}

void StormScenario::fail(std::string reason) {
  failure_ = std::move(reason);
  phase_ = Phase::failed;
}

Report StormScenario::report() const {
  Report report(options_.label, to_string(options_.scenario));
  const auto count = static_cast<double>(connections_.size());
  constexpr double bytes_per_mib = 1024.0 * 1024.0;
  report.add("connections", "connections", count, 0);
  report.add("storm_s", "from the break until all are back, s", measurement_.seconds(), 3);
  report.add("returned_per_s", "returned, authenticated, joined /s", count / measurement_.seconds(), 0);
  report.add_latency("back", "until a client is back", back_);
  report.add("attempts_failed", "attempts that had to be repeated", static_cast<double>(attempts_failed_), 0);
  report.add("caught_up", "missed messages received", static_cast<double>(caught_up_), 0);
  measurement_.add_to(report, options_, connections_.size(), "return");
  if (!options_.server_pids.empty()) {
    report.add("rss_mib", "server's RSS before, MiB", static_cast<double>(resident_bytes_) / bytes_per_mib,
               1);
    report.add("peak_mib", "server's peak RSS meanwhile, MiB",
               static_cast<double>(peak_bytes_) / bytes_per_mib, 1);
  }
  report.check("not_caught_up", "clients that did not get what they missed", not_caught_up_);
  report.check("surplus", "clients that got more than they missed", surplus_);
  if (!sample_.empty()) report.remark("first failed attempt: " + sample_);
  return report;
}

}  // namespace bench
