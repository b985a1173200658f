#pragma once

#include "sioxx/loop/time.hpp"
#include "sioxx/loop/timers.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace sioxx::loop {

/// What one shard asks another to do: a value that owns all it needs. Runs once, on the receiving shard's
/// thread.
class Letter {
 public:
  virtual ~Letter() = default;
  virtual void open() = 0;
};
using LetterPtr = std::unique_ptr<Letter>;

/// What happens to a letter that finds the mailbox full.
enum class Mail : std::uint8_t {
  news,  ///< refused: the sender is told so and goes on without
  reply,  ///< taken: somebody waits for it (a coroutine, a request), who can do so once and is counted elsewhere
};

/// Freed at the end of the turn, when nobody on the stack can still hold it.
class Buried {
 public:
  virtual ~Buried() = default;
};

/// A descriptor that wants to hear from epoll. Owned elsewhere; must be unwatched before it dies.
class Pollable : public Buried {
 public:
  /// `events` are EPOLL* bits. May unwatch itself or others; must be freed only through Shard::bury().
  virtual void on_ready(std::uint32_t events) = 0;
};

/// Something with work to do once, at the end of the turn (flush one socket, whatever the turn has queued for
/// it).
class TurnEnd {
 public:
  TurnEnd() = default;
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;
  virtual void on_turn_end() = 0;

 protected:
  /// Unlinks itself when it dies.
  virtual ~TurnEnd();

 private:
  friend class Shard;
  TurnEnd* previous_turn_ = nullptr;
  TurnEnd* next_turn_ = nullptr;
};

/// One core's world: a thread, an epoll set, a timer wheel, a mailbox. Nothing in it is locked, because
/// nothing in it is shared: the only doors for other threads are post() and stop(). Built and owned by the
/// Server.
class Shard {
 public:
  /// Letters that may wait in the mailbox at once; past that post() refuses news.
  static constexpr std::size_t mailbox_letters_max = 1u << 20;

  explicit Shard(unsigned index);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard();

  unsigned index() const;

  // ---- any thread -----------------------------------------------------------------------------------------
  /// Puts a letter into the mailbox; letters of one sender are opened in the order sent. False: the mailbox
  /// is full (news only) or the shard has stopped (the letter is destroyed).
  bool post(LetterPtr letter, Mail mail = Mail::news);
  /// The same for a callable; allocates one letter.
  template <std::invocable F>
  bool post(F&& task, Mail mail = Mail::news);
  /// News that found the mailbox full, ever.
  std::uint64_t refused_letters() const;
  void stop();

  // ---- the shard's own thread -----------------------------------------------------------------------------
  /// Turns until stop(): wait for descriptors, letters, timers; handle them; end of turn (flush, then bury).
  void run();
  /// One turn that waits at most `wait_max_ms`; for tests and for taking the house down.
  void turn(int wait_max_ms);

  /// Monotonic time at the start of this turn, and the same moment on the wall.
  TimeMs now() const;
  WallMs wall() const;
  Timers& timers();

  /// `events` are EPOLL* bits, level-triggered. False: the kernel has no room for it.
  bool watch(int fd, std::uint32_t events, Pollable& pollable);
  /// Other events, or another listener for the same descriptor.
  void change(int fd, std::uint32_t events, Pollable& pollable);
  /// `pollable` is not called any more, not even for an event that this turn has already fetched.
  void unwatch(int fd, Pollable& pollable);

  /// Runs `work.on_turn_end()` once at the end of this turn, however often it is asked.
  void at_turn_end(TurnEnd& work);
  void bury(std::unique_ptr<Buried> dead);

  /// A read buffer shared by everything on this shard; its content lasts until the next read.
  std::span<char> scratch();

  /// The shard whose thread this is, or null; for assertions and for defaults of thread-safe faces.
  static Shard* here();

 private:
  template <class F>
  class TaskLetter;
  struct State;
  std::unique_ptr<State> state_;
};

template <class F>
class Shard::TaskLetter final : public Letter {
 public:
  explicit TaskLetter(F task) : task_(std::move(task)) {}
  void open() override { task_(); }

 private:
  F task_;
};

template <std::invocable F>
bool Shard::post(F&& task, Mail mail) {
  return post(LetterPtr(std::make_unique<TaskLetter<std::decay_t<F>>>(std::forward<F>(task))), mail);
}

}  // namespace sioxx::loop
