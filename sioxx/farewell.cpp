#include "sioxx/farewell.hpp"

#include <algorithm>
#include <utility>

namespace sioxx {

Farewell::Farewell(std::vector<engine::Sessions*> sessions, net::Connections& connections,
                   loop::Timers& timers, std::function<loop::TimeMs()> now, std::function<void()> ending,
                   std::function<void()> gone)
    : sessions_(std::move(sessions)),
      connections_(connections),
      timers_(timers),
      now_(std::move(now)),
      ending_(std::move(ending)),
      gone_(std::move(gone)) {}

void Farewell::start(loop::TimeMs spread_ms) {
  if (stage_ != Stage::resting) return hurry();
  connections_.drain();
  spread_ms_ = spread_ms;
  for (engine::Sessions* sessions : sessions_) {
    sessions->for_each([this](engine::Session& session) { waiting_.push_back(session.weak_from_this()); });
  }
  waiting_at_first_ = waiting_.size();
  enter(Stage::closing, now_());
  on_timer(entered_);
}

void Farewell::hurry() {
  if (stage_ == Stage::gone) return;
  connections_.drain();
  for (engine::Sessions* sessions : sessions_) sessions->close_all(CloseReason::server_shutting_down);
  connections_.close_all();
  if (stage_ != Stage::ending) ending_();
  enter(Stage::gone, now_());
}

bool Farewell::sessions_left() const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [](const auto* sessions) { return sessions->size() > 0; });
}

void Farewell::enter(Stage stage, loop::TimeMs now) {
  stage_ = stage;
  entered_ = now;
  if (stage == Stage::gone) {
    disarm();
    gone_();
  } else {
    next_tick(now);
  }
}

/// As many as are due by now, if they are to be gone after spread_ms.
void Farewell::close_some(loop::TimeMs now) {
  const loop::TimeMs passed = now - entered_;
  const std::size_t may_stay = passed >= spread_ms_
                                   ? 0
                                   : waiting_at_first_ * static_cast<std::size_t>(spread_ms_ - passed) /
                                         static_cast<std::size_t>(spread_ms_);
  while (waiting_.size() > may_stay) {
    const auto session = waiting_.back().lock();
    waiting_.pop_back();
    if (session != nullptr) session->close(CloseReason::server_shutting_down);
  }
}

void Farewell::on_timer(loop::TimeMs now) {
  switch (stage_) {
    case Stage::closing:
      close_some(now);
      if (!waiting_.empty()) return next_tick(now);
      // Whatever was handed over from another shard meanwhile.
      for (engine::Sessions* sessions : sessions_) sessions->close_all(CloseReason::server_shutting_down);
      return enter(Stage::lingering, now);
    case Stage::lingering:
      if (sessions_left() && now - entered_ < linger_ms) return next_tick(now);
      connections_.close_all();
      ending_();
      return enter(Stage::ending, now);
    case Stage::ending:
      if (connections_.size() > 0 && now - entered_ < ending_ms) return next_tick(now);
      return enter(Stage::gone, now);
    case Stage::resting:
    case Stage::gone: return;
  }
}

}  // namespace sioxx
