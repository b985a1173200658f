// The load client: reads what to do, prepares orders, runs one scenario, prints what was measured.

#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <random>

#include "clock.hpp"
#include "fanout_scenario.hpp"
#include "handshakes_scenario.hpp"
#include "identity.hpp"
#include "idle_scenario.hpp"
#include "loop.hpp"
#include "messages_scenario.hpp"
#include "options.hpp"
#include "rest_setup.hpp"
#include "seats.hpp"
#include "storm_scenario.hpp"
#include "told.hpp"

namespace {

constexpr int exit_ok = 0;
constexpr int exit_failed = 1;
constexpr int exit_incorrect = 3;

using namespace bench;

/// One file a connection: ask for as many as the system lets us have.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

template <typename S>
int run(S& scenario, const Options& options) {
  Loop loop(options.host, options.port);
  const std::uint64_t deadline = now_ns() + static_cast<std::uint64_t>(options.deadline_seconds * 1e9);
  const bool in_time = loop.run(scenario, deadline);
  if (!in_time || !scenario.failure().empty()) {
    fmt::print(stderr, "{}: {}: {}\n", options.label, to_string(options.scenario),
               in_time ? scenario.failure() : "not finished by the deadline");
    return exit_failed;
  }
  const Report report = scenario.report();
  fmt::print("{}", report.to_text());
  if (!options.json_path.empty()) {
    std::ofstream file(options.json_path);
    file << report.to_json();
    if (!file.flush()) {
      fmt::print(stderr, "cannot write {}\n", options.json_path);
      return exit_failed;
    }
  }
  return report.is_correct() ? exit_ok : exit_incorrect;
}

int run_scenario(const Options& options) {
  std::vector<std::string> orders;
  if (options.setup == SetupKind::rest) {
    orders = set_up_over_rest(options);
  } else {
    for (std::uint64_t chat = 0; chat < chat_count(options); ++chat) orders.push_back(order_id(chat));
  }
  const std::uint32_t run_number = std::random_device{}();
  switch (options.scenario) {
    case ScenarioKind::messages: {
      MessagesScenario scenario(options, std::move(orders), run_number);
      return run(scenario, options);
    }
    case ScenarioKind::fanout: {
      FanoutScenario scenario(options, std::move(orders), run_number);
      return run(scenario, options);
    }
    case ScenarioKind::idle: {
      IdleScenario scenario(options, std::move(orders));
      return run(scenario, options);
    }
    case ScenarioKind::storm: {
      StormScenario scenario(options, std::move(orders), run_number);
      return run(scenario, options);
    }
    case ScenarioKind::handshakes: {
      HandshakesScenario scenario(options);
      return run(scenario, options);
    }
  }
  return exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = exit_failed;
  const std::optional<Options> options = parse_options(argc, argv, exit_code);
  if (!options) return exit_code;
  raise_file_limit();
  if (options->until_told) {
    std::signal(SIGUSR1, [](int) { begin_is_told = 1; });
    std::signal(SIGTERM, [](int) { end_is_told = 1; });
  }
  try {
    return run_scenario(*options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", options->label, error.what());
    return exit_failed;
  }
}
