// Who may move what from where to where. C client, P performer, M moderator; an admin and the marketplace's own
// backend may do every step of the tables.
//
//   order                                        dispute
//   created      -> accepted      P              open          -> under_review   M
//                -> cancelled     C P            under_review  -> resolved       M
//   accepted     -> in_progress   P                            -> rejected       M
//                -> cancelled     C P            resolved      -> closed         M
//   in_progress  -> delivered     P              rejected      -> closed         M
//                -> cancelled     P
//   delivered    -> completed     C
//                -> in_progress   C   (sent back)
//   disputed     -> in_progress, delivered, completed, cancelled   admin, once no dispute waits for a decision
//
// An order becomes `disputed` by opening a dispute (C P, from every state but cancelled) and is left by
// the decision of it. Once work has begun a client does not cancel by himself: he opens a dispute.
#include "rozmova/workflow.hpp"

#include "rozmova/access.hpp"

#include <array>
#include <span>
#include <string>

namespace rozmova {
namespace {

using Actors = std::uint8_t;  ///< a set, one bit each
constexpr Actors bit(Actor actor) { return static_cast<Actors>(1U << static_cast<unsigned>(actor)); }
constexpr Actors nobody = 0;
constexpr Actors client = bit(Actor::client);
constexpr Actors performer = bit(Actor::performer);
constexpr Actors both = client | performer;
constexpr Actors moderator = bit(Actor::moderator);

template <class Status>
struct Step {
  Status from;
  Status to;
  Actors by;  ///< besides admins
};

using enum OrderStatus;
constexpr std::array order_steps = {
    Step<OrderStatus>{created, accepted, performer},
    Step<OrderStatus>{created, cancelled, both},
    Step<OrderStatus>{accepted, in_progress, performer},
    Step<OrderStatus>{accepted, cancelled, both},
    Step<OrderStatus>{in_progress, delivered, performer},
    Step<OrderStatus>{in_progress, cancelled, performer},
    Step<OrderStatus>{delivered, completed, client},
    Step<OrderStatus>{delivered, in_progress, client},
    Step<OrderStatus>{disputed, in_progress, nobody},
    Step<OrderStatus>{disputed, delivered, nobody},
    Step<OrderStatus>{disputed, completed, nobody},
    Step<OrderStatus>{disputed, cancelled, nobody},
};

constexpr std::array dispute_steps = {
    Step<DisputeStatus>{DisputeStatus::open, DisputeStatus::under_review, moderator},
    Step<DisputeStatus>{DisputeStatus::under_review, DisputeStatus::resolved, moderator},
    Step<DisputeStatus>{DisputeStatus::under_review, DisputeStatus::rejected, moderator},
    Step<DisputeStatus>{DisputeStatus::resolved, DisputeStatus::closed, moderator},
    Step<DisputeStatus>{DisputeStatus::rejected, DisputeStatus::closed, moderator},
};

bool is_among(Actor actor, Actors actors) { return actor == Actor::admin || (actors & bit(actor)) != 0; }

std::string names_of(Actors actors) {
  std::string names;
  for (const auto& [one, name] : {std::pair{client, "the client"}, std::pair{performer, "the performer"},
                                  std::pair{moderator, "a moderator"}}) {
    if ((actors & one) != 0) names += (names.empty() ? "" : " or ") + std::string(name);
  }
  return names.empty() ? "an admin" : names;
}

template <class Status>
std::string possible_after(std::span<const Step<Status>> steps, Status from) {
  std::string names;
  for (const auto& step : steps) {
    if (step.from == from) names += (names.empty() ? "" : ", ") + std::string(text(step.to));
  }
  return names.empty() ? "nothing" : names;
}

template <class Status>
std::optional<Refusal> may_step(std::span<const Step<Status>> steps, Actor actor, Status from, Status to) {
  for (const auto& step : steps) {
    if (step.from != from || step.to != to) continue;
    if (is_among(actor, step.by)) return std::nullopt;
    return Refusal{ErrorCode::forbidden,
                   std::string(text(from)) + " to " + std::string(text(to)) + " is for " + names_of(step.by)};
  }
  return Refusal{ErrorCode::illegal_transition, "after " + std::string(text(from)) + " comes " +
                                                    possible_after(steps, from) + "; not " +
                                                    std::string(text(to))};
}

template <class Status>
std::vector<std::string_view> next_of(std::span<const Step<Status>> steps, Actor actor,
                                      std::optional<Status> from) {
  std::vector<std::string_view> next;
  for (const auto& step : steps) {
    if (from == step.from && is_among(actor, step.by)) next.push_back(text(step.to));
  }
  return next;
}

}  // namespace

Actor actor_of(const Uuid& user, Role role, const Uuid& client_id, const Uuid& performer_id) {
  if (role == Role::admin) return Actor::admin;
  if (user == client_id) return Actor::client;
  if (user == performer_id) return Actor::performer;
  return role == Role::moderator ? Actor::moderator : Actor::stranger;
}

std::optional<Refusal> may_change(Actor actor, OrderStatus from, OrderStatus to) {
  auto refusal = may_step<OrderStatus>(order_steps, actor, from, to);
  if (refusal && to == OrderStatus::disputed && !may_open_dispute(Actor::admin, from)) {
    refusal->message = "an order becomes disputed by opening a dispute";
  }
  return refusal;
}

std::optional<Refusal> may_change(Actor actor, DisputeStatus from, DisputeStatus to) {
  return may_step<DisputeStatus>(dispute_steps, actor, from, to);
}

std::vector<std::string_view> next_statuses(ChatKind kind, Actor actor, std::string_view from) {
  if (kind == ChatKind::order) return next_of<OrderStatus>(order_steps, actor, parse_order_status(from));
  return next_of<DisputeStatus>(dispute_steps, actor, parse_dispute_status(from));
}

std::optional<Refusal> may_open_dispute(Actor actor, OrderStatus status) {
  if (!is_among(actor, both)) {
    return Refusal{ErrorCode::forbidden, "a dispute is opened by the client or the performer of the order"};
  }
  if (status == OrderStatus::cancelled) {
    return Refusal{ErrorCode::illegal_transition, "after cancelled comes nothing; not disputed"};
  }
  return std::nullopt;
}

bool is_decided(DisputeStatus status) {
  return status != DisputeStatus::open && status != DisputeStatus::under_review;
}

Result<OrderStatus> outcome_of(std::optional<OrderStatus> wished, OrderStatus before) {
  if (!wished || *wished == before) return before;
  if (*wished == OrderStatus::in_progress || *wished == OrderStatus::completed ||
      *wished == OrderStatus::cancelled) {
    return *wished;
  }
  return Refusal{ErrorCode::illegal_transition,
                 "a decision makes the order in_progress, completed, cancelled or " +
                     std::string(text(before)) + " as before; not " + std::string(text(*wished))};
}

std::optional<Refusal> may_assign(Actor actor, const Uuid& user, const std::optional<Uuid>& now,
                                  const std::optional<Uuid>& to) {
  if (actor == Actor::admin) return std::nullopt;
  if (actor != Actor::moderator) return Refusal{ErrorCode::forbidden, "disputes are assigned by moderators"};
  if (now == user) return std::nullopt;
  if (now) {
    return Refusal{ErrorCode::conflict,
                   "the dispute is assigned to somebody else; he hands it over, or an admin does"};
  }
  if (to == user) return std::nullopt;
  return Refusal{ErrorCode::forbidden, "take the dispute yourself first"};
}

bool may_note(const Uuid& user, Role role, const ChatFacts& chat) {
  const bool is_party =
      user == chat.client_id || user == chat.performer_id;  // also an admin, in his own matter
  return chat.chat.kind == ChatKind::dispute && !is_party && !may(user, role, Deed::note, chat);
}

}  // namespace rozmova
