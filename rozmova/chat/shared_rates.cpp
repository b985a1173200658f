#include "rozmova/chat/shared_rates.hpp"

#include "rozmova/chat/signal.hpp"

namespace rozmova::chat {

Rates::Verdict SharedRates::take(const Uuid& user, Rates::Kind kind) {
  const auto verdict = spending_.take(user, kind, part_.shard.now());
  tell_soon();
  return verdict;
}

void SharedRates::hear(const boost::json::array& signal) {
  const auto said = read_spent(signal);
  if (!said) return;
  for (const Spending::Spent& spent : said->spent) {
    if (part_.house.home_of(spent.user) == part_.index)
      spending_.hear(said->node, spent, part_.presence.online(spent.user), part_.shard.now());
  }
  tell_soon();
}

void SharedRates::sweep(std::int64_t now_ms) {
  spending_.sweep(now_ms, [this](const Uuid& user) { return part_.presence.online(user); });
  tell_soon();
}

void SharedRates::tell_soon() {
  if (spending_.has_news() && !armed()) part_.shard.timers().arm(*this, part_.shard.now() + tell_ms);
}

void SharedRates::on_timer(sioxx::loop::TimeMs) {
  const std::uint64_t self = part_.house.server().process_id().value();
  while (spending_.has_news()) {
    part_.house.server().at("/").elsewhere().ephemeral().server_side_emit_array(
        spent_signal, write_spent(self, spending_.news(told_at_once_max)));
  }
}

}  // namespace rozmova::chat
