#include "rozmova/config_file.hpp"

#include "rozmova/config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <filesystem>
#include <utility>

namespace rozmova {

namespace {

/// False for kinds of values that no setting has.
bool to_text(const toml::node& node, std::string& out) {
  if (const auto* text = node.as_string()) {
    out = text->get();
  } else if (const auto* number = node.as_integer()) {
    out = std::to_string(number->get());
  } else if (const auto* flag = node.as_boolean()) {
    out = flag->get() ? "true" : "false";
  } else if (const auto* list = node.as_array()) {
    for (const toml::node& item : *list) {
      if (!item.is_string()) return false;
      out += (out.empty() ? "" : ",") + item.as_string()->get();
    }
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::vector<FileEntry> read_config_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw ConfigError({fmt::format("The config file {} cannot be read: {}.", path,
                                   error ? error.message() : "it is no file")});
  }
  toml::table root;
  try {
    root = toml::parse_file(path);
  } catch (const toml::parse_error& problem) {
    throw ConfigError({fmt::format("{} line {} column {}: {}", path, problem.source().begin.line,
                                   problem.source().begin.column, problem.description())});
  }
  std::vector<FileEntry> entries;
  for (const auto& [key, node] : root) {
    FileEntry entry;
    entry.key = std::string(key.str());
    entry.origin = fmt::format("{} line {}", path, node.source().begin.line);
    entry.understood = to_text(node, entry.value);
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace rozmova
