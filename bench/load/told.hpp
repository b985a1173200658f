#pragma once

#include <csignal>

namespace bench {

/// What another process has asked for with --until-told: SIGUSR1 begins the measuring, SIGTERM ends it. Set by the
/// handlers that main installs, read by the loop at least ten times a second.
inline volatile std::sig_atomic_t begin_is_told = 0;
inline volatile std::sig_atomic_t end_is_told = 0;

}  // namespace bench
