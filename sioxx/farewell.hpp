#pragma once

#include "sioxx/engine/sessions.hpp"
#include "sioxx/loop/timers.hpp"
#include "sioxx/net/connections.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace sioxx {

/// Takes one shard's connections down: no new sessions, close the ones there are a few at a time (so that
/// their clients do not all come back in one moment), let polling clients fetch their last packets (over new
/// connections if they must), close what is left. Owned by the Server; that shard's thread.
///
///   resting -> closing (sessions, over spread_ms) -> lingering -> ending (connections) -> gone
class Farewell final : private loop::Timer {
 public:
  static constexpr loop::TimeMs tick_ms = 20;
  static constexpr loop::TimeMs linger_ms = 500;    ///< for polling clients to fetch what waits for them
  static constexpr loop::TimeMs ending_ms = 4'000;  ///< for peers to take their last bytes

  Farewell(std::vector<engine::Sessions*> sessions, net::Connections& connections, loop::Timers& timers,
           std::function<loop::TimeMs()> now, std::function<void()> ending, std::function<void()> gone);
  Farewell(const Farewell&) = delete;
  Farewell& operator=(const Farewell&) = delete;

  void start(loop::TimeMs spread_ms);
  /// No more waiting: everything closes now.
  void hurry();

 private:
  enum class Stage { resting, closing, lingering, ending, gone };
  void on_timer(loop::TimeMs now) override;
  void close_some(loop::TimeMs now);
  void enter(Stage stage, loop::TimeMs now);
  bool sessions_left() const;
  void next_tick(loop::TimeMs now) { timers_.arm(*this, now + tick_ms); }

  std::vector<engine::Sessions*> sessions_;
  net::Connections& connections_;
  loop::Timers& timers_;
  std::function<loop::TimeMs()> now_;
  std::function<void()> ending_;  ///< no connection is wanted any more
  std::function<void()> gone_;
  Stage stage_ = Stage::resting;
  loop::TimeMs entered_ = 0;
  loop::TimeMs spread_ms_ = 0;
  std::vector<std::weak_ptr<engine::Session>> waiting_;  ///< sessions still to close, in no order
  std::size_t waiting_at_first_ = 0;
};

}  // namespace sioxx
