#pragma once

#include <string_view>

namespace rozmova {

/// As in CMakeLists.txt: "0.1.0".
inline constexpr std::string_view version = ROZMOVA_VERSION;

}  // namespace rozmova
