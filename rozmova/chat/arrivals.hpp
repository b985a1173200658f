#pragma once

#include "rozmova/chat/deeds.hpp"
#include "rozmova/chat/house.hpp"
#include "sioxx/server.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace rozmova::chat {

/// Connections that ask to come in, until they are in or turned away; nobody waits longer than connect_answer_ms. One a
/// shard, owned by Devices, on that shard's thread.
///
///   CONNECT -> token verified (its key may have to be fetched) -> rate -> user known or created -> seat at home -> in
class Arrivals {
 public:
  Arrivals(House& house, Deeds& deeds, unsigned shard);
  ~Arrivals();

  void admit(sioxx::Socket& socket, sioxx::Next next);

 private:
  struct Arrival;

  Result<std::string_view> token_of(const sioxx::Socket& socket) const;
  /// Null: it has been turned away meanwhile, or the socket has gone.
  Arrival* find(std::uint64_t number);
  void verify(Arrival& arrival, sioxx::Socket& socket);
  void go_on(Arrival& arrival, sioxx::Socket& socket, const Identity& identity);
  void count_elsewhere(std::uint64_t number, const Identity& identity, Role role);
  void take_seat(std::uint64_t number, const Identity& identity, Role role, std::size_t elsewhere);
  void seated(std::uint64_t number, const Identity& identity, Role role);
  void give_back_seat(const Uuid& user);
  void turn_away(std::uint64_t number, const Refusal& refusal);
  void too_late(std::uint64_t number);

  House& house_;
  Deeds& deeds_;
  const unsigned shard_;
  std::uint64_t last_number_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Arrival>> under_way_;
};

}  // namespace rozmova::chat
