// Who may do what (spec §5). Columns are what somebody is *in this chat*, rows are the deeds:
//
//   party       the order's client or performer, whatever the role in the token says
//   moderator   any moderator: disputes wholly; the chat of an order while it has a dispute, silently
//   admin       everybody's chats
//   stranger    everybody else
//
// A chat that is closed stays readable; nothing is written into it any more. Status changes are not bound by
// that: the state machines know which transitions leave a final state.
#include "rozmova/access.hpp"

#include <array>
#include <cstddef>

namespace rozmova {
namespace {

enum class Standing : std::uint8_t {
  party,
  moderator_of_dispute,
  moderator_of_disputed_order,
  admin,
  stranger
};
constexpr std::size_t standings = 5;

struct Rule {
  Deed deed;
  std::array<bool, standings> allowed;
  bool needs_open_chat;
};

constexpr bool yes = true;
constexpr bool no = false;

// clang-format off
constexpr std::array<Rule, 10> rules = {{
    //                     party  moderator: dispute, order  admin  stranger   open chat only
    {Deed::read,          {yes,   yes,       yes,            yes,   no},       no},
    {Deed::send,          {yes,   yes,       no,             yes,   no},       yes},
    {Deed::type,          {yes,   yes,       no,             yes,   no},       yes},
    {Deed::mark_read,     {yes,   yes,       no,             yes,   no},       no},
    {Deed::edit,          {yes,   yes,       no,             yes,   no},       yes},
    {Deed::upload,        {yes,   yes,       no,             yes,   no},       yes},
    {Deed::download,      {yes,   yes,       yes,            yes,   no},       no},
    {Deed::change_status, {yes,   yes,       no,             yes,   no},       no},
    {Deed::see_revisions, {no,    yes,       yes,            yes,   no},       no},
    {Deed::note,          {no,    yes,       no,             yes,   no},       no},
}};
// clang-format on

constexpr bool rules_follow_the_enum() {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (static_cast<std::size_t>(rules[i].deed) != i) return false;
  }
  return rules.back().deed == Deed::note;
}
static_assert(rules_follow_the_enum());

Standing standing_of(const Uuid& user, Role role, const ChatFacts& chat) {
  if (role == Role::admin) return Standing::admin;
  if (user == chat.client_id || user == chat.performer_id) return Standing::party;
  if (role != Role::moderator) return Standing::stranger;
  if (chat.chat.kind == ChatKind::dispute) return Standing::moderator_of_dispute;
  return chat.order_has_dispute ? Standing::moderator_of_disputed_order : Standing::stranger;
}

}  // namespace

std::optional<Refusal> may(const Uuid& user, Role role, Deed deed, const ChatFacts& chat) {
  const Rule& row = rules[static_cast<std::size_t>(deed)];
  const Standing standing = standing_of(user, role, chat);
  if (!row.allowed[static_cast<std::size_t>(standing)]) {
    if (standing == Standing::party) {
      return Refusal{ErrorCode::forbidden, "this is for those who decide about the dispute"};
    }
    if (standing == Standing::moderator_of_disputed_order) {
      return Refusal{ErrorCode::forbidden, "moderators only read the chat of an order; write in its dispute"};
    }
    return Refusal{ErrorCode::forbidden, "you are not a participant of this chat"};
  }
  if (row.needs_open_chat && chat.closed) {
    return Refusal{ErrorCode::chat_closed, "this chat is closed: it can be read, not written"};
  }
  return std::nullopt;
}

}  // namespace rozmova
