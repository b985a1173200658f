#pragma once

#include "rozmova/model.hpp"
#include "sioxx/server.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

namespace rozmova::chat {

/// Who is online. A user is online from his first connection until the grace after his last one has passed,
/// so a page that reloads shows nothing. Also counts connections, because a user has a limit. Lives on the
/// user's home shard.
///
///   state     | come           | go                         | grace over
///   ----------+----------------+----------------------------+---------------------
///   (unknown) | online, told   | -                          | -
///   online    | online         | online, or lingering if it | -
///             |                | was the last               |
///   lingering | online         | -                          | (unknown), told
class Presence {
 public:
  /// A user has become online or offline; on the thread of the owner.
  using Changed = std::function<void(const Uuid& user, bool online, WallMs last_seen_at)>;

  Presence(sioxx::loop::Timers& timers, std::int64_t grace_ms, Changed changed);
  ~Presence();

  /// Keeps a seat for a connection that is being accepted; false when the user has `seats_max` already.
  bool reserve(const Uuid& user, std::size_t seats_max);
  /// The connection did not come about after all.
  void release(const Uuid& user);
  /// The reserved connection is there.
  void come(const Uuid& user, WallMs wall);
  /// A connection has ended; gives its seat back.
  void go(const Uuid& user, sioxx::loop::TimeMs now, WallMs wall);

  bool online(const Uuid& user) const;
  /// Connections of his, those that are being accepted included.
  std::size_t seats(const Uuid& user) const;
  std::size_t size() const { return people_.size(); }

 private:
  /// Lives in the map itself and is never moved: one allocation a user.
  struct Person final : sioxx::loop::Timer {
    enum class State : std::uint8_t { absent, online, lingering };

    explicit Person(Presence& h) : home(h) {}
    void on_timer(sioxx::loop::TimeMs) override { home.grace_over(*this); }

    Presence& home;
    const Uuid* user = nullptr;  ///< its key in the map
    WallMs last_seen_at = 0;
    std::uint32_t seats = 0;    ///< connections, those that are being accepted included
    std::uint32_t devices = 0;  ///< connections that are there
    State state = State::absent;
  };
  using People = std::unordered_map<Uuid, Person>;

  void grace_over(Person& person);
  void forget_if_gone(People::iterator entry);

  sioxx::loop::Timers& timers_;
  std::int64_t grace_ms_;
  Changed changed_;
  People people_;
};

}  // namespace rozmova::chat
