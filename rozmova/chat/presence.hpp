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
///
/// Somebody who is here is 24 bytes and his place in a table; only who lingers has a timer.
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
  /// Those who have a seat, and those who linger.
  std::size_t size() const { return people_.size() + lingering_.size(); }

 private:
  struct Person {
    Uuid user;
    std::uint32_t seats = 0;    ///< connections, those that are being accepted included
    std::uint32_t devices = 0;  ///< connections that are there
  };
  struct ByUser {
    static std::size_t hash(const Uuid& user) { return std::hash<Uuid>{}(user); }
    static std::size_t hash_of(const Person& person) { return hash(person.user); }
    static bool same(const Person& person, const Uuid& user) { return person.user == user; }
  };
  /// Whose last device has gone; lives in the map itself and is never moved.
  struct Lingering final : sioxx::loop::Timer {
    Lingering(Presence& h, const Uuid& u, WallMs at) : home(h), user(u), last_seen_at(at) {}
    void on_timer(sioxx::loop::TimeMs) override { home.grace_over(*this); }

    Presence& home;
    const Uuid user;
    const WallMs last_seen_at;
  };

  void grace_over(const Lingering& person);
  void give_back_seat(Person& person);

  sioxx::loop::Timers& timers_;
  std::int64_t grace_ms_;
  Changed changed_;
  sioxx::engine::FlatTable<Person, ByUser> people_;  ///< who have a seat
  std::unordered_map<Uuid, Lingering> lingering_;
};

}  // namespace rozmova::chat
