#pragma once

#include "rozmova/chat/options.hpp"
#include "rozmova/chat/rate.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rozmova::chat {

/// Rates of those who are nobody yet: bad tokens and sign-ins without password, by address. An IPv6 network (/64)
/// counts as one address. One a shard, so with N shards an address has N times as much, unless there are several nodes: then
/// shards and nodes tell each other (SharedAddresses). When there are
/// addresses_max at once, the others share one bucket.
class AddressRates {
 public:
  enum class Kind : std::uint8_t { bad_token, demo_sign_in };

  explicit AddressRates(const ChatOptions& options);
  /// Takes one: 0. Or takes none: how many milliseconds until there is one.
  std::int64_t take(std::string_view address, Kind kind, std::int64_t now_ms);
  /// What it has taken elsewhere. Those beyond addresses_max are not noted.
  void charge(std::string_view address, Kind kind, std::int64_t tokens, std::int64_t now_ms);
  void sweep(std::int64_t now_ms);
  std::size_t size() const { return rows_.size(); }

  static constexpr std::size_t addresses_max = 8'192;
  static constexpr std::size_t kinds = 2;

 private:
  using Row = std::array<TokenBucket, kinds>;

  std::array<RateLimit, kinds> limits_;
  std::unordered_map<std::string, Row> rows_;
  Row others_;
};

}  // namespace rozmova::chat
