#include "rozmova/chat/presence.hpp"

#include <utility>

namespace rozmova::chat {

Presence::Presence(sioxx::loop::Timers& timers, std::int64_t grace_ms, Changed changed)
    : timers_(timers), grace_ms_(grace_ms), changed_(std::move(changed)) {}

Presence::~Presence() = default;

bool Presence::reserve(const Uuid& user, std::size_t seats_max) {
  const auto [entry, is_new] = people_.try_emplace(user, *this);
  if (is_new) entry->second.user = &entry->first;
  if (entry->second.seats < seats_max) {
    ++entry->second.seats;
    return true;
  }
  forget_if_gone(entry);
  return false;
}

void Presence::release(const Uuid& user) {
  const auto entry = people_.find(user);
  if (entry == people_.end() || entry->second.seats == 0) return;
  --entry->second.seats;
  forget_if_gone(entry);
}

void Presence::come(const Uuid& user, WallMs wall) {
  const auto entry = people_.find(user);
  if (entry == people_.end()) return;
  Person& person = entry->second;
  ++person.devices;
  person.disarm();
  const bool news = person.state == Person::State::absent;
  person.state = Person::State::online;
  person.last_seen_at = wall;
  if (news) changed_(user, true, wall);
}

void Presence::go(const Uuid& user, sioxx::loop::TimeMs now, WallMs wall) {
  const auto entry = people_.find(user);
  if (entry == people_.end() || entry->second.devices == 0) return;
  Person& person = entry->second;
  --person.devices;
  --person.seats;
  person.last_seen_at = wall;
  if (person.devices != 0) return;
  person.state = Person::State::lingering;
  timers_.arm(person, now + grace_ms_);
}

void Presence::grace_over(Person& person) {
  const Uuid user = *person.user;
  const WallMs last_seen_at = person.last_seen_at;
  person.state = Person::State::absent;
  forget_if_gone(people_.find(user));
  changed_(user, false, last_seen_at);
}

void Presence::forget_if_gone(People::iterator entry) {
  const Person& person = entry->second;
  if (person.seats == 0 && person.state == Person::State::absent) people_.erase(entry);
}

std::size_t Presence::seats(const Uuid& user) const {
  const auto entry = people_.find(user);
  return entry == people_.end() ? 0 : entry->second.seats;
}

bool Presence::online(const Uuid& user) const {
  const auto entry = people_.find(user);
  return entry != people_.end() && entry->second.state != Person::State::absent;
}

}  // namespace rozmova::chat
