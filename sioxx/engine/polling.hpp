#pragma once

#include "sioxx/engine/payload.hpp"
#include "sioxx/engine/session.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace sioxx::engine {

/// What a session needs only while it polls: the GET that waits, the packets that wait for a GET, the probe's
/// clock. Owned by its Session; freed by the upgrade.
struct Session::Polling final : private loop::Timer {
  /// While a probe is under way, how often a GET may be told `6`: often enough for a client that waits for it
  /// before it upgrades, seldom enough for one that polls on.
  static constexpr loop::TimeMs noop_interval_ms = 100;
  /// What a queued packet costs beside its bytes; counted, so that the limit bounds memory and not only text.
  static constexpr std::size_t packet_cost_bytes = 64;

  explicit Polling(Session& session) : session_(session) {}

  void push(EncodedPtr message);
  /// Not behind another one that says the same.
  void push(PacketType control);
  /// Takes from the queue what fits one body; a close goes alone, unless there will be no further body.
  Body take_payload(std::size_t bytes_max, bool is_last = false);
  /// Everything that waits, in order, onto the WebSocket.
  void drain_to(Transport& websocket);
  void drop_queue();
  bool has_packets() const { return !queue_.empty(); }
  std::size_t waiting_bytes() const { return bytes_; }

  void start_probe(loop::Timers& timers, loop::TimeMs now, loop::TimeMs timeout_ms);
  void stop_probe();
  /// The probe has been answered: GETs are told `6` from now on.
  void confirm_probe() { probed_ = true; }
  bool probed() const { return probed_; }
  /// True at most once in noop_interval_ms; else the next tick answers.
  bool may_noop(loop::Timers& timers, loop::TimeMs now);

  std::unique_ptr<PollingPlace> place;
  std::unique_ptr<Poll> get;
  bool answer_due = false;  ///< a chore will answer `get`

 private:
  struct Item {
    EncodedPtr message;  ///< null: a control packet without data
    PacketType control = PacketType::message;
  };
  void on_timer(loop::TimeMs now) override;
  static std::size_t cost(const Encoded& message);
  PayloadForm form() const;

  Session& session_;
  std::vector<Item> queue_;
  std::size_t bytes_ = 0;
  bool probed_ = false;
  loop::TimeMs deadline_ = 0;   ///< of the probe
  loop::TimeMs next_noop_ = 0;  ///< before it no GET is told `6` again
};

}  // namespace sioxx::engine
