#pragma once

#include "rozmova/config.hpp"
#include "rozmova/model.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rozmova {

/// What the program was asked to do.
enum class Command : std::uint8_t {
  serve,
  migrate,
  token,
  demo,
  check_config,
  doctor,
  version,
  print_config,
  print_settings_doc,
  print_triggers
};

/// 0 is success.
inline constexpr int exit_failed =
    1;  ///< it was tried and did not work (port taken, store cannot be opened, …)
inline constexpr int exit_usage = 2;  ///< the command line or a setting is wrong; nothing was tried

struct TokenRequest {
  std::string sub;
  std::string role = "client";
  std::string name;
  std::string ttl = "1h";
};

struct Invocation {
  Command command = Command::serve;
  std::string config_file;
  Flags flags;  ///< settings given as flags, by the name of the setting
  TokenRequest token;
};

/// Either what to do, or the status to leave with (help was printed, or the usage was wrong and is explained).
struct CommandLine {
  std::optional<Invocation> invocation;
  int status = 0;
};
CommandLine parse_command_line(int argc, const char* const* argv);

/// "90s", "15m", "1h", "7d" in milliseconds; nothing when it is none of those or nothing at all.
std::optional<std::int64_t> parse_duration(std::string_view text);

}  // namespace rozmova
