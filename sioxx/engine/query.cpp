#include "sioxx/engine/query.hpp"

namespace sioxx::engine {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The decoded form of a query component: "+" is a space; what cannot be decoded stays as it came.
std::string component(std::string_view raw) {
  std::string plain(raw);
  for (char& c : plain) {
    if (c == '+') c = ' ';
  }
  std::string decoded;
  return percent_decode(plain, decoded) ? decoded : plain;
}

template <class Visit>
void each_parameter(std::string_view query, Visit&& visit) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const bool has_value = equals != std::string_view::npos;
    if (!visit(pair.substr(0, equals), has_value ? pair.substr(equals + 1) : std::string_view())) return;
  }
}

}  // namespace

bool percent_decode(std::string_view raw, std::string& out) {
  out.clear();
  out.reserve(raw.size());
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (raw[at] != '%') {
      out += raw[at];
      continue;
    }
    if (raw.size() - at < 3) return false;
    const int high = hex_value(raw[at + 1]);
    const int low = hex_value(raw[at + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
    out += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return true;
}

std::string query_value(std::string_view query, std::string_view name) {
  std::string found;
  each_parameter(query, [&](std::string_view key, std::string_view value) {
    if (key != name && component(key) != name) return true;
    found = component(value);
    return false;
  });
  return found;
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> all;
  each_parameter(query, [&](std::string_view key, std::string_view value) {
    all.emplace_back(component(key), component(value));
    return true;
  });
  return all;
}

}  // namespace sioxx::engine
