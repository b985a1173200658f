// Every step of both state machines × everybody who may want to take it.
#include "rozmova/workflow.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace rozmova {
namespace {

const Uuid owner = Uuid::v7(1);
const Uuid worker = Uuid::v7(2);
const Uuid mod = Uuid::v7(3);
const Uuid other_mod = Uuid::v7(4);

constexpr std::pair<Actor, char> actors[] = {{Actor::client, 'C'},
                                             {Actor::performer, 'P'},
                                             {Actor::moderator, 'M'},
                                             {Actor::admin, 'A'},
                                             {Actor::stranger, 'S'}};

// Who may, beside nobody: all others are FORBIDDEN; what is not here is ILLEGAL_TRANSITION for everybody.
using Steps = std::map<std::pair<std::string, std::string>, std::string>;
const Steps order_steps = {
    {{"created", "accepted"}, "PA"},      {{"created", "cancelled"}, "CPA"},
    {{"accepted", "in_progress"}, "PA"},  {{"accepted", "cancelled"}, "CPA"},
    {{"in_progress", "delivered"}, "PA"}, {{"in_progress", "cancelled"}, "PA"},
    {{"delivered", "completed"}, "CA"},   {{"delivered", "in_progress"}, "CA"},
    {{"disputed", "in_progress"}, "A"},   {{"disputed", "delivered"}, "A"},
    {{"disputed", "completed"}, "A"},     {{"disputed", "cancelled"}, "A"},
};
const Steps dispute_steps = {
    {{"open", "under_review"}, "MA"},     {{"under_review", "resolved"}, "MA"},
    {{"under_review", "rejected"}, "MA"}, {{"resolved", "closed"}, "MA"},
    {{"rejected", "closed"}, "MA"},
};

template <class Status>
void expect_table(ChatKind kind, const Steps& steps, Status last) {
  std::size_t taken = 0;
  for (int f = 0; f <= static_cast<int>(last); ++f) {
    for (int t = 0; t <= static_cast<int>(last); ++t) {
      if (f == t) continue;
      const auto from = static_cast<Status>(f);
      const auto to = static_cast<Status>(t);
      const auto row = steps.find({std::string(text(from)), std::string(text(to))});
      taken += row != steps.end() ? 1 : 0;
      for (const auto& [actor, letter] : actors) {
        const auto refusal = may_change(actor, from, to);
        const auto next = next_statuses(kind, actor, text(from));
        const bool offered = std::find(next.begin(), next.end(), text(to)) != next.end();
        const std::string where = std::string(text(from)) + " -> " + std::string(text(to)) + " by " + letter;
        EXPECT_EQ(offered, !refusal) << where;
        if (row == steps.end()) {
          ASSERT_TRUE(refusal) << where;
          EXPECT_EQ(refusal->code, ErrorCode::illegal_transition) << where;
        } else if (row->second.find(letter) == std::string::npos) {
          ASSERT_TRUE(refusal) << where;
          EXPECT_EQ(refusal->code, ErrorCode::forbidden) << where;
        } else {
          EXPECT_FALSE(refusal) << where;
        }
      }
    }
  }
  EXPECT_EQ(taken, steps.size()) << "a row of this test names a status that does not exist";
}

TEST(Workflow, EveryStepOfAnOrder) { expect_table(ChatKind::order, order_steps, OrderStatus::disputed); }
TEST(Workflow, EveryStepOfADispute) { expect_table(ChatKind::dispute, dispute_steps, DisputeStatus::closed); }

TEST(Workflow, ARefusalSaysWhatIsPossibleAndForWhom) {
  EXPECT_EQ(may_change(Actor::client, OrderStatus::created, OrderStatus::completed)->message,
            "after created comes accepted, cancelled; not completed");
  EXPECT_EQ(may_change(Actor::client, OrderStatus::cancelled, OrderStatus::created)->message,
            "after cancelled comes nothing; not created");
  EXPECT_EQ(may_change(Actor::client, OrderStatus::created, OrderStatus::accepted)->message,
            "created to accepted is for the performer");
  EXPECT_EQ(may_change(Actor::performer, OrderStatus::disputed, OrderStatus::completed)->message,
            "disputed to completed is for an admin");
  EXPECT_EQ(may_change(Actor::client, OrderStatus::delivered, OrderStatus::disputed)->message,
            "an order becomes disputed by opening a dispute");
  EXPECT_TRUE(next_statuses(ChatKind::order, Actor::admin, "gone").empty());
}

TEST(Workflow, APartyIsAPartyWhateverHisTokenSays) {
  EXPECT_EQ(actor_of(owner, Role::moderator, owner, worker), Actor::client);
  EXPECT_EQ(actor_of(worker, Role::client, owner, worker), Actor::performer);
  EXPECT_EQ(actor_of(mod, Role::moderator, owner, worker), Actor::moderator);
  EXPECT_EQ(actor_of(owner, Role::admin, owner, worker), Actor::admin);
  EXPECT_EQ(actor_of(mod, Role::client, owner, worker), Actor::stranger);
}

TEST(Workflow, DisputesAreOpenedByPartiesOfWhatIsNotCancelled) {
  for (const auto& [actor, letter] : actors) {
    for (int s = 0; s <= static_cast<int>(OrderStatus::disputed); ++s) {
      const auto status = static_cast<OrderStatus>(s);
      const auto refusal = may_open_dispute(actor, status);
      if (letter == 'M' || letter == 'S') {
        EXPECT_EQ(refusal->code, ErrorCode::forbidden) << letter;
      } else if (status == OrderStatus::cancelled) {
        EXPECT_EQ(refusal->code, ErrorCode::illegal_transition) << letter;
      } else {
        EXPECT_FALSE(refusal) << letter << text(status);
      }
    }
  }
}

TEST(Workflow, ADecisionGoesBackOrOnToAnEnd) {
  EXPECT_EQ(*outcome_of(std::nullopt, OrderStatus::delivered), OrderStatus::delivered);
  EXPECT_EQ(*outcome_of(OrderStatus::delivered, OrderStatus::delivered), OrderStatus::delivered);
  for (const auto end : {OrderStatus::in_progress, OrderStatus::completed, OrderStatus::cancelled})
    EXPECT_EQ(*outcome_of(end, OrderStatus::delivered), end);
  for (const auto no : {OrderStatus::created, OrderStatus::accepted, OrderStatus::disputed})
    EXPECT_EQ(outcome_of(no, OrderStatus::delivered).refusal().code, ErrorCode::illegal_transition);
  EXPECT_FALSE(is_decided(DisputeStatus::open));
  EXPECT_FALSE(is_decided(DisputeStatus::under_review));
  EXPECT_TRUE(is_decided(DisputeStatus::resolved));
  EXPECT_TRUE(is_decided(DisputeStatus::rejected));
  EXPECT_TRUE(is_decided(DisputeStatus::closed));
}

TEST(Workflow, ADisputeIsTakenHandedOverAndGivenBack) {
  const std::optional<Uuid> none;
  const auto code = [](const std::optional<Refusal>& refusal) {
    return refusal ? std::string(text(refusal->code)) : "ok";
  };
  EXPECT_EQ(code(may_assign(Actor::moderator, mod, none, mod)), "ok");
  EXPECT_EQ(code(may_assign(Actor::moderator, mod, none, other_mod)), "FORBIDDEN");
  EXPECT_EQ(code(may_assign(Actor::moderator, mod, none, none)), "FORBIDDEN");
  EXPECT_EQ(code(may_assign(Actor::moderator, mod, mod, other_mod)), "ok");
  EXPECT_EQ(code(may_assign(Actor::moderator, mod, mod, none)), "ok");
  EXPECT_EQ(code(may_assign(Actor::moderator, mod, other_mod, mod)), "CONFLICT");
  EXPECT_EQ(code(may_assign(Actor::admin, owner, other_mod, mod)), "ok");
  for (const Actor actor : {Actor::client, Actor::performer, Actor::stranger})
    EXPECT_EQ(code(may_assign(actor, owner, none, owner)), "FORBIDDEN");
}

TEST(Workflow, NotesAreNeverForParties) {
  ChatFacts dispute;
  dispute.chat = {ChatKind::dispute, Uuid::v7(5)};
  dispute.client_id = owner;
  dispute.performer_id = worker;
  EXPECT_TRUE(may_note(mod, Role::moderator, dispute));
  EXPECT_TRUE(may_note(mod, Role::admin, dispute));
  for (const Role role : {Role::client, Role::performer, Role::moderator, Role::admin}) {
    EXPECT_FALSE(may_note(owner, role, dispute));
    EXPECT_FALSE(may_note(worker, role, dispute));
  }
  EXPECT_FALSE(may_note(mod, Role::client, dispute));
  dispute.chat.kind = ChatKind::order;
  EXPECT_FALSE(may_note(mod, Role::moderator, dispute));
}

}  // namespace
}  // namespace rozmova
