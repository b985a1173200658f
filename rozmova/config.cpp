#include "rozmova/config.hpp"

#include "rozmova/config_file.hpp"
#include "rozmova/public_keys.hpp"
#include "rozmova/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <utility>

namespace rozmova {

namespace {

constexpr std::size_t secret_bytes_min = 32;  // as long as the output of HMAC-SHA256 (RFC 7518 §3.2)

/// Variables that resemble ours and mean something elsewhere: nobody who has them set has made a mistake.
constexpr std::array<std::string_view, 3> others_variables = {"ROZMOVA_CONFIG", "SSL_CERT_FILE",
                                                              "SSL_CERT_DIR"};

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string did_you_mean(std::string_view name) {
  const Setting* closest = closest_setting(name);
  return closest == nullptr ? std::string() : fmt::format("; did you mean {}?", closest->name);
}

/// Collects values layer by layer; later layers win.
class Loader {
 public:
  void file(const std::string& path) {
    const ConfigFile read = read_config_file(path);
    loaded_.config.marketplace = read.marketplace;
    for (const FileEntry& entry : read.entries) {
      const Setting* setting = find_setting(upper(entry.key));
      if (setting == nullptr || setting->key() != entry.key) {
        problems_.push_back(fmt::format("{}: there is no setting \"{}\"{}", entry.origin, entry.key,
                                        did_you_mean(upper(entry.key))));
      } else if (!entry.understood) {
        problems_.push_back(
            fmt::format("{}: \"{}\" must be {}.", entry.origin, entry.key, setting->allowed()));
      } else {
        set(*setting, entry.value, entry.key, entry.origin);
      }
    }
  }

  void environment(const Environment& variables) {
    for (const auto& [name, value] : variables) {
      if (value.empty()) continue;
      if (const Setting* setting = find_setting(name)) {
        set(*setting, value, name, "environment " + name);
      } else if (const Setting* closest = closest_setting(name)) {
        if (!variables.contains(closest->name) && !std::ranges::count(others_variables, name)) {
          loaded_.warnings.push_back(fmt::format(
              "The environment has {}, which means nothing here; did you mean {}?", name, closest->name));
        }
      }
    }
  }

  void flags(const Flags& flags) {
    for (const auto& [name, value] : flags) {
      if (const Setting* setting = find_setting(name))
        set(*setting, value, setting->flag(), "flag " + setting->flag());
      else
        problems_.push_back(fmt::format("There is no setting {}{}", name, did_you_mean(name)));
    }
  }

  LoadedConfig finish() {
    if (!problems_.empty()) throw ConfigError(std::move(problems_));
    return std::move(loaded_);
  }

 private:
  /// `spelling` is the name as it was typed there.
  void set(const Setting& setting, const std::string& value, const std::string& spelling,
           const std::string& origin) {
    if (assign(loaded_.config, setting, value)) {
      loaded_.origin.insert_or_assign(std::string(setting.name), origin);
      return;
    }
    const std::string shown = setting.secret ? "the value" : fmt::format("\"{}\"", value);
    problems_.push_back(fmt::format("{}: {} = {} is not allowed; it must be {}.", origin, spelling, shown,
                                    setting.allowed()));
  }

  LoadedConfig loaded_;
  std::vector<std::string> problems_;
};

/// scheme://host[:port], nothing more: browsers send nothing more in Origin.
bool is_origin(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return false;
  const std::string_view host = text.substr(scheme + 3);
  return !host.empty() && host.find_first_of("/?#@* ") == std::string_view::npos;
}

void check_secrets(const Config& config, Findings& found) {
  const auto say = [&](std::string sentence) {
    (config.production() ? found.problems : found.warnings).push_back(std::move(sentence));
  };
  if (config.jwt_secret.empty()) {
    if (config.production() && !config.has_public_keys()) {
      found.problems.emplace_back(
          "JWT_SECRET is missing: NODE_ENV=production needs one (openssl rand -base64 48).");
    }
  } else if (config.jwt_secret.size() < secret_bytes_min) {
    say(fmt::format(
        "JWT_SECRET is {} bytes long; {} or more are needed against guessing (openssl rand -base64 48).",
        config.jwt_secret.size(), secret_bytes_min));
  }
  for (const std::string& secret : config.jwt_previous_secret) {
    if (secret.size() < secret_bytes_min)
      say(fmt::format("A JWT_PREVIOUS_SECRET is shorter than {} bytes.", secret_bytes_min));
  }
  if (!config.service_token.empty() && config.service_token.size() < secret_bytes_min) {
    say(fmt::format("SERVICE_TOKEN is shorter than {} bytes (openssl rand -base64 48).", secret_bytes_min));
  }
}

/// As sioxx::cluster::ClassicRules::operation() knows them.
constexpr std::string_view redis_adapter_operations[] = {"emit",  "join", "leave",      "disconnect",
                                                         "fetch", "ask",  "server-side"};

void check_redis_adapter(const Config& config, Findings& found) {
  for (const std::string& name : config.redis_adapter_operations) {
    if (std::find(std::begin(redis_adapter_operations), std::end(redis_adapter_operations), name) ==
        std::end(redis_adapter_operations)) {
      found.problems.push_back(fmt::format("REDIS_ADAPTER_OPERATIONS names \"{}\"; there are {}.", name,
                                           fmt::join(redis_adapter_operations, ", ")));
    }
  }
  if (!config.redis_adapter_key.empty() && config.redis_url.empty())
    found.problems.emplace_back("REDIS_ADAPTER_KEY is set without REDIS_URL: on whose Redis?");
}

void check_nodes(const Config& config, Findings& found) {
  const std::string_view why = config.redis_url.empty() ? "NODE_ADDRESS" : "REDIS_URL";
  if (!config.cluster_secret.empty() && config.cluster_secret.size() < secret_bytes_min) {
    found.problems.push_back(
        fmt::format("CLUSTER_SECRET is shorter than {} bytes (openssl rand -base64 48).", secret_bytes_min));
  }
  if (!config.several_nodes()) return;
  if (!config.on_postgres()) {
    found.problems.push_back(
        fmt::format("{} is set, but several nodes need one PostgreSQL: set DATABASE_URL=postgres://…, or "
                    "unset it and run a single node.",
                    why));
  }
  if (config.jwt_secret.empty() && !config.has_public_keys()) {
    found.problems.push_back(
        fmt::format("{} is set, but JWT_SECRET is not: each node would make one of its own.", why));
  }
  if (config.node_address.empty()) return;
  if (config.jwt_secret.empty() && config.cluster_secret.empty()) {
    found.problems.emplace_back(
        "NODE_ADDRESS is set without a JWT_SECRET: then CLUSTER_SECRET must be set, the same for all nodes "
        "(openssl rand -base64 48).");
  }
  if (config.tls()) {
    found.problems.emplace_back(
        "NODE_ADDRESS and TLS_CERT_FILE are set: nodes speak plain HTTP to each other, so the balancer in "
        "front of them has to speak TLS.");
  }
}

void check_webhooks(const Config& config, Findings& found) {
  for (const std::string& url : config.webhook_url) {
    const bool plain = url.starts_with("http://");
    if (!plain && !url.starts_with("https://")) {
      found.problems.push_back(
          fmt::format("WEBHOOK_URL has \"{}\": it must begin with https:// (or http://).", url));
    } else if (plain && config.production()) {
      found.warnings.push_back(fmt::format("WEBHOOK_URL {} is not encrypted; use https://.", url));
    }
  }
  if (config.webhook_url.empty()) return;
  if (config.webhook_secret.empty()) {
    found.problems.emplace_back(
        "WEBHOOK_URL is set, but WEBHOOK_SECRET is not: nobody could tell our requests from others' (openssl rand -base64 48).");
  } else if (config.webhook_secret.size() < secret_bytes_min) {
    (config.production() ? found.problems : found.warnings)
        .push_back(fmt::format("WEBHOOK_SECRET is shorter than {} bytes (openssl rand -base64 48).",
                               secret_bytes_min));
  }
  for (const std::string& event : config.webhook_events) {
    if (std::find(std::begin(webhook_types), std::end(webhook_types), event) == std::end(webhook_types))
      found.problems.push_back(
          fmt::format("WEBHOOK_EVENTS has \"{}\"; there are: {}.", event, fmt::join(webhook_types, ", ")));
  }
}

}  // namespace

Environment process_environment() {
  Environment out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

ConfigError::ConfigError(std::vector<std::string> problems)
    : std::runtime_error(fmt::format("{}", fmt::join(problems, "\n"))), problems_(std::move(problems)) {}

LoadedConfig load_config(const std::string& config_file, const Environment& environment, const Flags& flags) {
  Loader loader;
  std::string file = config_file;
  if (const auto named = environment.find("ROZMOVA_CONFIG"); file.empty() && named != environment.end())
    file = named->second;
  if (!file.empty()) loader.file(file);
  loader.environment(environment);
  loader.flags(flags);
  return loader.finish();
}

Findings check_config(const Config& config) {
  Findings found;
  check_secrets(config, found);
  check_webhooks(config, found);
  check_keys(config, found);
  if (config.tls_cert_file.empty() != config.tls_key_file.empty()) {
    found.problems.emplace_back(
        "TLS_CERT_FILE and TLS_KEY_FILE belong together: set both, or neither for plain HTTP.");
  }
  check_nodes(config, found);
  check_redis_adapter(config, found);
  const bool known = config.database_url.empty() || config.database_url.starts_with("sqlite:") ||
                     config.database_url.starts_with("postgres://") ||
                     config.database_url.starts_with("postgresql://");
  if (!known) {
    found.problems.push_back(
        fmt::format("DATABASE_URL starts with \"{}\": it must be sqlite:PATH or postgres://….",
                    config.database_url.substr(0, config.database_url.find(':') + 1)));
  }
  for (const std::string& origin : config.cors_origin) {
    if (origin == "*") {
      if (config.production())
        found.problems.emplace_back(
            "CORS_ORIGIN=* is not allowed with NODE_ENV=production: name the origins.");
    } else if (!is_origin(origin)) {
      found.problems.push_back(fmt::format(
          "CORS_ORIGIN has \"{}\": an origin is scheme://host or scheme://host:port, without a path.",
          origin));
    }
  }
  if (config.marketplace != nullptr && config.demo_on()) {
    found.problems.emplace_back(
        "DEMO is on, but beside a marketplace its people and orders are the only ones.");
  }
  if (config.production() && config.demo_on()) {
    found.problems.emplace_back(
        "DEMO is on, but NODE_ENV=production has no demo: anybody could sign in as anybody.");
  }
  return found;
}

std::string print_config(const LoadedConfig& loaded) {
  std::string out;
  for (const Setting& setting : settings()) {
    const std::string value = setting.shown(loaded.config);
    const auto origin = loaded.origin.find(setting.name);
    const bool bare = std::holds_alternative<std::int64_t Config::*>(setting.field) ||
                      std::holds_alternative<bool Config::*>(setting.field);
    std::string quoted;
    for (const char c : value) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    // What nobody set and has no literal default stays a comment, so that the output can be used as a file.
    const bool unset = value.empty() || value.find(masked) != std::string::npos;
    out += fmt::format("{}{} = {}{}{}  # {}\n", unset ? "# " : "", setting.key(), bare ? "" : "\"",
                       bare ? value : quoted, bare ? "" : "\"",
                       origin != loaded.origin.end()  ? origin->second
                       : setting.default_text.empty() ? std::string("default")
                                                      : fmt::format("default: {}", setting.default_text));
  }
  return out;
}

}  // namespace rozmova
