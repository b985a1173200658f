#include "rozmova/chat/presence.hpp"

#include <utility>

namespace rozmova::chat {

Presence::Presence(sioxx::loop::Timers& timers, std::int64_t grace_ms, Changed changed)
    : timers_(timers), grace_ms_(grace_ms), changed_(std::move(changed)) {}

Presence::~Presence() = default;

bool Presence::reserve(const Uuid& user, std::size_t seats_max) {
  Person* person = people_.find(user);
  if ((person == nullptr ? 0 : person->seats) >= seats_max) return false;
  if (person == nullptr) person = &people_.insert({user});
  ++person->seats;
  return true;
}

void Presence::release(const Uuid& user) {
  if (Person* const person = people_.find(user)) give_back_seat(*person);
}

void Presence::come(const Uuid& user, WallMs wall) {
  Person* const person = people_.find(user);
  if (person == nullptr) return;
  const bool lingered = lingering_.erase(user) > 0;
  const bool news = ++person->devices == 1 && !lingered;
  if (news) changed_(user, true, wall);
}

void Presence::go(const Uuid& user, sioxx::loop::TimeMs now, WallMs wall) {
  Person* const person = people_.find(user);
  if (person == nullptr || person->devices == 0) return;
  const bool was_last = --person->devices == 0;
  give_back_seat(*person);
  if (was_last) timers_.arm(lingering_.try_emplace(user, *this, user, wall).first->second, now + grace_ms_);
}

void Presence::grace_over(const Lingering& person) {
  const Uuid user = person.user;
  const WallMs last_seen_at = person.last_seen_at;
  lingering_.erase(user);
  changed_(user, false, last_seen_at);
}

void Presence::give_back_seat(Person& person) {
  if (--person.seats == 0) people_.erase(person);
}

std::size_t Presence::seats(const Uuid& user) const {
  const Person* const person = people_.find(user);
  return person == nullptr ? 0 : person->seats;
}

bool Presence::online(const Uuid& user) const {
  const Person* const person = people_.find(user);
  return (person != nullptr && person->devices != 0) || lingering_.contains(user);
}

}  // namespace rozmova::chat
