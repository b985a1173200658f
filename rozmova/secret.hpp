#pragma once

#include "rozmova/config.hpp"

#include <optional>
#include <string>

namespace rozmova {

/// The secret that tokens are signed with, and how it came about.
struct Secret {
  std::string value;
  std::string file;     ///< where it was generated to; empty when it came from the settings
  bool is_new = false;  ///< generated just now
};

/// JWT_SECRET when set; none when tokens are signed with somebody else's keys; else DATA_DIR/jwt-secret, which is made (64 random letters, mode 0600, whole or not at all, one
/// winner when two processes start at once) when it is missing. Throws std::runtime_error with a sentence that says what
/// to change.
Secret secret_in_force(const Config& config);

/// What nodes sign with that serve together: CLUSTER_SECRET, else one that is made from `secret`; empty when there is
/// neither.
std::string cluster_secret(const Config& config, const Secret& secret);

/// One that is good as long as this process runs.
std::string random_secret();

/// The same without making anything: nothing when there is none yet.
std::optional<Secret> existing_secret(const Config& config);

/// Creates DATA_DIR (mode 0700) when missing. Throws std::runtime_error.
void ensure_data_dir(const Config& config);

}  // namespace rozmova
