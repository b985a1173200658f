#pragma once

#include "rozmova/config.hpp"
#include "rozmova/store/store.hpp"
#include "sioxx/server.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rozmova {

/// Where other nodes reach this one, as numbers: NODE_ADDRESS, its name looked up here, where it is known, and `port` when
/// it names none. Empty when it is not set. Throws std::runtime_error with a sentence that says what to change.
std::string node_address(const Config& config, std::uint16_t port);

/// The others as the server has to know them. Those without an address, or with one that cannot be read, are left out.
std::vector<sioxx::Peer> peers_of(const std::vector<store::NodeRow>& nodes);

/// Longer than the others need to learn of a new node (their memberships look every second), so that the first request for one of its
/// sessions finds the way wherever a balancer sends it.
inline constexpr std::int64_t introduction_ms = 1'300;

}  // namespace rozmova
