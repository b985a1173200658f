#pragma once

#include <functional>
#include <thread>
#include <utility>

namespace rozmova {

/// Waits for SIGTERM and SIGINT, and on demand for SIGHUP, on a thread of its own and tells how many have come. Must be built before any other thread
/// of the process, because it blocks these signals for all threads that come after. Also makes writing to a gone reader an
/// error instead of the end (SIGPIPE). Owned by main.
class Signals {
 public:
  /// `hangups`: SIGHUP is told too; else it does what it always does.
  explicit Signals(bool hangups = false);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Waits as long as it lives; belongs to whoever the function below refers to.
  class Watch {
   public:
    explicit Watch(Signals& signals) : signals_(&signals) {}
    Watch(Watch&& other) noexcept : signals_(std::exchange(other.signals_, nullptr)) {}
    Watch& operator=(Watch&&) = delete;
    ~Watch() {
      if (signals_ != nullptr) signals_->stop();
    }

   private:
    Signals* signals_;
  };

  /// Once. `told` runs on the waiting thread: 1 = please stop, 2 = hurry. A third signal ends the process (128 + signal).
  /// `hung_up` may come any number of times.
  [[nodiscard]] Watch watch(std::function<void(int signal, int times)> told,
                            std::function<void()> hung_up = {});

 private:
  void wait();
  void stop();

  int signal_fd_ = -1;
  int stop_fd_ = -1;
  bool hangups_;
  std::function<void(int, int)> told_;
  std::function<void()> hung_up_;
  std::thread thread_;
};

}  // namespace rozmova
