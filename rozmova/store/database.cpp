#include "rozmova/store/database.hpp"

#include "rozmova/store/lane.hpp"
#include "rozmova/store/readers.hpp"
#include "rozmova/store/watcher.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

namespace rozmova::store {

struct Database::Impl {
  Impl(StoreFactory& f, const DatabaseOptions& o, const Lane::Log& l)
      : factory(f), options(o), log(l), readers(f, o, later, l), caretaker(f, l) {
    for (unsigned i = 0; i < std::max(options.lanes, 1U); ++i) {
      lanes.push_back(std::make_unique<Lane>(factory, options, caretaker, later, log));
    }
  }

  /// The lowest bit of the hash is the kind of the chat: not to be used, or orders would share half of the
  /// lanes.
  Lane& lane_of(const ChatKey& chat) { return *lanes[(std::hash<ChatKey>{}(chat) >> 8U) % lanes.size()]; }

  StoreFactory& factory;
  const DatabaseOptions options;
  const Lane::Log log;
  Later later;
  Readers readers;
  Caretaker caretaker;
  std::vector<std::unique_ptr<Lane>> lanes;  ///< end first: what they tell may still ask for a read
  std::unique_ptr<Watcher> watcher;          ///< before them: what it tells may write

  std::mutex outbox_mutex;  ///< of the next; held while it is called
  std::function<void()> look_at_outbox;
};

Database::Database(StoreFactory& factory, DatabaseOptions options,
                   std::function<void(std::string_view)> log_error)
    : impl_(std::make_unique<Impl>(factory, options, log_error)) {}

Database::~Database() = default;

void Database::wake_later(Later later) { impl_->later = std::move(later); }

void Database::wake() {
  for (auto& lane : impl_->lanes) lane->wake();
  impl_->readers.wake();
}

bool Database::append(NewMessage message, AppendDone done) {
  Lane& lane = impl_->lane_of(message.chat);
  return lane.add(AppendDeed{std::move(message), std::move(done)});
}

bool Database::write(const ChatKey& chat, Work work, WorkDone done) {
  return impl_->lane_of(chat).add(WriteDeed{chat, std::move(work), std::move(done)});
}

bool Database::read(std::function<void(Store&)> work, std::function<void(const Refusal&)> failed) {
  return impl_->readers.add(std::move(work), std::move(failed));
}

void Database::watch(Tell tell) {
  impl_->watcher =
      std::make_unique<Watcher>(impl_->factory, std::chrono::milliseconds(impl_->options.watch_interval_ms),
                                Watcher::Hooks{.tell = std::move(tell),
                                               .outbox =
                                                   [impl = impl_.get()] {
                                                     const std::lock_guard lock(impl->outbox_mutex);
                                                     if (impl->look_at_outbox) impl->look_at_outbox();
                                                   }},
                                impl_->log);
}

void Database::on_outbox(std::function<void()> look) {
  const std::lock_guard lock(impl_->outbox_mutex);
  impl_->look_at_outbox = std::move(look);
}

void Database::unwatch() { impl_->watcher.reset(); }

void Database::drain() {
  unwatch();
  for (auto& lane : impl_->lanes) lane->drain();
  impl_->readers.drain();
}

DatabaseStats Database::stats() const {
  DatabaseStats all;
  for (const auto& lane : impl_->lanes) {
    const DatabaseStats one = lane->stats();
    all.batches += one.batches;
    all.deeds += one.deeds;
    all.refused_full += one.refused_full;
    all.failed += one.failed;
    all.commit_us_total += one.commit_us_total;
    all.commit_us_max = std::max(all.commit_us_max, one.commit_us_max);
    all.queue_deeds += one.queue_deeds;
  }
  return all;
}

}  // namespace rozmova::store
