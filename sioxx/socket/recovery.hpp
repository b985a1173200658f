#pragma once

#include "sioxx/engine/encoded.hpp"
#include "sioxx/engine/id.hpp"
#include "sioxx/loop/timers.hpp"
#include "sioxx/socket/adapter.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sioxx {
class Socket;
}

namespace sioxx::socket {

class Local;
struct Limits;

/// What one session has been sent and may have missed (Connection state recovery, socketio-wire §3.7): the last
/// events, each with its offset. Part of its Socket, where recovery is on; that shard's thread.
struct Recovery {
  struct Kept {
    engine::EncodedPtr message;
    loop::TimeMs at;
  };
  engine::Id pid;
  std::string identity;  ///< whose it is: what Namespace::recover_as() said when it connected
  boost::json::value data;
  std::deque<Kept> kept;
  std::size_t bytes = 0;
  std::uint64_t base = 0;    ///< the offset just before the first one kept; 0: the session's start
  std::uint64_t pushed = 0;  ///< ever
  std::optional<std::uint64_t> handed_at;  ///< of `pushed`, when it was promised to another shard
  loop::TimeMs until = 0;                  ///< of a parked one
  bool collects = false;                   ///< the socket sends nothing, but must not miss anything

  /// Within Limits::recovery_packets_max, recovery_bytes_max and the window; the oldest go.
  void keep(engine::EncodedPtr message, loop::TimeMs now, const Limits& limits);
  /// Lets go of what is beyond these.
  void trim(loop::TimeMs now, const Limits& limits);
  /// What came after this offset; no offset: since the session's start. Nothing: it is not known (any more).
  std::optional<std::vector<engine::EncodedPtr>> after(std::optional<std::uint64_t> offset) const;
};

/// The sessions of one shard that can be recovered: those that are connected, those that wait for their client, and
/// where those went that began here (a pid names its first shard for ever). Owned by Local; that shard's thread.
///
///   connected -> parked (the connection broke) -> recovered, here or on another shard, or forgotten in time
class Recoveries final : private loop::Timer {
 public:
  explicit Recoveries(Local& local) : local_(local) {}
  Recoveries(const Recoveries&) = delete;
  Recoveries& operator=(const Recoveries&) = delete;
  ~Recoveries();

  /// The middleware has let it pass: recovers what its CONNECT names, if it may, then connects it.
  void admit(const std::shared_ptr<Socket>& socket);
  /// The socket has gone: it waits for its client, or is forgotten.
  void park(const std::shared_ptr<Socket>& socket);
  void forget(Socket& socket);

  // ---- for the other shards
  /// Somebody says that he is this session. Empty: he is not, or there is none.
  std::optional<Recovered> claim(const SessionClaim& claim);
  /// Where a session that began here went; its own shard is not kept.
  std::optional<unsigned> whereabouts(std::string_view pid) const;
  void moved(std::string_view pid, std::optional<unsigned> shard);

  std::size_t parked() const { return parked_.size(); }

 private:
  void begin(Socket& socket);
  void recover(const std::shared_ptr<Socket>& socket, Recovered session);
  void complete(const std::shared_ptr<Socket>& socket, const engine::Id& pid,
                std::vector<engine::EncodedPtr> missed);
  /// The last word to the shard that had the session.
  void tell(unsigned holder, std::string_view pid, SessionClaim::Step step);
  std::optional<Recovered> go_on(Socket& socket, SessionClaim::Step step);
  static std::shared_ptr<Socket> still_there(const std::weak_ptr<Socket>& waiting);
  void give_up(const std::shared_ptr<Socket>& socket, const std::vector<std::string>& fresh);
  void release(Socket& socket);
  void on_timer(loop::TimeMs now) override;
  void arm();
  void know(Socket& socket);
  void sweep(loop::TimeMs now);
  void arm_sweep();

  /// Sessions to whom nothing is sent any more keep what they were sent last, until somebody looks at the clock: a
  /// part of them at a time, all of them once a window.
  struct Sweep final : loop::Timer {
    explicit Sweep(Recoveries& its_owner) : owner(its_owner) {}
    void on_timer(loop::TimeMs now) override { owner.sweep(now); }
    Recoveries& owner;
    std::size_t at = 0;  ///< the bucket of `known_` that is next
  };

  Local& local_;
  Sweep sweep_{*this};
  std::unordered_map<engine::Id, Socket*> known_;
  std::unordered_map<engine::Id, unsigned> moved_;
  std::deque<std::shared_ptr<Socket>> parked_;  ///< in the order of their time; some have gone since
};

/// An offset as clients see it, and back; nothing for what is none of ours.
std::string offset_text(std::uint64_t offset);
std::optional<std::uint64_t> offset_number(std::string_view text);

}  // namespace sioxx::socket
