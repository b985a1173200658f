#pragma once

#include "sioxx/socket/acks.hpp"
#include "sioxx/socket/event_queue.hpp"
#include "sioxx/socket/gate.hpp"
#include "sioxx/socket/recovery.hpp"
#include "sioxx/socket/socket.hpp"

#include <memory>
#include <vector>

namespace sioxx {

/// What few sockets have, and only for a while. Owned by its Socket; there while anything is in it.
struct Socket::Rare {
  std::vector<std::unique_ptr<socket::Gate>> gates;
  std::unique_ptr<socket::Acks> acks;
  std::unique_ptr<socket::EventQueue> events;
  std::unique_ptr<socket::Recovery> recovery;
  std::unique_ptr<boost::json::object> auth;  ///< until the connection handlers have run

  bool empty() const {
    return gates.empty() && acks == nullptr && events == nullptr && recovery == nullptr && auth == nullptr;
  }
};

}  // namespace sioxx
