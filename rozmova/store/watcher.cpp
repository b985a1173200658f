#include "rozmova/store/watcher.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace rozmova::store {
namespace {

constexpr std::chrono::milliseconds reopen_pause{250};

}  // namespace

Watcher::Watcher(StoreFactory& factory, std::chrono::milliseconds interval, Hooks hooks, Log log)
    : factory_(factory),
      interval_(interval),
      hooks_(std::move(hooks)),
      log_(std::move(log)),
      ending_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (ending_ < 0) throw StoreError(StoreError::Kind::lost, "no eventfd for the store's watcher");
  // The first time on this thread, so that a server that starts afterwards knows from its first turn on.
  try_look();
  thread_ = std::thread([this] { run(); });
}

Watcher::~Watcher() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(ending_, &one, sizeof one);
  thread_.join();
  ::close(ending_);
}

void Watcher::run() {
  std::unique_lock lock(mutex_);
  while (!end_) {
    lock.unlock();
    const bool more = try_look();
    lock.lock();
    if (more) continue;
    lock.unlock();
    rest();
    lock.lock();
  }
}

void Watcher::rest() {
  if (hear()) return;  // with the answer to something else
  std::array<pollfd, 2> sources{pollfd{ending_, POLLIN, 0}, pollfd{news_, POLLIN, 0}};  // -1 is passed over
  const auto pause = store_ == nullptr ? std::min(interval_, reopen_pause) : interval_;
  if (::poll(sources.data(), sources.size(), static_cast<int>(pause.count())) > 0) hear();
}

bool Watcher::hear() {
  if (store_ == nullptr) return false;
  try {
    const NewsHeard heard = store_->hear_news();
    if (heard.outbox && hooks_.outbox) hooks_.outbox();
    return heard.access || heard.outbox;
  } catch (const StoreError& error) {
    fail(error);
    return false;
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
  if (store_ == nullptr) {
    store_ = factory_.open_reader();
    news_ = store_->listen_for_news();  // before the first look: nothing is missed in between
  }
  const std::int64_t version = store_->changes_of_others();
  if (version == version_ && !first_) return false;
  // Nobody has heard anything yet, so what happened before the first look withdraws nothing.
  AccessNews news =
      first_ ? store_->access_news_so_far() : store_->access_news(seen_up_to_, rows_per_look_max);
  news.first = first_;
  if (news.first || !news.empty()) hooks_.tell(*store_, news);
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
  news_ = -1;
  store_.reset();
  seen_up_to_ = std::max<std::int64_t>(0, seen_up_to_ - rows_read_again);
  version_ = -1;  // each connection counts for itself
}

}  // namespace rozmova::store
