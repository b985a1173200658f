#include "sioxx/engine/query.hpp"

namespace sioxx::engine {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_plain(std::string_view raw) {
  return raw.find('%') == std::string_view::npos && raw.find('+') == std::string_view::npos;
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

/// As below, where nothing is escaped.
std::string_view plain_value(std::string_view query, std::string_view name) {
  while (query.size() >= name.size()) {
    if (query.starts_with(name)) {
      const std::string_view rest = query.substr(name.size());
      if (rest.starts_with('=')) return rest.substr(1, rest.find('&') - 1);
      if (rest.empty() || rest.starts_with('&')) break;
    }
    const std::size_t end = query.find('&');
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return {};
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

std::string_view query_value(std::string_view query, std::string_view name, std::string& decoded) {
  if (is_plain(query)) return plain_value(query, name);
  std::string_view found;
  each_parameter(query, [&](std::string_view key, std::string_view value) {
    if (key != name && (is_plain(key) || component(key) != name)) return true;
    found = value;
    if (!is_plain(value)) found = decoded = component(value);
    return false;
  });
  return found;
}

std::string query_value(std::string_view query, std::string_view name) {
  std::string decoded;
  return std::string(query_value(query, name, decoded));
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
