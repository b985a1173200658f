#pragma once

#include "sioxx/engine/session.hpp"

#include <cstdint>

namespace sioxx::engine {

/// What a packet costs on the wire beside its text: the longest frame header and the type digit.
inline constexpr std::size_t frame_cost_bytes = frame_header_bytes_max + 1;

// The rows and the verbs of the table in session.cpp.

enum class Session::On : std::uint8_t {
  get,
  second_get,
  get_lost,
  post,
  websocket,
  probe_ping,
  probe_upgrade,
  other_packet,
  websocket_lost,
  close,
  timer
};

enum class Session::Do : std::uint8_t {
  ignore,
  refuse,
  hold,
  holdnoop,
  farewell,
  take,
  probe,
  confirm,
  drop,
  upgrade,
  forget,
  linger,
  beat,
  finish
};

}  // namespace sioxx::engine
