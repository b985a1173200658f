#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connection.hpp"

namespace bench {

enum class ScenarioKind : std::uint8_t { messages, idle, handshakes, fanout, storm };
enum class SetupKind : std::uint8_t { none, rest };

/// Everything a run can be told. Filled by parse_options, never changed afterwards.
struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 3000;
  ScenarioKind scenario = ScenarioKind::messages;
  SetupKind setup = SetupKind::none;
  TransportKind transport = TransportKind::websocket;
  std::string secret;
  std::string label = "server";

  std::size_t connections = 1000;     ///< two per chat; in `fanout` all in one; in `handshakes` at a time
  std::size_t active_chats = 0;       ///< chats that talk; 0 = all of them
  bool both_send = false;             ///< both sides of a chat send, instead of the client only
  std::size_t inflight = 1;           ///< unanswered messages a sender keeps open (closed loop)
  std::uint64_t rate_per_second = 0;  ///< > 0: open loop over all senders, `inflight` has no meaning
  std::size_t payload_bytes = 16;     ///< characters of `content`

  double seconds = 5;
  double warmup_seconds = 1;
  double drain_seconds = 5;         ///< longest silence while the last answers are awaited
  double deadline_seconds = 120;    ///< the run ends here, whatever happens
  std::size_t connect_window = 64;  ///< handshakes in progress while opening
  double stall_seconds = 0;         ///< `messages`: so long the performers read nothing, once measuring
  std::size_t missed = 0;           ///< `storm`: messages of each chat that nobody has seen when all return
  bool until_told = false;  ///< `idle`: say `joined`, measure from SIGUSR1 to SIGTERM instead of --seconds

  std::vector<pid_t> server_pids;
  pid_t database_pid = 0;  ///< its CPU and its children's are the database's
  std::string json_path;
};

[[nodiscard]] const char* to_string(ScenarioKind kind);

/// Reads the command line. Returns nothing when the program should end at once with `exit_code` (help was
/// asked for, or the arguments are wrong and the reason was printed).
[[nodiscard]] std::optional<Options> parse_options(int argc, char** argv, int& exit_code);

}  // namespace bench
