#pragma once

#include <deque>
#include <vector>

#include "ack_window.hpp"
#include "chat_message.hpp"
#include "chat_scenario.hpp"
#include "histogram.hpp"

namespace bench {

/// Pairs that talk: each sender keeps `--inflight` messages unanswered (closed loop), or all senders together
/// follow a fixed schedule of `--rate` (open loop). On a schedule a message that leaves late is still timed
/// from when it was due, so a server that stalls cannot hide it (no coordinated omission). With `--stall` the performers
/// read nothing for a while: then either everything arrives late, or the reader is closed, or messages vanish.
class MessagesScenario final : public ChatScenario {
 public:
  MessagesScenario(const Options& options, std::vector<std::string> orders, std::uint32_t run);

  void on_event(Connection& connection, std::string_view body, std::uint64_t received_ns) override;

 protected:
  void begin_load(std::uint64_t now) override;
  void load_turn(std::uint64_t now) override;
  [[nodiscard]] std::uint64_t load_due_ns() const override;
  void on_message_ack(Connection& connection, std::uint64_t id, bool ok, std::uint64_t received_ns) override;
  [[nodiscard]] bool is_drained() const override;
  [[nodiscard]] std::uint64_t progress() const override { return acks_ + refused_ + check_.deliveries(); }
  void add_results(Report& report) const override;

 private:
  struct Sender {
    Sender(std::size_t seat_index, std::size_t window) : seat(seat_index), acks(window) {}

    std::size_t seat;
    std::uint32_t last_counter = 0;
    AckWindow acks;
    std::deque<std::uint64_t> overdue;  ///< due times that found the window full
  };

  [[nodiscard]] bool is_open_loop() const { return options().rate_per_second > 0; }
  [[nodiscard]] std::uint64_t due_ns(std::uint64_t message) const;
  void send_message(Sender& sender, std::uint64_t due_ns);
  void stall_turn(std::uint64_t now);
  /// Deliveries that are missing on connections that are still open: nobody has told these readers.
  [[nodiscard]] std::uint64_t lost_silently() const;

  std::vector<Sender> senders_;
  std::vector<std::uint32_t> sender_of_seat_;
  MessageWriter writer_;
  DeliveryCheck check_;
  Histogram ack_latency_;
  Histogram schedule_lag_;
  std::uint64_t load_start_ns_ = 0;
  std::uint64_t scheduled_ = 0;  ///< messages taken from the schedule
  std::uint64_t sent_ = 0;
  std::uint64_t acks_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t unexpected_acks_ = 0;
  std::uint64_t measured_acks_ = 0;
  std::uint64_t measured_deliveries_ = 0;
  std::vector<std::uint64_t> acked_of_chat_;
  std::vector<std::uint64_t> delivered_to_seat_;
  std::uint64_t stall_until_ns_ = 0;  ///< 0: has not begun; no_wake: is over
};

}  // namespace bench
