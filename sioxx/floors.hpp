#pragma once

#include "sioxx/engine/session.hpp"
#include "sioxx/net/options.hpp"
#include "sioxx/server.hpp"
#include "sioxx/socket/local.hpp"

#include <memory>

namespace sioxx {

/// What each floor of the house is told of the Server's Options. Pure; throws std::invalid_argument for what cannot be.
unsigned shard_count(unsigned asked);
engine::Settings settings_of(const Options& options, const engine::ProcessId& process);
socket::Limits limits_of(const Options& options);
net::Options net_options_of(const Options& options);
cluster::ExchangeLimits bus_limits_of(const Options& options);
/// Null: this process is alone, as far as the options say.
std::unique_ptr<cluster::Carrier> carrier_of(const Options& options, const engine::ProcessId& self);
redis::Options redis_of(const Options& options, const engine::ProcessId& self);
cluster::ClassicRules classic_rules_of(const Options& options);

}  // namespace sioxx
