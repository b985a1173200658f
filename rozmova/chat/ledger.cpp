#include "rozmova/chat/ledger.hpp"

#include <utility>

namespace rozmova::chat {

Ledger::Ledger(store::Database& database, Log& log, std::size_t rows_max, Hooks hooks)
    : database_(database), log_(log), rows_max_(rows_max), hooks_(std::move(hooks)) {}

void Ledger::opened(const store::ConnectionRow& row) {
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = waiting_[row.id];
    entry.opened = row;
    entry.version = ++version_;
  }
  gather();
}

void Ledger::closed(const Uuid& id, WallMs at) {
  {
    const std::lock_guard lock(mutex_);
    const auto [entry, is_new] = waiting_.try_emplace(id);
    if (!is_new && waiting_.size() > rows_max_ && state_ != State::writing) {
      waiting_.erase(entry);
      return;
    }
    entry->second.closed = at;
    entry->second.version = ++version_;
  }
  gather();
}

void Ledger::gather() {
  bool ending = false;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::resting) return;
    state_ = State::gathering;
    ending = ending_;
  }
  if (ending)
    flush();
  else
    hooks_.gather();
}

void Ledger::finish() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  flush();
}

void Ledger::flush() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::writing) return;
    if (waiting_.empty()) {
      state_ = State::resting;
      return;
    }
    state_ = State::writing;
  }
  start();
}

std::size_t Ledger::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void Ledger::start() {
  // One lane for all, so that the deeds follow each other.
  const bool accepted = database_.write(
      {}, [this](store::Store& store) { take_and_write(store); },
      [this](const Result<Done>& stored) { written(stored); });
  if (accepted) return;
  {
    const std::lock_guard lock(mutex_);
    state_ = State::gathering;
  }
  hooks_.retry();
}

/// May run again, after a failed batch: takes what waits then.
void Ledger::take_and_write(store::Store& store) {
  taken_.clear();
  {
    const std::lock_guard lock(mutex_);
    taken_ = one_by_one_ ? Entries{*waiting_.begin()} : waiting_;
  }
  for (const auto& [id, entry] : taken_) {
    if (entry.opened) store.connection_opened(*entry.opened);
    if (entry.closed) store.connection_closed(id, *entry.closed);
  }
}

void Ledger::written(const Result<Done>& stored) {
  enum class Next : std::uint8_t { rest, write, gather, retry } next = Next::rest;
  {
    const std::lock_guard lock(mutex_);
    const bool unavailable = !stored && stored.refusal().code == ErrorCode::unavailable;
    if (stored || (!unavailable && taken_.size() == 1)) {
      if (!stored) log_.error("connection_row_lost", {{"reason", stored.refusal().message}});
      for (const auto& [id, entry] : taken_) {
        const auto waiting = waiting_.find(id);
        if (waiting == waiting_.end()) continue;
        if (waiting->second.version == entry.version)
          waiting_.erase(waiting);
        else
          waiting->second.opened.reset();  // written; what came since is its end
      }
      if (stored && one_by_one_ && waiting_.empty()) one_by_one_ = false;
    } else if (!unavailable) {
      one_by_one_ = true;
    }
    if (unavailable)
      next = Next::retry;
    else if (waiting_.empty())
      next = Next::rest;
    else
      next = one_by_one_ || ending_ ? Next::write : Next::gather;
    state_ = next == Next::rest ? State::resting : next == Next::write ? State::writing : State::gathering;
  }
  switch (next) {
    case Next::rest: return;
    case Next::write: return start();
    case Next::gather: return hooks_.gather();
    case Next::retry: return hooks_.retry();
  }
}

}  // namespace rozmova::chat
