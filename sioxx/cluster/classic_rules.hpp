#pragma once

#include "sioxx/socket/adapter.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sioxx::cluster {

/// What others on the Redis may do to us. Payloads there are plain and unsigned: whoever can publish speaks as a server.
struct ClassicRules {
  enum Operation : unsigned {
    emit = 1,
    join = 2,
    leave = 4,
    disconnect = 8,
    fetch = 16,  ///< who is there: ids, rooms, data, handshakes
    ask = 32,    ///< an emit that wants acks
    server_side = 64,
    everything = 127
  };
  std::string prefix = "socket.io";
  std::vector<std::string> namespaces{"/"};
  std::vector<std::string> rooms{"*"};   ///< with stars; what is addressed to everybody needs a "*"
  std::vector<std::string> events{"*"};  ///< likewise, of emits, asks and server-side events
  /// Server-side events that are ours alone: neither heard from there nor told there.
  std::vector<std::string> own_events{};
  unsigned operations = everything;

  /// The bit of an operation's name ("emit", "join", …); 0: there is no such one.
  static unsigned operation(std::string_view name);
  bool is_own(std::string_view event) const;
  bool may(Operation operation, const BroadcastOptions& target, const std::vector<std::string>& rooms = {},
           std::string_view event = {}) const;
};

}  // namespace sioxx::cluster
