// Every cell of the table: who × chat × deed × (open, closed).
#include "rozmova/access.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rozmova {
namespace {

const Uuid client = Uuid::v7(1);
const Uuid performer = Uuid::v7(2);
const Uuid assigned = Uuid::v7(3);
const Uuid somebody = Uuid::v7(4);

enum class Chat { order, disputed_order, dispute };
constexpr const char* chat_names[] = {"order", "order with a dispute", "dispute"};

ChatFacts facts(Chat chat, bool closed) {
  ChatFacts facts;
  facts.chat = {chat == Chat::dispute ? ChatKind::dispute : ChatKind::order, Uuid::v7(5)};
  facts.client_id = client;
  facts.performer_id = performer;
  if (chat == Chat::dispute) facts.moderator_id = assigned;
  facts.order_has_dispute = chat != Chat::order;
  facts.closed = closed;
  return facts;
}

constexpr Deed deeds[] = {Deed::read,   Deed::send,     Deed::type,          Deed::mark_read,     Deed::edit,
                          Deed::upload, Deed::download, Deed::change_status, Deed::see_revisions, Deed::note};
constexpr const char* deed_names[] = {"read",   "send",     "type",          "mark_read",     "edit",
                                      "upload", "download", "change_status", "see_revisions", "note"};

// One letter a deed, in the order above: y yes, f FORBIDDEN, c CHAT_CLOSED.
constexpr const char* everything = "yyyyyyyyyy";
constexpr const char* when_closed = "yccyccyyyy";
constexpr const char* as_party = "yyyyyyyyff";
constexpr const char* as_party_when_closed = "yccyccyyff";
constexpr const char* reading_only = "yfffffyfyf";
constexpr const char* nothing = "ffffffffff";

struct Cell {
  const char* who;
  Uuid user;
  Role role;
  Chat chat;
  const char* open;
  const char* closed;
};

const Cell cells[] = {
    {"the client", client, Role::client, Chat::order, as_party, as_party_when_closed},
    {"the client", client, Role::client, Chat::disputed_order, as_party, as_party_when_closed},
    {"the client", client, Role::client, Chat::dispute, as_party, as_party_when_closed},
    {"the performer", performer, Role::performer, Chat::order, as_party, as_party_when_closed},
    {"the performer", performer, Role::performer, Chat::disputed_order, as_party, as_party_when_closed},
    {"the performer", performer, Role::performer, Chat::dispute, as_party, as_party_when_closed},
    {"a performer who orders himself", client, Role::performer, Chat::order, as_party, as_party_when_closed},
    {"a moderator who orders himself", client, Role::moderator, Chat::order, as_party, as_party_when_closed},
    {"a moderator", somebody, Role::moderator, Chat::order, nothing, nothing},
    {"a moderator", somebody, Role::moderator, Chat::disputed_order, reading_only, reading_only},
    {"a moderator", somebody, Role::moderator, Chat::dispute, everything, when_closed},
    {"the assigned moderator", assigned, Role::moderator, Chat::dispute, everything, when_closed},
    {"who was moderator once", assigned, Role::client, Chat::dispute, nothing, nothing},
    {"an admin", somebody, Role::admin, Chat::order, everything, when_closed},
    {"an admin", somebody, Role::admin, Chat::disputed_order, everything, when_closed},
    {"an admin", somebody, Role::admin, Chat::dispute, everything, when_closed},
    {"another client", somebody, Role::client, Chat::order, nothing, nothing},
    {"another client", somebody, Role::client, Chat::disputed_order, nothing, nothing},
    {"another client", somebody, Role::client, Chat::dispute, nothing, nothing},
    {"another performer", somebody, Role::performer, Chat::order, nothing, nothing},
    {"another performer", somebody, Role::performer, Chat::disputed_order, nothing, nothing},
    {"another performer", somebody, Role::performer, Chat::dispute, nothing, nothing},
};

TEST(Access, EveryCellOfTheTable) {
  for (const Cell& cell : cells) {
    for (const bool closed : {false, true}) {
      const ChatFacts chat = facts(cell.chat, closed);
      for (std::size_t i = 0; i < std::size(deeds); ++i) {
        const auto refusal = may(cell.user, cell.role, deeds[i], chat);
        const char got = !refusal                                  ? 'y'
                         : refusal->code == ErrorCode::forbidden   ? 'f'
                         : refusal->code == ErrorCode::chat_closed ? 'c'
                                                                   : '?';
        EXPECT_EQ(got, (closed ? cell.closed : cell.open)[i])
            << cell.who << ", " << chat_names[static_cast<int>(cell.chat)]
            << (closed ? ", closed, " : ", open, ") << deed_names[i];
        EXPECT_FALSE(refusal && refusal->message.empty());
      }
    }
  }
}

}  // namespace
}  // namespace rozmova
