#include "rozmova/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <utility>

namespace rozmova {

namespace {

using G = SettingGroup;
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t gigabyte = 1'073'741'824;

const std::vector<Setting>& table() {
  static const std::vector<Setting> rows = {
      // ---- where it listens and lives
      {.name = "PORT",
       .group = G::place,
       .field = &Config::port,
       .max = 65'535,
       .help = "Port to listen on; 0 takes a free one and says which."},
      {.name = "HOST",
       .group = G::place,
       .field = &Config::host,
       .help = "Address to listen on. `::` is every address, IPv4 too; `127.0.0.1` only this machine."},
      {.name = "TLS_CERT_FILE",
       .group = G::place,
       .field = &Config::tls_cert_file,
       .default_text = "no TLS",
       .help =
           "Certificate chain in PEM form. With it and TLS_KEY_FILE the port speaks https and wss, and nothing else. SIGHUP reads both again."},
      {.name = "TLS_KEY_FILE",
       .group = G::place,
       .field = &Config::tls_key_file,
       .default_text = "no TLS",
       .help = "Private key of the certificate, in PEM form, without a passphrase."},
      {.name = "HTTP_COMPRESSION",
       .group = G::place,
       .field = &Config::http_compression,
       .help = "Compress answers of text from 1 KiB to 1 MiB (gzip, deflate) for clients that accept it."},
      {.name = "WEBSOCKET_COMPRESSION",
       .group = G::place,
       .field = &Config::websocket_compression,
       .help =
           "permessage-deflate for messages from 1 KiB to 1 MiB and clients that offer it. Saves traffic, costs CPU; an idle connection costs nothing more."},
      {.name = "DATA_DIR",
       .group = G::place,
       .field = &Config::data_dir,
       .help = "Folder of the database and the generated secret; created when missing."},
      {.name = "DATABASE_URL",
       .group = G::place,
       .field = &Config::database_url,
       .default_text = "sqlite:{DATA_DIR}/rozmova.db",
       .help = "Where messages are kept: `sqlite:PATH`."},
      {.name = "REDIS_URL",
       .group = G::place,
       .field = &Config::redis_url,
       .help = "Redis that connects several nodes. Not in this version: a single node serves all."},
      {.name = "WEB_DIR",
       .group = G::place,
       .field = &Config::web_dir,
       .default_text = "found by itself",
       .help =
           "Folder with the built web app. By default `../share/rozmova/web` beside the program, else the source tree."},
      {.name = "THREADS",
       .group = G::place,
       .field = &Config::threads,
       .max = 64,
       .default_text = "0 (by cores)",
       .help = "Shards, one thread each. 0: one on up to 2 cores, else cores - 1, at most 16."},
      {.name = "NODE_ENV",
       .group = G::place,
       .field = &Config::node_env,
       .choices = {"development", "test", "production"},
       .help =
           "`production` is strict: no demo data, JWT_SECRET of 32 bytes or more, no wildcard origin, no error detail."},
      {.name = "DEMO",
       .group = G::place,
       .field = &Config::demo,
       .default_text = "true outside production",
       .help = "A demo marketplace with people, orders and sign-in without password."},

      // ---- who may come in
      {.name = "JWT_SECRET",
       .group = G::entry,
       .field = &Config::jwt_secret,
       .secret = true,
       .default_text = "generated into {DATA_DIR}/jwt-secret",
       .help = "The secret that your backend signs tokens with (HMAC). In production: 32 bytes or more."},
      {.name = "JWT_PREVIOUS_SECRET",
       .group = G::entry,
       .field = &Config::jwt_previous_secret,
       .secret = true,
       .help = "Older secrets, comma-separated, that are still accepted while you change over."},
      {.name = "JWT_ALGORITHM",
       .group = G::entry,
       .field = &Config::jwt_algorithm,
       .choices = {"HS256", "HS384", "HS512"},
       .help =
           "The one algorithm that tokens must be signed with; what a token says of itself does not count."},
      {.name = "JWT_PUBLIC_KEY_FILE",
       .group = G::entry,
       .field = &Config::jwt_public_key_file,
       .help =
           "PEM file with the public key (or keys, or certificates) of who signs tokens: RSA for RS256, P-256 for ES256, Ed25519 for EdDSA."},
      {.name = "JWT_JWKS_FILE",
       .group = G::entry,
       .field = &Config::jwt_jwks_file,
       .help = "The same as a JSON Web Key Set; may be replaced while the server runs."},
      {.name = "JWT_JWKS_URL",
       .group = G::entry,
       .field = &Config::jwt_jwks_url,
       .help =
           "Where the issuer publishes his key set. While it cannot be fetched the last good keys stay in force."},
      {.name = "JWT_JWKS_REFRESH_SECONDS",
       .group = G::entry,
       .field = &Config::jwt_jwks_refresh_seconds,
       .unit = "s",
       .min = 1,
       .max = 86'400,
       .help = "How often the key set is looked at."},
      {.name = "JWT_JWKS_ASK_SECONDS",
       .group = G::entry,
       .field = &Config::jwt_jwks_ask_seconds,
       .unit = "s",
       .min = 1,
       .max = 86'400,
       .help = "At most one further look in this time for tokens whose key is not known."},
      {.name = "JWT_ISSUER",
       .group = G::entry,
       .field = &Config::jwt_issuer,
       .help = "When set, `iss` must be this."},
      {.name = "JWT_AUDIENCE",
       .group = G::entry,
       .field = &Config::jwt_audience,
       .help = "When set, `aud` must contain this."},
      {.name = "JWT_LEEWAY_SECONDS",
       .group = G::entry,
       .field = &Config::jwt_leeway_seconds,
       .unit = "s",
       .max = 600,
       .help = "How far clocks may differ when `exp`, `nbf` and `iat` are compared."},
      {.name = "JWT_QUERY_TOKEN",
       .group = G::entry,
       .field = &Config::jwt_query_token,
       .help = "Also accept the token as `?token=`. Addresses end up in the logs of proxies, so it is off."},
      {.name = "ALLOW_EIO3",
       .group = G::entry,
       .field = &Config::allow_eio3,
       .help =
           "Let in clients of Socket.IO 2 (Engine.IO protocol 3). Their token comes in `Authorization` or as `?token=`."},
      {.name = "SERVICE_TOKEN",
       .group = G::entry,
       .field = &Config::service_token,
       .secret = true,
       .help = "Bearer token of your backend for the admin routes; 32 random bytes. Empty: none."},
      {.name = "CORS_ORIGIN",
       .group = G::entry,
       .field = &Config::cors_origin,
       .default_text = "same origin only",
       .help =
           "Origins of web pages that may connect, comma-separated (`https://shop.example`); `*` is any."},
      {.name = "TRUST_PROXY",
       .group = G::entry,
       .field = &Config::trust_proxy,
       .help = "Take client addresses from X-Forwarded-For: only behind a proxy that sets it."},

      // ---- what it says
      {.name = "LOG_LEVEL",
       .group = G::output,
       .field = &Config::log_level,
       .choices = {"debug", "info", "warn", "error", "off"},
       .help = "The least important lines that are written."},
      {.name = "LOG_FORMAT",
       .group = G::output,
       .field = &Config::log_format,
       .choices = {"auto", "json", "text"},
       .help = "`json`: one object a line. `text`: for eyes. `auto`: text on a terminal, else json."},

      // ---- limits
      {.name = "CONTENT_CHARS_MAX",
       .group = G::limits,
       .field = &Config::content_chars_max,
       .unit = "characters",
       .min = 1,
       .max = 100'000,
       .help = "Longest text of a message."},
      {.name = "RATE_MESSAGES_PER_10S",
       .group = G::limits,
       .field = &Config::rate_messages_per_10s,
       .unit = "per 10 s",
       .max = 1'000'000,
       .help =
           "Messages of one user, over all devices; as many at once. 0: unlimited, events of every kind too."},
      {.name = "RATE_TYPING_PER_S",
       .group = G::limits,
       .field = &Config::rate_typing_per_s,
       .unit = "per s",
       .max = 1'000'000,
       .help = "Typing events of one user. 0: unlimited."},
      {.name = "RATE_JOINS_PER_S",
       .group = G::limits,
       .field = &Config::rate_joins_per_s,
       .unit = "per s",
       .max = 1'000'000,
       .help =
           "Chats entered by one user; at once as many as ROOMS_PER_SOCKET_MAX. Also his read marks, token refreshes and new orders. 0: unlimited, sign-ins and reads over REST too."},
      {.name = "CONNECTIONS_MAX",
       .group = G::limits,
       .field = &Config::connections_max,
       .min = 1,
       .max = 100'000'000,
       .help =
           "Open connections of the whole server; polling sessions are counted beside them, with the same limit."},
      {.name = "CONNECTIONS_PER_USER_MAX",
       .group = G::limits,
       .field = &Config::connections_per_user_max,
       .max = 1'000'000,
       .help = "Sockets of one user at a time. 0: unlimited."},
      {.name = "CONNECTIONS_PER_IP_MAX",
       .group = G::limits,
       .field = &Config::connections_per_ip_max,
       .max = 100'000'000,
       .help =
           "Connections from one address. 0: unlimited; do so when everybody comes through one proxy without TRUST_PROXY."},
      {.name = "CONNECTIONS_PER_SECOND_MAX",
       .group = G::limits,
       .field = &Config::connections_per_second_max,
       .unit = "per s",
       .max = 100'000'000,
       .help =
           "New connections of all addresses together, and as many at once; more are answered 503 with Retry-After. 0: unlimited."},
      {.name = "ROOMS_PER_SOCKET_MAX",
       .group = G::limits,
       .field = &Config::rooms_per_socket_max,
       .min = 1,
       .max = 1'000'000,
       .help = "Chats that one socket may have joined at a time."},
      {.name = "MAX_PAYLOAD_BYTES",
       .group = G::limits,
       .field = &Config::max_payload_bytes,
       .unit = "bytes",
       .min = 1'024,
       .max = gigabyte,
       .help = "Biggest Socket.IO packet (`maxPayload`)."},
      {.name = "HTTP_BODY_BYTES_MAX",
       .group = G::limits,
       .field = &Config::http_body_bytes_max,
       .unit = "bytes",
       .min = 1'024,
       .max = gigabyte,
       .help = "Biggest body of a REST request."},
      {.name = "SEND_QUEUE_BYTES",
       .group = G::limits,
       .field = &Config::send_queue_bytes,
       .unit = "bytes",
       .min = 16'384,
       .max = gigabyte,
       .help = "What may wait for one slow connection; past it the connection is closed as `slow consumer`."},
      {.name = "DB_QUEUE_MAX",
       .group = G::limits,
       .field = &Config::db_queue_max,
       .unit = "writes",
       .min = 16,
       .max = 100'000'000,
       .help = "Writes that may wait for the database; past it senders get UNAVAILABLE."},
      {.name = "DB_READERS",
       .group = G::limits,
       .field = &Config::db_readers,
       .unit = "threads",
       .min = 1,
       .max = 64,
       .help = "Threads that read from the database."},

      // ---- times
      {.name = "PING_INTERVAL_MS",
       .group = G::times,
       .field = &Config::ping_interval_ms,
       .unit = "ms",
       .min = 50,
       .max = day_ms,
       .help = "Between two heartbeats of a connection."},
      {.name = "PING_TIMEOUT_MS",
       .group = G::times,
       .field = &Config::ping_timeout_ms,
       .unit = "ms",
       .min = 50,
       .max = day_ms,
       .help = "How long the answer to a heartbeat may take; then the connection is dead."},
      {.name = "CONNECT_TIMEOUT_MS",
       .group = G::times,
       .field = &Config::connect_timeout_ms,
       .unit = "ms",
       .min = 50,
       .max = day_ms,
       .help = "From the handshake to a successful sign-in (Node's socket.io: 45000)."},
      {.name = "TYPING_TIMEOUT_MS",
       .group = G::times,
       .field = &Config::typing_timeout_ms,
       .unit = "ms",
       .min = 50,
       .max = 600'000,
       .help = "After which somebody who fell silent no longer counts as typing."},
      {.name = "PRESENCE_GRACE_MS",
       .group = G::times,
       .field = &Config::presence_grace_ms,
       .unit = "ms",
       .max = 600'000,
       .help =
           "How long a user without devices still counts as online, so that a page reload shows nothing."},
      {.name = "TOKEN_WARNING_MS",
       .group = G::times,
       .field = &Config::token_warning_ms,
       .unit = "ms",
       .max = day_ms,
       .help = "How long before the end of a connection's token it hears `token_expiring`."},
      {.name = "TOKEN_GRACE_MS",
       .group = G::times,
       .field = &Config::token_grace_ms,
       .unit = "ms",
       .max = day_ms,
       .help = "How long a connection with an expired token stays, able to do nothing but `auth_refresh`."},
      {.name = "SHUTDOWN_SPREAD_MS",
       .group = G::times,
       .field = &Config::shutdown_spread_ms,
       .unit = "ms",
       .max = 600'000,
       .help = "Over which connections are closed at SIGTERM, so that not all clients return in one moment."},
  };
  return rows;
}

constexpr std::array<std::string_view, 5> group_titles = {"Where it listens and lives", "Who may come in",
                                                          "What it says", "Limits", "Times"};

std::string lower_with(std::string_view name, char separator) {
  std::string out;
  for (const char c : name)
    out += c == '_' ? separator : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view item = trimmed(text.substr(0, comma));
    if (!item.empty()) out.emplace_back(item);
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::optional<bool> parse_bool(std::string_view text) {
  const std::string word = lower_with(text, '_');
  if (word == "true" || word == "1" || word == "on" || word == "yes") return true;
  if (word == "false" || word == "0" || word == "off" || word == "no") return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Assign {
  Config& config;
  const Setting& setting;
  std::string_view text;

  bool operator()(std::string Config::*field) const {
    const auto& choices = setting.choices;
    const std::string_view value = setting.secret ? text : trimmed(text);
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) return false;
    config.*field = std::string(value);
    return true;
  }
  bool operator()(std::vector<std::string> Config::*field) const {
    config.*field = split_list(text);
    return true;
  }
  bool operator()(std::int64_t Config::*field) const {
    const auto value = parse_int(trimmed(text));
    if (!value || *value < setting.min || *value > setting.max) return false;
    config.*field = *value;
    return true;
  }
  bool operator()(bool Config::*field) const {
    const auto value = parse_bool(trimmed(text));
    if (value) config.*field = *value;
    return value.has_value();
  }
  bool operator()(std::optional<bool> Config::*field) const {
    const auto value = parse_bool(trimmed(text));
    if (value) config.*field = *value;
    return value.has_value();
  }
};

struct Show {
  const Config& config;
  std::string operator()(std::string Config::*field) const { return config.*field; }
  std::string operator()(std::vector<std::string> Config::*field) const {
    return fmt::format("{}", fmt::join(config.*field, ","));
  }
  std::string operator()(std::int64_t Config::*field) const { return std::to_string(config.*field); }
  std::string operator()(bool Config::*field) const { return config.*field ? "true" : "false"; }
  std::string operator()(std::optional<bool> Config::*field) const {
    return !(config.*field) ? "" : *(config.*field) ? "true" : "false";
  }
};

/// Edits (one letter more, less, other, or two swapped) that turn one word into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), row(b.size() + 1);
  std::iota(previous.begin(), previous.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = previous;
    previous = row;
  }
  return previous[b.size()];
}

}  // namespace

std::span<const Setting> settings() { return table(); }

const Setting* find_setting(std::string_view name) {
  const auto found =
      std::find_if(table().begin(), table().end(), [&](const Setting& s) { return s.name == name; });
  return found == table().end() ? nullptr : &*found;
}

const Setting* closest_setting(std::string_view name) {
  const Setting* closest = nullptr;
  std::size_t least = 3;
  for (const Setting& setting : table()) {
    // Short names have too many neighbours: PORT is one slip from SORT.
    if (setting.name.size() < 6) continue;
    const std::size_t edits = distance(name, setting.name);
    if (edits < least) std::tie(least, closest) = std::pair(edits, &setting);
  }
  return closest;
}

std::string Setting::key() const { return lower_with(name, '_'); }

std::string Setting::flag() const { return secret ? std::string() : "--" + lower_with(name, '-'); }

std::string Setting::allowed() const {
  if (!choices.empty()) return fmt::format("one of {}", fmt::join(choices, ", "));
  if (std::holds_alternative<std::int64_t Config::*>(field))
    return fmt::format("a whole number from {} to {}", min, max);
  if (std::holds_alternative<bool Config::*>(field) ||
      std::holds_alternative<std::optional<bool> Config::*>(field)) {
    return "true or false";
  }
  return std::holds_alternative<std::vector<std::string> Config::*>(field) ? "a list, comma-separated"
                                                                           : "a text";
}

std::string Setting::shown(const Config& config) const {
  std::string value = std::visit(Show{config}, field);
  return secret && !value.empty() ? "********" : value;
}

bool assign(Config& config, const Setting& setting, std::string_view text) {
  return std::visit(Assign{config, setting, text}, setting.field);
}

std::string settings_doc() {
  std::string out =
      "# Settings\n\n"
      "Every setting has one name in three spellings: `PING_TIMEOUT_MS` in the environment, `ping_timeout_ms` in a TOML file\n"
      "(`--config FILE` or `ROZMOVA_CONFIG`), `--ping-timeout-ms` on the command line. A flag beats the environment, which\n"
      "beats the file, which beats the default. An environment variable that is empty counts as not set. Secrets have no flag:\n"
      "everybody on the machine can read command lines.\n\n"
      "`rozmova check-config` tries them out, `rozmova --print-config` shows what is in force and where it came from.\n\n"
      "This page is written by `rozmova --print-settings-doc`; a test compares the two.\n";
  const Config defaults;
  for (std::size_t group = 0; group < group_titles.size(); ++group) {
    out += fmt::format("\n## {}\n\n| name | default | allowed | what it is |\n| --- | --- | --- | --- |\n",
                       group_titles[group]);
    for (const Setting& setting : table()) {
      if (setting.group != static_cast<SettingGroup>(group)) continue;
      const std::string literal = setting.shown(defaults);
      const std::string value = !setting.default_text.empty() ? std::string(setting.default_text)
                                : literal.empty()             ? "–"
                                                              : fmt::format("`{}`", literal);
      out += fmt::format("| `{}` | {}{}{} | {} | {} |\n", setting.name, value,
                         setting.unit.empty() ? "" : " ", setting.unit, setting.allowed(), setting.help);
    }
  }
  return out;
}

}  // namespace rozmova
