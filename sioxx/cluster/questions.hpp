#pragma once

#include "sioxx/engine/process_id.hpp"
#include "sioxx/loop/timers.hpp"
#include "sioxx/socket/adapter.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace sioxx::cluster {

/// What one shard has asked others and not been told yet. Each question ends once: when every node of every process has
/// answered, and every client that a node said it asked, or the process went away; or when the time is up. Answers of
/// whom nobody asked are ignored. Owned by a Node; that shard's thread.
class Questions {
 public:
  /// Past that a question is answered at once, by nobody.
  static constexpr std::size_t waiting_max = 10'000;

  using Process = engine::ProcessId;
  struct Gathered {
    std::vector<Answer> answers;
    std::vector<RemoteSocket> sockets;
    std::optional<Recovered> session;
    std::size_t missing = 0;  ///< nodes and clients that did not answer
  };
  using Done = std::function<void(Gathered)>;
  /// How many nodes of a process are asked; this process is "nobody".
  struct Asked {
    engine::ProcessId process;
    std::size_t nodes = 0;
  };

  explicit Questions(loop::Timers& timers);
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;
  ~Questions();

  /// The id to ask under; nothing when too many wait. `done` is called from one of the calls below, or by the clock.
  std::optional<std::uint64_t> open(const std::vector<Asked>& asked, loop::TimeMs deadline, Done done);

  // ---- what comes back, and from which process; an id that nobody waits for is ignored
  void sockets(std::uint64_t id, Process from, const std::vector<RemoteSocket>& sockets);
  void node_answer(std::uint64_t id, Process from, const std::optional<boost::json::array>& args);
  void session(std::uint64_t id, const std::optional<Recovered>& session);
  void clients(std::uint64_t id, Process from, std::size_t asked);
  void client_answer(std::uint64_t id, Process from, const std::optional<Answer>& answer);
  /// So many nodes could not be reached, or will not answer; not lost: they have nothing to say.
  void silent(std::uint64_t id, Process from, std::size_t nodes, bool lost);
  /// A process is not there any more: what it owes is missing.
  void gone(Process process);

  std::size_t size() const { return open_.size(); }
  /// The shards have stopped: nobody is called any more.
  void drop();

 private:
  struct Open;
  struct Part;
  Open* find(std::uint64_t id);
  /// What that process owes this question; `nodes` of it have said their part now. Null: nobody waits for it.
  Part* heard_of(Open* open, Process from, std::size_t nodes);
  void heard(Open& open);
  void finish(std::uint64_t id);

  loop::Timers& timers_;
  std::uint64_t next_ = 1;
  std::unordered_map<std::uint64_t, std::unique_ptr<Open>> open_;
};

}  // namespace sioxx::cluster
