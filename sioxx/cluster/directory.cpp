#include "sioxx/cluster/directory.hpp"

#include <functional>
#include <utility>

namespace sioxx::cluster {
namespace {

std::size_t stripe_of(const std::string& key) {
  // The table inside a stripe uses the low bits of the same hash.
  return std::hash<std::string>{}(key) >> (8 * sizeof(std::size_t) - 6) & (Directory::stripes - 1);
}

}  // namespace

std::string Directory::key_of(std::string_view nsp, std::string_view room) {
  std::string key;
  key.reserve(nsp.size() + 1 + room.size());
  key.append(nsp).append(1, '\0').append(room);
  return key;
}

bool Directory::set(unsigned shard, std::string_view nsp, std::string_view room) {
  std::string key = key_of(nsp, room);
  Stripe& stripe = stripes_[stripe_of(key)];
  const std::lock_guard lock(stripe.mutex);
  Mask& mask = stripe.rooms[std::move(key)];
  return std::exchange(mask, mask | Mask{1} << shard) == 0;
}

bool Directory::clear(unsigned shard, std::string_view nsp, std::string_view room) {
  const std::string key = key_of(nsp, room);
  Stripe& stripe = stripes_[stripe_of(key)];
  const std::lock_guard lock(stripe.mutex);
  if (!stripe.expected.empty() && stripe.expected.contains(key_on(key, shard))) return false;
  return stripe.erase(key, shard);
}

bool Directory::Stripe::erase(const std::string& key, unsigned shard) {
  const auto found = rooms.find(key);
  if (found == rooms.end()) return false;
  found->second &= ~(Mask{1} << shard);
  if (found->second != 0) return false;
  rooms.erase(found);
  return true;
}

bool Directory::expect(unsigned shard, std::string_view nsp, std::string_view room) {
  std::string key = key_of(nsp, room);
  Stripe& stripe = stripes_[stripe_of(key)];
  const std::lock_guard lock(stripe.mutex);
  ++stripe.expected[key_on(key, shard)];
  Mask& mask = stripe.rooms[std::move(key)];
  return std::exchange(mask, mask | Mask{1} << shard) == 0;
}

bool Directory::settle(unsigned shard, std::string_view nsp, std::string_view room, bool there) {
  const std::string key = key_of(nsp, room);
  Stripe& stripe = stripes_[stripe_of(key)];
  const std::lock_guard lock(stripe.mutex);
  const auto expected = stripe.expected.find(key_on(key, shard));
  if (expected == stripe.expected.end() || --expected->second > 0) return false;
  stripe.expected.erase(expected);
  return !there && stripe.erase(key, shard);
}

Directory::Mask Directory::find(std::string_view nsp, std::string_view room) const {
  const std::string key = key_of(nsp, room);
  const Stripe& stripe = stripes_[stripe_of(key)];
  const std::lock_guard lock(stripe.mutex);
  const auto found = stripe.rooms.find(key);
  return found == stripe.rooms.end() ? 0 : found->second;
}

std::size_t Directory::size() const {
  std::size_t rooms = 0;
  for (const Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    rooms += stripe.rooms.size();
  }
  return rooms;
}

}  // namespace sioxx::cluster
