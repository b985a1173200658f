#include "rozmova/chat/address_rates.hpp"

#include <algorithm>

#include <arpa/inet.h>

namespace rozmova::chat {

namespace {

std::string key_of(std::string_view address) {
  constexpr std::size_t network_bytes = 8;
  const std::string text(address.substr(0, INET6_ADDRSTRLEN));
  in6_addr v6{};
  if (text.find(':') == std::string::npos || ::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return text;
  return {reinterpret_cast<const char*>(v6.s6_addr), network_bytes};
}

RateLimit limit(std::int64_t per_minute, std::int64_t burst) { return {60'000'000 / per_minute, burst}; }

}  // namespace

AddressRates::AddressRates(const ChatOptions& options)
    : limits_{limit(options.bad_tokens_per_min, options.bad_tokens_burst),
              limit(options.demo_sign_ins_per_min, options.demo_sign_ins_burst)} {}

std::int64_t AddressRates::take(std::string_view address, Kind kind, std::int64_t now_ms) {
  const auto index = static_cast<std::size_t>(kind);
  std::string key = key_of(address);
  auto row = rows_.find(key);
  if (row == rows_.end() && rows_.size() >= addresses_max) sweep(now_ms);
  if (row == rows_.end() && rows_.size() < addresses_max) row = rows_.emplace(std::move(key), Row{}).first;
  Row& buckets = row == rows_.end() ? others_ : row->second;
  return buckets[index].take(now_ms, limits_[index]);
}

void AddressRates::charge(std::string_view address, Kind kind, std::int64_t tokens, std::int64_t now_ms) {
  std::string key = key_of(address);
  auto row = rows_.find(key);
  if (row == rows_.end() && rows_.size() >= addresses_max) return;
  if (row == rows_.end()) row = rows_.emplace(std::move(key), Row{}).first;
  const auto index = static_cast<std::size_t>(kind);
  row->second[index].charge(now_ms, limits_[index], tokens);
}

void AddressRates::sweep(std::int64_t now_ms) {
  std::erase_if(rows_, [&](const auto& entry) {
    return std::all_of(entry.second.begin(), entry.second.end(),
                       [&](const TokenBucket& bucket) { return bucket.full(now_ms); });
  });
}

}  // namespace rozmova::chat
