// What is done with the table of settings: texts to values and back, look-ups, the documentation.
#include "rozmova/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <utility>

namespace rozmova {

namespace {

std::string lower_with(std::string_view name, char separator) {
  std::string out;
  for (const char c : name)
    out += c == '_' ? separator : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view item = trimmed(text.substr(0, comma));
    if (!item.empty()) out.emplace_back(item);
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::optional<bool> parse_bool(std::string_view text) {
  const std::string word = lower_with(text, '_');
  if (word == "true" || word == "1" || word == "on" || word == "yes") return true;
  if (word == "false" || word == "0" || word == "off" || word == "no") return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Assign {
  Config& config;
  const Setting& setting;
  std::string_view text;

  bool operator()(std::string Config::*field) const {
    const auto& choices = setting.choices;
    const std::string_view value = setting.secret ? text : trimmed(text);
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) return false;
    config.*field = std::string(value);
    return true;
  }
  bool operator()(std::vector<std::string> Config::*field) const {
    config.*field = split_list(text);
    return true;
  }
  bool operator()(std::int64_t Config::*field) const {
    const auto value = parse_int(trimmed(text));
    if (!value || *value < setting.min || *value > setting.max) return false;
    config.*field = *value;
    return true;
  }
  bool operator()(bool Config::*field) const {
    const auto value = parse_bool(trimmed(text));
    if (value) config.*field = *value;
    return value.has_value();
  }
  bool operator()(std::optional<bool> Config::*field) const {
    const auto value = parse_bool(trimmed(text));
    if (value) config.*field = *value;
    return value.has_value();
  }
};

struct Show {
  const Config& config;
  std::string operator()(std::string Config::*field) const { return config.*field; }
  std::string operator()(std::vector<std::string> Config::*field) const {
    return fmt::format("{}", fmt::join(config.*field, ","));
  }
  std::string operator()(std::int64_t Config::*field) const { return std::to_string(config.*field); }
  std::string operator()(bool Config::*field) const { return config.*field ? "true" : "false"; }
  std::string operator()(std::optional<bool> Config::*field) const {
    return !(config.*field) ? "" : *(config.*field) ? "true" : "false";
  }
};

/// Edits (one letter more, less, other, or two swapped) that turn one word into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), row(b.size() + 1);
  std::iota(previous.begin(), previous.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = previous;
    previous = row;
  }
  return previous[b.size()];
}

}  // namespace

const Setting* find_setting(std::string_view name) {
  const auto found =
      std::find_if(settings().begin(), settings().end(), [&](const Setting& s) { return s.name == name; });
  return found == settings().end() ? nullptr : &*found;
}

const Setting* closest_setting(std::string_view name) {
  const Setting* closest = nullptr;
  std::size_t least = 3;
  for (const Setting& setting : settings()) {
    // Short names have too many neighbours: PORT is one slip from SORT.
    if (setting.name.size() < 6) continue;
    const std::size_t edits = distance(name, setting.name);
    if (edits < least) std::tie(least, closest) = std::pair(edits, &setting);
  }
  return closest;
}

std::string Setting::key() const { return lower_with(name, '_'); }

std::string Setting::flag() const { return secret ? std::string() : "--" + lower_with(name, '-'); }

std::string Setting::allowed() const {
  if (!choices.empty()) return fmt::format("one of {}", fmt::join(choices, ", "));
  if (std::holds_alternative<std::int64_t Config::*>(field))
    return fmt::format("a whole number from {} to {}", min, max);
  if (std::holds_alternative<bool Config::*>(field) ||
      std::holds_alternative<std::optional<bool> Config::*>(field)) {
    return "true or false";
  }
  return std::holds_alternative<std::vector<std::string> Config::*>(field) ? "a list, comma-separated"
                                                                           : "a text";
}

namespace {

/// `scheme://user:password@host`: a URL may hold a secret too.
std::string without_password(std::string value) {
  const std::size_t scheme = value.find("://");
  const std::size_t at = scheme == std::string::npos ? scheme : value.rfind('@', value.find('?'));
  if (at == std::string::npos || at < scheme) return value;
  const std::size_t colon = value.find(':', scheme + 3);
  if (colon != std::string::npos && colon < at) value.replace(colon + 1, at - colon - 1, masked);
  return value;
}

}  // namespace

std::string Setting::shown(const Config& config) const {
  std::string value = std::visit(Show{config}, field);
  return secret && !value.empty() ? std::string(masked) : without_password(std::move(value));
}

bool assign(Config& config, const Setting& setting, std::string_view text) {
  return std::visit(Assign{config, setting, text}, setting.field);
}

std::string settings_doc() {
  std::string out =
      "# Settings\n\n"
      "Every setting has one name in three spellings: `PING_TIMEOUT_MS` in the environment, `ping_timeout_ms` in a TOML file\n"
      "(`--config FILE` or `ROZMOVA_CONFIG`), `--ping-timeout-ms` on the command line. A flag beats the environment, which\n"
      "beats the file, which beats the default. An environment variable that is empty counts as not set. Secrets have no flag:\n"
      "everybody on the machine can read command lines.\n\n"
      "`rozmova check-config` tries them out, `rozmova --print-config` shows what is in force and where it came from.\n\n"
      "This page is written by `rozmova --print-settings-doc`; a test compares the two.\n";
  const Config defaults;
  for (std::size_t group = 0; group < setting_group_titles.size(); ++group) {
    out += fmt::format("\n## {}\n\n| name | default | allowed | what it is |\n| --- | --- | --- | --- |\n",
                       setting_group_titles[group]);
    for (const Setting& setting : settings()) {
      if (setting.group != static_cast<SettingGroup>(group)) continue;
      const std::string literal = setting.shown(defaults);
      const std::string value = !setting.default_text.empty() ? std::string(setting.default_text)
                                : literal.empty()             ? "–"
                                                              : fmt::format("`{}`", literal);
      out += fmt::format("| `{}` | {}{}{} | {} | {} |\n", setting.name, value,
                         setting.unit.empty() ? "" : " ", setting.unit, setting.allowed(), setting.help);
    }
  }
  return out;
}

}  // namespace rozmova
