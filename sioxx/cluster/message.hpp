#pragma once

#include "sioxx/engine/encoded.hpp"
#include "sioxx/engine/process_id.hpp"
#include "sioxx/socket/adapter.hpp"

#include <boost/json/array.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sioxx::cluster {

// What nodes say to each other: values, the same between two shards of one process and between two processes (a
// shard is a node with a faster wire). They follow the messages of the field's cluster adapters (socketio-wire
// §3.3; its type numbers stand beside them), so that a Bus can carry them as they are. A message never changes once
// it was sent; Node::handle() is the one place that knows what each of them does.

/// Whose question, and which of his: an answer goes to that shard of that process, where Questions waits for it.
struct Question {
  engine::ProcessId process{};  ///< nobody: this one, where there are no others
  unsigned shard = 0;
  std::uint64_t id = 0;
};

struct Broadcast {  ///< 3
  std::string nsp;
  BroadcastOptions target;
  engine::EncodedPtr message;
};
struct Join {  ///< 4
  std::string nsp;
  BroadcastOptions target;
  std::vector<std::string> rooms;
};
struct Leave {  ///< 5
  std::string nsp;
  BroadcastOptions target;
  std::vector<std::string> rooms;
};
struct Disconnect {  ///< 6
  std::string nsp;
  BroadcastOptions target;
  bool close = false;
};

struct Fetch {  ///< 7; answered by one Sockets
  std::string nsp;
  BroadcastOptions target;
  Question question;
};
struct Sockets {  ///< 8
  Question question;
  std::vector<RemoteSocket> sockets;
};

struct ServerSide {  ///< 9; answered by one ServerSideAnswer when there is a question
  std::string nsp;
  BroadcastOptions target;  ///< rooms: for shards that have members there, and for no others
  std::string event;
  boost::json::array args;
  std::optional<Question> question;
};
struct ServerSideAnswer {  ///< 10
  Question question;
  std::optional<boost::json::array> args;
};

/// 3 with a request: answered by one Clients, even when it says 0, and by one ClientAck for each of them, before or
/// after it.
struct Ask {
  std::string nsp;
  BroadcastOptions target;
  engine::EncodedPtr event;
  std::int64_t timeout_ms = 0;
  Question question;
};
struct Clients {  ///< 11
  Question question;
  std::size_t asked = 0;
};
struct ClientAck {  ///< 12; empty: that client will not answer any more
  Question question;
  std::optional<Answer> answer;
};

/// Beyond the field's messages: so many shards of a process will not answer, because nobody there is meant, or because
/// they could not be reached.
struct Silent {
  Question question;
  std::size_t shards = 0;
  bool lost = false;
};

/// Likewise, between shards of one process: who has the session of this client? Answered by one
/// Claimed, perhaps of a shard further on.
struct Claim {
  SessionClaim claim;
  Question question;
};
struct Claimed {
  Question question;
  std::optional<Recovered> session;
};
struct Moved {
  std::string pid;
  std::optional<unsigned> shard;
};

using Message = std::variant<Broadcast, Join, Leave, Disconnect, Fetch, Sockets, ServerSide, ServerSideAnswer,
                             Ask, Clients, ClientAck, Silent, Claim, Claimed, Moved>;

}  // namespace sioxx::cluster
