#pragma once

#include "rozmova/settings.hpp"

#include <cstdint>
#include <vector>

namespace rozmova {

inline constexpr std::int64_t day_ms = 86'400'000;

/// The rows of settings() that say how much and how long; its last two groups.
std::vector<Setting> limit_settings();

}  // namespace rozmova
