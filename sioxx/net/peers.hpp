#pragma once

#include "sioxx/engine/id.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace sioxx {

/// Another process that serves with this one: its tag, and where it listens for us (an address in numbers; plain HTTP).
struct Peer {
  engine::NodeTag tag;
  std::string address;
  std::uint16_t port = 0;
};

}  // namespace sioxx

namespace sioxx::net {

/// The other processes as they are known at one moment. Never changes; shards are given another one (Connections).
class Peers {
 public:
  Peers() = default;
  explicit Peers(const std::vector<Peer>& peers) {
    for (const Peer& peer : peers) by_tag_.emplace(peer.tag.view(), peer);
  }
  /// Null when nobody of that name is known.
  const Peer* find(const engine::NodeTag& tag) const {
    const auto found = by_tag_.find(std::string(tag.view()));
    return found == by_tag_.end() ? nullptr : &found->second;
  }

 private:
  std::unordered_map<std::string, Peer> by_tag_;
};

}  // namespace sioxx::net
