#pragma once

#include "rozmova/store/store.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>

namespace rozmova::store {

/// Folds an engine's log into its main file beside the writing lane, which then has only the short end of it
/// to do. One thread with a connection of its own, owned by Database; asked by lanes.
class Caretaker {
 public:
  using Log = std::function<void(std::string_view)>;

  Caretaker(StoreFactory& factory, const Log& log);
  ~Caretaker();

  /// Called by a lane between two batches, with its store: starts the thread on a long log, or finishes what
  /// it has begun.
  void tend(Store& store);

 private:
  //   idle ──ask──> asked ──thread──> folded ──lane folds the rest──> idle
  //                   ^                  |
  //                   └── rest is long ──┘        at most rounds_max times
  enum class State : std::uint8_t { idle, asked, folded, ending };

  void run();

  StoreFactory& factory_;
  const Log log_;
  std::unique_ptr<Store> store_;  ///< the thread's; opened at the first long log

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::idle;
  int rounds_ = 0;
  std::size_t folded_pages_ = 0;

  std::thread thread_;
};

}  // namespace rozmova::store
