#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "connection.hpp"
#include "loop.hpp"
#include "measurement.hpp"
#include "options.hpp"
#include "process_stats.hpp"
#include "report.hpp"

namespace bench {

/// The frame of every scenario in which people sit in chats. Owns the connections; one thread.
///
///   phase     | what happens                                  | until
///   ----------+-----------------------------------------------+------------------------------------------
///   opening   | handshakes and joins, a window of them at once | every seat has joined
///   settling  | nothing; then memory is read                  | settle_ns
///   warm_up   | load, not counted                             | --warmup
///   measuring | load, counted                                 | --seconds
///   draining  | no new message; the last answers are awaited  | all there, or --drain without progress
///   finished  | the report can be had                         |
///   failed    | failure() says why                            |
class ChatScenario : public Scenario {
 public:
  /// `orders` names the chat of each index, see seats.hpp.
  ChatScenario(const Options& options, std::vector<std::string> orders);

  void start(Loop& loop, std::uint64_t now) final;
  void on_turn(Loop& loop, std::uint64_t now) final;
  [[nodiscard]] std::uint64_t wake_at_ns() const final;
  [[nodiscard]] bool is_finished() const final {
    return phase_ == Phase::finished || phase_ == Phase::failed;
  }

  void on_connected(Connection& connection) final;
  void on_ack(Connection& connection, std::uint64_t id, std::string_view body,
              std::uint64_t received_ns) final;
  void on_closed(Connection& connection, std::string_view reason) final;

  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] Report report() const;

 protected:
  static constexpr std::uint64_t join_ack_id = 0;  ///< messages count from 1

  virtual void begin_load(std::uint64_t now) = 0;
  /// Sends what has become due. Only while loading.
  virtual void load_turn(std::uint64_t now) = 0;
  [[nodiscard]] virtual std::uint64_t load_due_ns() const = 0;
  virtual void on_message_ack(Connection& connection, std::uint64_t id, bool ok,
                              std::uint64_t received_ns) = 0;
  /// True when no answer and no delivery is missing.
  [[nodiscard]] virtual bool is_drained() const = 0;
  /// Anything that grows while answers arrive.
  [[nodiscard]] virtual std::uint64_t progress() const = 0;
  virtual void add_results(Report& report) const = 0;

  void send(Connection& connection, std::string_view packet);
  [[nodiscard]] bool is_loading() const { return phase_ == Phase::warm_up || phase_ == Phase::measuring; }
  [[nodiscard]] bool is_measuring() const { return phase_ == Phase::measuring; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Connection& connection(std::size_t index) { return connections_[index]; }
  [[nodiscard]] const Connection& connection(std::size_t index) const { return connections_[index]; }
  [[nodiscard]] Loop& loop() { return *loop_; }
  [[nodiscard]] std::size_t connection_count() const { return connections_.size(); }
  [[nodiscard]] const std::string& order_of(std::size_t connection) const;
  [[nodiscard]] const Measurement& measurement() const { return measurement_; }
  void keep_sample(std::string_view refusal);

 private:
  enum class Phase : std::uint8_t { opening, settling, warm_up, measuring, draining, finished, failed };

  void enter(Phase phase, std::uint64_t until_ns);
  void open_more(Loop& loop);
  void drain_turn(std::uint64_t now);
  void fail(std::string reason);

  Options options_;
  std::vector<std::string> orders_;
  std::vector<Connection> connections_;
  Loop* loop_ = nullptr;
  Phase phase_ = Phase::opening;
  std::uint64_t phase_until_ns_ = no_wake;
  std::size_t opened_ = 0;
  std::size_t joined_ = 0;
  std::size_t lost_connections_ = 0;
  std::uint64_t started_ns_ = 0;
  double opening_seconds_ = 0;
  std::uint64_t last_progress_ = 0;
  MemoryBytes memory_before_;
  MemoryBytes memory_joined_;
  Measurement measurement_;
  std::string failure_;
  std::string refusal_sample_;
  std::string loss_sample_;
};

}  // namespace bench
