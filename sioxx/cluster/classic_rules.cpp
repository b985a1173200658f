#include "sioxx/cluster/classic_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace sioxx::cluster {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  // `*` stands for any characters, none included; the last star takes the blame for a mismatch.
  std::size_t p = 0, t = 0, star = std::string_view::npos, taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(),
                     [](char letter) { return letter == '*'; });
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const auto& one) { return matches(one, text); });
}

}  // namespace

unsigned ClassicRules::operation(std::string_view name) {
  constexpr std::pair<std::string_view, Operation> names[] = {{"emit", emit},
                                                              {"join", join},
                                                              {"leave", leave},
                                                              {"disconnect", disconnect},
                                                              {"fetch", fetch},
                                                              {"ask", ask},
                                                              {"server-side", server_side}};
  for (const auto& [known, bit] : names) {
    if (known == name) return bit;
  }
  return 0;
}

bool ClassicRules::is_own(std::string_view event) const { return any_matches(own_events, event); }

bool ClassicRules::may(Operation operation, const BroadcastOptions& target,
                       const std::vector<std::string>& more_rooms, std::string_view event) const {
  if ((operations & operation) == 0) return false;
  if (operation == server_side && is_own(event)) return false;
  if (!event.empty() && !any_matches(events, event)) return false;
  const auto open = [this](const std::string& room) { return any_matches(rooms, room); };
  // A pattern that means everything means everybody, too; rooms without a pattern for them mean nobody.
  if (target.rooms.empty() && operation != server_side && !any_matches(rooms, std::string_view("\0", 1)))
    return false;
  return std::all_of(target.rooms.begin(), target.rooms.end(), open) &&
         std::all_of(more_rooms.begin(), more_rooms.end(), open);
}

}  // namespace sioxx::cluster
