#include "sioxx/floors.hpp"

#include "sioxx/cluster/redis.hpp"
#include "sioxx/engine/sessions.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace sioxx {
namespace {

constexpr unsigned shards_by_default_max = 16;

/// See Settings::late_get_ms; a hop from shard to shard takes microseconds, on a loaded machine a few milliseconds.
constexpr std::int64_t late_get_ms = 250;

/// Beyond what a poll or a heartbeat may wait.
constexpr std::int64_t relay_patience_ms = 15'000;
constexpr std::size_t relay_secret_bytes_min = 16;

}  // namespace

unsigned shard_count(unsigned asked) {
  if (asked > engine::Sessions::shards_max) {
    throw std::invalid_argument("threads: at most 64 shards, asked for " + std::to_string(asked));
  }
  if (asked != 0) return asked;
  const unsigned cores = std::thread::hardware_concurrency();
  return cores <= 2 ? 1 : std::min(cores - 1, shards_by_default_max);
}

engine::Settings settings_of(const Options& options, const engine::ProcessId& process) {
  engine::Settings settings;
  settings.ping_interval_ms = options.ping_interval_ms;
  settings.ping_timeout_ms = options.ping_timeout_ms;
  settings.upgrade_timeout_ms = options.upgrade_timeout_ms;
  settings.max_payload_bytes = options.max_payload_bytes;
  settings.send_queue_bytes_max = options.send_queue_bytes_max;
  settings.ephemeral_queue_bytes_max = options.ephemeral_queue_bytes_max;
  settings.allow_upgrades = options.allow_upgrades;
  settings.late_get_ms = shard_count(options.threads) == 1 ? 0 : late_get_ms;
  settings.node = engine::NodeTag::of(process);
  return settings;
}

socket::Limits limits_of(const Options& options) {
  socket::Limits limits;
  limits.connect_timeout_ms = options.connect_timeout_ms;
  limits.binary_timeout_ms = options.attachments_timeout_ms;
  limits.binary_bytes_max = options.max_payload_bytes;
  limits.rooms_per_socket_max = options.rooms_per_socket_max;
  limits.namespaces_per_client_max = options.namespaces_per_client_max;
  limits.json_depth_max = options.json_depth_max;
  limits.hold_bytes_max = options.send_queue_bytes_max;
  limits.events_waiting_max = options.events_waiting_max;
  limits.events_waiting_bytes_max = options.events_waiting_bytes_max;
  limits.tasks_per_socket_max = options.tasks_per_socket_max;
  limits.recovery_window_ms = options.recovery_window_ms;
  limits.recovery_packets_max = options.recovery_packets_max;
  limits.recovery_bytes_max = options.recovery_bytes_max;
  limits.recovery_sessions_max = options.recovery_sessions_max;
  limits.dynamic_namespaces_max = options.dynamic_namespaces_max;
  limits.keep_handshake = options.keep_handshake;
  limits.packet.event_name_bytes_max = options.event_name_bytes_max;
  limits.packet.attachments_max = options.attachments_max;
  return limits;
}

net::Options net_options_of(const Options& options) {
  net::Options net;
  net.paths = {options.path};
  net.http_header_timeout_ms = options.http_header_timeout_ms;
  net.http_body_timeout_ms = options.http_body_timeout_ms;
  net.http_idle_timeout_ms = options.http_idle_timeout_ms;
  net.max_payload_bytes = options.max_payload_bytes;
  net.http_body_bytes_max = options.http_body_bytes_max;
  net.http_head_bytes_max = options.http_head_bytes_max;
  net.http_headers_max = options.http_headers_max;
  net.connections_max = options.connections_max;
  net.accepts_per_second_max = options.accepts_per_second_max;
  net.connections_per_ip_max = options.connections_per_ip_max;
  net.cors_origins = options.cors_origins;
  net.cors_credentials = options.cors_credentials;
  net.cors_exposed_headers = options.cors_exposed_headers;
  net.trust_proxy = options.trust_proxy;
  net.allow_upgrades = options.allow_upgrades;
  net.send_queue_bytes_max = options.send_queue_bytes_max;
  net.http_compression = options.http_compression;
  net.http_compression_bytes_min = options.http_compression_bytes_min;
  net.websocket_compression = options.websocket_compression;
  net.websocket_compression_bytes_min = options.websocket_compression_bytes_min;
  net.compression_bytes_max = options.compression_bytes_max;
  net.allow_eio3 = options.allow_eio3;
  if (!options.relay_secret.empty() && options.relay_secret.size() < relay_secret_bytes_min)
    throw std::invalid_argument("relay_secret: at least 16 bytes");
  net.relay_secret = options.relay_secret;
  net.relay_silence_ms_max = options.ping_interval_ms + options.ping_timeout_ms + relay_patience_ms;
  return net;
}

cluster::ExchangeLimits bus_limits_of(const Options& options) {
  cluster::ExchangeLimits limits;
  limits.prefix = options.bus_prefix;
  limits.queue_bytes_max = options.bus_queue_bytes_max;
  return limits;
}

redis::Options redis_of(const Options& options, const engine::ProcessId& self) {
  std::string why;
  auto redis = redis::parse_url(options.redis_url, why);
  if (!redis) throw std::invalid_argument("redis_url: " + why);
  redis->client_name = "sioxx-" + self.text();
  return std::move(*redis);
}

std::unique_ptr<cluster::Carrier> carrier_of(const Options& options, const engine::ProcessId& self) {
  if (options.redis_url.empty()) return nullptr;
  return std::make_unique<cluster::RedisCarrier>(redis_of(options, self));
}

cluster::ClassicRules classic_rules_of(const Options& options) {
  cluster::ClassicRules rules;
  rules.prefix = options.redis_adapter_prefix;
  rules.namespaces = options.redis_adapter_namespaces;
  rules.rooms = options.redis_adapter_rooms;
  rules.events = options.redis_adapter_events;
  rules.own_events = options.redis_adapter_own_events;
  rules.operations = 0;
  for (const std::string& name : options.redis_adapter_operations) {
    const unsigned bit = cluster::ClassicRules::operation(name);
    if (bit == 0) throw std::invalid_argument("redis_adapter_operations: there is no operation " + name);
    rules.operations |= bit;
  }
  if (options.redis_url.empty())
    throw std::invalid_argument("redis_adapter_prefix is given without redis_url: whose Redis?");
  return rules;
}

}  // namespace sioxx
