#pragma once

#include "sioxx/engine/encoded.hpp"
#include "sioxx/engine/session.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sioxx {

/// Who gets a broadcast: rooms empty = every socket of the namespace, else the union of the rooms; minus
/// every socket in any `except` room. Each socket at most once (socketio-wire, "Target rule").
struct BroadcastOptions {
  std::vector<std::string> rooms;
  std::vector<std::string> except;
  engine::Delivery delivery = engine::Delivery::durable;
  bool local = false;    ///< this process only
  bool compress = true;  ///< as Encoded::compress() of the message; for whoever encodes it once more
};

/// What a namespace of one shard needs from the rest of the house. Declared here by its user; implemented by
/// cluster::Shards. Every method may be called from any thread.
class Adapter {
 public:
  virtual ~Adapter() = default;
  /// Delivers to every shard (and node) that has members. From one thread to one room: in the order of the
  /// calls.
  virtual void broadcast(std::string_view nsp, engine::EncodedPtr message, BroadcastOptions options) = 0;
  /// This shard got its first / lost its last member of a room.
  virtual void room_opened(unsigned shard, std::string_view nsp, std::string_view room) = 0;
  virtual void room_closed(unsigned shard, std::string_view nsp, std::string_view room) = 0;
};

}  // namespace sioxx
