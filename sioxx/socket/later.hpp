#pragma once

#include "sioxx/loop/timers.hpp"

#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace sioxx {

namespace socket {

class Local;

/// What Later needs of the shard that it was made on; here so that templates need not know it.
Local& home_of_waiter();  ///< the calling shard; throws std::logic_error on any other thread
void run_at_home(Local& home, std::function<void()> task);  ///< now when called at home, else by letter

}  // namespace socket

/// Answers a Later, once, from any thread; the waiter goes on upon its own shard. May be copied (the first call
/// counts); when the last copy dies unused the waiter gets nothing. Must be gone before the Server is.
template <class T>
class Resolver {
 public:
  void operator()(T value) const { slip_->settle(std::optional<T>(std::move(value))); }
  void nothing() const { slip_->settle(std::nullopt); }

 private:
  template <class>
  friend class Later;
  struct State {
    std::optional<T> value;
    bool settled = false;
    std::coroutine_handle<> waiter;
  };
  struct Slip {
    Slip(socket::Local& its_home, std::shared_ptr<State> its_state)
        : home(its_home), state(std::move(its_state)) {}
    Slip(const Slip&) = delete;
    Slip& operator=(const Slip&) = delete;
    ~Slip() { settle(std::nullopt); }
    /// Copies may say this at once, from several threads: nothing here changes, and at home the first one counts.
    void settle(std::optional<T> value) const {
      auto travels = std::make_shared<std::optional<T>>(std::move(value));
      socket::run_at_home(home, [to = state, travels = std::move(travels)] {
        if (std::exchange(to->settled, true)) return;
        to->value = std::move(*travels);
        if (const auto waiter = std::exchange(to->waiter, nullptr)) waiter.resume();
      });
    }
    socket::Local& home;
    const std::shared_ptr<State> state;
  };
  explicit Resolver(std::shared_ptr<Slip> slip) : slip_(std::move(slip)) {}
  std::shared_ptr<Slip> slip_;
};

/// A value that comes later, for one coroutine on one shard to wait for:
///
///   sioxx::Later<Row> row;                    // on a shard
///   database.find(id, row.resolver());        // answers from a thread of its own
///   std::optional<Row> found = co_await row;  // here again, on the socket's shard; empty: never answered
///
/// Made, awaited and destroyed on one shard; only its resolver travels.
template <class T>
class [[nodiscard]] Later {
  using State = typename Resolver<T>::State;
  using Slip = typename Resolver<T>::Slip;

 public:
  Later() : slip_(std::make_shared<Slip>(socket::home_of_waiter(), state_)) {}
  Later(Later&& other) noexcept : state_(std::move(other.state_)), slip_(std::move(other.slip_)) {}
  Later& operator=(Later&&) = delete;
  ~Later() {
    if (state_ != nullptr) state_->waiter = nullptr;
  }

  /// Give it away before waiting: from then on this object holds none itself.
  Resolver<T> resolver() { return Resolver<T>(std::move(slip_)); }

  /// Also when nobody was given the resolver: then nothing will ever come.
  bool await_ready() const { return state_->settled || slip_ != nullptr; }
  void await_suspend(std::coroutine_handle<> waiter) { state_->waiter = waiter; }
  std::optional<T> await_resume() { return std::move(state_->value); }

 private:
  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::shared_ptr<Slip> slip_;
};

/// `co_await sioxx::sleep(250);` in a coroutine of a shard: goes on there after that many milliseconds.
class [[nodiscard]] Sleep final : private loop::Timer {
 public:
  explicit Sleep(loop::TimeMs ms) : ms_(ms) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter);
  void await_resume() const {}

 private:
  void on_timer(loop::TimeMs) override { std::exchange(waiter_, nullptr).resume(); }
  loop::TimeMs ms_;
  std::coroutine_handle<> waiter_;
};
inline Sleep sleep(loop::TimeMs ms) { return Sleep(ms); }

}  // namespace sioxx
