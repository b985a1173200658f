#pragma once

#include "rozmova/store/away.hpp"
#include "rozmova/store/caretaker.hpp"
#include "rozmova/store/database.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace rozmova::store {

struct AppendDeed {
  NewMessage message;
  Database::AppendDone done;
};

struct WriteDeed {
  ChatKey chat;
  Database::Work work;
  Database::WorkDone done;
};

using Deed = std::variant<AppendDeed, WriteDeed>;

/// One writing thread with one connection: takes all that waits, commits it as one batch (or several of
/// batch_deeds_max), tells the results in order, looks again. Owned by Database; add() from any thread,
/// everything else on its own.
class Lane {
 public:
  using Log = std::function<void(std::string_view)>;

  Lane(StoreFactory& factory, const DatabaseOptions& options, Caretaker& caretaker,
       const Database::Later& later, const Log& log);
  ~Lane();  ///< flushes what was accepted, then ends the thread

  bool add(Deed deed);  ///< false: full or drained
  void wake();
  void drain();
  DatabaseStats stats() const;

 private:
  enum class Phase : std::uint8_t { accepting, refusing, ending };
  /// What became of one deed; the value of an append, or the refusal, or neither (a write that went well).
  using Outcome = std::variant<std::monostate, Result<Appended>, Refusal>;

  void run();
  void flush(std::span<Deed> batch);
  bool commit_batch(std::span<Deed> batch, WallMs now);
  void commit_once(std::span<Deed> batch, WallMs now);
  void commit_one_by_one(std::span<Deed> batch, WallMs now);
  void expect(std::span<const Deed> batch);
  std::size_t append_run(std::span<const Deed> deeds, WallMs now);
  bool settle(std::span<Deed> batch);
  bool is_ending() const;
  Outcome execute_write(WriteDeed& deed, bool alone);
  void refuse_all(std::span<Deed> batch, const Refusal& refusal);
  bool reopen();
  void tell(Deed& told, Outcome& outcome);
  void count(std::size_t deeds, std::uint64_t failed, std::uint64_t took_us);

  StoreFactory& factory_;
  const DatabaseOptions options_;
  Caretaker& caretaker_;
  const Database::Later& later_;
  const Log log_;

  // The lane's thread alone:
  std::unique_ptr<Store> store_;
  std::vector<Outcome> outcomes_;
  Away away_;
  bool was_busy_ = false;    ///< the last batch was given up, because somebody else holds the store
  bool committing_ = false;  ///< inside commit(): what failed there may or may not have happened

  mutable std::mutex mutex_;
  std::condition_variable arrived_;  ///< for the thread: deeds, or the end
  std::condition_variable flushed_;  ///< for drain()
  std::vector<Deed> waiting_;
  std::uint64_t accepted_ = 0;  ///< deeds since the start
  std::uint64_t finished_ = 0;  ///< of these: flushed (or refused by the engine) and told
  bool asleep_ = false;         ///< in arrived_, and nobody has woken it yet
  Phase phase_ = Phase::accepting;
  DatabaseStats stats_;

  std::thread thread_;
};

/// The refusal that a client gets for a failure of the engine.
Refusal refusal_of(const StoreError& error);

}  // namespace rozmova::store
