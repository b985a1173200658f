#pragma once

#include "rozmova/model.hpp"

#include <string>
#include <string_view>

namespace rozmova {

/// What has changed, in a sentence: "uk", or else English. The words of a system message are English, for clients
/// that show `content` and know nothing of its change; those that do say it in their own language.
/// `moderator_name`: who has the dispute now. Without the note. Pure.
std::string sentence_of(ChatKind kind, const Change& change, std::string_view moderator_name,
                        std::string_view locale = "en");

}  // namespace rozmova
