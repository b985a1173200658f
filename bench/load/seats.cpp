#include "seats.hpp"

#include <fmt/format.h>

#include <ctime>

#include "identity.hpp"

namespace bench {

namespace {

constexpr std::int64_t token_life_s = 86'400;

}  // namespace

Seat seat_of(const Options& options, std::uint64_t index) {
  const bool is_fanout = options.scenario == ScenarioKind::fanout;
  Seat seat;
  seat.chat = is_fanout ? 0 : index / 2;
  seat.order_id = order_id(seat.chat);
  seat.user_id = user_id(index);
  if (is_fanout && index >= 2) {
    seat.role = "admin";
  } else if (options.scenario == ScenarioKind::handshakes || index % 2 == 0) {
    seat.role = "client";
  } else {
    seat.role = "performer";
  }
  seat.name = fmt::format("Load {}", index);
  return seat;
}

std::uint64_t seat_count(const Options& options) {
  const bool in_pairs =
      options.scenario != ScenarioKind::fanout && options.scenario != ScenarioKind::handshakes;
  return in_pairs ? (options.connections + 1) / 2 * 2 : options.connections;
}

std::uint64_t chat_count(const Options& options) {
  switch (options.scenario) {
    case ScenarioKind::messages:
    case ScenarioKind::idle:
    case ScenarioKind::storm: return seat_count(options) / 2;
    case ScenarioKind::fanout: return 1;
    case ScenarioKind::handshakes: return 0;
  }
  return 0;
}

std::string token_of(const Options& options, const Seat& seat) {
  return mint_token(options.secret, {seat.user_id, seat.role, seat.name, std::time(nullptr) + token_life_s});
}

std::string admin_token(const Options& options) {
  return mint_token(options.secret, {admin_id(), "admin", "Load admin", std::time(nullptr) + token_life_s});
}

}  // namespace bench
