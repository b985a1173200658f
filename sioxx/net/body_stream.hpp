#pragma once

#include "sioxx/net/connection.hpp"
#include "sioxx/net/http.hpp"

#include <cstdint>
#include <memory>

namespace sioxx::net {

/// A body on its way to the application; one per request that is streamed, gone before its answer.
struct Connection::Streaming {
  std::unique_ptr<http::BodySink> sink;
  std::uint64_t arrived_bytes = 0;  ///< since the timer was set
  bool waits = true;                ///< the application has not said resume
  bool continue_owed = false;       ///< the client waits for "100 Continue"
};

}  // namespace sioxx::net
