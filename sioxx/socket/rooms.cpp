#include "sioxx/socket/rooms.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace sioxx::socket {

Rooms::~Rooms() {
  rooms_.each([](Room* room) { free(room); });
}

Room* Rooms::make(std::string_view name) {
  void* const place = ::operator new(sizeof(Room) + name.size());
  Room* const room = new (place) Room(static_cast<std::uint32_t>(name.size()));
  if (!name.empty()) std::memcpy(static_cast<char*>(place) + sizeof(Room), name.data(), name.size());
  return room;
}

void Rooms::free(Room* room) {
  room->~Room();
  ::operator delete(room);
}

Room* Rooms::find(std::string_view name) const {
  Room* const* const found = rooms_.find(name);
  return found == nullptr ? nullptr : *found;
}

Member::Seat* Rooms::seat(Member& member, std::string_view name) {
  for (Member::Seat& one : member.seats_) {
    if (one.room->name() == name) return &one;
  }
  return nullptr;
}

Member::Seat* Rooms::seat(Member& member, const Room& room) {
  for (Member::Seat& one : member.seats_) {
    if (one.room == &room) return &one;
  }
  return nullptr;
}

Rooms::Joined Rooms::join(Member& member, std::string_view name) {
  if (const Member::Seat* have = seat(member, name)) return {have->room, false, false};
  Room* room = find(name);
  const bool opened = room == nullptr;
  if (opened) {
    room = make(name);
    rooms_.insert(room);
  }
  member.seats_.push_back({room, room->members_.size(), 0, 0});
  room->members_.push_back(&member);
  return {room, true, opened};
}

bool Rooms::give_up(Member& member, std::uint32_t index) {
  const Member::Seat gone = member.seats_[index];
  Room& room = *gone.room;
  if (gone.held != 0) --room.held_;
  Member* const last = room.members_.back();
  if (last != &member) {
    room.members_[gone.at] = last;
    seat(*last, room)->at = gone.at;
  }
  room.members_.pop_back();
  member.seats_[index] = member.seats_.back();
  member.seats_.pop_back();
  return room.members_.empty();
}

Rooms::Left Rooms::leave(Member& member, std::string_view name) {
  const Member::Seat* const have = seat(member, name);
  if (have == nullptr) return Left::was_not_in;
  Room* const room = have->room;
  if (!give_up(member, static_cast<std::uint32_t>(have - member.seats_.begin()))) return Left::left;
  forget(*room);
  free(room);
  return Left::closed;
}

void Rooms::leave_all(Member& member, const std::function<void(std::string_view)>& closed) {
  while (!member.seats_.empty()) {
    Room* const room = member.seats_.back().room;
    if (!give_up(member, member.seats_.size() - 1)) continue;
    forget(*room);
    closed(room->name());
    free(room);
  }
}

void Rooms::hold(Member::Seat& seat) {
  if (seat.held != 0) return;
  seat.held = 1;
  ++seat.room->held_;
}

void Rooms::release(Member::Seat& seat, std::uint64_t known) {
  if (seat.held == 0) return;
  seat.held = 0;
  seat.known = known;
  Room& room = *seat.room;
  --room.held_;
  room.known_max_ = std::max(room.known_max_, known);
}

}  // namespace sioxx::socket
