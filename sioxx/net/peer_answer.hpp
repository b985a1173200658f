#pragma once

#include "sioxx/net/http.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace sioxx::net {

/// Reads one answer of another process from bytes as they come (RFC 9112 §4, §6). We know who wrote it, so only what
/// our own server writes is understood: a status line, headers, a body with a Content-Length. Pure.
class PeerAnswer {
 public:
  static constexpr std::size_t head_bytes_max = 16'384;

  enum class Step : std::uint8_t {
    more,      ///< feed() again, with what comes next
    complete,  ///< take()
    upgraded,  ///< 101: head() goes to the client as it is, rest() behind it
    refused,   ///< not an answer of ours, or too long
  };

  explicit PeerAnswer(std::size_t body_bytes_max) : body_bytes_max_(body_bytes_max) {}
  Step feed(std::string_view bytes);
  /// Status, body, and of the headers those that the engine writes; the others are made anew for the client.
  http::Response take();
  /// Whether another request may follow on the same connection.
  bool keep_alive() const { return keep_alive_; }
  std::string_view head() const { return std::string_view(bytes_).substr(0, head_bytes_); }
  std::string_view rest() const { return std::string_view(bytes_).substr(head_bytes_); }

 private:
  bool read_head();
  bool read_field(std::string_view line);

  const std::size_t body_bytes_max_;
  std::string bytes_;
  std::size_t head_bytes_ = 0;  ///< 0: not there yet
  std::size_t body_bytes_ = 0;
  http::Response response_;
  bool keep_alive_ = true;
  bool has_length_ = false;
};

}  // namespace sioxx::net
