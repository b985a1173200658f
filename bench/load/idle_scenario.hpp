#pragma once

#include <cstdio>

#include "chat_scenario.hpp"

namespace bench {

/// Everybody joins and is silent: what a connection costs to have, heartbeats included.
class IdleScenario final : public ChatScenario {
 public:
  using ChatScenario::ChatScenario;

  void on_event(Connection&, std::string_view, std::uint64_t) override { ++events_; }
  void on_heartbeat(Connection&) override {
    if (is_measuring()) ++heartbeats_;
  }

 protected:
  void begin_load(std::uint64_t) override {
    if (!options().until_told) return;
    std::puts("joined");
    std::fflush(stdout);
  }
  void load_turn(std::uint64_t) override {}
  [[nodiscard]] std::uint64_t load_due_ns() const override { return no_wake; }
  void on_message_ack(Connection&, std::uint64_t, bool, std::uint64_t) override { ++unexpected_acks_; }
  [[nodiscard]] bool is_drained() const override { return true; }
  [[nodiscard]] std::uint64_t progress() const override { return events_; }
  void add_results(Report& report) const override {
    measurement().add_to(report, options(), heartbeats_, "heartbeat");
    report.add("heartbeats", "heartbeats answered", static_cast<double>(heartbeats_), 0);
    report.add("events", "events heard (presence)", static_cast<double>(events_), 0);
    report.check("unexpected_acks", "acks nobody waited for", unexpected_acks_);
  }

 private:
  std::uint64_t events_ = 0;
  std::uint64_t heartbeats_ = 0;
  std::uint64_t unexpected_acks_ = 0;
};

}  // namespace bench
