#include "messages_scenario.hpp"

#include <algorithm>

#include "clock.hpp"
#include "process_stats.hpp"

namespace bench {

namespace {

constexpr std::size_t window_of_ids = 4096;  // how far a sender's ids may run ahead of an unanswered one
constexpr std::uint32_t nobody = ~std::uint32_t{0};
constexpr std::uint64_t members_per_chat = 2;

}  // namespace

MessagesScenario::MessagesScenario(const Options& options, std::vector<std::string> orders, std::uint32_t run)
    : ChatScenario(options, std::move(orders)),
      sender_of_seat_(connection_count(), nobody),
      writer_(run, options.payload_bytes),
      check_(run, connection_count()),
      acked_of_chat_(connection_count() / 2, 0),
      delivered_to_seat_(connection_count(), 0) {
  const std::size_t chats = connection_count() / 2;
  const std::size_t active = options.active_chats == 0 ? chats : std::min(chats, options.active_chats);
  for (std::size_t seat = 0; seat < active * 2; seat += options.both_send ? 1 : 2) {
    sender_of_seat_[seat] = static_cast<std::uint32_t>(senders_.size());
    senders_.emplace_back(seat, window_of_ids);
  }
}

std::uint64_t MessagesScenario::due_ns(std::uint64_t message) const {
  const std::uint64_t rate = options().rate_per_second;
  return load_start_ns_ + message / rate * ns_per_second + message % rate * ns_per_second / rate;
}

std::uint64_t MessagesScenario::load_due_ns() const {
  const std::uint64_t stall_end = stall_until_ns_ == 0 ? no_wake : stall_until_ns_;
  return std::min(stall_end, is_open_loop() ? due_ns(scheduled_) : no_wake);
}

void MessagesScenario::begin_load(std::uint64_t now) {
  load_start_ns_ = now;
  if (is_open_loop()) return;
  for (Sender& sender : senders_) {
    for (std::size_t i = 0; i < options().inflight; ++i) send_message(sender, now);
  }
}

void MessagesScenario::stall_turn(std::uint64_t now) {
  if (stall_until_ns_ == 0 && is_measuring()) {
    reset_peak(options().server_pids);
    stall_until_ns_ = now + static_cast<std::uint64_t>(options().stall_seconds * 1e9);
    for (std::size_t seat = 1; seat < connection_count(); seat += 2) connection(seat).is_paused = true;
  } else if (stall_until_ns_ != 0 && stall_until_ns_ <= now) {
    stall_until_ns_ = no_wake;
    for (std::size_t seat = 1; seat < connection_count(); seat += 2) loop().resume(connection(seat), *this);
  }
}

void MessagesScenario::load_turn(std::uint64_t now) {
  if (options().stall_seconds > 0) stall_turn(now);
  if (!is_open_loop()) return;
  for (std::uint64_t due = due_ns(scheduled_); due <= now; due = due_ns(scheduled_)) {
    if (is_measuring()) schedule_lag_.record(now - due);
    send_message(senders_[scheduled_ % senders_.size()], due);
    ++scheduled_;
  }
}

void MessagesScenario::send_message(Sender& sender, std::uint64_t due_ns) {
  const std::uint32_t counter = sender.last_counter + 1;
  if (!sender.acks.open(counter, due_ns)) return sender.overdue.push_back(due_ns);
  sender.last_counter = counter;
  ++sent_;
  const unsigned side = sender.seat % 2;
  send(connection(sender.seat), writer_.write(order_of(sender.seat), side, counter));
}

void MessagesScenario::on_message_ack(Connection& connection, std::uint64_t id, bool ok,
                                      std::uint64_t received_ns) {
  const std::uint32_t index = sender_of_seat_[connection.index];
  const std::uint64_t sent_at = index == nobody ? 0 : senders_[index].acks.close(id);
  if (sent_at == 0) {
    ++unexpected_acks_;
    return;
  }
  ++(ok ? acks_ : refused_);
  if (ok) ++acked_of_chat_[connection.index / 2];
  if (ok && is_measuring()) {
    ++measured_acks_;
    ack_latency_.record(received_ns - sent_at);
  }
  Sender& sender = senders_[index];
  if (!sender.overdue.empty()) {
    const std::uint64_t due = sender.overdue.front();
    sender.overdue.pop_front();
    send_message(sender, due);
  } else if (is_loading() && !is_open_loop()) {
    send_message(sender, received_ns);
  }
}

void MessagesScenario::on_event(Connection& connection, std::string_view body, std::uint64_t) {
  const DeliveryCheck::Delivery delivery = check_.check(connection.index, order_of(connection.index), body);
  if (delivery.is_message) ++delivered_to_seat_[connection.index];
  if (delivery.is_message && is_measuring()) ++measured_deliveries_;
}

std::uint64_t MessagesScenario::lost_silently() const {
  std::uint64_t lost = 0;
  for (std::size_t seat = 0; seat < connection_count(); ++seat) {
    if (connection(seat).state() != Connection::State::connected) continue;
    const std::uint64_t acked = acked_of_chat_[seat / 2];
    lost += acked - std::min(acked, delivered_to_seat_[seat]);
  }
  return lost;
}

bool MessagesScenario::is_drained() const {
  return acks_ + refused_ >= sent_ && check_.deliveries() >= acks_ * members_per_chat;
}

void MessagesScenario::add_results(Report& report) const {
  const double seconds = measurement().seconds();
  report.add("senders", "senders", static_cast<double>(senders_.size()), 0);
  if (is_open_loop()) {
    report.add("rate", "scheduled messages/s", static_cast<double>(options().rate_per_second), 0);
  } else {
    report.add("inflight", "in flight a sender", static_cast<double>(options().inflight), 0);
  }
  report.add("messages_per_s", "messages acknowledged /s", static_cast<double>(measured_acks_) / seconds, 0);
  report.add("deliveries_per_s", "deliveries /s", static_cast<double>(measured_deliveries_) / seconds, 0);
  report.add_latency("ack", "ack latency", ack_latency_);
  measurement().add_to(report, options(), measured_acks_, "message");
  report.add("delivery_bytes", "delivered packet, bytes", check_.packet_bytes_mean(), 0);
  if (is_open_loop()) {
    report.add("schedule_lag_p99_ms", "own lateness p99, ms",
               static_cast<double>(schedule_lag_.percentile(99)) / 1e6, 3);
  }

  const std::uint64_t expected = acks_ * members_per_chat;
  const std::uint64_t arrived = check_.deliveries();
  report.add("sent", "sent in the whole run", static_cast<double>(sent_), 0);
  report.check("refused", "acks that were not ok", refused_);
  report.check("missing_acks", "acks that never came", sent_ - acks_ - refused_);
  report.check("unexpected_acks", "acks nobody waited for", unexpected_acks_);
  if (options().stall_seconds > 0) {
    report.add("peak_mib", "server's peak RSS meanwhile, MiB",
               static_cast<double>(peak_rss(options().server_pids)) / (1024.0 * 1024.0), 1);
    report.check("lost", "deliveries lost on open connections", lost_silently());
  } else {
    report.check("lost", "deliveries lost", expected > arrived ? expected - arrived : 0);
  }
  report.check("surplus", "deliveries too many", arrived > expected ? arrived - expected : 0);
  report.check("overtaken", "messages that overtook an earlier one", check_.faults().overtaken);
  report.check("seq_disorder", "seq out of order", check_.faults().seq_disorder);
  report.check("misdelivered", "messages of another chat", check_.faults().misdelivered);
  report.check("unreadable", "messages that could not be read", check_.faults().unreadable);
  if (arrived > 0 && !check_.has_seen_seq()) report.remark("this server numbers no messages (no seq)");
}

}  // namespace bench
