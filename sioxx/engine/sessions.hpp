#pragma once

#include "sioxx/engine/flat_table.hpp"
#include "sioxx/engine/session.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sioxx::engine {

/// What one shard's sessions have done. Plain integers: written by the shard's thread, read by asking the
/// shard.
struct Counters {
  std::uint64_t opened = 0, closed = 0, upgrades = 0;
  std::uint64_t on_websocket = 0;  ///< sessions whose link is a WebSocket now
  std::uint64_t messages_in = 0, messages_out = 0, bytes_in = 0, bytes_out = 0;
  std::uint64_t slow_consumers = 0, ephemeral_dropped = 0, parse_errors = 0;
};

/// The sessions of one shard: the one way to open them and the one place where they end. Owned by the Server,
/// one per shard, used by that shard's thread.
class Sessions {
 public:
  using HandlerFactory = std::function<std::unique_ptr<SessionHandler>(Session&)>;
  /// Fills `n` random bytes (the Server gives the operating system's source; tests a fixed one).
  using Random = std::function<void(unsigned char* out, std::size_t n)>;
  using Clock = std::function<loop::TimeMs()>;  ///< the shard's now(): reads no clock by itself

  static constexpr unsigned shards_max = 64;

  Sessions(unsigned shard, const Settings& settings, loop::Timers& timers, Clock now, Random random,
           HandlerFactory make_handler);
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;
  ~Sessions();

  /// A handshake by polling: the open packet waits for `poll`, which is answered at once. `place` (null where
  /// nobody counts) is given back when the session stops polling.
  std::shared_ptr<Session> open_polling(Handshake handshake, std::unique_ptr<Poll> poll,
                                        std::unique_ptr<PollingPlace> place = nullptr);
  /// A handshake by WebSocket: the open packet is written to it.
  std::shared_ptr<Session> open_websocket(Handshake handshake, Transport& websocket);

  /// Null when there is none (any more).
  std::shared_ptr<Session> find(std::string_view sid) const;
  std::size_t size() const { return sessions_.size(); }
  /// Sessions may end, open and close others meanwhile.
  void close_all(CloseReason reason);
  void for_each(const std::function<void(Session&)>& visit);

  const Settings& settings() const { return settings_; }
  const Counters& counters() const { return counters_; }
  unsigned shard() const { return shard_; }
  loop::Timers& timers() { return timers_; }
  loop::TimeMs now() const { return now_(); }

  /// The shard that a sid names, or nothing if it is not of our making.
  static std::optional<unsigned> home_of(std::string_view sid);
  /// A fresh id of our shape; `shard` < 64. Also used for socket ids.
  Sid mint();

  /// Keeps something alive until nobody on the stack can still hold it (freed from the timers, later in this
  /// turn).
  void bury(std::shared_ptr<const void> dead);

 private:
  friend class Session;
  /// What is left to do once everybody on the stack has returned: answer GETs with all that the turn has
  /// queued, close slow consumers, free the dead. One timer that is due at once.
  class Chores final : private loop::Timer {
   public:
    explicit Chores(Sessions& home) : home_(home) {}
    void answer_later(Session& session);
    void close_later(Session& session);
    void bury(std::shared_ptr<const void> dead);

   private:
    void on_timer(loop::TimeMs now) override;
    void wake();
    Sessions& home_;
    std::vector<std::shared_ptr<Session>> answers_, closes_;
    std::vector<std::shared_ptr<const void>> graves_;
  };

  void forget(Session& session);
  std::shared_ptr<Session> make(Handshake handshake);
  std::string open_packet(const Session& session, bool upgradable) const;

  /// Sessions are found by the sid that they hold themselves, so the table keeps no second copy of it.
  struct BySid {
    static std::size_t hash(std::string_view sid) { return IdHash{}(sid); }
    static std::size_t hash_of(const std::shared_ptr<Session>& session) { return hash(session->sid()); }
    static bool same(const std::shared_ptr<Session>& session, std::string_view sid) {
      return session->sid() == sid;
    }
  };

  const unsigned shard_;
  const Settings& settings_;
  loop::Timers& timers_;
  Clock now_;
  Random random_;
  HandlerFactory make_handler_;
  Counters counters_;
  static constexpr std::size_t random_bytes_a_refill = 960;
  std::array<unsigned char, random_bytes_a_refill> pool_{};
  std::size_t pool_at_ = random_bytes_a_refill;
  Chores chores_{*this};
  FlatTable<std::shared_ptr<Session>, BySid> sessions_;
};

}  // namespace sioxx::engine
