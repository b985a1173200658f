#include "rozmova/command_line.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rozmova {
namespace {

/// What is printed for people on the way is caught.
CommandLine parse(std::vector<const char*> words) {
  words.insert(words.begin(), "rozmova");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  CommandLine line = parse_command_line(static_cast<int>(words.size()), words.data());
  testing::internal::GetCapturedStdout();
  testing::internal::GetCapturedStderr();
  return line;
}

TEST(CommandLine, EachCommandHasItsName) {
  const std::vector<std::pair<const char*, Command>> commands = {
      {"serve", Command::serve},
      {"migrate", Command::migrate},
      {"token", Command::token},
      {"demo", Command::demo},
      {"check-config", Command::check_config},
      {"doctor", Command::doctor},
      {"version", Command::version},
      {"--version", Command::version},
      {"--print-config", Command::print_config},
      {"--print-settings-doc", Command::print_settings_doc},
      {"--print-triggers", Command::print_triggers},
  };
  for (const auto& [word, command] : commands) {
    const CommandLine line = parse({word});
    ASSERT_TRUE(line.invocation) << word;
    EXPECT_EQ(line.invocation->command, command) << word;
  }
}

TEST(CommandLine, FlagsGoByTheNamesOfTheSettings) {
  const CommandLine line = parse({"serve", "--config", "a.toml", "--port", "4000", "--trust-proxy",
                                  "--demo=false", "--log-level=debug"});
  ASSERT_TRUE(line.invocation);
  EXPECT_EQ(line.invocation->config_file, "a.toml");
  EXPECT_EQ(line.invocation->flags,
            (Flags{{"PORT", "4000"}, {"TRUST_PROXY", "true"}, {"DEMO", "false"}, {"LOG_LEVEL", "debug"}}));
}

TEST(CommandLine, TheSmallCommandsTakeTheSameFlags) {
  for (const char* command : {"migrate", "token", "demo", "check-config", "doctor"}) {
    const CommandLine line = parse({command, "--data-dir", "x"});
    ASSERT_TRUE(line.invocation) << command;
    EXPECT_EQ(line.invocation->flags, (Flags{{"DATA_DIR", "x"}})) << command;
  }
}

TEST(CommandLine, ATokenIsAskedForByOptions) {
  const CommandLine line = parse({"token", "--sub", "s", "--role", "admin", "--name", "N", "--ttl", "7d"});
  ASSERT_TRUE(line.invocation);
  EXPECT_EQ(line.invocation->token.sub, "s");
  EXPECT_EQ(line.invocation->token.role, "admin");
  EXPECT_EQ(line.invocation->token.name, "N");
  EXPECT_EQ(line.invocation->token.ttl, "7d");
}

TEST(CommandLine, HelpIsSuccessNonsenseIsNot) {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"--help"}, {"serve", "--help"}, {"token", "-h"}}) {
    const CommandLine line = parse(words);
    EXPECT_FALSE(line.invocation);
    EXPECT_EQ(line.status, 0);
  }
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{},
                                             {"dance"},
                                             {"serve", "--no-such"},
                                             {"serve", "--port"},
                                             {"serve", "token"},
                                             {"serve", "--jwt-secret", "x"},
                                             {"version", "--port", "1"}}) {
    const CommandLine line = parse(words);
    EXPECT_FALSE(line.invocation);
    EXPECT_EQ(line.status, exit_usage) << (words.empty() ? "" : words.back());
  }
}

TEST(Duration, NumberAndUnit) {
  EXPECT_EQ(parse_duration("90s"), 90'000);
  EXPECT_EQ(parse_duration("15m"), 900'000);
  EXPECT_EQ(parse_duration("1h"), 3'600'000);
  EXPECT_EQ(parse_duration("3650d"), 3'650 * std::int64_t{86'400'000});
  for (const char* bad : {"", "1", "h", "0s", "-1h", "1.5h", "1 h", "1hh", "1w", "3651d",
                          "99999999999999999999s", "9223372036854775807d"}) {
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace rozmova
