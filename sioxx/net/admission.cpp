#include "sioxx/net/admission.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <functional>
#include <iterator>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace sioxx::net {
namespace {

constexpr std::array<unsigned char, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const IpAddress& address) {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.bytes.begin());
}

/// What one person can have at will counts as one: a whole IPv6 /64.
IpAddress counted_as(IpAddress address) {
  if (!is_mapped(address))
    std::fill(address.bytes.begin() + 8, address.bytes.end(), static_cast<unsigned char>(0));
  return address;
}

struct HashAddress {
  std::size_t operator()(const IpAddress& address) const {
    return std::hash<std::string_view>{}(
        {reinterpret_cast<const char*>(address.bytes.data()), address.bytes.size()});
  }
};

}  // namespace

IpAddress IpAddress::of(const sockaddr& address) {
  IpAddress ip;
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &address, sizeof six);
    std::memcpy(ip.bytes.data(), &six.sin6_addr, 16);
  } else if (address.sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof four);
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), ip.bytes.begin());
    std::memcpy(ip.bytes.data() + 12, &four.sin_addr, 4);
  }
  return ip;
}

IpAddress IpAddress::parse(const std::string& text) {
  IpAddress ip;
  in_addr four{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) {
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), ip.bytes.begin());
    std::memcpy(ip.bytes.data() + 12, &four, 4);
  } else if (::inet_pton(AF_INET6, text.c_str(), ip.bytes.data()) != 1) {
    ip = {};
  }
  return ip;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = "";
  if (!is_mapped(*this)) {
    ::inet_ntop(AF_INET6, bytes.data(), buffer, sizeof buffer);
    return buffer;
  }
  char* end = buffer;  // every request asks, and inet_ntop() prints by sprintf()
  for (std::size_t at = 12; at < bytes.size(); ++at) {
    if (at > 12) *end++ = '.';
    end = std::to_chars(end, std::end(buffer), bytes[at]).ptr;
  }
  return {buffer, end};
}

/// All connections from one address on one shard: what a Seat points to, so that a seat is two words.
struct Admission::Seat::Place {
  const IpAddress* address = nullptr;  ///< null: not counted by address
  unsigned shard = 0;
};

struct Admission::State {
  mutable std::mutex mutex;
  const std::size_t connections_max;
  const std::size_t per_address_max;
  std::size_t total = 0;
  std::size_t polling = 0;
  std::vector<std::size_t> per_shard;
  struct Peer {
    std::size_t connections = 0;
    std::size_t polling = 0;
    std::vector<std::unique_ptr<Seat::Place>> places;  ///< by shard, made when first needed
    bool is_gone() const { return connections == 0 && polling == 0; }
  };
  std::unordered_map<IpAddress, Peer, HashAddress> peers;
  std::vector<Seat::Place> uncounted;  ///< by shard
  std::size_t busy_from = 0;           ///< 0: nobody asks
  std::unordered_set<const IpAddress*> busy;
  std::unordered_map<IpAddress, Count, HashAddress> others;
  std::size_t turn = 0;  ///< where the next search for a place begins

  State(unsigned shards, std::size_t in_all, std::size_t per_address)
      : connections_max(in_all), per_address_max(per_address), per_shard(shards, 0), uncounted(shards) {
    for (unsigned shard = 0; shard < shards; ++shard) uncounted[shard].shard = shard;
  }

  /// The shard with the fewest connections; of equals, in turn, so that connections which come one by one and
  /// go at once (a polling client's) do not all open their sessions on the first.
  unsigned emptiest() {
    const std::size_t count = per_shard.size();
    std::size_t best = turn % count;
    for (std::size_t i = 1; i < count; ++i) {
      const std::size_t shard = (turn + i) % count;
      if (per_shard[shard] < per_shard[best]) best = shard;
    }
    turn = best + 1;
    return static_cast<unsigned>(best);
  }

  Seat::Place* place_at(const IpAddress& address, unsigned shard) {
    const auto found = peers.try_emplace(address).first;
    Peer& peer = found->second;
    if (peer.places.size() <= shard) peer.places.resize(shard + 1);
    if (peer.places[shard] == nullptr) {
      peer.places[shard] = std::make_unique<Seat::Place>(Seat::Place{&found->first, shard});
    }
    ++peer.connections;
    changed(found->first, peer);
    return peer.places[shard].get();
  }

  /// `place` may be gone afterwards.
  void leave_address(const Seat::Place& place) {
    if (place.address == nullptr) return;
    const auto found = peers.find(*place.address);
    if (found == peers.end()) return;
    --found->second.connections;
    changed(found->first, found->second);
    if (found->second.is_gone()) peers.erase(found);
  }

  void changed(const IpAddress& address, const Peer& peer) {
    if (busy_from == 0) return;
    if (std::max(peer.connections, peer.polling) >= busy_from)
      busy.insert(&address);
    else if (!busy.empty())
      busy.erase(&address);
  }

  /// With what others count.
  Count count(const IpAddress& address) const {
    Count sum{address};
    if (const auto found = peers.find(address); found != peers.end()) {
      sum.connections = found->second.connections;
      sum.polling = found->second.polling;
    }
    if (others.empty()) return sum;
    if (const auto found = others.find(address); found != others.end()) {
      sum.connections += found->second.connections;
      sum.polling += found->second.polling;
    }
    return sum;
  }

  bool too_many(const IpAddress& address) const {
    return per_address_max != 0 && count(address).connections >= per_address_max;
  }
};

/// One polling session's place.
class Admission::PollingSeat final : public engine::PollingPlace {
 public:
  /// `address` null: only the total counts.
  PollingSeat(State& state, const IpAddress* address) : state_(state), address_(address) {}
  PollingSeat(const PollingSeat&) = delete;
  PollingSeat& operator=(const PollingSeat&) = delete;
  ~PollingSeat() override {
    const std::lock_guard lock(state_.mutex);
    --state_.polling;
    if (address_ == nullptr) return;
    const auto found = state_.peers.find(*address_);
    --found->second.polling;
    state_.changed(found->first, found->second);
    if (found->second.is_gone()) state_.peers.erase(found);
  }

 private:
  State& state_;
  const IpAddress* address_;  ///< the peer's key, there while it counts anybody
};

Admission::Seat::Seat(Seat&& other) noexcept
    : admission_(std::exchange(other.admission_, nullptr)), place_(std::exchange(other.place_, nullptr)) {}

Admission::Seat& Admission::Seat::operator=(Seat&& other) noexcept {
  std::swap(admission_, other.admission_);
  std::swap(place_, other.place_);
  return *this;
}

Admission::Seat::~Seat() {
  if (admission_ == nullptr) return;
  State& state = *admission_->state_;
  const std::lock_guard lock(state.mutex);
  --state.total;
  --state.per_shard[place_->shard];
  state.leave_address(*place_);
}

void Admission::Seat::move_to(unsigned shard) {
  if (admission_ == nullptr) return;
  State& state = *admission_->state_;
  const std::lock_guard lock(state.mutex);
  --state.per_shard[place_->shard];
  ++state.per_shard[shard];
  if (place_->address == nullptr) {
    place_ = &state.uncounted[shard];
    return;
  }
  Place* const old = place_;
  place_ = state.place_at(*old->address, shard);
  state.leave_address(*old);
}

Admission::Verdict Admission::Seat::rename(const IpAddress& address) {
  if (admission_ == nullptr || admission_->state_->per_address_max == 0) return Verdict::welcome;
  State& state = *admission_->state_;
  const IpAddress counted = counted_as(address);
  const std::lock_guard lock(state.mutex);
  if (place_->address != nullptr && *place_->address == counted) return Verdict::welcome;
  if (state.too_many(counted)) return Verdict::too_many_from_address;
  Place* const old = place_;
  place_ = state.place_at(counted, old->shard);
  state.leave_address(*old);
  return Verdict::welcome;
}

void Admission::Seat::uncount() {
  if (admission_ == nullptr) return;
  State& state = *admission_->state_;
  const std::lock_guard lock(state.mutex);
  if (place_->address == nullptr) return;
  const Place* const old = std::exchange(place_, &state.uncounted[place_->shard]);
  state.leave_address(*old);
}

Admission::Admission(unsigned shards, std::size_t connections_max, std::size_t per_address_max)
    : state_(std::make_unique<State>(shards, connections_max, per_address_max)) {}
Admission::~Admission() = default;

Admission::Entry Admission::enter(const IpAddress& address, bool count_address) {
  State& state = *state_;
  if (state.per_address_max == 0) count_address = false;
  Entry entry;
  const IpAddress counted = counted_as(address);
  const std::lock_guard lock(state.mutex);
  if (state.connections_max != 0 && state.total >= state.connections_max) return entry;
  if (count_address && state.too_many(counted)) {
    entry.verdict = Verdict::too_many_from_address;
    return entry;
  }
  entry.verdict = Verdict::welcome;
  entry.shard = state.emptiest();
  ++state.per_shard[entry.shard];
  ++state.total;
  entry.seat.admission_ = this;
  entry.seat.place_ = count_address ? state.place_at(counted, entry.shard) : &state.uncounted[entry.shard];
  return entry;
}

Admission::PollingEntry Admission::enter_polling(const IpAddress& address) {
  State& state = *state_;
  PollingEntry entry;
  const IpAddress* counted = nullptr;
  {
    const std::lock_guard lock(state.mutex);
    if (state.connections_max != 0 && state.polling >= state.connections_max) return entry;
    if (state.per_address_max != 0) {
      const IpAddress key = counted_as(address);
      if (state.count(key).polling >= state.per_address_max) {
        entry.verdict = Verdict::too_many_from_address;
        return entry;
      }
      const auto found = state.peers.try_emplace(key).first;
      ++found->second.polling;
      state.changed(found->first, found->second);
      counted = &found->first;
    }
    ++state.polling;
  }
  entry.verdict = Verdict::welcome;
  entry.place = std::make_unique<PollingSeat>(state, counted);
  return entry;
}

std::vector<Admission::Count> Admission::busy(std::size_t least, std::size_t most) {
  State& state = *state_;
  std::vector<Count> counts;
  {
    const std::lock_guard lock(state.mutex);
    if (std::exchange(state.busy_from, least) != least) {
      state.busy.clear();
      for (const auto& [address, peer] : state.peers) state.changed(address, peer);
    }
    for (const IpAddress* const address : state.busy) {
      const auto& peer = state.peers.at(*address);
      counts.push_back({*address, peer.connections, peer.polling});
    }
  }
  const auto busier = [](const Count& a, const Count& b) {
    return std::max(a.connections, a.polling) > std::max(b.connections, b.polling);
  };
  const std::size_t kept = std::min(most, counts.size());
  std::partial_sort(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(kept), counts.end(), busier);
  counts.resize(kept);
  return counts;
}

void Admission::elsewhere(const std::vector<Count>& counts) {
  std::unordered_map<IpAddress, Count, HashAddress> others;
  for (const Count& count : counts) {
    Count& sum = others[counted_as(count.address)];
    sum.connections += count.connections;
    sum.polling += count.polling;
  }
  const std::lock_guard lock(state_->mutex);
  state_->others.swap(others);
}

std::size_t Admission::polling_sessions() const {
  const std::lock_guard lock(state_->mutex);
  return state_->polling;
}

std::size_t Admission::connections() const {
  const std::lock_guard lock(state_->mutex);
  return state_->total;
}

std::size_t Admission::connections(unsigned shard) const {
  const std::lock_guard lock(state_->mutex);
  return state_->per_shard[shard];
}

}  // namespace sioxx::net
