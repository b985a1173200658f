#pragma once

#include "sioxx/cluster/message.hpp"
#include "sioxx/cluster/questions.hpp"
#include "sioxx/engine/process_id.hpp"
#include "sioxx/socket/local.hpp"

#include <cstddef>
#include <vector>

namespace sioxx::cluster {

class Shards;

/// One shard as the others see it: does what their messages say, and waits for the answers to its own. Owned by
/// Shards; that shard's thread.
class Node {
 public:
  Node(Shards& shards, socket::Local& local) : shards_(shards), local_(local), questions_(local.timers()) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// The one place that knows what a message does. `from`: the process it came from, if it was another one.
  void handle(const Message& message, engine::ProcessId from = {});
  Questions& questions() { return questions_; }

  /// The other processes, as the bus has told. Unreachable: it is there, but nothing comes through just now.
  struct Process {
    engine::ProcessId id;
    std::size_t shards = 0;
    bool reachable = true;
  };
  const std::vector<Process>& processes() const { return processes_; }
  void process_came(const Process& process);
  void process_gone(engine::ProcessId id);
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
  void on(const Sockets& answer) { questions_.sockets(answer.question.id, from_, answer.sockets); }
  void on(const ServerSideAnswer& answer) { questions_.node_answer(answer.question.id, from_, answer.args); }
  void on(const Clients& answer) { questions_.clients(answer.question.id, from_, answer.asked); }
  void on(const ClientAck& answer) { questions_.client_answer(answer.question.id, from_, answer.answer); }
  void on(const Silent& answer) { questions_.silent(answer.question.id, from_, answer.shards, answer.lost); }

  template <class F>
  void each_socket(std::string_view nsp, const BroadcastOptions& target, F&& what);

  Shards& shards_;
  socket::Local& local_;
  Questions questions_;
  std::vector<Process> processes_;
  engine::ProcessId from_;  ///< of the message that is being handled
};

}  // namespace sioxx::cluster
