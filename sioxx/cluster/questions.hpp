#pragma once

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

/// What one shard has asked others and not been told yet. Each question ends once: when every node has answered, and
/// every client that a node said it asked; or when the time is up. Owned by a Node; that shard's thread.
class Questions {
 public:
  /// Past that a question is answered at once, by nobody.
  static constexpr std::size_t waiting_max = 10'000;

  struct Gathered {
    std::vector<Answer> answers;
    std::vector<RemoteSocket> sockets;
    std::optional<Recovered> session;
    std::size_t missing = 0;  ///< nodes and clients that did not answer
  };
  using Done = std::function<void(Gathered)>;

  explicit Questions(loop::Timers& timers);
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;
  ~Questions();

  /// The id to ask under; nothing when too many wait. `done` is called from one of the calls below, or by the clock.
  std::optional<std::uint64_t> open(std::size_t nodes, loop::TimeMs deadline, Done done);

  // ---- what comes back; an id that nobody waits for is ignored
  void sockets(std::uint64_t id, const std::vector<RemoteSocket>& sockets);
  void node_answer(std::uint64_t id, const std::optional<boost::json::array>& args);
  void session(std::uint64_t id, const std::optional<Recovered>& session);
  void clients(std::uint64_t id, std::size_t asked);
  void client_answer(std::uint64_t id, const std::optional<Answer>& answer);
  /// One node could not be reached, or will not answer.
  void lost(std::uint64_t id);

  std::size_t size() const { return open_.size(); }
  /// The shards have stopped: nobody is called any more.
  void drop();

 private:
  struct Open;
  Open* find(std::uint64_t id);
  void heard(Open& open);
  void finish(std::uint64_t id);

  loop::Timers& timers_;
  std::uint64_t next_ = 1;
  std::unordered_map<std::uint64_t, std::unique_ptr<Open>> open_;
};

}  // namespace sioxx::cluster
