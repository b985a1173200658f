#include "rozmova/store/caretaker.hpp"

namespace rozmova::store {
namespace {

/// The longer the log, the oftener one folded page stands for many writes of it; the shorter, the less there
/// is to read again after a crash. 16 384 pages are 64 MB, read in a tenth of a second.
constexpr std::size_t long_log_pages = 16'384;
constexpr std::size_t short_rest_pages =
    256;  ///< what a lane folds itself: under a millisecond and one flush
constexpr int rounds_max = 4;

}  // namespace

Caretaker::Caretaker(StoreFactory& factory, const Log& log) : factory_(factory), log_(log) {
  thread_ = std::thread([this] { run(); });
}

Caretaker::~Caretaker() {
  {
    const std::lock_guard lock(mutex_);
    state_ = State::ending;
  }
  changed_.notify_one();
  thread_.join();
}

void Caretaker::tend(Store& store) {
  const std::size_t pages = store.log_pages();
  if (pages < long_log_pages) return;
  bool ask = false;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::asked || state_ == State::ending) return;
    const bool rest_is_short = pages < folded_pages_ + short_rest_pages;
    ask = state_ == State::idle || (!rest_is_short && rounds_ < rounds_max);
    rounds_ = state_ == State::idle ? 1 : rounds_ + 1;
    state_ = ask ? State::asked : State::idle;
  }
  if (ask) {
    changed_.notify_one();
    return;
  }
  try {
    store.fold_log();
  } catch (const StoreError& error) {
    if (log_) log_(error.what());  // what is committed stays in the log; it is only long
  }
}

void Caretaker::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return state_ == State::asked || state_ == State::ending; });
    if (state_ == State::ending) return;
    lock.unlock();
    std::size_t folded = 0;
    try {
      if (!store_) store_ = factory_.open_writer();
      folded = store_->fold_log();
      store_->rest();
    } catch (const StoreError& error) {
      if (log_) log_(error.what());
      store_.reset();
    }
    lock.lock();
    if (state_ == State::ending) return;
    folded_pages_ = folded;
    state_ = State::folded;
  }
}

}  // namespace rozmova::store
