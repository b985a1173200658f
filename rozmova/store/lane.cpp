// What a batch meets, and what follows:
//
//   nothing               → results told in order, after the commit
//   busy                  → rolled back, the batch again, busy_retries_max times; then all UNAVAILABLE, and what
//                           comes after it has one try until one succeeds: it has waited for this batch already
//   lost, not committing  → rolled back, a new connection, the batch once more
//   lost in the commit    → a new connection, as soon as there is one: the chats are held, so that a commit which
//                           is still under way ends first; then a message of the batch is there or it is not, and
//                           the batch is told or done again. Without a message, or when the engine stays away:
//                           all UNAVAILABLE, and a client's repetition meets the first row, if there is one
//   the engine is away    → all UNAVAILABLE at once; it is tried again after a pause that grows
//   full                  → all UNAVAILABLE
//   broken, any exception → one deed is the cause: each deed again, in a transaction of its own
//
// A write that throws inside a larger batch is undone by its savepoint and costs the others nothing. Appends
// need no savepoint: a refused append has left nothing behind.
#include "rozmova/store/lane.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace rozmova::store {
namespace {

constexpr int busy_retries_max = 3;
constexpr int lost_retries_max = 1;
constexpr std::chrono::milliseconds busy_pause{25};
constexpr std::int64_t unavailable_retry_ms = 1'000;
constexpr std::chrono::seconds settle_max{
    15};  ///< how long a commit without an answer may wait for the engine
constexpr std::chrono::milliseconds settle_pause{100};

using Clock = std::chrono::steady_clock;

WallMs wall_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

Refusal refusal_of(const StoreError& error) {
  if (error.kind() == StoreError::Kind::broken)
    return {ErrorCode::internal, "the store failed; nothing was stored"};
  return {ErrorCode::unavailable, "the store is not available now; try again", unavailable_retry_ms};
}

Lane::Lane(StoreFactory& factory, const DatabaseOptions& options, Caretaker& caretaker,
           const Database::Later& later, const Log& log)
    : factory_(factory),
      options_(options),
      caretaker_(caretaker),
      later_(later),
      log_(log),
      store_(factory.open_writer()) {
  thread_ = std::thread([this] { run(); });
}

Lane::~Lane() {
  {
    const std::lock_guard lock(mutex_);
    phase_ = Phase::ending;
  }
  arrived_.notify_one();
  thread_.join();
}

bool Lane::add(Deed deed) {
  bool sleeps = false;
  {
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::accepting || accepted_ - finished_ >= options_.queue_deeds_max) {
      ++stats_.refused_full;
      return false;
    }
    waiting_.push_back(std::move(deed));
    ++accepted_;
    sleeps = asleep_;
  }
  if (sleeps && !(later_ && later_())) wake();
  return true;
}

void Lane::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || !std::exchange(asleep_, false)) return;
  }
  arrived_.notify_one();
}

void Lane::drain() {
  wake();  // who was to do it later may have stopped
  std::unique_lock lock(mutex_);
  flushed_.wait(lock, [this, until = accepted_] { return finished_ >= until; });
  if (phase_ == Phase::accepting) phase_ = Phase::refusing;
  flushed_.wait(lock, [this] { return finished_ == accepted_; });  // what slipped in meanwhile
}

DatabaseStats Lane::stats() const {
  const std::lock_guard lock(mutex_);
  DatabaseStats stats = stats_;
  stats.queue_deeds = static_cast<std::size_t>(accepted_ - finished_);
  return stats;
}

void Lane::run() {
  std::vector<Deed> taken;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      bool rested = false;
      while (waiting_.empty() && phase_ != Phase::ending) {
        asleep_ = true;
        if (rested) {
          arrived_.wait(lock);
        } else if (arrived_.wait_for(lock, std::chrono::milliseconds(Store::rest_after_ms)) ==
                   std::cv_status::timeout) {
          rested = true;
          lock.unlock();
          store_->rest();
          lock.lock();
        }
      }
      asleep_ = false;
      if (waiting_.empty()) return;
      taken.swap(waiting_);
    }
    // Equal parts: a batch of 1025 is better committed as 513 + 512 than as 1024 + 1.
    const std::size_t batch_max = std::max<std::size_t>(options_.batch_deeds_max, 1);
    const std::size_t batches = (taken.size() + batch_max - 1) / batch_max;
    std::span<Deed> rest(taken);
    for (std::size_t left = batches; left > 0; --left) {
      const std::size_t size = (rest.size() + left - 1) / left;
      flush(rest.first(size));
      rest = rest.subspan(size);
    }
    taken.clear();
  }
}

void Lane::flush(std::span<Deed> batch) {
  const auto start = Clock::now();
  const WallMs now = wall_now();
  if (!commit_batch(batch, now)) commit_one_by_one(batch, now);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  std::uint64_t failed = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (std::holds_alternative<Refusal>(outcomes_[i])) ++failed;
    tell(batch[i], outcomes_[i]);
  }
  caretaker_.tend(*store_);
  count(batch.size(), failed, static_cast<std::uint64_t>(took.count()));
}

/// False: one of several deeds makes the batch fail, so each has to be tried alone.
bool Lane::commit_batch(std::span<Deed> batch, WallMs now) {
  int busy_retries = 0;
  int lost_retries = 0;
  if (away_.is_away() && !reopen()) {
    refuse_all(batch,
               {ErrorCode::unavailable, "the store is not available now; try again", unavailable_retry_ms});
    return true;
  }
  while (true) {
    try {
      commit_once(batch, now);
      was_busy_ = false;
      return true;
    } catch (const StoreError& error) {
      store_->rollback();
      if (log_) log_(error.what());
      if (error.kind() == StoreError::Kind::busy) {
        if (busy_retries++ < (was_busy_ ? 0 : busy_retries_max)) {
          std::this_thread::sleep_for(busy_pause);
          continue;
        }
        was_busy_ = true;
      }
      if (error.kind() == StoreError::Kind::lost) {
        away_.failed();
        if (committing_ && settle(batch)) return true;
        const bool undone = !committing_;
        if (!away_.is_away() || (undone && reopen())) {
          if (lost_retries++ < lost_retries_max) continue;
        }
      }
      if (error.kind() == StoreError::Kind::broken && batch.size() > 1) return false;
      refuse_all(batch, refusal_of(error));
      return true;
    } catch (const std::exception& error) {
      store_->rollback();
      if (log_) log_(error.what());
      if (batch.size() > 1) return false;
      refuse_all(batch, {ErrorCode::internal, "the store failed; nothing was stored"});
      return true;
    }
  }
}

void Lane::commit_once(std::span<Deed> batch, WallMs now) {
  committing_ = false;
  outcomes_.clear();
  store_->begin();
  expect(batch);
  for (std::size_t i = 0; i < batch.size();) {
    if (std::holds_alternative<AppendDeed>(batch[i])) {
      i += append_run(batch.subspan(i), now);
    } else {
      outcomes_.push_back(execute_write(std::get<WriteDeed>(batch[i]), batch.size() == 1));
      ++i;
    }
  }
  committing_ = true;
  store_->commit();
}

void Lane::expect(std::span<const Deed> batch) {
  std::vector<ChatKey> chats;
  std::vector<const NewMessage*> appends;
  for (const Deed& deed : batch) {
    if (const auto* append = std::get_if<AppendDeed>(&deed)) {
      chats.push_back(append->message.chat);
      appends.push_back(&append->message);
    } else {
      chats.push_back(std::get<WriteDeed>(deed).chat);
    }
  }
  store_->expect(chats, appends);
}

/// The messages at the front of `deeds`, up to the first other write; returns how many.
std::size_t Lane::append_run(std::span<const Deed> deeds, WallMs now) {
  std::vector<const NewMessage*> messages;
  for (const Deed& deed : deeds) {
    const auto* append = std::get_if<AppendDeed>(&deed);
    if (append == nullptr) break;
    messages.push_back(&append->message);
  }
  for (auto& result : store_->append_all(messages, now)) outcomes_.emplace_back(std::move(result));
  return messages.size();
}

/// After a commit whose answer was lost: true when it has happened, or nobody can tell; false: it has not, and the
/// batch may be done again.
bool Lane::settle(std::span<Deed> batch) {
  const auto unknown = [&] {
    refuse_all(batch,
               {ErrorCode::unavailable, "the store is not available now; try again", unavailable_retry_ms});
    return true;
  };
  const Appended* stored = nullptr;
  for (const Outcome& outcome : outcomes_) {
    const auto* result = std::get_if<Result<Appended>>(&outcome);
    if (result != nullptr && *result && !(*result)->duplicate) stored = &**result;
  }
  if (stored == nullptr) return unknown();
  const ChatKey chat = stored->message.chat;
  const auto until = Clock::now() + settle_max;
  while (Clock::now() < until && !is_ending()) {
    if (away_.is_away() && !reopen()) {
      std::this_thread::sleep_for(settle_pause);
      continue;
    }
    try {
      store_->begin();
      store_->expect(std::span(&chat, 1), {});
      const bool happened = store_->has_message(chat, stored->message.id);
      if (happened) {
        store_->make_sure();
      } else {
        store_->rollback();
      }
      return happened;
    } catch (const StoreError& error) {
      store_->rollback();
      if (log_) log_(error.what());
      if (error.kind() == StoreError::Kind::lost) away_.failed();
      std::this_thread::sleep_for(settle_pause);
    }
  }
  return unknown();
}

bool Lane::is_ending() const {
  const std::lock_guard lock(mutex_);
  return phase_ == Phase::ending;
}

void Lane::commit_one_by_one(std::span<Deed> batch, WallMs now) {
  std::vector<Outcome> all;
  all.reserve(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    commit_batch(batch.subspan(i, 1), now);
    all.push_back(std::move(outcomes_.front()));
  }
  outcomes_ = std::move(all);
}

Lane::Outcome Lane::execute_write(WriteDeed& deed, bool alone) {
  const auto undo = [&](const char* what) -> Outcome {
    if (alone) throw StoreError(StoreError::Kind::broken, what);
    if (log_) log_(what);
    store_->rollback_to_savepoint();
    return Refusal{ErrorCode::internal, "the store failed; nothing was stored"};
  };
  if (!alone) store_->savepoint();
  try {
    deed.work(*store_);
  } catch (const StoreError& error) {
    if (error.kind() != StoreError::Kind::broken)
      throw;  // not this deed's fault: the batch goes back as a whole
    return undo(error.what());
  } catch (const std::exception& error) {
    return undo(error.what());
  }
  if (!alone) store_->release_savepoint();
  return std::monostate{};
}

void Lane::refuse_all(std::span<Deed> batch, const Refusal& refusal) {
  outcomes_.assign(batch.size(), Outcome(refusal));
}

/// False: not yet, or not again so soon.
bool Lane::reopen() {
  if (!away_.may_try()) return false;
  try {
    store_ = factory_.open_writer();
    away_.succeeded();
    return true;
  } catch (const StoreError& error) {
    away_.failed();
    if (log_) log_(error.what());  // the old connection stays
    return false;
  }
}

/// Takes the deed away while it tells: what it captured is gone before the deed counts as finished.
void Lane::tell(Deed& told, Outcome& outcome) {
  const Deed deed = std::move(told);
  auto* refusal = std::get_if<Refusal>(&outcome);
  try {
    if (const auto* append = std::get_if<AppendDeed>(&deed)) {
      if (!append->done) return;
      if (refusal != nullptr) {
        append->done(std::move(*refusal));
      } else {
        append->done(std::get<Result<Appended>>(std::move(outcome)));
      }
    } else if (const auto& done = std::get<WriteDeed>(deed).done) {
      done(refusal != nullptr ? Result<Done>(std::move(*refusal)) : Result<Done>(Done{}));
    }
  } catch (const std::exception& error) {
    if (log_) log_(std::string("a deed is done, but its result could not be told: ") + error.what());
  }
}

void Lane::count(std::size_t deeds, std::uint64_t failed, std::uint64_t took_us) {
  {
    const std::lock_guard lock(mutex_);
    ++stats_.batches;
    stats_.deeds += deeds;
    stats_.failed += failed;
    stats_.commit_us_total += took_us;
    stats_.commit_us_max = std::max(stats_.commit_us_max, took_us);
    finished_ += deeds;
  }
  flushed_.notify_all();
}

}  // namespace rozmova::store
