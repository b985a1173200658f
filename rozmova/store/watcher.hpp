#pragma once

#include "rozmova/store/store.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

namespace rozmova::store {

/// Looks several times a second whether somebody, perhaps another program, has changed who may do what, and tells.
/// One thread with a reading connection of its own, so that it never waits behind other reads; owned by Database.
///
/// While nobody has written anything a look costs one question to the engine; after a write, one look at the end of
/// an index. An engine that tells of news itself (PostgreSQL's NOTIFY) is listened to in between, so that nobody waits
/// for the next look.
class Watcher {
 public:
  using Log = std::function<void(std::string_view)>;
  /// On the watcher's thread. Throws what Store throws: then the same news come again at the next look.
  using Tell = std::function<void(Store&, const AccessNews&)>;
  struct Hooks {
    Tell tell;
    std::function<void()> outbox = {};  ///< on the watcher's thread: there are rows in the outbox
  };

  /// `tell` is called once with `first` set, whatever has changed: before this returns, unless the store fails.
  Watcher(StoreFactory& factory, std::chrono::milliseconds interval, Hooks hooks, Log log);
  /// Waits for a look that is under way.
  ~Watcher();

 private:
  /// News of one look; a long list is read in pieces.
  static constexpr int rows_per_look_max = 500;
  /// After a lost connection these are read again: what was still being committed then was known to it alone.
  static constexpr std::int64_t rows_read_again = 1'000;

  void run();
  bool try_look();
  /// False: nothing more to read now.
  bool look();
  /// Until the next look is due, there are news, or it is the end.
  void rest();
  bool hear();
  void fail(const StoreError& error);

  StoreFactory& factory_;
  const std::chrono::milliseconds interval_;
  const Hooks hooks_;
  const Log log_;
  std::unique_ptr<Store> store_;
  int news_ = -1;  ///< readable when the store has news
  std::int64_t seen_up_to_ = 0;
  std::int64_t version_ = -1;  ///< of the database, as its engine counts changes of others
  bool first_ = true;
  bool failing_ = false;

  std::mutex mutex_;
  bool end_ = false;
  const int ending_;  ///< an eventfd
  std::thread thread_;
};

}  // namespace rozmova::store
