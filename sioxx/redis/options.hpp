#pragma once

#include "sioxx/loop/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sioxx::redis {

/// Where a Redis server is, who we are to it, and how long we wait. Values; any thread.
struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 6'379;
  std::string user;  ///< empty: the default user
  std::string password;
  int database = 0;
  std::string client_name = "sioxx";  ///< what CLIENT LIST shows

  loop::TimeMs connect_timeout_ms = 2'000;  ///< from the first SYN to the last answer of the greeting
  /// How long the server may be silent before it is asked for a sign of life, and how long that may take: a
  /// stopped server is noticed after the sum.
  loop::TimeMs ping_interval_ms = 1'000;
  loop::TimeMs ping_timeout_ms = 2'000;
  loop::TimeMs retry_min_ms = 50;             ///< doubled with every failure in a row …
  loop::TimeMs retry_max_ms = 500;            ///< … up to this; up to half of it is left out, by chance
  std::size_t output_bytes_max = 16'777'216;  ///< written but not taken by the kernel; past it: refused
  std::size_t replies_waiting_max = 65'536;   ///< commands without their answer; past it: refused
  std::size_t reply_bytes_max = 67'108'864;   ///< of one answer or message; past it: connection dropped
};

/// `redis://[[user]:password@]host[:port][/database]`. Nothing, with the reason in `why`, for anything else;
/// the reason never quotes the password.
std::optional<Options> parse_url(std::string_view url, std::string& why);

}  // namespace sioxx::redis
