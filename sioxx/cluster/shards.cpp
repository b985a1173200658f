#include "sioxx/cluster/shards.hpp"

#include "sioxx/engine/sessions.hpp"

#include <bit>
#include <memory>
#include <string>
#include <utility>

namespace sioxx::cluster {
namespace {

/// What all letters of one broadcast share; never changes once posted.
struct Broadcast {
  std::string nsp;
  engine::EncodedPtr message;
  BroadcastOptions options;

  void deliver(socket::Local& local) const {
    if (socket::LocalNamespace* const space = local.find(nsp)) space->deliver(message, options);
  }
};

}  // namespace

class Shards::Delivery final : public loop::Letter {
 public:
  Delivery(std::shared_ptr<const Broadcast> broadcast, socket::Local& local)
      : broadcast_(std::move(broadcast)), local_(local) {}
  void open() override { broadcast_->deliver(local_); }

 private:
  std::shared_ptr<const Broadcast> broadcast_;
  socket::Local& local_;
};

Directory::Mask Shards::targets(std::string_view nsp, const BroadcastOptions& options) const {
  const auto count = static_cast<unsigned>(shards_.size());
  const Directory::Mask all = count == 64 ? ~Directory::Mask{0} : (Directory::Mask{1} << count) - 1;
  if (count == 1 || options.rooms.empty()) return all;
  Directory::Mask mask = 0;
  for (const std::string& room : options.rooms) {
    mask |= directory_.find(nsp, room);
    // A socket's id is a room of its own that nobody had to join; it names its shard.
    if (const auto shard = engine::Sessions::home_of(room)) mask |= Directory::Mask{1} << *shard;
  }
  return mask & all;
}

void Shards::broadcast(std::string_view nsp, engine::EncodedPtr message, BroadcastOptions options) {
  Directory::Mask mask = targets(nsp, options);
  if (mask == 0) return;
  socket::Local* const here = socket::Local::here();
  if (here != nullptr && here->shard() < locals_.size() && locals_[here->shard()] == here) {
    const Directory::Mask own = Directory::Mask{1} << here->shard();
    if ((mask & own) != 0) {
      if (socket::LocalNamespace* const space = here->find(nsp)) space->deliver(message, options);
    }
    mask &= ~own;
    if (mask == 0) return;
  }
  const auto broadcast =
      std::make_shared<const Broadcast>(Broadcast{std::string(nsp), std::move(message), std::move(options)});
  for (; mask != 0; mask &= mask - 1) {
    const auto shard = static_cast<std::size_t>(std::countr_zero(mask));
    if (!shards_[shard]->post(std::make_unique<Delivery>(broadcast, *locals_[shard]))) missed(nsp);
  }
}

void Shards::missed(std::string_view nsp) const {
  if (!log_) return;
  LogLine line;
  line.level = LogLine::Level::warning;
  line.event = "broadcast_lost";
  line.reason = "mailbox full or shard stopped";
  line.detail = nsp;
  log_(line);
}

void Shards::room_opened(unsigned shard, std::string_view nsp, std::string_view room) {
  if (shards_.size() > 1) directory_.set(shard, nsp, room);
}

void Shards::room_closed(unsigned shard, std::string_view nsp, std::string_view room) {
  if (shards_.size() > 1) directory_.clear(shard, nsp, room);
}

}  // namespace sioxx::cluster
