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
  /// Members are on their way to a shard: it counts as one with members, whoever leaves, until settle() says, once for
  /// each expect(), that they have come (`there`) or that nobody is in the room. Answers as set() and clear().
  bool expect(unsigned shard, std::string_view nsp, std::string_view room);
  bool settle(unsigned shard, std::string_view nsp, std::string_view room, bool there);
  /// 0: nobody is in it.
  Mask find(std::string_view nsp, std::string_view room) const;
  std::size_t size() const;

 private:
  /// namespace, zero byte, room
  static std::string key_of(std::string_view nsp, std::string_view room);
  static std::string key_on(const std::string& key, unsigned shard) { return key + static_cast<char>(shard); }
  struct alignas(64) Stripe {
    mutable std::mutex mutex;
    std::unordered_map<std::string, Mask> rooms;
    std::unordered_map<std::string, std::size_t> expected;  ///< key, shard: how often
    bool erase(const std::string& key, unsigned shard);
  };
  std::array<Stripe, stripes> stripes_;
};

}  // namespace sioxx::cluster
