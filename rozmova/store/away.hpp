#pragma once

#include <algorithm>
#include <chrono>

namespace rozmova::store {

/// Whether an engine that is not there may be tried again now: the pause doubles up to a quarter of a second, so that nobody
/// waits long for one that came back and one that is away is not stormed. Used by one thread.
class Away {
 public:
  using Clock = std::chrono::steady_clock;

  bool is_away() const { return pause_.count() > 0; }
  bool may_try() const { return !is_away() || Clock::now() >= next_; }
  void succeeded() { pause_ = {}; }
  void failed() {
    // The first try follows at once: most often the other end has only been restarted.
    next_ = Clock::now() + (is_away() ? pause_ : std::chrono::milliseconds{0});
    pause_ = is_away() ? std::min(2 * pause_, pause_max) : pause_min;
  }

 private:
  static constexpr std::chrono::milliseconds pause_min{25}, pause_max{250};
  std::chrono::milliseconds pause_{0};
  Clock::time_point next_;
};

}  // namespace rozmova::store
