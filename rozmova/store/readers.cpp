#include "rozmova/store/readers.hpp"

#include "rozmova/store/lane.hpp"

#include <algorithm>

namespace rozmova::store {

Readers::Readers(StoreFactory& factory, const DatabaseOptions& options, const Database::Later& later,
                 const Log& log)
    : factory_(factory), reads_max_(options.queue_deeds_max), later_(later), log_(log) {
  // All connections first: if one cannot be opened, no thread has started.
  std::vector<std::unique_ptr<Store>> stores;
  for (unsigned i = 0; i < std::max(options.readers, 1U); ++i) stores.push_back(factory.open_reader());
  for (auto& store : stores) {
    threads_.emplace_back([this, opened = std::move(store)]() mutable { run({std::move(opened), {}}); });
  }
}

Readers::~Readers() {
  {
    const std::lock_guard lock(mutex_);
    phase_ = Phase::ending;
  }
  arrived_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Readers::add(Database::Work work, Failed failed) {
  bool sleeps = false;
  {
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::accepting || accepted_ - finished_count_ >= reads_max_) return false;
    waiting_.push_back({std::move(work), std::move(failed)});
    ++accepted_;
    sleeps = asleep_ > 0;
  }
  if (sleeps && !(later_ && later_())) wake();
  return true;
}

void Readers::wake() {
  std::size_t wanted = 0;
  {
    const std::lock_guard lock(mutex_);
    wanted = std::min(asleep_, waiting_.size());
  }
  for (; wanted > 0; --wanted) arrived_.notify_one();
}

void Readers::drain() {
  wake();  // who was to do it later may have stopped
  std::unique_lock lock(mutex_);
  // Reads end in any order, so those from before are surely done only when that many have ended and none
  // runs.
  finished_.wait(lock, [this, until = accepted_] { return finished_count_ >= until; });
  if (phase_ == Phase::accepting) phase_ = Phase::refusing;
  finished_.wait(lock, [this] { return finished_count_ == accepted_; });
}

void Readers::run(Reader reader) {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto is_wanted = [this] { return !waiting_.empty() || phase_ == Phase::ending; };
    ++asleep_;
    if (!arrived_.wait_for(lock, std::chrono::milliseconds(Store::rest_after_ms), is_wanted)) {
      lock.unlock();
      reader.store->rest();
      lock.lock();
      arrived_.wait(lock, is_wanted);
    }
    --asleep_;
    if (waiting_.empty()) return;
    Read read = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    execute(reader, read);
    read = {};  // what it captured goes before it counts as finished
    lock.lock();
    ++finished_count_;
    finished_.notify_all();
  }
}

void Readers::execute(Reader& reader, Read& read) {
  const auto reopen = [&] {
    if (!reader.away.may_try()) return false;
    try {
      reader.store = factory_.open_reader();
      reader.away.succeeded();
      return true;
    } catch (const StoreError& error) {
      reader.away.failed();
      if (log_) log_(error.what());  // the old connection stays
      return false;
    }
  };
  try {
    if (reader.away.is_away() && !reopen())
      return refuse(read, refusal_of(StoreError(StoreError::Kind::lost, "")));
    try {
      read.work(*reader.store);
    } catch (const StoreError& error) {
      if (error.kind() != StoreError::Kind::lost) throw;
      // What was read in the meantime has told nobody anything; after a restart of the engine every connection
      // fails once.
      reader.away.failed();
      if (!reopen()) throw;
      read.work(*reader.store);
    }
  } catch (const StoreError& error) {
    if (error.kind() == StoreError::Kind::lost && !reader.away.is_away()) reader.away.failed();
    if (log_) log_(error.what());
    refuse(read, refusal_of(error));
  } catch (const std::exception& error) {
    if (log_) log_(error.what());
    refuse(read, {ErrorCode::internal, "reading failed"});
  }
}

void Readers::refuse(Read& read, const Refusal& refusal) {
  if (!read.failed) return;
  try {
    read.failed(refusal);
  } catch (const std::exception& error) {
    if (log_) log_(error.what());
  }
}

}  // namespace rozmova::store
