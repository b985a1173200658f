#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sioxx {

class Event;
class Socket;

namespace socket {

class Local;

/// What the promises of all tasks share: who waits for the end, and what went wrong.
struct TaskPromiseBase {
  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      const auto next = ended.promise().continuation;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
  std::coroutine_handle<> continuation;
  std::exception_ptr error;
};

template <class T>
struct TaskPromise : TaskPromiseBase {
  void return_value(T result) { value.emplace(std::move(result)); }
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
  std::optional<T> value;
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  void return_void() const noexcept {}
  void take() const {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace socket

/// A coroutine of a shard. It runs when it is awaited, on the thread that awaits it, and owns its frame. As the
/// result of a handler the library runs it and keeps the socket and the event alive until it ends:
///
///   io.of("/").on("order", [](sioxx::Socket& socket, sioxx::Event event) -> sioxx::Task { … });
///
/// A handler's lambda may capture: it lives in the table of handlers for as long as the Server. Everything else
/// that is taken by reference must outlive the coroutine; pass values. An exception ends the task and is thrown
/// again where it is awaited; at the top it is logged.
template <class T>
class [[nodiscard]] TaskOf {
 public:
  struct promise_type : socket::TaskPromise<T> {
    TaskOf get_return_object() { return TaskOf(std::coroutine_handle<promise_type>::from_promise(*this)); }
  };
  TaskOf(TaskOf&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  TaskOf& operator=(TaskOf&&) = delete;
  ~TaskOf() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) noexcept {
    frame_.promise().continuation = waiter;
    return frame_;
  }
  T await_resume() { return frame_.promise().take(); }

 private:
  explicit TaskOf(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};
using Task = TaskOf<void>;

namespace socket {

/// The tasks that one shard has begun and that have not ended, so that they can be ended with it. A link of a
/// list through the frames of their drivers. Owned by Local.
class TaskList {
 public:
  TaskList() = default;
  TaskList(const TaskList&) = delete;
  TaskList& operator=(const TaskList&) = delete;
  ~TaskList() { end_all(); }
  void end_all();

  struct Link {
    Link* previous = nullptr;
    Link* next = nullptr;
    std::coroutine_handle<> frame;
  };
  void add(Link& link);
  static void remove(Link& link);

 private:
  Link first_;
};

/// Runs a handler's task to its end, or until the shard is taken down. `what`: for the log.
void run_task(Socket& socket, std::string_view what, Task task);
/// Whether this socket may begin one more (Limits::tasks_per_socket_max); if not, the event is refused.
bool may_run_task(Socket& socket, Event& event);

}  // namespace socket
}  // namespace sioxx
