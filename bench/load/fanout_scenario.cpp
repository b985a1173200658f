#include "fanout_scenario.hpp"

namespace bench {

namespace {

constexpr std::size_t window_of_ids = 1024;

}  // namespace

FanoutScenario::FanoutScenario(const Options& options, std::vector<std::string> orders, std::uint32_t run)
    : ChatScenario(options, std::move(orders)),
      writer_(run, options.payload_bytes),
      check_(run, connection_count()),
      ack_window_(window_of_ids),
      flights_(window_of_ids) {}

void FanoutScenario::begin_load(std::uint64_t now) {
  for (std::size_t i = 0; i < options().inflight; ++i) send_message(now);
}

void FanoutScenario::send_message(std::uint64_t now) {
  const std::uint32_t counter = last_counter_ + 1;
  if (!ack_window_.open(counter, now)) return;
  last_counter_ = counter;
  flight(counter) = {now, 0};
  send(connection(0), writer_.write(order_of(0), 0, counter));
}

void FanoutScenario::on_event(Connection& connection, std::string_view body, std::uint64_t received_ns) {
  const DeliveryCheck::Delivery delivery = check_.check(connection.index, order_of(connection.index), body);
  if (!delivery.is_message) return;
  Flight& under_way = flight(delivery.counter);
  ++under_way.arrived;
  if (is_measuring()) {
    ++measured_deliveries_;
    delivery_latency_.record(received_ns - under_way.sent_ns);
  }
  if (under_way.arrived < connection_count()) return;
  if (is_measuring()) {
    ++measured_messages_;
    last_delivery_latency_.record(received_ns - under_way.sent_ns);
  }
  if (is_loading()) send_message(received_ns);
}

void FanoutScenario::on_message_ack(Connection&, std::uint64_t id, bool ok, std::uint64_t received_ns) {
  const std::uint64_t sent_at = ack_window_.close(id);
  if (sent_at == 0) {
    ++unexpected_acks_;
    return;
  }
  ++(ok ? acks_ : refused_);
  if (ok && is_measuring()) ack_latency_.record(received_ns - sent_at);
  if (!ok && is_loading()) send_message(received_ns);
}

bool FanoutScenario::is_drained() const {
  return acks_ + refused_ >= last_counter_ && check_.deliveries() >= acks_ * connection_count();
}

void FanoutScenario::add_results(Report& report) const {
  const double seconds = measurement().seconds();
  report.add("inflight", "messages under way", static_cast<double>(options().inflight), 0);
  report.add("messages_per_s", "messages that reached everybody /s",
             static_cast<double>(measured_messages_) / seconds, 1);
  report.add("deliveries_per_s", "deliveries /s", static_cast<double>(measured_deliveries_) / seconds, 0);
  report.add_latency("ack", "ack latency", ack_latency_);
  report.add_latency("delivery", "delivery latency", delivery_latency_);
  report.add_latency("last_delivery", "latency to the last member", last_delivery_latency_);
  measurement().add_to(report, options(), measured_deliveries_, "delivery");
  report.add("delivery_bytes", "delivered packet, bytes", check_.packet_bytes_mean(), 0);

  const std::uint64_t expected = acks_ * connection_count();
  const std::uint64_t arrived = check_.deliveries();
  report.add("sent", "sent in the whole run", last_counter_, 0);
  report.check("refused", "acks that were not ok", refused_);
  report.check("missing_acks", "acks that never came", last_counter_ - acks_ - refused_);
  report.check("unexpected_acks", "acks nobody waited for", unexpected_acks_);
  report.check("lost", "deliveries lost", expected > arrived ? expected - arrived : 0);
  report.check("surplus", "deliveries too many", arrived > expected ? arrived - expected : 0);
  report.check("overtaken", "messages that overtook an earlier one", check_.faults().overtaken);
  report.check("seq_disorder", "seq out of order", check_.faults().seq_disorder);
  report.check("misdelivered", "messages of another chat", check_.faults().misdelivered);
  report.check("unreadable", "messages that could not be read", check_.faults().unreadable);
}

}  // namespace bench
