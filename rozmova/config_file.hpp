#pragma once

#include "rozmova/mapping.hpp"

#include <memory>
#include <string>
#include <vector>

namespace rozmova {

/// One `key = value` of a config file, as text that settings understand.
struct FileEntry {
  std::string key;
  std::string value;
  std::string origin;      ///< "rozmova.toml line 3"
  bool understood = true;  ///< false: a kind of value that no setting has (a table, a date, a fraction)
};

/// What a TOML file holds.
struct ConfigFile {
  std::vector<FileEntry> entries;
  std::shared_ptr<const Mapping> marketplace;  ///< its section [marketplace], if there is one
};

/// Reads a TOML file. Throws ConfigError with place and reason when it cannot be read.
ConfigFile read_config_file(const std::string& path);

}  // namespace rozmova
