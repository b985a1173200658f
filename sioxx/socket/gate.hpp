#pragma once

#include "sioxx/engine/session.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace sioxx::socket {

class Room;

/// What a room has sent while one member's entry is held (Socket::join_held): waits here until a snapshot
/// tells how much of it the member has seen. Bounded; the oldest goes first, and release says so. Owned by
/// its Socket.
class Gate {
 public:
  explicit Gate(const Room& room) : room_(&room) {}
  const Room& room() const { return *room_; }

  void push(engine::EncodedPtr message, engine::Delivery delivery, std::size_t messages_max,
            std::size_t bytes_max);

  /// Whether everything after `after` is still here. False: forgets what it lost, because the next snapshot,
  /// taken from now on, will have it.
  bool complete(std::uint64_t after);

  struct Held {
    engine::EncodedPtr message;
    engine::Delivery delivery;
  };
  const std::deque<Held>& messages() const { return messages_; }

 private:
  const Room* room_;
  std::deque<Held> messages_;
  std::size_t bytes_ = 0;
  std::uint64_t lost_order_ = 0;  ///< the highest order() among the lost
  bool lost_without_order_ = false;
};

}  // namespace sioxx::socket
