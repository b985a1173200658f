#pragma once

#include "sioxx/engine/session.hpp"
#include "sioxx/net/options.hpp"
#include "sioxx/server.hpp"
#include "sioxx/socket/local.hpp"

namespace sioxx {

/// What each floor of the house is told of the Server's Options. Pure; throws std::invalid_argument for what cannot be.
unsigned shard_count(unsigned asked);
engine::Settings settings_of(const Options& options, const engine::ProcessId& process);
socket::Limits limits_of(const Options& options);
net::Options net_options_of(const Options& options);

}  // namespace sioxx
