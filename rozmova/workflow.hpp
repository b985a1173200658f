#pragma once

#include "rozmova/model.hpp"
#include "rozmova/refusal.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace rozmova {

/// What somebody is in the story of one order and its disputes. A party is a party whatever his token says, so
/// nobody decides about himself; only an admin stays one.
enum class Actor : std::uint8_t { client, performer, moderator, admin, stranger };
Actor actor_of(const Uuid& user, Role role, const Uuid& client_id, const Uuid& performer_id);

/// The state machines of orders and disputes (spec §5), pure; the tables are in workflow.cpp. Nothing = yes.
/// ILLEGAL_TRANSITION when `to` does not follow `from` for anybody, naming what does; FORBIDDEN when it is for
/// others to do. `from` and `to` differ.
std::optional<Refusal> may_change(Actor actor, OrderStatus from, OrderStatus to);
std::optional<Refusal> may_change(Actor actor, DisputeStatus from, DisputeStatus to);
/// What this actor may do next, in the words of the wire; empty for a status that is not known.
std::vector<std::string_view> next_statuses(ChatKind kind, Actor actor, std::string_view from);

/// An order becomes disputed by this alone.
std::optional<Refusal> may_open_dispute(Actor actor, OrderStatus status);
/// Decided: nobody waits for a decision any more, and a new dispute may be opened.
bool is_decided(DisputeStatus status);
/// What a decision makes of the order: what is `wished`, or what it was `before` the dispute.
Result<OrderStatus> outcome_of(std::optional<OrderStatus> wished, OrderStatus before);

/// Takes an undecided dispute, hands it over, or (nothing) gives it back. `now` is who has it.
std::optional<Refusal> may_assign(Actor actor, const Uuid& user, const std::optional<Uuid>& now,
                                  const std::optional<Uuid>& to);
/// For whom something is written down: what he may do next stands in it.
struct Viewer {
  Uuid user;
  Role role = Role::client;
};

/// Internal notes: for those who decide, never for the parties.
bool may_note(const Uuid& user, Role role, const ChatFacts& chat);

}  // namespace rozmova
