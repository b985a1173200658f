#pragma once

#include <deque>
#include <string>
#include <vector>

#include "chat_message.hpp"
#include "connection.hpp"
#include "histogram.hpp"
#include "loop.hpp"
#include "measurement.hpp"
#include "options.hpp"
#include "report.hpp"

namespace bench {

/// Everybody sits in a chat, every line breaks in one moment, everybody returns at once: connect, upgrade, CONNECT, join
/// with the `afterSeq` that is `--missed` messages old. It is over when all have joined and hold what they missed. Who
/// is refused or breaks off tries again after retry_ns, as clients do. Owns the connections; one thread.
///
///   phase     | what happens                                      | until
///   ----------+---------------------------------------------------+------------------------------
///   opening   | handshakes and joins, opening_window of them      | every seat has joined
///   filling   | the client of each chat sends `--missed` messages | the last ack and delivery
///   storm     | all closed, then all opened, connect_window       | all joined again, or deadline
///   finished  | the report can be had                             |
///   failed    | failure() says why                                |
class StormScenario final : public Scenario {
 public:
  StormScenario(const Options& options, std::vector<std::string> orders, std::uint32_t run);

  void start(Loop& loop, std::uint64_t now) override;
  void on_turn(Loop& loop, std::uint64_t now) override;
  [[nodiscard]] std::uint64_t wake_at_ns() const override;
  [[nodiscard]] bool is_finished() const override {
    return phase_ == Phase::finished || phase_ == Phase::failed;
  }

  void on_connected(Connection& connection) override;
  void on_event(Connection& connection, std::string_view body, std::uint64_t received_ns) override;
  void on_ack(Connection& connection, std::uint64_t id, std::string_view body,
              std::uint64_t received_ns) override;
  void on_closed(Connection& connection, std::string_view reason) override;

  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] Report report() const;

 private:
  enum class Phase : std::uint8_t { opening, filling, storm, finished, failed };
  struct Retry {
    std::uint64_t due_ns;
    std::uint32_t index;
  };

  void open_more(Loop& loop, std::uint64_t now);
  void open_one(Loop& loop, std::uint32_t index);
  void begin_filling();
  void begin_storm(std::uint64_t now);
  void send(Connection& connection, std::string_view packet);
  void on_joined(const Connection& connection, std::string_view body, std::uint64_t received_ns);
  void fail(std::string reason);
  [[nodiscard]] const std::string& order_of(const Connection& connection) const {
    return orders_[connection.index / 2];
  }

  Options options_;
  std::vector<std::string> orders_;
  std::vector<Connection> connections_;
  std::vector<std::uint64_t> last_seq_;  ///< of each connection
  std::vector<bool> is_joined_;
  std::deque<Retry> retries_;
  MessageWriter writer_;
  std::string run_;
  Loop* loop_ = nullptr;
  Phase phase_ = Phase::opening;
  std::size_t opened_ = 0;  ///< of this round, the repeated ones not counted
  std::size_t under_way_ = 0;
  std::size_t joined_ = 0;
  std::uint64_t acks_ = 0;
  std::uint64_t deliveries_ = 0;
  std::uint64_t caught_up_ = 0;
  std::uint64_t surplus_ = 0;
  std::uint64_t not_caught_up_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t attempts_failed_ = 0;
  std::uint64_t storm_ns_ = 0;
  std::uint64_t peak_bytes_ = 0;
  std::uint64_t resident_bytes_ = 0;  ///< before the storm
  Histogram back_;
  Measurement measurement_;
  std::string failure_;
  std::string sample_;
};

}  // namespace bench
