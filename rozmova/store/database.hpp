#pragma once

#include "rozmova/store/store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace rozmova::store {

struct DatabaseOptions {
  unsigned lanes = 1;    ///< writing threads; SQLite has one writer
  unsigned readers = 1;  ///< reading threads
  std::size_t queue_deeds_max =
      65'536;                           ///< waiting deeds of one lane; past it: refused at once (UNAVAILABLE)
  std::size_t batch_deeds_max = 2'048;  ///< deeds of one commit
  std::int64_t watch_interval_ms = 250;
};

struct DatabaseStats {
  std::uint64_t batches = 0, deeds = 0, refused_full = 0, failed = 0;
  std::uint64_t commit_us_total = 0, commit_us_max = 0;  ///< of a batch, from its begin until it is durable
  std::size_t queue_deeds = 0;
};

/// The threads that talk to the store. A chat always has the same lane, a lane is one thread with one
/// connection: whatever arrived during the last flush is the next batch (group commit), and results leave in
/// commit order. Owned by main; every method may be called from any thread; destroyed after the last deed has
/// been flushed.
class Database {
 public:
  /// Runs on the lane's thread right after the commit that made it durable, in commit order: the place to
  /// publish. UNAVAILABLE / INTERNAL refusals when the engine failed (then nothing was stored).
  using AppendDone = std::function<void(Result<Appended>)>;
  /// Runs inside the transaction; may run again after a failed batch, so it only touches the store and its
  /// own result.
  using Work = std::function<void(Store&)>;
  /// As AppendDone: after the commit, in order; a refusal when it could not be committed.
  using WorkDone = std::function<void(Result<Done>)>;

  Database(StoreFactory& factory, DatabaseOptions options, std::function<void(std::string_view)> log_error);
  ~Database();

  /// `later` is asked, on the thread that has just given work to one who sleeps, whether it will call wake() soon; so
  /// what arrives together is done together, and a core that both share is not taken from who is still bringing more.
  /// Once, before anything is given; without it, whoever sleeps is woken at once.
  using Later = std::function<bool()>;
  void wake_later(Later later);
  /// Wakes those who sleep and have work.
  void wake();

  /// Stores one message. False: the lane's queue is full and `done` will not be called.
  bool append(NewMessage message, AppendDone done);
  /// Any other write; deeds with the same `chat` keep their order among themselves and with append().
  bool write(const ChatKey& chat, Work work, WorkDone done);
  /// A read on a reading thread. `work` posts its own result. A StoreError ends in `failed` (may be empty).
  bool read(std::function<void(Store&)> work, std::function<void(const Refusal&)> failed);

  /// From now on `tell` hears of everything that may change who may do what, whoever writes it, at most
  /// watch_interval_ms later; once, before the server runs. See Watcher.
  using Tell = std::function<void(Store&, const AccessNews&)>;
  void watch(Tell tell);
  /// `tell` is not called any more once this returns.
  void unwatch();
  /// `look` is called, on the watcher's thread, when rows are known to wait in the outbox; where the engine cannot
  /// tell, never. Replaces the one before, which is not called any more once this returns.
  void on_outbox(std::function<void()> look);

  /// Waits until everything accepted so far is flushed, then refuses new deeds.
  void drain();
  DatabaseStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rozmova::store
