#pragma once

#include "rozmova/model.hpp"

#include <string>
#include <string_view>

namespace rozmova {

/// The words of a system message, in English, for clients that show `content` and know nothing of its change:
/// those that do say it in their own language. `moderator_name`: who has the dispute now. Pure.
std::string sentence_of(ChatKind kind, const Change& change, std::string_view moderator_name);

}  // namespace rozmova
