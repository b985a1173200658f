#include "rozmova/commands.hpp"

#include "rozmova/auth.hpp"
#include "rozmova/chat/demo.hpp"
#include "rozmova/marketplace_triggers.hpp"
#include "rozmova/secret.hpp"
#include "rozmova/settings.hpp"
#include "rozmova/start.hpp"
#include "rozmova/store/store.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

namespace rozmova {

namespace {

WallMs now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int wrong(std::string_view sentence) {
  fmt::print(stderr, "{}\n", sentence);
  return exit_usage;
}

}  // namespace

int run_migrate(const Config& config) {
  const auto store = store_of(config);
  store->migrate();
  fmt::print("{} is up to date.\n", store->describe());
  return 0;
}

int run_token(const Config& config, const TokenRequest& request) {
  const WallMs now = now_ms();
  Identity who;
  const auto id = request.sub.empty() ? Uuid::v7(now) : Uuid::parse(request.sub);
  if (!id || id->is_nil()) return wrong("--sub must be a UUID, like 0190c0de-0000-7000-8000-000000000001.");
  const auto role = parse_role(request.role);
  if (!role) return wrong("--role must be client, performer, moderator or admin.");
  const auto ttl_ms = parse_duration(request.ttl);
  if (!ttl_ms) return wrong("--ttl must be a number with s, m, h or d, like 1h; at most ten years.");
  who.user_id = *id;
  who.role = *role;
  who.name = request.name;
  who.expires_at = now + *ttl_ms;

  AuthOptions options;
  options.secret = secret_in_force(config).value;
  if (options.secret.empty())
    return wrong("There is no JWT_SECRET to sign with: tokens come from whoever has the private key.");
  options.algorithm = config.jwt_algorithm;
  options.issuer = config.jwt_issuer;
  options.audience = config.jwt_audience;
  if (request.sub.empty()) fmt::print(stderr, "for the new user {}\n", who.user_id.text());
  fmt::print("{}\n", Auth(std::move(options)).mint(who, now));
  return 0;
}

int run_demo(const Config& config) {
  if (config.production()) return wrong("NODE_ENV=production has no demo.");
  const auto store = store_of(config);
  store->migrate();
  chat::seed_demo(*store->open_writer(), now_ms());
  fmt::print("The demo marketplace is in {}. Its people:\n\n", store->describe());
  for (const chat::DemoPerson& person : chat::demo_people()) {
    fmt::print("  {}  {:<10} {}\n", person.id, text(person.role), person.name);
  }
  fmt::print(
      "\nStart `rozmova serve` and choose one of them in the browser, or: rozmova token --sub ID --role ROLE\n");
  return 0;
}

int run_print_triggers(const Config& config) {
  if (config.marketplace == nullptr || !config.on_postgres())
    return wrong(
        "Triggers are for a marketplace on PostgreSQL: a config file with [marketplace], and DATABASE_URL=postgres://….");
  fmt::print("{}", marketplace_triggers(*config.marketplace, config.database_schema));
  return 0;
}

int run_check_config(const LoadedConfig& loaded) {
  Findings found = check_config(loaded.config);
  found.warnings.insert(found.warnings.begin(), loaded.warnings.begin(), loaded.warnings.end());
  if (loaded.config.marketplace != nullptr) {
    try {
      for (std::string& problem : store_of(loaded.config)->look_at_marketplace())
        found.problems.push_back(std::move(problem));
    } catch (const store::StoreError& error) {
      found.problems.emplace_back(error.what());
    }
  }
  for (const std::string& warning : found.warnings) fmt::print(stderr, "warning: {}\n", warning);
  for (const std::string& problem : found.problems) fmt::print(stderr, "error: {}\n", problem);
  if (!found.problems.empty()) return exit_usage;
  fmt::print("The settings are fine: {} given, {} by default.\n", loaded.origin.size(),
             settings().size() - loaded.origin.size());
  return 0;
}

}  // namespace rozmova
