// A hierarchical timing wheel (Varghese and Lauck): four wheels of 256 slots, and a list for what lies
// beyond.
//
//   level 0   256 slots of 1 ms      fires
//   level 1   256 slots of 256 ms    falls into level 0 when its 256 ms begin
//   level 2   256 slots of 65.5 s    falls into level 1
//   level 3   256 slots of 4.66 h    falls into level 2
//   far       beyond 49.7 days       looked through whenever level 3 has gone round
//
// With `base` the last tick done, a timer due at base + d stands in level 0 if d <= 256, in level 1 if d <=
// 256^2, and so on; slot = (due >> 8·level) & 255. So no slot holds two rounds at once. A bitmap per level
// says which slots may hold something; a bit is cleared lazily, when its slot is found empty, so that a timer
// can unlink itself without the wheel.

#include "sioxx/loop/timers.hpp"

#include <bit>

namespace sioxx::loop {
namespace {

constexpr unsigned levels = 4;
constexpr unsigned slot_bits = 8;
constexpr unsigned slots = 1u << slot_bits;
constexpr unsigned words = slots / 64;

constexpr TimeMs span_of(unsigned level) { return TimeMs{1} << (slot_bits * level); }

/// The fixed node of a circular list.
class Head final : public Timer {
 public:
  void on_timer(TimeMs) override {}
};

}  // namespace

struct Timers::Wheel {
  struct Level {
    std::array<Head, slots> heads;
    std::array<std::uint64_t, words> maybe_used{};
  };
  std::array<Level, levels> level;
  Head overdue;
  Head far;
  TimeMs done = 0;  ///< every timer due at or before this tick has fired or stands in `overdue`

  explicit Wheel(TimeMs start) : done(start) {
    for (Level& one : level) {
      for (Head& head : one.heads) make_empty(head);
    }
    make_empty(overdue);
    make_empty(far);
  }

  ~Wheel() {
    for (Level& one : level) {
      for (Head& head : one.heads) let_all_go(head);
    }
    let_all_go(overdue);
    let_all_go(far);
  }

  static void make_empty(Timer& head) { head.previous_ = head.next_ = &head; }
  static bool empty(const Timer& head) { return head.next_ == &head; }
  static Timer* first(Timer& head) { return head.next_; }

  static void let_all_go(Timer& head) {
    while (!empty(head)) head.next_->disarm();
    head.previous_ = head.next_ = nullptr;
  }

  static void append(Timer& head, Timer& timer) {
    timer.previous_ = head.previous_;
    timer.next_ = &head;
    head.previous_->next_ = &timer;
    head.previous_ = &timer;
  }

  /// Moves everything from one list to an empty one.
  static void take(Timer& from, Timer& to) {
    if (empty(from)) return;
    to.next_ = from.next_;
    to.previous_ = from.previous_;
    to.next_->previous_ = &to;
    to.previous_->next_ = &to;
    make_empty(from);
  }

  static unsigned slot_of(TimeMs time, unsigned at_level) {
    return static_cast<unsigned>(static_cast<std::uint64_t>(time) >> (slot_bits * at_level)) & (slots - 1);
  }

  void place(Timer& timer, TimeMs base) {
    const TimeMs delta = timer.due_ - base;
    if (delta <= 0) return append(overdue, timer);
    for (unsigned at = 0; at < levels; ++at) {
      if (delta > span_of(at + 1)) continue;
      const unsigned slot = slot_of(timer.due_, at);
      append(level[at].heads[slot], timer);
      level[at].maybe_used[slot / 64] |= std::uint64_t{1} << (slot % 64);
      return;
    }
    append(far, timer);
  }

  void replace_all(Timer& head, TimeMs base) {
    Head moving;
    make_empty(moving);
    take(head, moving);
    while (!empty(moving)) {
      Timer* timer = first(moving);
      timer->disarm();
      place(*timer, base);
    }
    moving.previous_ = moving.next_ = nullptr;
  }

  /// Before tick `tick` fires: everything whose block begins with it falls one level, the coarsest first.
  void cascade(TimeMs tick) {
    if (slot_of(tick, 0) != 0) return;
    unsigned top = 1;
    while (top < levels && slot_of(tick, top) == 0) ++top;
    if (top == levels) {
      replace_all(far, tick - 1);
      top = levels - 1;
    }
    for (unsigned at = top; at >= 1; --at) replace_all(level[at].heads[slot_of(tick, at)], tick - 1);
  }

  /// Distance in slots (1..256) from the slot of `done` to the next used one of a level; 0 when there is
  /// none.
  unsigned next_used(unsigned at) {
    const unsigned from = slot_of(done, at);
    Level& one = level[at];
    for (unsigned distance = 1; distance <= slots;) {
      const unsigned slot = (from + distance) & (slots - 1);
      const std::uint64_t rest = one.maybe_used[slot / 64] >> (slot % 64);
      if (rest == 0) {
        distance += 64 - slot % 64;
        continue;
      }
      distance += static_cast<unsigned>(std::countr_zero(rest));
      if (distance > slots) return 0;
      const unsigned found = (from + distance) & (slots - 1);
      if (!empty(one.heads[found])) return distance;
      one.maybe_used[found / 64] &= ~(std::uint64_t{1} << (found % 64));
      ++distance;
    }
    return 0;
  }

  /// The next tick at which something fires or falls; nothing when all is empty.
  std::optional<TimeMs> next_event() {
    std::optional<TimeMs> soonest;
    for (unsigned at = 0; at < levels; ++at) {
      const unsigned distance = next_used(at);
      if (distance == 0) continue;
      const TimeMs block = ((done >> (slot_bits * at)) + static_cast<TimeMs>(distance)) << (slot_bits * at);
      if (!soonest || block < *soonest) soonest = block;
    }
    if (!empty(far)) {
      const TimeMs round = ((done >> (slot_bits * levels)) + 1) << (slot_bits * levels);
      if (!soonest || round < *soonest) soonest = round;
    }
    return soonest;
  }

  std::size_t fire(Timer& head, TimeMs now) {
    Head due;
    make_empty(due);
    take(head, due);
    std::size_t fired = 0;
    while (!empty(due)) {
      Timer* timer = first(due);
      timer->disarm();
      ++fired;
      timer->on_timer(now);
    }
    due.previous_ = due.next_ = nullptr;
    return fired;
  }

  static std::size_t length(const Timer& head) {
    std::size_t count = 0;
    for (const Timer* at = head.next_; at != &head; at = at->next_) ++count;
    return count;
  }
};

void Timer::disarm() {
  if (next_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
}

Timers::Timers(TimeMs start) : wheel_(new Wheel(start)) {}
Timers::~Timers() { delete wheel_; }

void Timers::arm(Timer& timer, TimeMs due) {
  timer.disarm();
  timer.due_ = due;
  wheel_->place(timer, wheel_->done);
}

std::size_t Timers::advance(TimeMs now) {
  Wheel& wheel = *wheel_;
  std::size_t fired = wheel.fire(wheel.overdue, now);
  while (wheel.done < now) {
    const std::optional<TimeMs> next = wheel.next_event();
    if (!next || *next > now) {
      wheel.done = now;
      break;
    }
    wheel.cascade(*next);
    wheel.done = *next;
    fired += wheel.fire(wheel.level[0].heads[Wheel::slot_of(*next, 0)], now);
  }
  return fired;
}

std::optional<TimeMs> Timers::next_due() const {
  if (!Wheel::empty(wheel_->overdue)) return wheel_->done;
  return wheel_->next_event();
}

std::size_t Timers::size() const {
  std::size_t count = Wheel::length(wheel_->overdue) + Wheel::length(wheel_->far);
  for (const Wheel::Level& one : wheel_->level) {
    for (const Head& head : one.heads) count += Wheel::length(head);
  }
  return count;
}

}  // namespace sioxx::loop
