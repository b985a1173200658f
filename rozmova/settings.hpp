#pragma once

#include "rozmova/config.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rozmova {

/// A chapter of the documentation of settings.
enum class SettingGroup : std::uint8_t { place, entry, bridge, output, limits, times };
inline constexpr std::array<const char*, 6> setting_group_titles = {"Where it listens and lives",
                                                                    "Who may come in",
                                                                    "Other people's servers",
                                                                    "What it says",
                                                                    "Limits",
                                                                    "Times"};

/// One row of the table: everything that is known of a setting but its default, which is the literal in Config.
struct Setting {
  using Field = std::variant<std::string Config::*, std::vector<std::string> Config::*,
                             std::int64_t Config::*, bool Config::*, std::optional<bool> Config::*>;

  std::string_view name;  ///< as in the environment: "PING_INTERVAL_MS"
  SettingGroup group;
  Field field;
  std::string_view unit = {};                  ///< "ms", "bytes"; empty when it is no quantity
  std::int64_t min = 0, max = 0;               ///< whole numbers
  std::vector<std::string_view> choices = {};  ///< texts: only these
  bool secret = false;                 ///< masked when printed; no flag, because everybody sees command lines
  std::string_view default_text = {};  ///< when the literal does not tell
  std::string_view help = {};

  std::string key() const;   ///< in a file: "ping_interval_ms"
  std::string flag() const;  ///< "--ping-interval-ms"; empty for secrets
  /// "a whole number from 0 to 65535", "true or false"
  std::string allowed() const;
  /// What the config holds, as one would type it; secrets masked.
  std::string shown(const Config& config) const;
};

inline constexpr std::string_view masked = "********";

std::span<const Setting> settings();
const Setting* find_setting(std::string_view name);
/// The setting whose name is one or two slips of the finger away, if any.
const Setting* closest_setting(std::string_view name);

/// False: the text is not what allowed() says; then nothing has changed.
bool assign(Config& config, const Setting& setting, std::string_view text);

/// docs/settings.md
std::string settings_doc();

}  // namespace rozmova
