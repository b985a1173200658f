#include "sioxx/net/cors.hpp"

#include <algorithm>

namespace sioxx::net {
namespace {

std::string_view host_of(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
}

}  // namespace

bool Cors::any() const {
  return std::find(options_.cors_origins.begin(), options_.cors_origins.end(), "*") !=
         options_.cors_origins.end();
}

bool Cors::listed(std::string_view origin) const {
  return std::find(options_.cors_origins.begin(), options_.cors_origins.end(), origin) !=
         options_.cors_origins.end();
}

bool Cors::admits(std::string_view origin, std::string_view host) const {
  return !on() || origin.empty() || any() || listed(origin) || (!host.empty() && host_of(origin) == host);
}

void Cors::append_headers(std::string& out, std::string_view origin) const {
  if (!on()) return;
  // "Any" goes without credentials: with them every site could act with its visitor's cookies.
  if (any()) {
    out += "Access-Control-Allow-Origin: *\r\n";
    append_exposed(out);
    return;
  }
  out += "Vary: Origin\r\n";
  if (origin.empty() || !listed(origin)) return;
  out += "Access-Control-Allow-Origin: ";
  out += origin;
  out += "\r\n";
  if (options_.cors_credentials) out += "Access-Control-Allow-Credentials: true\r\n";
  append_exposed(out);
}

void Cors::append_exposed(std::string& out) const {
  std::string_view before = "Access-Control-Expose-Headers: ";
  for (const std::string& name : options_.cors_exposed_headers) {
    out += before;
    out += name;
    before = ", ";
  }
  if (!options_.cors_exposed_headers.empty()) out += "\r\n";
}

std::string_view Cors::origin_in(std::string_view raw_head) {
  constexpr std::string_view name = "origin:";
  const auto is_ours = [&](std::string_view line) {
    return line.size() >= name.size() &&
           std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
             return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
           });
  };
  if (raw_head.starts_with("\r\n")) raw_head.remove_prefix(2);
  std::size_t end = raw_head.find("\r\n");  // of the request line
  while (end != std::string_view::npos) {
    raw_head.remove_prefix(end + 2);
    end = raw_head.find("\r\n");
    if (end == 0 || end == std::string_view::npos) break;
    std::string_view line = raw_head.substr(0, end);
    if (!is_ours(line)) continue;
    line.remove_prefix(name.size());
    while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
    while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
    return line;
  }
  return {};
}

bool Cors::is_preflight(const http::Request& request) {
  return request.method == "OPTIONS" && !request.header("origin").empty() &&
         !request.header("access-control-request-method").empty();
}

http::Response Cors::preflight(const http::Request& request) const {
  http::Response response;
  response.status = 204;
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
  const std::string_view wanted = request.header("access-control-request-headers");
  if (!wanted.empty()) response.headers.emplace_back("Access-Control-Allow-Headers", wanted);
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

bool Cors::is_cross_origin(const http::Request& request) {
  const std::string_view origin = request.header("origin");
  return !origin.empty() && host_of(origin) != request.header("host");
}

}  // namespace sioxx::net
