#include "rozmova/command_line.hpp"

#include "rozmova/settings.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <array>
#include <charconv>
#include <utility>

namespace rozmova {

namespace {

struct Row {
  Command command;
  const char* name;
  const char* help;
  bool takes_settings;
  bool shows_settings;  ///< in its help; the others understand the same ones
  const char* examples;
};
constexpr std::array<Row, 7> rows{{
    {Command::serve, "serve", "Start the server.", true, true,
     "Examples:\n"
     "  rozmova serve\n"
     "  PORT=8080 DATA_DIR=/var/lib/rozmova rozmova serve\n"
     "  rozmova serve --config rozmova.toml --log-level debug\n\n"
     "SIGTERM or Ctrl-C takes it down gently, a second one at once."},
    {Command::migrate, "migrate", "Bring the database up to date and stop. `serve` does this by itself.",
     true, false, "Example:\n  DATABASE_URL=sqlite:/var/lib/rozmova/rozmova.db rozmova migrate"},
    {Command::token, "token", "Print a token for trying things out, signed with the secret in force.", true,
     false,
     "Examples:\n"
     "  rozmova token --sub 0190c0de-0000-7000-8000-000000000001 --role client --name Olena\n"
     "  curl -H \"Authorization: Bearer $(rozmova token --role admin)\" http://localhost:3000/v1/me"},
    {Command::demo, "demo",
     "Put a demo marketplace into the database: people, orders, some history. Safe to repeat.", true, false,
     "Example:\n  DATA_DIR=./data rozmova demo"},
    {Command::check_config, "check-config", "Read all settings and say what is wrong with them.", true, true,
     "Example:\n  NODE_ENV=production rozmova check-config --config rozmova.toml"},
    {Command::doctor, "doctor", "Look at everything a start depends on; says what to fix.", true, false,
     "Example:\n  rozmova doctor"},
    {Command::version, "version", "Print the version.", false, false, ""},
}};

std::string help_of(const Setting& setting) {
  const std::string literal = setting.shown(Config{});
  const std::string_view value =
      setting.default_text.empty() ? std::string_view(literal) : setting.default_text;
  const std::string unit = setting.unit.empty() ? std::string() : fmt::format(" {}", setting.unit);
  return value.empty() ? fmt::format("{} [{}]", setting.help, setting.name)
                       : fmt::format("{} Default: {}{}. [{}]", setting.help, value, unit, setting.name);
}

/// One option a setting; a flag of truth may stand alone (`--trust-proxy`) or have a value (`--trust-proxy=false`).
/// `shown`: in the help of this command; they are understood everywhere.
void add_settings(CLI::App& app, Invocation& out, bool shown) {
  app.add_option("--config", out.config_file, "TOML file with settings (or ROZMOVA_CONFIG)")
      ->type_name("FILE");
  for (const Setting& setting : settings()) {
    if (setting.secret) continue;
    const std::string name(setting.name);
    const bool is_truth = setting.allowed() == "true or false";
    const auto store = [&out, name, is_truth](const std::string& value) {
      out.flags[name] = is_truth && value.empty() ? "true" : value;
    };
    CLI::Option* option =
        app.add_option_function<std::string>(setting.flag(), store, help_of(setting))
            ->type_name(is_truth          ? "BOOL"
                        : setting.max > 0 ? "NUMBER"
                                          : "TEXT")
            ->group(shown ? setting_group_titles[static_cast<std::size_t>(setting.group)] : "");
    if (is_truth) option->expected(0, 1);
  }
}

void add_token_options(CLI::App& app, TokenRequest& token) {
  app.add_option("--sub", token.sub, "Whose token: a UUID; a new one when not given")->type_name("UUID");
  app.add_option("--role", token.role, "client, performer, moderator or admin")
      ->capture_default_str()
      ->type_name("ROLE");
  app.add_option("--name", token.name, "Name shown to others")->type_name("TEXT");
  app.add_option("--ttl", token.ttl, "How long it is good: 90s, 15m, 1h, 7d")
      ->capture_default_str()
      ->type_name("TIME");
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  Invocation invocation;
  CLI::App app("Rozmova: real-time chat for marketplaces.", "rozmova");
  app.footer(
      "Examples:\n"
      "  rozmova serve                        a server on http://localhost:3000, data in ./data\n"
      "  rozmova serve --help                 all settings\n"
      "  rozmova --print-config               what is in force, and where it came from\n\n"
      "Exit status: 0 done, 1 it did not work, 2 the command line or a setting is wrong.");
  bool print_config = false, print_settings_doc = false, print_triggers = false, print_version = false;
  app.add_flag("--print-config", print_config, "Print all settings in force as a TOML file; secrets masked");
  app.add_flag("--print-settings-doc", print_settings_doc, "Print docs/settings.md");
  app.add_flag("--print-triggers", print_triggers,
               "Print SQL for the tables of [marketplace]: triggers that its owner may install (PostgreSQL)");
  app.add_flag("--version", print_version, "Print the version");
  app.add_option("--config", invocation.config_file, "TOML file with settings (or ROZMOVA_CONFIG)")
      ->type_name("FILE");
  app.require_subcommand(0, 1);
  std::array<CLI::App*, rows.size()> subcommands{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CLI::App* sub = subcommands[i] = app.add_subcommand(rows[i].name, rows[i].help);
    sub->footer(rows[i].takes_settings && !rows[i].shows_settings
                    ? fmt::format("Takes the settings of `rozmova serve --help` too.\n\n{}", rows[i].examples)
                    : rows[i].examples);
    if (rows[i].command == Command::token) add_token_options(*sub, invocation.token);
    if (rows[i].takes_settings) {
      add_settings(*sub, invocation, rows[i].shows_settings);
      sub->add_flag("--print-config", print_config, "Print all settings in force instead; secrets masked");
    }
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return {std::nullopt, status == 0 ? 0 : exit_usage};
  }

  bool chosen = false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!subcommands[i]->parsed()) continue;
    invocation.command = rows[i].command;
    chosen = true;
  }
  if (print_config || print_settings_doc || print_triggers || print_version) {
    invocation.command = print_config         ? Command::print_config
                         : print_settings_doc ? Command::print_settings_doc
                         : print_triggers     ? Command::print_triggers
                                              : Command::version;
  } else if (!chosen) {
    fmt::print("{}", app.help());
    return {std::nullopt, exit_usage};
  }
  return {std::move(invocation), 0};
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::int64_t days_max = 3'650;
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> units{
      {{"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  for (const auto& [name, ms] : units) {
    if (error == std::errc{} && unit == name && value > 0 && value <= days_max * 86'400'000 / ms)
      return value * ms;
  }
  return std::nullopt;
}

}  // namespace rozmova
