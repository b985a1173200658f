#pragma once

#include <cstdint>
#include <string>

#include "options.hpp"

namespace bench {

/// Who sits on connection `index` and in which chat. The same for the sockets and for the REST setup.
///
///   messages, idle,  chat index / 2; even: its client, odd: its performer
///   storm
///   fanout           chat 0; 0: its client, 1: its performer, the rest administrators who joined it
///   handshakes       no chat; a client each
struct Seat {
  std::uint64_t chat = 0;
  std::string order_id;
  std::string user_id;
  std::string role;
  std::string name;
};

[[nodiscard]] Seat seat_of(const Options& options, std::uint64_t index);

/// How many connections the scenario really opens (pairs stay whole).
[[nodiscard]] std::uint64_t seat_count(const Options& options);

/// How many chats it needs.
[[nodiscard]] std::uint64_t chat_count(const Options& options);

/// The token that this seat presents; valid for a day.
[[nodiscard]] std::string token_of(const Options& options, const Seat& seat);

/// A token for the administrator who prepares the orders.
[[nodiscard]] std::string admin_token(const Options& options);

}  // namespace bench
