#include "rozmova/api/static_files.hpp"
#include "rozmova/commands.hpp"
#include "rozmova/secret.hpp"
#include "rozmova/start.hpp"
#include "rozmova/store/store.hpp"
#include "sioxx/server.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>

namespace rozmova {

namespace {

namespace fs = std::filesystem;

/// How one look went. `note` does not stop a start, `fix` does.
struct Look {
  enum class Result : std::uint8_t { ok, note, fix } result = Result::ok;
  std::string text;
};
Look ok(std::string text) { return {Look::Result::ok, std::move(text)}; }
Look note(std::string text) { return {Look::Result::note, std::move(text)}; }
Look fix(std::string text) { return {Look::Result::fix, std::move(text)}; }

Look look_at_settings(const LoadedConfig& loaded) {
  const Findings found = check_config(loaded.config);
  if (!found.problems.empty()) return fix(found.problems.front());
  if (!found.warnings.empty()) return note(found.warnings.front());
  if (!loaded.warnings.empty()) return note(loaded.warnings.front());
  return ok(fmt::format("{} given, NODE_ENV={}", loaded.origin.size(), loaded.config.node_env));
}

Look look_at_data_dir(const Config& config) {
  std::error_code error;
  const fs::path folder(config.data_dir);
  if (!fs::exists(folder, error))
    return ok(fmt::format("{} will be made at the first start", folder.string()));
  if (!fs::is_directory(folder, error))
    return fix(fmt::format("{} is no folder; set DATA_DIR", folder.string()));
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    return fix(fmt::format("{} cannot be written: chown it to the user that runs rozmova", folder.string()));
  }
  const fs::space_info space = fs::space(folder, error);
  constexpr std::uintmax_t megabyte = 1'048'576, enough = 500;
  if (!error && space.available / megabyte < enough) {
    return note(
        fmt::format("{}: only {} MB are free on this disk", folder.string(), space.available / megabyte));
  }
  return ok(fmt::format("{}, {} MB free", folder.string(), space.available / megabyte));
}

Look look_at_secret(const Config& config) {
  const auto secret = existing_secret(config);
  if (!secret && config.has_public_keys()) return ok("none: tokens are checked with public keys");
  if (!secret) return ok("one will be generated at the first start; for users of your own set JWT_SECRET");
  if (secret->file.empty()) return ok(fmt::format("JWT_SECRET, {} bytes", secret->value.size()));
  std::error_code error;
  const fs::perms others =
      fs::status(secret->file, error).permissions() & (fs::perms::group_all | fs::perms::others_all);
  if (others != fs::perms::none)
    return fix(fmt::format("others can read {}: chmod 600 {}", secret->file, secret->file));
  return ok(fmt::format("generated, {}", secret->file));
}

/// Whether there is anything to look at yet; what hinders is told by look_at_store().
bool has_store(const Config& config) {
  if (config.on_postgres()) {
    try {
      store_of(config)->open_reader()->users(1);
      return true;
    } catch (const store::StoreError&) {
      return false;
    }
  }
  const std::string url = config.store_url();
  std::error_code error;
  return fs::exists(url.substr(url.find(':') + 1), error);
}

Look look_at_store(const Config& config) {
  const auto store = store_of(config);
  if (!config.on_postgres() && !has_store(config))
    return ok(fmt::format("{} will be made at the first start", store->describe()));
  const auto reader = store->open_reader();
  try {
    reader->users(1);
  } catch (const store::StoreError& error) {
    return note(fmt::format(
        "{} answers, but its tables are not those of this version; the next start makes them ({})",
        store->describe(), error.what()));
  }
  return ok(store->describe());
}

Look look_at_marketplace(const Config& config) {
  if (config.marketplace == nullptr) return ok("none: users, orders and disputes are our own");
  const auto problems = store_of(config)->look_at_marketplace();
  return problems.empty() ? ok("its tables are as [marketplace] says")
                          : fix(fmt::format("{}", fmt::join(problems, "; ")));
}

Look look_at_webhooks(const Config& config) {
  if (config.webhook_url.empty()) return ok("none are set");
  if (!has_store(config)) return ok("nothing waits");
  const store::Backlog backlog = store_of(config)->open_reader()->webhook_backlog();
  const std::string text = fmt::format("{} wait, {} were given up", backlog.waiting, backlog.dead);
  return backlog.dead > 0 ? note(text + " (webhook_queue, state dead)") : ok(text);
}

Look look_at_outbox(const Config& config) {
  if (!has_store(config)) return ok("nothing waits");
  const store::Backlog backlog = store_of(config)->open_reader()->outbox_backlog();
  const std::string text = fmt::format("{} rows wait, {} were refused", backlog.waiting, backlog.dead);
  return backlog.dead > 0 ? note(text + " (rozmova_outbox, column error)") : ok(text);
}

Look look_at_port(const Config& config) {
  sioxx::Options options;
  options.host = config.host;
  options.port = static_cast<std::uint16_t>(config.port);
  options.threads = 1;
  sioxx::Server(std::move(options)).listen();
  return ok(fmt::format("{} on {} is free", config.port, config.host));
}

Look look_at_web(const Config& config) {
  const auto folder = api::find_web_dir(config.web_dir);
  if (!folder) return note("no web app was found: npm --prefix web ci && npm --prefix web run build");
  const api::StaticFiles files(*folder);
  if (!files.has_app()) return note(fmt::format("{} has no index.html; set WEB_DIR", folder->string()));
  return ok(fmt::format("{}, {} files", folder->string(), files.files()));
}

Look look_at_limits(const Config& config) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto wanted = static_cast<rlim_t>(config.connections_max) + 256;
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < wanted) {
    return note(fmt::format(
        "{} files may be open, {} are wanted for CONNECTIONS_MAX={}: raise `ulimit -Hn` (LimitNOFILE= of systemd)",
        limit.rlim_max, wanted, config.connections_max));
  }
  return ok(fmt::format("{} files may be open", limit.rlim_max));
}

}  // namespace

int run_doctor(const LoadedConfig& loaded) {
  const Config& config = loaded.config;
  const std::pair<std::string_view, std::function<Look()>> looks[] = {
      {"settings", [&] { return look_at_settings(loaded); }},
      {"data folder", [&] { return look_at_data_dir(config); }},
      {"secret", [&] { return look_at_secret(config); }},
      {"store", [&] { return look_at_store(config); }},
      {"marketplace", [&] { return look_at_marketplace(config); }},
      {"webhooks", [&] { return look_at_webhooks(config); }},
      {"outbox", [&] { return look_at_outbox(config); }},
      {"port", [&] { return look_at_port(config); }},
      {"web app", [&] { return look_at_web(config); }},
      {"open files", [&] { return look_at_limits(config); }},
  };
  int to_fix = 0;
  for (const auto& [name, look] : looks) {
    Look result;
    try {
      result = look();
    } catch (const std::exception& problem) {
      result = fix(problem.what());
    }
    constexpr std::string_view words[] = {"ok", "note", "FIX"};
    fmt::print("{:<5} {:<12} {}\n", words[static_cast<std::size_t>(result.result)], name, result.text);
    to_fix += result.result == Look::Result::fix ? 1 : 0;
  }
  fmt::print("\n{}\n", to_fix == 0 ? "Ready to start: rozmova serve"
                                   : fmt::format("{} to fix before a start.", to_fix));
  return to_fix == 0 ? 0 : exit_failed;
}

}  // namespace rozmova
