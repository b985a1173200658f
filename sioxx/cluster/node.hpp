#pragma once

#include "sioxx/cluster/message.hpp"
#include "sioxx/cluster/questions.hpp"
#include "sioxx/socket/local.hpp"

namespace sioxx::cluster {

class Shards;

/// One shard as the others see it: does what their messages say, and waits for the answers to its own. Owned by
/// Shards; that shard's thread.
class Node {
 public:
  Node(Shards& shards, socket::Local& local) : shards_(shards), local_(local), questions_(local.timers()) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// The one place that knows what a message does.
  void handle(const Message& message);
  Questions& questions() { return questions_; }
  socket::Local& local() { return local_; }

 private:
  void on(const Broadcast& message);
  void on(const Join& message);
  void on(const Leave& message);
  void on(const Disconnect& message);
  void on(const Fetch& message);
  void on(const ServerSide& message);
  void on(const Ask& message);
  void on(const Claim& message);
  void on(const Moved& message) { local_.recoveries().moved(message.pid, message.shard); }
  void on(const Claimed& answer) { questions_.session(answer.question.id, answer.session); }
  void on(const Sockets& answer) { questions_.sockets(answer.question.id, answer.sockets); }
  void on(const ServerSideAnswer& answer) { questions_.node_answer(answer.question.id, answer.args); }
  void on(const Clients& answer) { questions_.clients(answer.question.id, answer.asked); }
  void on(const ClientAck& answer) { questions_.client_answer(answer.question.id, answer.answer); }

  template <class F>
  void each_socket(std::string_view nsp, const BroadcastOptions& target, F&& what);

  Shards& shards_;
  socket::Local& local_;
  Questions questions_;
};

}  // namespace sioxx::cluster
