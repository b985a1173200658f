#pragma once

#include <string>
#include <vector>

#include "connection.hpp"
#include "histogram.hpp"
#include "loop.hpp"
#include "measurement.hpp"
#include "options.hpp"
#include "report.hpp"

namespace bench {

/// TCP connect, WebSocket upgrade, open packet, CONNECT with a JWT, answer; then the connection is reset
/// (so that no port stays in TIME_WAIT) and its place starts again. `--connections` places at a time.
class HandshakesScenario final : public Scenario {
 public:
  explicit HandshakesScenario(const Options& options);

  void start(Loop& loop, std::uint64_t now) override;
  void on_turn(Loop& loop, std::uint64_t now) override;
  [[nodiscard]] std::uint64_t wake_at_ns() const override { return phase_until_ns_; }
  [[nodiscard]] bool is_finished() const override {
    return phase_ == Phase::finished || phase_ == Phase::failed;
  }

  void on_connected(Connection& connection) override;
  void on_event(Connection&, std::string_view, std::uint64_t) override {}
  void on_ack(Connection&, std::uint64_t, std::string_view, std::uint64_t) override {}
  void on_closed(Connection& connection, std::string_view reason) override;

  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] Report report() const;

 private:
  enum class Phase : std::uint8_t { warm_up, measuring, finished, failed };

  Options options_;
  std::vector<Connection> connections_;
  std::vector<std::uint64_t> started_ns_;
  std::vector<std::uint32_t> free_;
  Phase phase_ = Phase::warm_up;
  std::uint64_t phase_until_ns_ = no_wake;
  std::uint64_t done_ = 0;
  std::uint64_t refused_ = 0;
  Histogram latency_;
  Measurement measurement_;
  std::string failure_;
  std::string refusal_sample_;
};

}  // namespace bench
