#include "chat_scenario.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "clock.hpp"
#include "packet.hpp"
#include "seats.hpp"
#include "told.hpp"

namespace bench {

namespace {

constexpr std::uint64_t settle_ns = 300 * ns_per_ms;  // lets the server finish what the last joins set off
constexpr std::size_t sample_bytes_max = 300;

double kib_each(std::uint64_t before, std::uint64_t after, std::size_t connections) {
  return (static_cast<double>(after) - static_cast<double>(before)) / 1024.0 /
         static_cast<double>(connections);
}

}  // namespace

ChatScenario::ChatScenario(const Options& options, std::vector<std::string> orders)
    : options_(options), orders_(std::move(orders)), connections_(seat_count(options)) {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connections_[i].index = static_cast<std::uint32_t>(i);
    connections_[i].transport = options_.transport;
    connections_[i].token = token_of(options_, seat_of(options_, i));
  }
}

const std::string& ChatScenario::order_of(std::size_t connection) const {
  return orders_[options_.scenario == ScenarioKind::fanout ? 0 : connection / 2];
}

void ChatScenario::start(Loop& loop, std::uint64_t now) {
  loop_ = &loop;
  started_ns_ = now;
  memory_before_ = memory_of(options_.server_pids);
  open_more(loop);
}

void ChatScenario::enter(Phase phase, std::uint64_t until_ns) {
  phase_ = phase;
  phase_until_ns_ = until_ns;
}

void ChatScenario::open_more(Loop& loop) {
  while (opened_ < connections_.size() && opened_ - joined_ < options_.connect_window) {
    if (!loop.open(connections_[opened_])) {
      return fail(fmt::format("connection {} cannot be opened: {}", opened_, std::strerror(errno)));
    }
    ++opened_;
  }
}

std::uint64_t ChatScenario::wake_at_ns() const {
  return is_loading() ? std::min(phase_until_ns_, load_due_ns()) : phase_until_ns_;
}

void ChatScenario::on_turn(Loop& loop, std::uint64_t now) {
  switch (phase_) {
    case Phase::opening:
      open_more(loop);
      if (joined_ < connections_.size() || phase_ == Phase::failed) return;
      opening_seconds_ = static_cast<double>(now - started_ns_) / 1e9;
      return enter(Phase::settling, now + settle_ns);
    case Phase::settling:
      if (now < phase_until_ns_) return;
      memory_joined_ = memory_of(options_.server_pids);
      enter(Phase::warm_up, options_.until_told ? no_wake : now + to_ns(options_.warmup_seconds));
      return begin_load(now);
    case Phase::warm_up:
      if (now >= phase_until_ns_ || (options_.until_told && begin_is_told)) {
        measurement_.begin(options_, now);
        enter(Phase::measuring, options_.until_told ? no_wake : now + to_ns(options_.seconds));
      }
      return load_turn(now);
    case Phase::measuring:
      if (now < phase_until_ns_ && !(options_.until_told && end_is_told)) return load_turn(now);
      measurement_.end(options_, now);
      last_progress_ = progress();
      return enter(Phase::draining, now + to_ns(options_.drain_seconds));
    case Phase::draining: return drain_turn(now);
    case Phase::finished:
    case Phase::failed: return;
  }
}

void ChatScenario::drain_turn(std::uint64_t now) {
  if (is_drained()) return enter(Phase::finished, no_wake);
  if (progress() != last_progress_) {
    last_progress_ = progress();
    phase_until_ns_ = now + to_ns(options_.drain_seconds);
  } else if (now >= phase_until_ns_) {
    enter(Phase::finished, no_wake);
  }
}

void ChatScenario::on_connected(Connection& connection) {
  send(connection,
       fmt::format(R"(42{}["join_order_chat",{{"orderId":"{}"}}])", join_ack_id, order_of(connection.index)));
}

void ChatScenario::on_ack(Connection& connection, std::uint64_t id, std::string_view body,
                          std::uint64_t received_ns) {
  const bool ok = is_ok(body);
  if (!ok) keep_sample(body);
  if (id != join_ack_id) return on_message_ack(connection, id, ok, received_ns);
  if (!ok) return fail(fmt::format("join refused: {}", body.substr(0, sample_bytes_max)));
  ++joined_;
  if (phase_ == Phase::opening) open_more(*loop_);
}

void ChatScenario::on_closed(Connection& connection, std::string_view reason) {
  if (phase_ == Phase::opening) {
    return fail(fmt::format("connection {} was lost while opening: {}", connection.index, reason));
  }
  if (lost_connections_++ == 0) loss_sample_ = reason;
}

void ChatScenario::send(Connection& connection, std::string_view packet) {
  if (connection.state() != Connection::State::connected) return;
  connection.send_text(packet);
  loop_->mark_dirty(connection);
}

void ChatScenario::keep_sample(std::string_view refusal) {
  if (refusal_sample_.empty()) refusal_sample_ = refusal.substr(0, sample_bytes_max);
}

void ChatScenario::fail(std::string reason) {
  failure_ = std::move(reason);
  enter(Phase::failed, no_wake);
}

Report ChatScenario::report() const {
  Report report(options_.label, to_string(options_.scenario));
  const std::size_t count = connections_.size();
  report.add("connections", "connections", static_cast<double>(count), 0);
  report.add("opened_per_s", "opened, authenticated, joined /s",
             static_cast<double>(count) / opening_seconds_, 0);
  if (!options_.server_pids.empty()) {
    report.add("rss_kib_per_connection", "server's RSS per connection, KiB",
               kib_each(memory_before_.rss, memory_joined_.rss, count), 2);
    if (memory_joined_.pss != 0) {
      report.add("pss_kib_per_connection", "server's PSS per connection, KiB",
                 kib_each(memory_before_.pss, memory_joined_.pss, count), 2);
    }
    report.add("rss_mib", "server's RSS after the joins, MiB",
               static_cast<double>(memory_joined_.rss) / (1024.0 * 1024.0), 1);
  }
  add_results(report);
  if (options_.stall_seconds > 0) {  // to be told by a close is what a reader that stalls may expect
    report.add("closed", "connections closed by the server", static_cast<double>(lost_connections_), 0);
  } else {
    report.check("lost_connections", "connections lost", lost_connections_);
  }
  if (!loss_sample_.empty()) report.remark("first connection lost: " + loss_sample_);
  if (!refusal_sample_.empty()) report.remark("first refusal: " + refusal_sample_);
  return report;
}

}  // namespace bench
