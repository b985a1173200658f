#pragma once

#include "rozmova/chat/options.hpp"
#include "rozmova/log.hpp"
#include "rozmova/store/database.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace rozmova::chat {

/// What has yet to be written of connections that came and went, so that websocket_connections agrees with what
/// is: one deed at a time takes all that waits, and what could not be written stays until it is. Owned by Devices;
/// every method from any thread. Behind a lock, because the deed looks at the moment when it is done: so the last rows
/// are written even after the shards have stopped.
///
/// Where many come, as after a restart everybody does, their rows are written together: whoever flushes leaves a moment
/// between two writes. A row that comes alone is written at once, because others ask the table who is here.
///
/// Bounded by the connections that are there, plus rows_max of those that came and went while the database could
/// not be written; more of these are forgotten, as if they had never been.
class Ledger {
 public:
  struct Hooks {
    /// On any thread: rows wait and none is being written; flush() follows, perhaps after a moment.
    std::function<void()> gather;
    /// On the database's thread, after a failure: flush() follows after a while.
    std::function<void()> retry;
  };
  Ledger(store::Database& database, Log& log, std::size_t rows_max, Hooks hooks);

  void opened(const store::ConnectionRow& row);
  void closed(const Uuid& id, WallMs at);
  void flush();
  /// Nobody will flush any more: what waits, and what comes yet, is written at once.
  void finish();
  std::size_t waiting() const;

 private:
  struct Entry {
    std::optional<store::ConnectionRow> opened;
    std::optional<WallMs> closed;
    std::uint64_t version = 0;  ///< another one: changed since it was taken
  };
  using Entries = std::map<Uuid, Entry>;
  enum class State : std::uint8_t { resting, gathering, writing };

  void gather();
  void start();
  void take_and_write(store::Store& store);
  void written(const Result<Done>& stored);

  store::Database& database_;
  Log& log_;
  const std::size_t rows_max_;
  const Hooks hooks_;

  mutable std::mutex mutex_;
  Entries waiting_;
  std::uint64_t version_ = 0;
  State state_ = State::resting;
  bool ending_ = false;
  bool one_by_one_ = false;  ///< one of the rows cannot be written: which?

  Entries taken_;  ///< by the deed under way, touched by it alone
};

}  // namespace rozmova::chat
