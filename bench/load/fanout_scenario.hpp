#pragma once

#include <vector>

#include "ack_window.hpp"
#include "chat_message.hpp"
#include "chat_scenario.hpp"
#include "histogram.hpp"

namespace bench {

/// One room, one sender, all members listen. `--inflight` messages are under way at a time, where a message
/// is under way until its last member has it: queues stay short and deliveries/s is what the server can do.
class FanoutScenario final : public ChatScenario {
 public:
  FanoutScenario(const Options& options, std::vector<std::string> orders, std::uint32_t run);

  void on_event(Connection& connection, std::string_view body, std::uint64_t received_ns) override;

 protected:
  void begin_load(std::uint64_t now) override;
  void load_turn(std::uint64_t) override {}
  [[nodiscard]] std::uint64_t load_due_ns() const override { return no_wake; }
  void on_message_ack(Connection& connection, std::uint64_t id, bool ok, std::uint64_t received_ns) override;
  [[nodiscard]] bool is_drained() const override;
  [[nodiscard]] std::uint64_t progress() const override { return acks_ + refused_ + check_.deliveries(); }
  void add_results(Report& report) const override;

 private:
  struct Flight {
    std::uint64_t sent_ns = 0;
    std::size_t arrived = 0;
  };

  void send_message(std::uint64_t now);
  [[nodiscard]] Flight& flight(std::uint32_t counter) { return flights_[counter % flights_.size()]; }

  MessageWriter writer_;
  DeliveryCheck check_;
  AckWindow ack_window_;
  std::vector<Flight> flights_;
  Histogram ack_latency_;
  Histogram delivery_latency_;
  Histogram last_delivery_latency_;
  std::uint32_t last_counter_ = 0;
  std::uint64_t acks_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t unexpected_acks_ = 0;
  std::uint64_t measured_deliveries_ = 0;
  std::uint64_t measured_messages_ = 0;
};

}  // namespace bench
