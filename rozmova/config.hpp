#pragma once

#include "rozmova/mapping.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rozmova {

/// Every type of event that a webhook may tell of.
inline constexpr std::string_view webhook_types[] = {
    "message.created",  "message.edited",  "message.deleted",        "order.status_changed", "dispute.opened",
    "dispute.assigned", "dispute.decided", "dispute.status_changed", "notification.offline",
};

/// Every setting with its default: this literal is what a server does when nobody says anything. Names, units, bounds and
/// help texts stand in the table of settings.cpp, one row a field.
struct Config {
  // ---- where it listens and lives
  std::int64_t port = 3000;
  std::string host = "::";
  std::string tls_cert_file, tls_key_file;
  std::string data_dir = "./data";
  std::string database_url;  ///< empty: sqlite:{data_dir}/rozmova.db
  std::string database_schema;
  std::string redis_url;
  std::string redis_adapter_key;  ///< empty: nothing to do with the Socket.IO world's servers
  std::vector<std::string> redis_adapter_operations{"emit"}, redis_adapter_rooms{"*"},
      redis_adapter_events{"*"};
  std::string node_address, cluster_secret;
  std::string web_dir;  ///< empty: found by itself, see find_web_dir()
  std::int64_t threads = 0;
  std::string node_env = "development";
  std::optional<bool> demo;  ///< nothing: on outside production

  // ---- who may come in
  std::string jwt_secret;
  std::vector<std::string> jwt_previous_secret;
  std::string jwt_algorithm = "HS256";
  std::string jwt_public_key_file, jwt_jwks_file, jwt_jwks_url;
  std::int64_t jwt_jwks_refresh_seconds = 300;
  std::int64_t jwt_jwks_ask_seconds = 10;
  std::string jwt_issuer, jwt_audience;
  std::int64_t jwt_leeway_seconds = 5;
  bool allow_eio3 = false;
  bool jwt_query_token = false;
  std::string service_token;
  std::vector<std::string> cors_origin;
  bool trust_proxy = false;

  // ---- how it is carried
  bool http_compression = true;
  bool websocket_compression = false;

  // ---- other people's servers
  std::vector<std::string> webhook_url;
  std::string webhook_secret;
  std::vector<std::string> webhook_events;
  bool webhook_content = false;
  std::int64_t webhook_timeout_ms = 10'000;
  std::int64_t webhook_retry_ms = 2'000;
  std::int64_t webhook_retry_max_ms = 600'000;
  std::int64_t webhook_give_up_hours = 72;

  // ---- what it says
  std::string log_level = "info";
  std::string log_format = "auto";

  // ---- limits
  std::int64_t content_chars_max = 10'000;
  std::int64_t rate_messages_per_10s = 20;
  std::int64_t rate_typing_per_s = 3;
  std::int64_t rate_joins_per_s = 30;
  std::int64_t connections_max = 100'000;
  std::int64_t connections_per_user_max = 50;
  std::int64_t connections_per_ip_max = 200;
  std::int64_t connections_per_second_max = 0;
  std::int64_t rooms_per_socket_max = 200;
  std::int64_t max_payload_bytes = 1'000'000;
  std::int64_t http_body_bytes_max = 1'048'576;
  std::int64_t send_queue_bytes = 1'048'576;
  std::int64_t upload_bytes_max = 26'214'400;
  std::int64_t upload_bytes_per_day = 1'073'741'824;
  std::int64_t uploads_per_minute = 30;
  std::int64_t db_queue_max = 65'536;
  std::int64_t db_readers = 1;
  std::int64_t db_lanes = 0;  ///< 0: as many as the engine likes

  // ---- times
  std::int64_t ping_interval_ms = 25'000;
  std::int64_t ping_timeout_ms = 20'000;
  std::int64_t connect_timeout_ms = 10'000;
  std::int64_t typing_timeout_ms = 6'000;
  std::int64_t presence_grace_ms = 5'000;
  std::int64_t token_warning_ms = 60'000;
  std::int64_t token_grace_ms = 30'000;
  std::int64_t upload_keep_unsent_hours = 24;
  std::int64_t upload_tidy_ms = 60'000;
  std::int64_t upload_link_seconds = 300;
  std::int64_t edit_window_ms = 900'000;
  std::int64_t notifications_kept_days = 90;
  std::int64_t revocation_days = 400;
  std::int64_t marketplace_sweep_ms = 500;
  std::int64_t shutdown_spread_ms = 2'000;

  /// Other nodes may serve the same database.
  bool several_nodes() const { return !node_address.empty() || !redis_url.empty(); }
  bool tls() const { return !tls_cert_file.empty(); }
  /// [marketplace] of the file: we live beside one; null: users, orders and disputes are our own.
  std::shared_ptr<const Mapping> marketplace;

  bool production() const { return node_env == "production"; }
  /// Tokens are signed with a key of somebody else's, of which only the public half is known here.
  bool has_public_keys() const {
    return !(jwt_public_key_file.empty() && jwt_jwks_file.empty() && jwt_jwks_url.empty());
  }
  bool demo_on() const { return demo.value_or(!production() && marketplace == nullptr); }
  bool on_postgres() const { return database_url.starts_with("postgres"); }
  std::string store_url() const {
    return database_url.empty() ? "sqlite:" + data_dir + "/rozmova.db" : database_url;
  }
};

/// What people typed, before it is understood: names of settings (as in the environment) to texts.
using Flags = std::map<std::string, std::string, std::less<>>;
using Environment = std::map<std::string, std::string, std::less<>>;
Environment process_environment();

/// All that is wrong, one sentence a line: key, value, what is allowed, where it came from.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<std::string> problems);
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  std::vector<std::string> problems_;
};

/// A config and how it came about.
struct LoadedConfig {
  Config config;
  std::map<std::string, std::string, std::less<>>
      origin;                         ///< setting -> "environment PORT", "file x.toml line 3", "flag --port"
  std::vector<std::string> warnings;  ///< misspelt names that look like ours
};

/// default < file (`config_file`, else ROZMOVA_CONFIG) < environment < flags. Empty environment variables count as unset.
/// Throws ConfigError with everything that is wrong in form; see check_config() for sense.
LoadedConfig load_config(const std::string& config_file, const Environment& environment, const Flags& flags);

/// What is right in form but makes no sense together: `problems` forbid to start (production without a secret, features
/// that this version has not), `warnings` do not.
struct Findings {
  std::vector<std::string> problems, warnings;
};
Findings check_config(const Config& config);

/// The whole config as a TOML file, each line with its origin; secrets masked.
std::string print_config(const LoadedConfig& loaded);

}  // namespace rozmova
