#include "rozmova/start.hpp"

#include "rozmova/chat/events.hpp"
#include "rozmova/chat/house.hpp"
#include "rozmova/public_keys.hpp"
#include "rozmova/version.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace rozmova {

namespace {

constexpr std::int64_t unlimited = 1'000'000'000;

std::size_t size(std::int64_t value) { return static_cast<std::size_t>(value); }
std::int64_t rate(std::int64_t setting) { return setting == 0 ? unlimited : setting; }

/// The chat tells of comings and goings with the user's id; the library's own lines of them are for its debugging.
LogLevel level_of(const sioxx::LogLine& line) {
  if (line.event == "connection" || line.event == "disconnection") return LogLevel::debug;
  constexpr std::array levels = {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error};
  return levels[static_cast<std::size_t>(line.level)];
}

void write_line(Log& log, const sioxx::LogLine& line) {
  if (line.duration_ms < 0) {
    log.write(level_of(line), line.event,
              {{"sid", line.sid},
               {"socket", line.socket},
               {"address", line.address},
               {"transport", line.transport},
               {"reason", line.reason},
               {"detail", line.detail}});
  } else {
    log.write(level_of(line), line.event,
              {{"sid", line.sid},
               {"socket", line.socket},
               {"address", line.address},
               {"transport", line.transport},
               {"reason", line.reason},
               {"detail", line.detail},
               {"duration_ms", line.duration_ms}});
  }
}

/// Whoever is refused all the time does not fill the disk: so many lines a second of each thread, and then how many were
/// left out.
void write_refusal(Log& log, const api::Answered& answered) {
  constexpr int lines_per_s_max = 50;
  thread_local std::int64_t second = 0;
  thread_local int lines = 0, left_out = 0;
  if (const std::int64_t now = wall_now_ms() / 1'000; now != second) {
    second = now;
    lines = 0;
  }
  if (++lines > lines_per_s_max) {
    ++left_out;
    return;
  }
  log.event("refusal", {{"method", answered.method},
                        {"path", answered.path},
                        {"code", answered.code},
                        {"status", answered.status},
                        {"address", answered.address},
                        {"duration_us", answered.us},
                        {"left_out", std::exchange(left_out, 0)}});
}

bool is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

LogFormat format_of(const Config& config) {
  if (config.log_format == "auto") return is_terminal() ? LogFormat::text : LogFormat::json;
  return config.log_format == "text" ? LogFormat::text : LogFormat::json;
}

/// Addresses that mean "this machine" are shown by the name that people type.
std::string url_of(const Config& config, std::uint16_t port) {
  const bool local =
      config.host == "::" || config.host == "0.0.0.0" || config.host == "127.0.0.1" || config.host == "::1";
  const bool is_v6 = config.host.find(':') != std::string::npos;
  return fmt::format("{}://{}:{}", config.tls() ? "https" : "http",
                     local   ? "localhost"
                     : is_v6 ? "[" + config.host + "]"
                             : config.host,
                     port);
}

}  // namespace

WallMs wall_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

LogOptions log_options(const Config& config) {
  LogOptions options;
  options.level = parse_log_level(config.log_level).value_or(LogLevel::info);
  options.format = format_of(config);
  options.colour = is_terminal() && ::getenv("NO_COLOR") == nullptr;
  return options;
}

AuthOptions auth_options(const Config& config, const Secret& secret) {
  AuthOptions options;
  options.secret = secret.value;
  options.previous_secrets = config.jwt_previous_secret;
  options.algorithm = config.jwt_algorithm;
  options.public_keys = public_keys(config);
  options.issuer = config.jwt_issuer;
  options.audience = config.jwt_audience;
  options.leeway_ms = config.jwt_leeway_seconds * 1000;
  return options;
}

std::unique_ptr<JwksSource> jwks_source(const Config& config, Log& log) {
  if (config.jwt_jwks_file.empty() && config.jwt_jwks_url.empty()) return nullptr;
  JwksOptions options;
  options.file = config.jwt_jwks_file;
  options.url = config.jwt_jwks_url;
  options.refresh_ms = config.jwt_jwks_refresh_seconds * 1'000;
  options.asked_interval_ms = config.jwt_jwks_ask_seconds * 1'000;
  return std::make_unique<JwksSource>(std::move(options), [&log](bool good, std::string_view what) {
    if (good)
      log.debug("keys_loaded", {{"keys", what}});
    else
      log.error("keys_not_loaded", {{"reason", what}});
  });
}

sioxx::Options server_options(const Config& config, const Secret& secret, Log& log) {
  sioxx::Options options;
  options.host = config.host;
  options.port = static_cast<std::uint16_t>(config.port);
  options.threads = static_cast<unsigned>(config.threads);
  options.ping_interval_ms = config.ping_interval_ms;
  options.ping_timeout_ms = config.ping_timeout_ms;
  options.connect_timeout_ms = config.connect_timeout_ms;
  options.max_payload_bytes = size(config.max_payload_bytes);
  options.http_body_bytes_max = size(config.http_body_bytes_max);
  options.send_queue_bytes_max = size(config.send_queue_bytes);
  // What is not stored goes first, however small the queue is.
  options.ephemeral_queue_bytes_max =
      std::min(options.ephemeral_queue_bytes_max, options.send_queue_bytes_max / 4);
  options.rooms_per_socket_max = chat::rooms_for(size(config.rooms_per_socket_max));
  options.connections_max = size(config.connections_max);
  options.connections_per_ip_max = size(config.connections_per_ip_max);
  options.accepts_per_second_max = size(config.connections_per_second_max);
  options.tls_cert_file = config.tls_cert_file;
  options.tls_key_file = config.tls_key_file;
  options.http_compression = config.http_compression;
  options.websocket_compression = config.websocket_compression;
  options.cors_origins = config.cors_origin;
  options.trust_proxy = config.trust_proxy;
  options.allow_eio3 = config.allow_eio3;
  options.redis_url = config.redis_url;
  options.redis_adapter_prefix = config.redis_adapter_key;
  options.redis_adapter_operations = config.redis_adapter_operations;
  options.redis_adapter_rooms = config.redis_adapter_rooms;
  options.redis_adapter_events = config.redis_adapter_events;
  options.redis_adapter_own_events = {"rozmova:*"};
  if (!config.node_address.empty()) options.relay_secret = cluster_secret(config, secret);
  options.log = [&log](const sioxx::LogLine& line) {
    if (log.on(level_of(line))) write_line(log, line);
  };
  return options;
}

store::DatabaseOptions database_options(const Config& config) {
  store::DatabaseOptions options;
  options.readers = static_cast<unsigned>(config.db_readers);
  constexpr std::int64_t postgres_lanes = 2;  // one waits for the disk while the other works
  const std::int64_t lanes = config.db_lanes != 0 ? config.db_lanes : postgres_lanes;
  options.lanes = config.on_postgres() ? static_cast<unsigned>(lanes) : 1;  // SQLite has one writer
  options.queue_deeds_max = size(config.db_queue_max);
  return options;
}

chat::ChatOptions chat_options(const Config& config, std::string_view node) {
  chat::ChatOptions options;
  options.several_nodes = config.several_nodes();
  if (options.several_nodes) options.node = node;
  options.connections_per_address_max = size(config.connections_per_ip_max);
  options.messages_per_10s = options.messages_burst = rate(config.rate_messages_per_10s);
  options.typing_per_s = rate(config.rate_typing_per_s);
  options.typing_burst = rate(config.rate_typing_per_s * 2);
  options.joins_per_s = options.actions_per_s = options.actions_burst = rate(config.rate_joins_per_s);
  options.joins_burst = options.joins_per_s;
  if (config.rate_messages_per_10s == 0) options.events_per_s = options.events_burst = unlimited;
  if (config.rate_joins_per_s == 0) {
    options.rest_reads_per_s = options.rest_reads_burst = unlimited;
    options.sign_ins_per_s = options.sign_ins_burst = unlimited;
    options.bad_tokens_per_min = options.bad_tokens_burst = unlimited;
    options.demo_sign_ins_per_min = options.demo_sign_ins_burst = unlimited;
  }
  // No trigger of ours stands on their tables: what they change is seen by looking.
  if (config.marketplace != nullptr) options.access_sweep_ms = config.marketplace_sweep_ms;
  options.uploads_per_minute = options.uploads_burst = rate(config.uploads_per_minute);
  options.chats_per_connection_max = size(config.rooms_per_socket_max);
  options.content_characters_max = size(config.content_chars_max);
  options.connections_per_user_max =
      size(config.connections_per_user_max == 0 ? unlimited : config.connections_per_user_max);
  options.query_token = config.jwt_query_token;
  options.typing_timeout_ms = config.typing_timeout_ms;
  options.presence_grace_ms = config.presence_grace_ms;
  options.revocations_kept_ms = config.revocation_days * 24 * 3'600'000;
  options.token_warning_ms = config.token_warning_ms;
  options.token_grace_ms = config.token_grace_ms;
  options.edit_window_ms = config.edit_window_ms;
  options.notifications_kept_ms = config.notifications_kept_days * 24 * 3'600'000;
  return options;
}

uploads::UploadOptions upload_options(const Config& config) {
  uploads::UploadOptions options;
  options.folder = (std::filesystem::path(config.data_dir) / "uploads").string();
  options.bytes_max = static_cast<std::uint64_t>(config.upload_bytes_max);
  options.bytes_per_day_max = config.upload_bytes_per_day;
  options.keep_unsent_ms = config.upload_keep_unsent_hours * 3'600'000;
  options.round_ms = config.upload_tidy_ms;
  options.link_ms = config.upload_link_seconds * 1'000;
  return options;
}

bridge::WebhookOptions webhook_options(const Config& config) {
  bridge::WebhookOptions options;
  for (const std::string& url : config.webhook_url) options.endpoints.push_back({url, config.webhook_events});
  options.secret = config.webhook_secret;
  options.user_agent = fmt::format("Rozmova/{}", version);
  options.with_content = config.webhook_content;
  options.timeout_ms = config.webhook_timeout_ms;
  options.retry_first_ms = config.webhook_retry_ms;
  options.retry_max_ms = config.webhook_retry_max_ms;
  options.give_up_ms = config.webhook_give_up_hours * 3'600'000;
  return options;
}

api::RouterOptions router_options(const Config& config, Log& log) {
  api::RouterOptions options;
  options.service_token = config.service_token;
  options.query_token = config.jwt_query_token;
  options.on_answer = [&log](const api::Answered& answered) {
    if (!answered.failure.empty()) {
      log.error("http_failure",
                {{"method", answered.method}, {"path", answered.path}, {"reason", answered.failure}});
    } else if (!answered.code.empty()) {
      write_refusal(log, answered);
    } else if (log.on(LogLevel::debug)) {
      log.debug("http", {{"method", answered.method},
                         {"path", answered.path},
                         {"status", answered.status},
                         {"duration_us", answered.us}});
    }
  };
  return options;
}

void raise_descriptor_limit(Log& log, const Config& config) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < static_cast<rlim_t>(config.connections_max)) {
    log.debug("descriptor_limit",
              {{"limit", limit.rlim_cur},
               {"connections_max", config.connections_max},
               {"reason", "fewer files may be open than CONNECTIONS_MAX; raise LimitNOFILE or ulimit -Hn"}});
  }
}

namespace {

/// Takes the lock or throws; `what` names what is locked.
int locked(const std::string& path, const std::string& what) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "cannot write " + path);
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  ::close(fd);
  throw std::runtime_error(fmt::format("another Rozmova is running on {}", what));
}

}  // namespace

DataLock::DataLock(const Config& config) {
  constexpr std::string_view sqlite = "sqlite:";
  const std::string url = config.store_url();
  if (!url.starts_with(sqlite)) return;
  std::string_view path = std::string_view(url).substr(sqlite.size());
  if (path.starts_with("//")) path.remove_prefix(2);
  folder_.fd =
      locked((std::filesystem::path(config.data_dir) / "rozmova.lock").string(),
             fmt::format("the data folder {}: stop it, or set DATA_DIR to another folder", config.data_dir));
  // Links and other DATA_DIRs lead to the same file all the same.
  const auto database = std::filesystem::weakly_canonical(std::filesystem::absolute(path));
  std::filesystem::create_directories(database.parent_path());
  database_.fd =
      locked(database.string() + ".lock",
             fmt::format("the database {}: stop it, or set DATABASE_URL to another file", database.string()));
}

std::unique_ptr<store::StoreFactory> store_of(const Config& config) {
  return store::make_store(config.store_url(), config.marketplace, config.database_schema);
}

DataLock::Lock::~Lock() {
  if (fd >= 0) ::close(fd);
}

void reload_certificate(sioxx::Server& server, Log& log) {
  try {
    server.reload_tls();
    log.event("certificate_reloaded", {});
  } catch (const std::exception& problem) {
    log.error("certificate_not_reloaded", {{"reason", problem.what()}});
  }
}

void tell_draining(chat::House& house, std::int64_t spread_ms) {
  sioxx::Server& server = house.server();
  for (unsigned index = 0; index < server.shards(); ++index) {
    server.shard(index).post([&house, &server, index, spread_ms] {
      std::minstd_rand random(std::random_device{}());
      std::uniform_int_distribution<std::int64_t> after_ms(500, 500 + spread_ms);
      server.each_local_socket(index, "/", "", [&](sioxx::Socket& socket) {
        socket.send(house.encode(chat::server_draining_event,
                                 fmt::format(R"({{"retryAfterMs":{}}})", after_ms(random))));
      });
    });
  }
}

void say_warnings(Log& log, const LoadedConfig& loaded) {
  for (const std::string& warning : loaded.warnings) log.warning("settings", {{"reason", warning}});
  for (const std::string& warning : check_config(loaded.config).warnings)
    log.warning("settings", {{"reason", warning}});
}

void say_secret(Log& log, const Secret& secret) {
  if (secret.file.empty()) return;
  log.warning(
      "generated_secret",
      {{"file", secret.file},
       {"new", secret.is_new},
       {"reason",
        "JWT_SECRET is not set; tokens are signed with a generated secret. Set it to the secret of your backend."}});
}

void say_started(Log& log, const Config& config, std::uint16_t port, std::string_view store,
                 bool has_web_app) {
  const std::string url = url_of(config, port);
  log.event("started", {{"version", version},
                        {"url", url},
                        {"store", store},
                        {"environment", config.node_env},
                        {"demo", config.demo_on()},
                        {"pid", ::getpid()}});
  if (format_of(config) != LogFormat::text) return;
  std::string text = fmt::format("\n  Rozmova {} is at {}\n", version, url);
  if (config.demo_on() && has_web_app) {
    text += "  Demo: open it in two windows, choose a different person in each, and write to each other.\n";
  } else if (!has_web_app) {
    text +=
        "  There is no web app here (npm --prefix web ci && npm --prefix web run build); the API works.\n";
  }
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

void say_failure(Log& log, const Config& config, const std::exception& problem) {
  std::string reason = problem.what();
  const auto* error = dynamic_cast<const std::system_error*>(&problem);
  if (error != nullptr && error->code() == std::errc::address_in_use) {
    reason = fmt::format(
        "Port {} is taken by another program. Start with another one (PORT={}), or stop the other (ss -ltnp 'sport = :{}' shows it).",
        config.port, config.port + 1, config.port);
  }
  if (format_of(config) == LogFormat::text || !log.on(LogLevel::error)) {
    fmt::print(stderr, "Rozmova did not start: {}\n", reason);
  } else {
    log.error("not_started", {{"reason", reason}});
  }
}

}  // namespace rozmova
