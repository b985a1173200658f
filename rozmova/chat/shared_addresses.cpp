#include "rozmova/chat/shared_addresses.hpp"

#include "rozmova/chat/signal.hpp"

#include <algorithm>

namespace rozmova::chat {

void SharedAddresses::begin() {
  auto& shard = house_.server().shard(0);
  shard.timers().arm(*this, shard.now() + tell_ms);
}

void SharedAddresses::nodes(std::size_t count) { nodes_ = std::max<std::size_t>(2, count); }

void SharedAddresses::took(unsigned shard, std::string_view address, AddressRates::Kind kind) {
  for (unsigned i = 0; i < house_.server().shards(); ++i) {
    if (i == shard) continue;
    house_.at(i, [kind, text = std::string(address)](House::Part& part) {
      part.addresses.charge(text, kind, 1, part.shard.now());
    });
  }
  house_.at(0, [this, kind, text = std::string(address)](House::Part&) {
    if (took_.size() < addresses_max) ++took_[{text, kind}];
  });
}

void SharedAddresses::on_timer(sioxx::loop::TimeMs now) {
  tell(now);
  const auto gone =
      std::erase_if(others_, [now](const auto& one) { return now - one.second.heard_ms >= forget_ms; });
  if (gone > 0) sum_up();
  begin();
}

void SharedAddresses::tell(sioxx::loop::TimeMs now) {
  std::vector<sioxx::AddressCount> counts;
  if (const std::size_t most = house_.options().connections_per_address_max; most != 0)
    counts = house_.server().busy_addresses(std::max<std::size_t>(2, most / (4 * nodes_)), addresses_max);
  boost::json::array signal = write_addresses(house_.server().process_id().value(), counts, took_);
  const bool is_new = signal != told_;
  if (told_.empty() && counts.empty() && took_.empty()) return;
  if (!is_new && (counts.empty() || now - told_ms_ < tell_again_ms)) return;
  took_.clear();
  told_ms_ = now;
  house_.server().at("/").elsewhere().ephemeral().server_side_emit_array(addresses_signal, signal);
  told_ = write_addresses(house_.server().process_id().value(), counts, {});
}

void SharedAddresses::hear(const boost::json::array& signal) {
  auto read = read_addresses(signal);
  if (!read) return;
  House::Part& part = house_.here();
  for (const auto& [what, tokens] : read->took)
    part.addresses.charge(what.first, what.second, tokens, part.shard.now());
  if (part.index == 0) note(read->node, std::move(read->counts));
}

void SharedAddresses::note(std::uint64_t node, std::vector<sioxx::AddressCount> counts) {
  if (others_.size() >= nodes_max && !others_.contains(node)) return;
  Other& other = others_[node];
  other.heard_ms = house_.server().shard(0).now();
  other.counts = std::move(counts);
  sum_up();
}

void SharedAddresses::sum_up() {
  std::vector<sioxx::AddressCount> all;
  for (const auto& [node, other] : others_) all.insert(all.end(), other.counts.begin(), other.counts.end());
  house_.server().addresses_elsewhere(all);
}

}  // namespace rozmova::chat
