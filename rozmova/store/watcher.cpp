#include "rozmova/store/watcher.hpp"

#include <algorithm>
#include <utility>

namespace rozmova::store {

Watcher::Watcher(StoreFactory& factory, std::chrono::milliseconds interval, Tell tell, Log log)
    : factory_(factory), interval_(interval), tell_(std::move(tell)), log_(std::move(log)) {
  // The first time on this thread, so that a server that starts afterwards knows from its first turn on.
  try_look();
  thread_ = std::thread([this] { run(); });
}

Watcher::~Watcher() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ending_.notify_one();
  thread_.join();
}

void Watcher::run() {
  std::unique_lock lock(mutex_);
  while (!end_) {
    lock.unlock();
    const bool more = try_look();
    lock.lock();
    if (!more) ending_.wait_for(lock, interval_, [this] { return end_; });
  }
}

bool Watcher::try_look() {
  try {
    const bool more = look();
    failing_ = false;
    return more;
  } catch (const StoreError& error) {
    fail(error);
    return false;
  }
}

bool Watcher::look() {
  if (store_ == nullptr) store_ = factory_.open_reader();
  const std::int64_t version = store_->changes_of_others();
  if (version == version_ && !first_) return false;
  // Nobody has heard anything yet, so what happened before the first look withdraws nothing.
  AccessNews news =
      first_ ? store_->access_news_so_far() : store_->access_news(seen_up_to_, rows_per_look_max);
  news.first = first_;
  if (news.first || !news.empty()) tell_(*store_, news);
  first_ = false;
  seen_up_to_ = news.up_to;
  if (!news.has_more) version_ = version;
  return news.has_more;
}

/// Said once, not four times a second.
void Watcher::fail(const StoreError& error) {
  if (!failing_ && log_) log_(error.what());
  failing_ = true;
  if (error.kind() != StoreError::Kind::lost) return;
  store_.reset();
  seen_up_to_ = std::max<std::int64_t>(0, seen_up_to_ - rows_read_again);
  version_ = -1;  // each connection counts for itself
}

}  // namespace rozmova::store
