#pragma once

#include "sioxx/engine/revision.hpp"
#include "sioxx/loop/time.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sioxx::engine {

/// How the connection came in; a part of its Session, given to middleware and to handlers. What an idle connection still
/// needs stands in it, the request beside it, to be forgotten. Whoever fills that keeps url, query and headers within
/// kept_bytes_max together: what a stranger sends does not stay whole.
struct Handshake {
  static constexpr std::size_t kept_bytes_max = 8'192;
  static constexpr std::size_t url_bytes_max = 2'048;  ///< of these; a longer target is cut off
  /// What a header or a parameter costs beside its bytes.
  static constexpr std::size_t entry_cost_bytes = 64;

  struct Request {
    std::string url;                                           ///< request target as received
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case; those that fit
    std::vector<std::pair<std::string, std::string>> query;    ///< decoded; those that fit
  };

  std::string address;  ///< peer's IP, or the forwarded one when the proxy is trusted
  loop::WallMs issued = 0;
  Revision revision = Revision::v4;
  bool secure = false;
  bool cross_origin = false;

  Handshake();
  Handshake(const Handshake& other);
  Handshake(Handshake&&) noexcept;
  Handshake& operator=(Handshake other) noexcept;
  ~Handshake();

  /// An empty one when it has been forgotten.
  const Request& request() const;
  /// To be filled.
  Request& request();
  void forget_request() { request_.reset(); }

  std::string_view header(std::string_view lower_case_name) const;
  std::string_view parameter(std::string_view name) const;

 private:
  std::unique_ptr<Request> request_;
};

}  // namespace sioxx::engine
