#include "sioxx/socket/task.hpp"

#include "sioxx/socket/later.hpp"
#include "sioxx/socket/local.hpp"

#include <stdexcept>
#include <string>

namespace sioxx {
namespace socket {

Local& home_of_waiter() {
  Local* const here = Local::here();
  if (here == nullptr) throw std::logic_error("a coroutine of sioxx runs on a shard's thread only");
  return *here;
}

void run_at_home(Local& home, std::function<void()> task) {
  if (Local::here() == &home) return task();
  home.post(std::move(task));
}

// ---- the list of what runs

void TaskList::add(Link& link) {
  link.next = first_.next;
  link.previous = &first_;
  if (link.next != nullptr) link.next->previous = &link;
  first_.next = &link;
}

void TaskList::remove(Link& link) {
  if (link.previous == nullptr) return;
  link.previous->next = link.next;
  if (link.next != nullptr) link.next->previous = link.previous;
  link.previous = link.next = nullptr;
}

void TaskList::end_all() {
  while (first_.next != nullptr) first_.next->frame.destroy();
}

// ---- one task and what it stands on

/// One of the tasks that a socket may have at a time.
class TaskPlace {
 public:
  explicit TaskPlace(Socket& socket) : socket_(socket) { ++socket_.tasks_; }
  TaskPlace(const TaskPlace&) = delete;
  TaskPlace& operator=(const TaskPlace&) = delete;
  ~TaskPlace() { --socket_.tasks_; }
  static std::size_t taken(const Socket& socket) { return socket.tasks_; }

 private:
  Socket& socket_;
};

namespace {

/// The outermost coroutine: owns the task and its socket, and itself.
struct Driver {
  struct promise_type {
    promise_type(std::shared_ptr<Socket>& socket, const std::string&, Task&)
        : promise_type(LocalNamespace::of(*socket).local()) {}
    explicit promise_type(Local& home) {
      link.frame = std::coroutine_handle<promise_type>::from_promise(*this);
      home.tasks().add(link);
    }
    promise_type(const promise_type&) = delete;
    promise_type& operator=(const promise_type&) = delete;
    ~promise_type() { TaskList::remove(link); }
    Driver get_return_object() const { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }  // drive() catches everything
    TaskList::Link link;
  };
};

Driver drive(std::shared_ptr<Socket> socket, std::string what, Task task) {
  const TaskPlace place(*socket);
  try {
    co_await task;
  } catch (const std::exception& error) {
    LocalNamespace::of(*socket).failed(what, *socket, error.what());
  } catch (...) {
    LocalNamespace::of(*socket).failed(what, *socket, "not a std::exception");
  }
}

}  // namespace

void run_task(Socket& socket, std::string_view what, Task task) {
  drive(socket.shared_from_this(), std::string(what), std::move(task));
}

bool may_run_task(Socket& socket, Event& event) {
  LocalNamespace& nsp = LocalNamespace::of(socket);
  if (TaskPlace::taken(socket) < nsp.local().limits().tasks_per_socket_max) return true;
  nsp.refuse_event(socket, event, {"Too many handlers are running", {}});
  return false;
}

}  // namespace socket

void Sleep::await_suspend(std::coroutine_handle<> waiter) {
  socket::Local& home = socket::home_of_waiter();
  waiter_ = waiter;
  home.timers().arm(*this, home.now() + ms_);
}

}  // namespace sioxx
