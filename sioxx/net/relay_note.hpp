#pragma once

#include "sioxx/engine/id.hpp"
#include "sioxx/loop/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sioxx::net {

/// The header with which one process gives another a request: whose it is, and that it comes from one of us.
inline constexpr std::string_view relay_header = "sioxx-relay";

/// What a relayed request says of the client whom only the first process has seen.
struct RelayNote {
  std::string address;
  bool secure = false;
};

/// What is signed beside the note, so that a note serves one request of one session at one process.
struct RelaySubject {
  std::string_view secret;
  engine::NodeTag home;
  std::string_view method, target;
};

/// How far the clocks of two processes may differ, and how long a note can be used.
inline constexpr loop::WallMs relay_note_valid_ms = 60'000;

std::string write_relay_note(const RelaySubject& subject, const RelayNote& note, loop::WallMs now);
/// Nothing when it is not ours: wrong form, wrong key, another request, too old or from the future.
std::optional<RelayNote> read_relay_note(const RelaySubject& subject, std::string_view text,
                                         loop::WallMs now);

}  // namespace sioxx::net
