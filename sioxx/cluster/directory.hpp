#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sioxx::cluster {

/// Which shards have members in a room: (namespace, room) -> one bit per shard. The one lock of the house, in
/// stripes, so that two threads rarely meet. Any thread.
class Directory {
 public:
  using Mask = std::uint64_t;
  static constexpr std::size_t stripes = 64;

  /// A shard got its first / lost its last member of a room. True: it is the first / was the last shard with members.
  bool set(unsigned shard, std::string_view nsp, std::string_view room);
  bool clear(unsigned shard, std::string_view nsp, std::string_view room);
  /// 0: nobody is in it.
  Mask find(std::string_view nsp, std::string_view room) const;
  std::size_t size() const;

 private:
  /// namespace, zero byte, room
  static std::string key_of(std::string_view nsp, std::string_view room);
  struct alignas(64) Stripe {
    mutable std::mutex mutex;
    std::unordered_map<std::string, Mask> rooms;
  };
  std::array<Stripe, stripes> stripes_;
};

}  // namespace sioxx::cluster
