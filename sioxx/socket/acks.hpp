#pragma once

#include "sioxx/loop/timers.hpp"

#include <boost/json/array.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sioxx {

/// What a client answered to an event of ours; nothing when it did not in time or went away.
struct Answer {
  boost::json::array args;
  std::vector<std::string> attachments;
};
using OnAnswer = std::function<void(std::optional<Answer>)>;

class Socket;

namespace socket {

/// Answers that one socket still owes us. Each callback is called exactly once. Owned by its Socket, only
/// while there are any; that shard's thread.
class Acks final : private loop::Timer {
 public:
  /// Past that an emit is answered with nothing at once.
  static constexpr std::size_t waiting_max = 1'000;

  Acks(loop::Timers& timers, Socket& owner) : timers_(timers), owner_(owner) {}
  Acks(const Acks&) = delete;
  Acks& operator=(const Acks&) = delete;

  /// An answer with this id, which nobody else waits for. False: too many wait; `on_answer` is not kept.
  bool expect(std::uint64_t id, loop::TimeMs deadline, const OnAnswer& on_answer);
  /// An id that nobody waits for is ignored (reference).
  void answered(std::uint64_t id, Answer answer);
  /// The socket has gone.
  void give_up();
  bool empty() const { return waiting_.empty(); }

 private:
  struct Waiting {
    std::uint64_t id;
    loop::TimeMs deadline;
    OnAnswer on_answer;
  };
  void on_timer(loop::TimeMs now) override;
  void arm();

  loop::Timers& timers_;
  Socket& owner_;
  std::vector<Waiting> waiting_;
};

}  // namespace socket
}  // namespace sioxx
