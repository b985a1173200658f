#pragma once

#include "sioxx/cluster/directory.hpp"
#include "sioxx/loop/shard.hpp"
#include "sioxx/socket/local.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace sioxx::cluster {

/// The Adapter of one process: tells the shards that have members, by mailbox. Owned by the Server. Any
/// thread.
///
/// Order. All that one thread broadcasts reaches each shard in the order of its calls: a shard's own thread
/// delivers to its own sockets at once and posts to the others; any other thread posts to all. Delivery calls
/// nobody back, so a broadcast cannot begin inside another one. Between two threads there is no order (a
/// chat's `seq` is made for that).
class Shards final : public Adapter {
 public:
  /// With a single shard there is no directory: every room is there or nowhere.
  Shards(std::vector<loop::Shard*> shards, const Log& log) : shards_(std::move(shards)), log_(log) {}

  /// Before the shards run: what lives on each.
  void settle(std::vector<socket::Local*> locals) { locals_ = std::move(locals); }

  void broadcast(std::string_view nsp, engine::EncodedPtr message, BroadcastOptions options) override;
  void room_opened(unsigned shard, std::string_view nsp, std::string_view room) override;
  void room_closed(unsigned shard, std::string_view nsp, std::string_view room) override;

  const Directory& directory() const { return directory_; }
  /// One bit per shard that may have members in the room. Any thread.
  Directory::Mask where(std::string_view nsp, std::string_view room) const {
    return shards_.size() == 1 ? 1 : directory_.find(nsp, room);
  }

 private:
  class Delivery;
  void missed(std::string_view nsp) const;
  Directory::Mask targets(std::string_view nsp, const BroadcastOptions& options) const;

  std::vector<loop::Shard*> shards_;
  std::vector<socket::Local*> locals_;
  const Log& log_;
  Directory directory_;
};

}  // namespace sioxx::cluster
