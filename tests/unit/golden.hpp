#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

/// The examples of the contract that C++ and TypeScript tests share.
namespace golden {

inline boost::json::value read(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("no golden file " + path.string());
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return boost::json::parse(text);
}

inline boost::json::value example(const std::string& name) {
  return read(std::filesystem::path(GOLDEN_DIR) / (name + ".json"));
}

/// One part of an example as compact text: fields in the order they are written in the file.
inline std::string text(const std::string& name, const char* part) {
  return boost::json::serialize(example(name).as_object().at(part));
}

inline std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(GOLDEN_DIR)) {
    if (entry.path().extension() == ".json") all.push_back(entry.path().stem().string());
  }
  return all;
}

}  // namespace golden
