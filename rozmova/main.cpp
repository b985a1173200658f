#include "rozmova/api/api.hpp"
#include "rozmova/api/static_files.hpp"
#include "rozmova/api/system_routes.hpp"
#include "rozmova/auth.hpp"
#include "rozmova/bridge/outbox.hpp"
#include "rozmova/chat/chat.hpp"
#include "rozmova/chat/demo.hpp"
#include "rozmova/command_line.hpp"
#include "rozmova/commands.hpp"
#include "rozmova/config.hpp"
#include "rozmova/log.hpp"
#include "rozmova/node.hpp"
#include "rozmova/postgres_bus.hpp"
#include "rozmova/secret.hpp"
#include "rozmova/settings.hpp"
#include "rozmova/signals.hpp"
#include "rozmova/start.hpp"
#include "rozmova/store/database.hpp"
#include "rozmova/store/store.hpp"
#include "rozmova/uploads/uploads.hpp"
#include "rozmova/version.hpp"
#include "sioxx/server.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace rozmova {

namespace {

/// Schema, leftovers of a crash, demo data: everything that is done before the first client may come.
void prepare_store(store::StoreFactory& factory, const Config& config, Log& log) {
  factory.migrate();
  const auto writer = factory.open_writer();
  writer->begin();
  const int stale = writer->close_stale_connections();
  writer->commit();
  if (stale > 0) log.event("stale_connections_closed", {{"rows", stale}});
  if (config.demo_on()) chat::seed_demo(*writer, wall_now_ms());
}

/// What links to files are signed with: every node must know it, and each makes links that another one serves.
std::string secret_of_links(const Config& config, const Secret& secret) {
  if (!secret.value.empty()) return secret.value;
  return config.cluster_secret.empty() ? random_secret() : config.cluster_secret;
}

/// Says to the others that we are here, and goes on once they know. Null for a single node.
std::unique_ptr<store::Membership> join_nodes(const Config& config, store::StoreFactory& factory,
                                              sioxx::Server& server, chat::House& house, Metrics& metrics,
                                              Log& log) {
  if (!config.several_nodes()) return nullptr;
  const store::NodeRow self{server.process_id().text(), node_address(config, server.port())};
  const auto alone = std::make_shared<bool>(true);
  store::MembershipHooks hooks;
  hooks.living = [&, alone](const std::vector<store::NodeRow>& living) {
    *alone = living.size() <= 1;
    server.set_peers(peers_of(living));
    metrics.set(Gauge::nodes, static_cast<std::int64_t>(living.size()));
    if (house.nodes() != nullptr) house.nodes()->living(living.size());
    log.event("nodes", {{"living", living.size()}});
  };
  hooks.left_behind = [&house](const std::vector<Uuid>& users) {
    for (const Uuid& user : users) house.left_behind(user);
  };
  hooks.log = [&log](std::string_view why) { log.error("node", {{"reason", why}}); };
  auto membership = factory.join(self, std::move(hooks));
  log.event("node", {{"id", self.id}, {"address", self.address}});
  if (!*alone) std::this_thread::sleep_for(std::chrono::milliseconds(introduction_ms));
  return membership;
}

/// The whole house on one page: built from the ground up, run, and taken down in the opposite order.
int serve(const LoadedConfig& loaded) {
  const Config& config = loaded.config;
  Signals signals(config.tls());
  Log log(log_options(config));
  try {
    say_warnings(log, loaded);
    raise_descriptor_limit(log, config);
    ensure_data_dir(config);
    const Secret secret = secret_in_force(config);
    say_secret(log, secret);

    Metrics metrics;
    const auto published_keys = jwks_source(config, log);
    AuthOptions how_tokens_are_checked = auth_options(config, secret);
    if (published_keys) how_tokens_are_checked.on_unknown_key = [&] { return published_keys->ask(); };
    const Auth auth(std::move(how_tokens_are_checked));
    const KeyFetching key_fetching(published_keys.get(), auth);

    // Before the store is touched: a second server must not tidy up after the living one.
    const DataLock lock(config);
    const auto factory = store_of(config);
    prepare_store(*factory, config, log);

    sioxx::Server server(server_options(config, secret, log));
    if (config.several_nodes() && config.redis_url.empty())
      server.attach(std::make_unique<PostgresBus>(*factory));
    store::Database database(*factory, database_options(config), [&log](std::string_view what) {
      log.error("database", {{"reason", what}});
    });
    chat::Chat chat(server, database, auth, chat_options(config, server.process_id().text()), log, metrics);

    uploads::Uploads uploads(chat.deeds().house(), upload_options(config), secret_of_links(config, secret));
    const bridge::Webhooks webhooks(chat.deeds().house(), *factory, webhook_options(config));
    const bridge::Outbox outbox(chat.deeds(), bridge::OutboxOptions());

    std::atomic<bool> draining = false;
    api::RouterOptions routing = router_options(config, log);
    routing.link = [&uploads](const sioxx::http::Request& request, WallMs now) {
      return uploads.links().verify(request.path, request.query, now);
    };
    api::Router router(auth, metrics, std::move(routing));
    api::add_routes(router, chat, auth, {.demo = config.demo_on(), .uploads = &uploads});
    const auto not_ready = [&]() -> std::optional<std::string> {
      if (draining) return "draining";
      if (!auth.has_keys()) return "the issuer's keys have not been fetched yet";
      return std::nullopt;
    };
    api::add_system_routes(router, {server, database, metrics, log, not_ready});
    const api::StaticFiles web(api::find_web_dir(config.web_dir).value_or(std::filesystem::path()));
    for (const std::string& warning : web.warnings()) log.warning("web_app", {{"reason", warning}});
    router.otherwise(
        [&web](auto&& request, auto reply) { web.handle(std::move(request), std::move(reply)); });
    server.http(
        [&router](auto&& request, auto reply) { router.handle(std::move(request), std::move(reply)); });

    server.http_bodies([&router](auto& head, auto& reply, const auto& resume) {
      return router.take_body(head, reply, resume);
    });

    server.listen();
    const auto membership = join_nodes(config, *factory, server, chat.deeds().house(), metrics, log);
    const auto stop = [&](int signal, int times) {
      draining = true;
      log.event("stopping", {{"signal", signal}, {"hurry", times > 1}});
      if (times == 1) tell_draining(chat.deeds().house(), config.shutdown_spread_ms);
      server.drain();
      server.stop(config.shutdown_spread_ms);
    };
    const auto watch = signals.watch(stop, [&] { reload_certificate(server, log); });
    say_started(log, config, server.port(), factory->describe(), web.has_app());
    server.run();
    chat.finish();
    database.drain();
    log.event("stopped", {{"commits", database.stats().batches}});
  } catch (const std::exception& problem) {
    say_failure(log, config, problem);
    return exit_failed;
  }
  return 0;
}

int run(const Invocation& invocation) {
  if (invocation.command == Command::version) {
    fmt::print("rozmova {}\n", version);
    return 0;
  }
  if (invocation.command == Command::print_settings_doc) {
    fmt::print("{}", settings_doc());
    return 0;
  }
  const LoadedConfig loaded = load_config(invocation.config_file, process_environment(), invocation.flags);
  switch (invocation.command) {
    case Command::print_config: fmt::print("{}", print_config(loaded)); return 0;
    case Command::print_triggers: return run_print_triggers(loaded.config);
    case Command::check_config: return run_check_config(loaded);
    case Command::doctor: return run_doctor(loaded);
    default: break;
  }
  if (Findings found = check_config(loaded.config); !found.problems.empty())
    throw ConfigError(std::move(found.problems));
  switch (invocation.command) {
    case Command::migrate: return run_migrate(loaded.config);
    case Command::token: return run_token(loaded.config, invocation.token);
    case Command::demo: return run_demo(loaded.config);
    default: return serve(loaded);
  }
}

}  // namespace

}  // namespace rozmova

int main(int argc, char** argv) {
  try {
    const rozmova::CommandLine line = rozmova::parse_command_line(argc, argv);
    return line.invocation ? rozmova::run(*line.invocation) : line.status;
  } catch (const rozmova::ConfigError& error) {
    for (const std::string& problem : error.problems()) fmt::print(stderr, "error: {}\n", problem);
    return rozmova::exit_usage;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "rozmova: {}\n", problem.what());
    return rozmova::exit_failed;
  }
}
