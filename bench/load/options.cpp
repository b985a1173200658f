#include "options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <map>

namespace bench {

namespace {

constexpr std::size_t connections_max = 60'000;
constexpr std::size_t inflight_max = 256;
constexpr std::size_t missed_max = 50;  // a join answers with as many at least

/// Accepts `http://host:port`, `ws://host:port` and `host:port`; a literal IPv4 address or localhost.
std::string read_url(std::string url, Options& options) {
  for (const char* scheme : {"http://", "ws://"}) {
    if (url.rfind(scheme, 0) == 0) url.erase(0, std::string(scheme).size());
  }
  while (!url.empty() && url.back() == '/') url.pop_back();
  const std::size_t colon = url.rfind(':');
  if (colon == std::string::npos) return "the URL needs a port: http://127.0.0.1:3000";
  const std::string digits = url.substr(colon + 1);
  const bool all_digits =
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits.empty() || digits.size() > 5 || !all_digits) return "the port of the URL is not a number";
  const unsigned long port = std::stoul(digits);
  if (port == 0 || port > 65'535) return "the port of the URL is out of range";
  options.port = static_cast<std::uint16_t>(port);
  options.host = url.substr(0, colon) == "localhost" ? "127.0.0.1" : url.substr(0, colon);
  return {};
}

}  // namespace

const char* to_string(ScenarioKind kind) {
  switch (kind) {
    case ScenarioKind::messages: return "messages";
    case ScenarioKind::idle: return "idle";
    case ScenarioKind::handshakes: return "handshakes";
    case ScenarioKind::fanout: return "fanout";
    case ScenarioKind::storm: return "storm";
  }
  return "unknown";
}

std::optional<Options> parse_options(int argc, char** argv, int& exit_code) {
  Options options;
  std::string url = "http://127.0.0.1:3000";
  CLI::App app{
      "Load client for order chats over Socket.IO v4. One thread, raw epoll.\n"
      "Exit codes: 0 measured and everything correct, 1 usage or the run could not be done,\n"
      "3 measured, but messages were lost, doubled, reordered, misdelivered or refused."};
  const std::map<std::string, ScenarioKind> scenarios{{"messages", ScenarioKind::messages},
                                                      {"idle", ScenarioKind::idle},
                                                      {"handshakes", ScenarioKind::handshakes},
                                                      {"fanout", ScenarioKind::fanout},
                                                      {"storm", ScenarioKind::storm}};
  const std::map<std::string, TransportKind> transports{{"websocket", TransportKind::websocket},
                                                        {"polling", TransportKind::polling}};
  const std::map<std::string, SetupKind> setups{{"none", SetupKind::none}, {"rest", SetupKind::rest}};
  std::string scenario = "messages";
  std::string setup = "none";
  std::string transport = "websocket";

  app.add_option("scenario", scenario, "messages, idle, handshakes, fanout or storm")
      ->capture_default_str()
      ->check(CLI::IsMember({"messages", "idle", "handshakes", "fanout", "storm"}));
  app.add_option("--url", url, "server, e.g. http://127.0.0.1:3000")->capture_default_str();
  app.add_option("--secret", options.secret, "HS256 secret the tokens are signed with")->required();
  app.add_option("--setup", setup, "rest: create users and orders over /v1 first")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "rest"}));
  app.add_option("--transport", transport, "websocket, or polling alone: two kept-alive connections a client")
      ->capture_default_str()
      ->check(CLI::IsMember({"websocket", "polling"}));
  app.add_option("--label", options.label, "name of the server in the report")->capture_default_str();
  app.add_option("-c,--connections", options.connections, "connections; two make a chat")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, connections_max));
  app.add_option("--active-chats", options.active_chats, "chats that talk, the others stay idle (0 = all)")
      ->capture_default_str();
  app.add_flag("--both-send", options.both_send, "both sides of a chat send");
  app.add_option("--inflight", options.inflight, "unanswered messages a sender keeps open")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, inflight_max));
  app.add_option("--rate", options.rate_per_second,
                 "messages/s over all senders on a fixed schedule; latency counts from the due time")
      ->capture_default_str();
  app.add_option("--payload-bytes", options.payload_bytes,
                 "characters of content (16 makes a broadcast frame of about 460 bytes)")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}));
  app.add_option("--seconds", options.seconds, "measured time")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 3600.0));
  app.add_option("--warmup", options.warmup_seconds, "seconds of load before measuring")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 600.0));
  app.add_option("--drain", options.drain_seconds, "give up on the last answers after this silence, seconds")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 600.0));
  app.add_option("--deadline", options.deadline_seconds, "end the run after so many seconds in any case")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 7200.0));
  app.add_option("--connect-window", options.connect_window, "handshakes in progress while opening")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, connections_max));
  app.add_option(
         "--stall", options.stall_seconds,
         "messages: when measuring begins the performers read nothing for so long; closing them is then no fault")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 600.0));
  app.add_option("--missed", options.missed,
                 "storm: messages of each chat that everybody has missed on return")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{0}, missed_max));
  app.add_flag("--until-told", options.until_told,
               "idle: print 'joined' when all are in, measure from SIGUSR1 to SIGTERM");
  app.add_option("--server-pid", options.server_pids, "processes whose CPU and memory are the server's")
      ->delimiter(',');
  app.add_option("--database-pid", options.database_pid,
                 "a process whose CPU, with its children's, is the database's");
  app.add_option("--json", options.json_path, "write the result there too");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 1;
    return std::nullopt;
  }
  options.scenario = scenarios.at(scenario);
  options.setup = setups.at(setup);
  options.transport = transports.at(transport);
  std::string wrong = read_url(url, options);
  if (wrong.empty() && options.scenario == ScenarioKind::messages && options.connections < 2) {
    wrong = "messages need at least two connections";
  }
  if (wrong.empty() && options.scenario == ScenarioKind::fanout && options.connections < 2) {
    wrong = "a room needs at least two members";
  }
  if (!wrong.empty()) {
    std::cerr << wrong << '\n';
    exit_code = 1;
    return std::nullopt;
  }
  return options;
}

}  // namespace bench
