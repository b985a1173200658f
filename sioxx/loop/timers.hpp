#pragma once

#include "sioxx/loop/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace sioxx::loop {

class Timers;

/// A thing that wants to be told when a moment has come. Owned by whoever derives from it; belongs to the
/// thread of the Timers it is armed in; disarms itself when it dies. Cost: two links and a time, nothing
/// allocated.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool armed() const { return next_ != nullptr; }
  TimeMs due() const { return due_; }
  /// Safe at any time, armed or not.
  void disarm();

  /// Called once for each arming, never early, with the timer already disarmed (so it may arm itself again or
  /// die).
  virtual void on_timer(TimeMs now) = 0;

 protected:
  virtual ~Timer() { disarm(); }

 private:
  friend class Timers;
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  TimeMs due_ = 0;
};

/// A hierarchical timing wheel with a tick of one millisecond: arming, disarming and firing are O(1) whatever
/// the number of timers. Pure: time is an argument. One per shard, used by its thread only.
class Timers {
 public:
  explicit Timers(TimeMs start);
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;
  ~Timers();

  /// Arms (or moves) the timer; a time that has passed fires at the next advance().
  void arm(Timer& timer, TimeMs due);

  /// Fires everything due at or before `now`, in order of time. Returns how many fired.
  std::size_t advance(TimeMs now);

  /// A lower bound of the next due time: exact for what is armed within 256 ms of it, else the start of the
  /// block of time (256 ms, 65 s, …) in which it lies; advance() there makes it exact. Nothing when no timer
  /// is armed.
  std::optional<TimeMs> next_due() const;

  /// Counts by walking: for tests and for taking the house down.
  std::size_t size() const;

 private:
  struct Wheel;
  Wheel* wheel_;
};

}  // namespace sioxx::loop
