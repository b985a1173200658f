#pragma once

#include "sioxx/net/http.hpp"
#include "sioxx/net/options.hpp"

#include <string>
#include <string_view>

namespace sioxx::net {

/// The cross-origin rules of a server (Fetch standard, "CORS protocol"). Pure; made from the options.
class Cors {
 public:
  explicit Cors(const Options& options) : options_(options) {}

  bool on() const { return !options_.cors_origins.empty(); }
  /// Whether a page of this origin may use us: it is in the list, or it is our own (same host as `host`), or
  /// no origin is given at all (no browser). True for everybody when nothing is configured.
  bool admits(std::string_view origin, std::string_view host) const;

  /// Appends the header lines that an answer to this origin carries; nothing when CORS is off.
  void append_headers(std::string& out, std::string_view origin) const;

  /// What a head says of its origin before it is known to be a head at all; empty when that line has not come
  /// whole. For answers to what the parser refuses.
  static std::string_view origin_in(std::string_view raw_head);

  static bool is_preflight(const http::Request& request);
  /// 204 with what may be asked for; append_headers() is added by whoever sends it.
  http::Response preflight(const http::Request& request) const;

  /// Whether the request comes from a page of another host.
  static bool is_cross_origin(const http::Request& request);

 private:
  bool any() const;
  bool listed(std::string_view origin) const;
  void append_exposed(std::string& out) const;

  const Options& options_;
};

}  // namespace sioxx::net
