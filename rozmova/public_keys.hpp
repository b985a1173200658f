#pragma once

#include "rozmova/config.hpp"
#include "rozmova/jwt_key.hpp"
#include "rozmova/refusal.hpp"

#include <string>
#include <vector>

namespace rozmova {

/// The text of a file with keys; the refusal says why it cannot be read, or that it is too long.
Result<std::string> read_key_file(const std::string& path);

/// Of JWT_PUBLIC_KEY_FILE; none when it is not set. Throws std::runtime_error that names the setting and what is wrong.
std::vector<jwt::KeyPtr> public_keys(const Config& config);

/// What is wrong with the settings about keys, files looked at included.
void check_keys(const Config& config, Findings& found);

}  // namespace rozmova
