#pragma once

#include "sioxx/engine/flat_table.hpp"
#include "sioxx/socket/small.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace sioxx::socket {

class Room;
class Rooms;

/// Whoever can be in rooms (a Socket). Must have left all of them before it dies.
class Member {
 public:
  Member() = default;
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  struct Seat {
    Room* room;
    std::uint32_t at;     ///< index in the room's list of members
    std::uint32_t held;   ///< 1: messages of this room wait at a gate
    std::uint64_t known;  ///< messages whose order() is 1…known were in the snapshot of its last entry
  };
  const Small<Seat, 2>& seats() const { return seats_; }

 protected:
  ~Member() = default;

 private:
  friend class Rooms;
  Small<Seat, 2> seats_;
  std::uint32_t mark_ = 0;

 protected:
  std::uint32_t slot_ = 0;  ///< the derived class's; stands here because there is a hole
};

/// One room of one shard: its name and who is in it. One allocation; a room of two costs 56 bytes and its
/// name.
class Room {
 public:
  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_bytes_}; }
  const Small<Member*, 2>& members() const { return members_; }
  /// How many members have a gate here.
  std::uint32_t held() const { return held_; }
  /// Whether some member has been given a snapshot with a message of this order (see Rooms::knows).
  bool known_to_some(std::uint64_t order) const { return order != 0 && order <= known_max_; }

  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

 private:
  friend class Rooms;
  explicit Room(std::uint32_t name_bytes) : name_bytes_(name_bytes) {}
  ~Room() = default;

  Small<Member*, 2> members_;
  std::uint32_t name_bytes_;
  std::uint32_t held_ = 0;
  std::uint64_t known_max_ = 0;  ///< the highest `known` of any seat that there ever was
};

/// Room <-> members of one namespace on one shard. A room is there while somebody is in it. Joining, leaving
/// and finding take constant time (leaving: plus the rooms of one moved member). Owned by LocalNamespace;
/// that shard's thread only.
class Rooms {
 public:
  Rooms() = default;
  Rooms(const Rooms&) = delete;
  Rooms& operator=(const Rooms&) = delete;
  ~Rooms();

  struct Joined {
    Room* room = nullptr;
    bool fresh = false;   ///< was not in it before
    bool opened = false;  ///< is the first one in it
  };
  Joined join(Member& member, std::string_view name);

  enum class Left : std::uint8_t { was_not_in, left, closed };
  /// `closed`: the last one left; the room (and its name) is gone.
  Left leave(Member& member, std::string_view name);
  /// Calls `closed(name)` for each room that loses its last member, before the name goes.
  void leave_all(Member& member, const std::function<void(std::string_view)>& closed);

  Room* find(std::string_view name) const;
  std::size_t size() const { return rooms_.size(); }

  /// The member's seat in a room, or null. Lasts until the next join or leave.
  static Member::Seat* seat(Member& member, std::string_view name);
  static Member::Seat* seat(Member& member, const Room& room);
  static void hold(Member::Seat& seat);
  static void release(Member::Seat& seat, std::uint64_t known);
  /// Whether this message was in the member's snapshot. A snapshot may be younger than a broadcast that is still
  /// on its way, so this is asked not only of what waited at the gate. One comparison but for the first moments
  /// after somebody's entry.
  static bool knows(Member& member, const Room& room, std::uint64_t order) {
    return room.known_to_some(order) && order <= seat(member, room)->known;
  }

  // ---- each member at most once: begin a visit, then ask first_time() of everybody met
  void begin_visit() {
    if (++visit_ == 0) ++visit_;  // 0 marks those that were never met
  }
  /// True the first time in this visit.
  bool first_time(Member& member) const {
    if (member.mark_ == visit_) return false;
    member.mark_ = visit_;
    return true;
  }
  bool visited(const Member& member) const { return member.mark_ == visit_; }

 private:
  struct ByName {
    static std::size_t hash(std::string_view name) { return std::hash<std::string_view>{}(name); }
    static std::size_t hash_of(const Room* room) { return hash(room->name()); }
    static bool same(const Room* room, std::string_view name) { return room->name() == name; }
  };
  static Room* make(std::string_view name);
  static void free(Room* room);
  /// Takes seat number `index` away from the member; true: the room is empty now (and still in the table).
  static bool give_up(Member& member, std::uint32_t index);
  void forget(const Room& room) { rooms_.erase(*rooms_.find(room.name())); }

  engine::FlatTable<Room*, ByName> rooms_;
  std::uint32_t visit_ = 0;
};

}  // namespace sioxx::socket
