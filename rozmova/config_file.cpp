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

/// Whatever is wrong in the section, by place; thrown at its end.
class Marketplace {
 public:
  explicit Marketplace(const std::string& path) : path_(path) {}

  std::shared_ptr<const Mapping> read(const toml::table& section) {
    auto mapping = std::make_shared<Mapping>();
    for (const auto& [key, node] : section) {
      const std::string name(key.str());
      if (name == "attach")
        mapping->attach = text(name, node);
      else if (name == "times")
        mapping->times = times(node);
      else if (name == "users" && node.is_table())
        relation(name, *node.as_table(), mapping->users);
      else if (name == "orders" && node.is_table())
        relation(name, *node.as_table(), mapping->orders);
      else if (name == "disputes" && node.is_table())
        relation(name, *node.as_table(), mapping->disputes);
      else
        say(node, "there is no marketplace." + name);
    }
    constexpr std::string_view sqlite = "sqlite:";
    if (mapping->attach.starts_with(sqlite)) mapping->attach.erase(0, sqlite.size());
    for (const std::string& problem : check_mapping(*mapping)) problems_.push_back(path_ + ": " + problem);
    if (!problems_.empty()) throw ConfigError(std::move(problems_));
    return mapping;
  }

 private:
  void relation(const std::string& section, const toml::table& table, Mapping::Relation& out) {
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      const std::string full = section + "." + name;
      if (name == "roles" || name == "statuses")
        words(full, node, out);
      else if (name == "from" || name == "table")
        out.from = text(full, node);
      else if (name == "set_status")
        out.set_status = text(full, node);
      else if (name == "set_moderator")
        out.set_moderator = text(full, node);
      else if (name == "insert")
        out.insert = text(full, node);
      else
        out.columns[name] = text(full, node);
    }
  }

  void words(const std::string& name, const toml::node& node, Mapping::Relation& out) {
    const auto* table = node.as_table();
    if (table == nullptr)
      return say(node, "marketplace." + name + " must be a table: our word = theirs, or a list of theirs");
    for (const auto& [ours, theirs] : *table) {
      std::vector<std::string> list;
      if (const auto* many = theirs.as_array()) {
        for (const toml::node& one : *many) list.push_back(text(name, one));
      } else {
        list.push_back(text(name, theirs));
      }
      out.words.emplace_back(std::string(ours.str()), std::move(list));
    }
  }

  /// Words may be numbers over there.
  std::string text(const std::string& name, const toml::node& node) {
    if (const auto* words = node.as_string()) return words->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    say(node, "marketplace." + name + " must be a text");
    return {};
  }

  Mapping::Times times(const toml::node& node) {
    const std::string word = text("times", node);
    if (word == "unix_s") return Mapping::Times::unix_s;
    if (word == "unix_ms") return Mapping::Times::unix_ms;
    if (word != "text") say(node, "marketplace.times must be text, unix_s or unix_ms");
    return Mapping::Times::text;
  }

  void say(const toml::node& node, const std::string& problem) {
    problems_.push_back(fmt::format("{} line {}: {}.", path_, node.source().begin.line, problem));
  }

  const std::string& path_;
  std::vector<std::string> problems_;
};

std::shared_ptr<const Mapping> read_marketplace(const toml::table& section, const std::string& path) {
  return Marketplace(path).read(section);
}

}  // namespace

ConfigFile read_config_file(const std::string& path) {
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
  ConfigFile file;
  for (const auto& [key, node] : root) {
    if (key.str() == "marketplace" && node.is_table()) {
      file.marketplace = read_marketplace(*node.as_table(), path);
      continue;
    }
    FileEntry entry;
    entry.key = std::string(key.str());
    entry.origin = fmt::format("{} line {}", path, node.source().begin.line);
    entry.understood = to_text(node, entry.value);
    file.entries.push_back(std::move(entry));
  }
  return file;
}

}  // namespace rozmova
