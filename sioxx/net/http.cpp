#include "sioxx/net/http.hpp"

#include "sioxx/net/percent.hpp"

namespace sioxx::http {
namespace {

/// The decoded form of a query component: "+" is a space; what cannot be decoded stays as it came.
std::string component(std::string_view raw) {
  std::string plain(raw);
  for (char& c : plain) {
    if (c == '+') c = ' ';
  }
  std::string decoded;
  return net::percent_decode(plain, decoded) ? decoded : plain;
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

void append_json_string(std::string& out, std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

std::string_view Request::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
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

void Reply::send(Response response) {
  if (sink_ == nullptr) return;
  const std::unique_ptr<Sink> sink = std::move(sink_);
  sink->send(std::move(response));
}

void Reply::error(int status, std::string_view code, std::string_view message) {
  Response response;
  response.status = status;
  response.headers.emplace_back("content-type", "application/json; charset=utf-8");
  response.body = R"({"error":{"code":)";
  append_json_string(response.body, code);
  response.body += R"(,"message":)";
  append_json_string(response.body, message);
  response.body += "}}";
  send(std::move(response));
}

}  // namespace sioxx::http
