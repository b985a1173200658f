#pragma once

#include "rozmova/settings.hpp"

#include <vector>

namespace rozmova {

/// The rows of settings() that say how much and how long; its last two groups.
std::vector<Setting> limit_settings();

}  // namespace rozmova
