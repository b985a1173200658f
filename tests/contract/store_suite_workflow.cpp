// Statuses, disputes, assignment, notes: what one deed writes, and what a refusal leaves as it was.
#include "tests/contract/store_suite_workflow.hpp"

#include <gmock/gmock.h>

namespace rozmova::store::testing {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_P(StoreWorkflow, AStatusChangesWithItsMessageInOneTransaction) {
  said(say(alice_, order_, "hello"));
  const Changed changed = moved(moves(bob_, order_, "accepted", "Завтра о 9"));
  ASSERT_THAT(changed.messages, SizeIs(1));
  const Message& message = changed.messages[0];
  EXPECT_EQ(message.seq, 2);
  EXPECT_EQ(message.type, MessageType::system);
  EXPECT_EQ(message.sender_id, bob_.id);
  EXPECT_EQ(message.receiver_id, alice_.id);
  EXPECT_EQ(message.content, "The order was accepted: Завтра о 9");
  ASSERT_TRUE(message.change);
  EXPECT_EQ(message.change->value, "accepted");
  EXPECT_EQ(message.change->previous, "created");
  EXPECT_EQ(message.change->by, bob_.id);
  EXPECT_EQ(message.change->note, "Завтра о 9");
  EXPECT_EQ(changed.client_id, alice_.id);
  EXPECT_EQ(changed.performer_id, bob_.id);
  EXPECT_FALSE(changed.repeated);

  EXPECT_EQ(status_of(order_), "accepted");
  EXPECT_EQ(reader_->order(order_id_, alice_.id)->order.updated_at, now_);
  EXPECT_EQ(reader_->order(order_id_, alice_.id)->unread, 1);
  const auto history = reader_->messages(order_, {}).messages;
  ASSERT_THAT(history, SizeIs(2));
  expect_same(history[1], message);
  ASSERT_TRUE(history[1].change);
  EXPECT_EQ(history[1].change->value, "accepted");
  EXPECT_EQ(history[1].change->previous, "created");
  EXPECT_EQ(history[1].change->by, bob_.id);
  EXPECT_EQ(history[1].change->note, "Завтра о 9");
  EXPECT_FALSE(history[0].change);
  EXPECT_EQ(database_->ask("SELECT detail FROM audit_log WHERE action = 'order_status'"),
            R"({"from":"created","to":"accepted","seq":2})");
  EXPECT_EQ(database_->ask("SELECT actor_id FROM audit_log WHERE action = 'order_status'"), bob_.id.text());
  EXPECT_EQ(said(say(alice_, order_, "next")).message.seq, 3);
}

TEST_P(StoreWorkflow, TheSameStatusAgainIsToldFromWhatMadeItSo) {
  const Changed first = moved(moves(bob_, order_, "accepted"));
  moved(moves(bob_, order_, "in_progress"));
  const Changed again = moved(moves(bob_, order_, "in_progress"));
  EXPECT_TRUE(again.repeated);
  ASSERT_THAT(again.messages, SizeIs(1));
  EXPECT_EQ(again.messages[0].seq, 2);
  EXPECT_EQ(again.messages[0].change->previous, "accepted");
  EXPECT_EQ(seqs(reader_->messages(order_, {})).size(), 2U);
  EXPECT_EQ(database_->ask("SELECT count(*) FROM audit_log"), "2");
  // An order that was brought here with its status has no such message.
  set_order_status(order_id_, "created");
  database_->sql("DELETE FROM chat_changes");
  EXPECT_TRUE(moved(moves(bob_, order_, "created")).repeated);
  EXPECT_THAT(moved(moves(bob_, order_, "created")).messages, IsEmpty());
}

TEST_P(StoreWorkflow, ARefusedStepLeavesEverythingAsItWas) {
  const Person stranger = person(Role::client, "Карина");
  EXPECT_EQ(code(moves(alice_, order_, "accepted")), "FORBIDDEN");
  EXPECT_EQ(code(moves(bob_, order_, "completed")), "ILLEGAL_TRANSITION");
  EXPECT_EQ(code(moves(bob_, order_, "disputed")), "ILLEGAL_TRANSITION");
  EXPECT_EQ(code(moves(bob_, order_, "gone")), "INVALID_PAYLOAD");
  EXPECT_EQ(code(moves(stranger, order_, "created")), "FORBIDDEN");
  EXPECT_EQ(code(moves(mariia_, order_, "cancelled")), "FORBIDDEN");
  EXPECT_EQ(code(moves({Uuid::v7(now_), Role::admin}, order_, "cancelled")), "NOT_FOUND");
  EXPECT_EQ(code(moves(iryna_, {ChatKind::order, Uuid::v7(now_)}, "cancelled")), "NOT_FOUND");
  EXPECT_EQ(code(moves(iryna_, {ChatKind::dispute, order_id_}, "closed")), "NOT_FOUND");
  EXPECT_EQ(status_of(order_), "created");
  EXPECT_THAT(reader_->messages(order_, {}).messages, IsEmpty());
  EXPECT_EQ(database_->ask("SELECT count(*) FROM audit_log"), "0");
}

TEST_P(StoreWorkflow, TheBackendActsWithoutBeingAUser) {
  const Changed changed = moved(moves({Uuid{}, Role::admin}, order_, "accepted"));
  EXPECT_FALSE(changed.messages[0].change->by);
  EXPECT_FALSE(changed.messages[0].receiver_id);
  EXPECT_TRUE(reader_->user(changed.messages[0].sender_id));
  EXPECT_FALSE(reader_->messages(order_, {}).messages[0].change->by);
  EXPECT_EQ(database_->ask("SELECT coalesce(CAST(actor_id AS TEXT), 'nobody') FROM audit_log"), "nobody");
  EXPECT_EQ(database_->ask("SELECT detail FROM audit_log"), R"({"from":"created","to":"accepted","seq":1})");
}

TEST_P(StoreWorkflow, ACancelledOrderIsReadNotWritten) {
  said(say(alice_, order_, "before"));
  moved(moves(alice_, order_, "cancelled"));
  EXPECT_EQ(refused(say(alice_, order_, "after")), ErrorCode::chat_closed);
  EXPECT_EQ(code(opens(alice_, Uuid::v7(now_))), "ILLEGAL_TRANSITION");
  EXPECT_THAT(seqs(reader_->messages(order_, {})), ElementsAre(1, 2));
}

TEST_P(StoreWorkflow, ADisputeIsOpenedInBothChats) {
  bring_to("delivered");
  const Uuid id = Uuid::v7(now_);
  const Changed changed = moved(opens(alice_, id, "Кран тече"));
  ASSERT_THAT(changed.messages, SizeIs(2));
  const auto& [in_dispute, in_order] = std::pair(changed.messages[0], changed.messages[1]);
  EXPECT_EQ(in_dispute.chat, (ChatKey{ChatKind::dispute, id}));
  EXPECT_EQ(in_dispute.seq, 1);
  EXPECT_EQ(in_dispute.change->value, "open");
  EXPECT_EQ(in_dispute.change->previous, "");
  EXPECT_EQ(in_dispute.content, "The dispute was opened: Кран тече");
  EXPECT_EQ(in_order.chat, order_);
  EXPECT_EQ(in_order.seq, 4);
  EXPECT_EQ(in_order.change->value, "disputed");
  EXPECT_EQ(in_order.change->previous, "delivered");
  EXPECT_EQ(in_order.change->dispute_id, id);
  EXPECT_EQ(status_of(order_), "disputed");

  const auto summary = reader_->dispute(id, bob_.id);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->dispute.order_id, order_id_);
  EXPECT_EQ(summary->dispute.opened_by, alice_.id);
  EXPECT_EQ(summary->dispute.reason, "Кран тече");
  EXPECT_EQ(summary->dispute.status, DisputeStatus::open);
  EXPECT_EQ(summary->order_status, OrderStatus::disputed);
  EXPECT_EQ(summary->client_name, "Аліса");
  EXPECT_EQ(summary->moderator_name, "");
  EXPECT_EQ(summary->unread, 1);
  EXPECT_EQ(summary->last_message->seq, 1);
  EXPECT_EQ(reader_->order(order_id_, bob_.id)->dispute->id, id);
  EXPECT_FALSE(reader_->dispute(Uuid::v7(now_), bob_.id));

  EXPECT_EQ(code(opens(alice_, id)), "repeated");
  EXPECT_EQ(code(opens(bob_, id)), "CONFLICT") << "the id is another's";
  EXPECT_EQ(code(opens(bob_, Uuid::v7(now_))), "CONFLICT");
  EXPECT_THAT(opens(bob_, Uuid::v7(now_)).refusal().message, HasSubstr(id.text()));
  EXPECT_EQ(code(opens(mariia_, Uuid::v7(now_))), "FORBIDDEN");
  EXPECT_EQ(code(moves(iryna_, order_, "completed")), "CONFLICT") << "the decision comes first";
  EXPECT_EQ(database_->ask("SELECT count(*) FROM disputes"), "1");
}

TEST_P(StoreWorkflow, ADecisionGoesBackToWhatTheOrderWas) {
  bring_to("delivered");
  const ChatKey dispute = opened(alice_);
  EXPECT_EQ(code(moves(alice_, dispute, "under_review")), "FORBIDDEN");
  EXPECT_EQ(code(moves(mariia_, dispute, "resolved")), "ILLEGAL_TRANSITION");
  const Changed review = moved(moves(mariia_, dispute, "under_review"));
  ASSERT_THAT(review.messages, SizeIs(2)) << "who takes it under review has it";
  EXPECT_EQ(review.messages[1].change->what, Change::What::moderator);
  EXPECT_EQ(review.messages[1].change->value, mariia_.id.text());
  EXPECT_EQ(review.moderator_id, mariia_.id);

  EXPECT_EQ(code(moves(mariia_, dispute, "closed")), "ILLEGAL_TRANSITION");
  const Changed decided = moved(moves(mariia_, dispute, "rejected", "Усе гаразд"));
  ASSERT_THAT(decided.messages, SizeIs(2));
  EXPECT_EQ(decided.messages[0].change->order_status, "delivered");
  EXPECT_EQ(decided.messages[1].chat, order_);
  EXPECT_EQ(decided.messages[1].change->value, "delivered");
  EXPECT_EQ(decided.messages[1].change->dispute_id, dispute.id);
  EXPECT_EQ(decided.messages[1].content, "The dispute is decided. The order was delivered: Усе гаразд");
  EXPECT_EQ(status_of(order_), "delivered");
  EXPECT_EQ(reader_->dispute(dispute.id, alice_.id)->outcome, "delivered");

  // A second dispute may follow; the first one is closed meanwhile.
  const ChatKey second = opened(bob_);
  EXPECT_EQ(reader_->order(order_id_, bob_.id)->dispute->id, second.id);
  moved(moves(mariia_, dispute, "closed"));
  EXPECT_EQ(refused(say(alice_, dispute, "after")), ErrorCode::chat_closed);
  EXPECT_EQ(refused(say(mariia_, dispute, "after")), ErrorCode::chat_closed);
  EXPECT_EQ(status_of(order_), "disputed");
  moved(moves(iryna_, second, "under_review"));
  EXPECT_FALSE(reader_->facts(second)->moderator_id) << "an admin does not take it by that";
  EXPECT_EQ(code(moves(iryna_, second, "resolved", {}, OrderStatus::accepted)), "ILLEGAL_TRANSITION");
  moved(moves(iryna_, second, "resolved", {}, OrderStatus::completed));
  EXPECT_EQ(status_of(order_), "completed");
}

TEST_P(StoreWorkflow, ADecisionMayEndTheOrder) {
  bring_to("in_progress");
  const ChatKey dispute = opened(bob_);
  EXPECT_EQ(code(moves(mariia_, dispute, "under_review", {}, OrderStatus::cancelled)), "INVALID_PAYLOAD");
  moved(moves(mariia_, dispute, "under_review"));
  moved(moves(mariia_, dispute, "resolved", {}, OrderStatus::cancelled));
  EXPECT_EQ(status_of(order_), "cancelled");
  EXPECT_EQ(refused(say(alice_, order_, "after")), ErrorCode::chat_closed);
  said(say(alice_, dispute, "and still here"));
  EXPECT_EQ(reader_->dispute(dispute.id, alice_.id)->outcome, "cancelled");
}

TEST_P(StoreWorkflow, ADecisionDoesNotUndoWhatOthersMadeOfTheOrder) {
  bring_to("in_progress");
  const ChatKey dispute = opened(bob_);
  moved(moves(mariia_, dispute, "under_review"));
  set_order_status(order_id_, "completed");  // the marketplace, beside us
  EXPECT_EQ(code(moves(mariia_, dispute, "resolved", {}, OrderStatus::cancelled)), "CONFLICT");
  const Changed decided = moved(moves(mariia_, dispute, "resolved"));
  EXPECT_THAT(decided.messages, SizeIs(1));
  EXPECT_EQ(status_of(order_), "completed");
  // And one that was made disputed beside us goes on, because nobody knows what it was.
  set_order_status(order_id_, "disputed");
  const ChatKey second = opened(alice_);
  EXPECT_EQ(status_of(order_), "disputed");
  moved(moves(mariia_, second, "under_review"));
  moved(moves(mariia_, second, "rejected"));
  EXPECT_EQ(status_of(order_), "in_progress");
}

TEST_P(StoreWorkflow, EverybodyWhomItConcernsIsNotifiedInTheSameTransaction) {
  const auto news_of = [&](const Person& who) {
    std::string all;
    for (const auto& one : reader_->notifications(who.id, {}).notifications)
      all += one.type + (one.read_at ? "(read) " : " ") + one.content + "; ";
    return all;
  };
  const Changed changed = moved(moves(bob_, order_, "accepted", "таємниця"));
  ASSERT_THAT(changed.notifications, SizeIs(1)) << "not who did it";
  EXPECT_EQ(changed.notifications[0].user_id, alice_.id);
  EXPECT_EQ(changed.notifications[0].data,
            R"({"orderId":")" + order_id_.text() +
                R"(","status":"accepted","previousStatus":"created","changedBy":")" + bob_.id.text() +
                R"(","seq":1})");
  EXPECT_EQ(news_of(alice_), "order_status Замовлення прийнято; ") << "her language, and not the note";
  moved(moves(bob_, order_, "in_progress"));
  EXPECT_EQ(news_of(alice_), "order_status Робота триває; ") << "one a chat";
  EXPECT_EQ(news_of(bob_), "");
  read(alice_, order_, 2);
  EXPECT_EQ(news_of(alice_), "order_status(read) Робота триває; ") << "read with the chat";

  const ChatKey dispute = opened(alice_);
  EXPECT_EQ(news_of(bob_), "dispute_status Відкрито спір; ") << "and not the order once more";
  moved(assigns(iryna_, dispute, mariia_.id));
  EXPECT_EQ(news_of(mariia_), "dispute_assigned Спором опікується Марія; ");
  EXPECT_EQ(news_of(iryna_), "");
  EXPECT_THAT(moved(moves({Uuid{}, Role::admin}, dispute, "under_review")).notifications, SizeIs(3));
}

TEST_P(StoreWorkflow, ADisputeGoesFromHandToHand) {
  const ChatKey dispute = opened(alice_);
  EXPECT_EQ(code(assigns(alice_, dispute, alice_.id)), "FORBIDDEN");
  EXPECT_EQ(code(assigns(mariia_, dispute, ivan_.id)), "FORBIDDEN");
  const Changed taken = moved(assigns(mariia_, dispute, mariia_.id));
  EXPECT_EQ(taken.messages[0].content, "The dispute is in the hands of Марія");
  EXPECT_EQ(taken.messages[0].change->what, Change::What::moderator);
  EXPECT_EQ(taken.moderator_id, mariia_.id);
  EXPECT_EQ(code(assigns(mariia_, dispute, mariia_.id)), "repeated");
  EXPECT_EQ(code(assigns(ivan_, dispute, ivan_.id)), "CONFLICT");
  EXPECT_EQ(code(assigns(mariia_, dispute, bob_.id)), "INVALID_PAYLOAD");
  EXPECT_EQ(code(assigns(mariia_, dispute, Uuid::v7(now_))), "INVALID_PAYLOAD");
  const Changed handed = moved(assigns(mariia_, dispute, ivan_.id));
  EXPECT_EQ(handed.messages[0].change->previous, mariia_.id.text());
  EXPECT_EQ(handed.messages[0].change->value, ivan_.id.text());
  EXPECT_EQ(reader_->dispute(dispute.id, alice_.id)->moderator_name, "Іван");
  EXPECT_EQ(reader_->snapshot(dispute, {})->participants.back().user_id, ivan_.id);
  EXPECT_EQ(code(assigns(iryna_, dispute, std::nullopt)), "ok");
  EXPECT_FALSE(reader_->facts(dispute)->moderator_id);
  EXPECT_EQ(reader_->messages(dispute, {}).messages.back().change->value, "");
  EXPECT_EQ(database_->ask("SELECT count(*) FROM audit_log WHERE action = 'dispute_moderator'"), "3");
  database_->sql("UPDATE disputes SET status = 'closed'");
  EXPECT_EQ(code(assigns(mariia_, dispute, mariia_.id)), "CHAT_CLOSED");
}

TEST_P(StoreWorkflow, AModeratorDoesNotDecideAboutHimself) {
  const Person vera = person(Role::moderator, "Віра");
  order_id_ = order_between(vera, bob_);
  order_ = {ChatKind::order, order_id_};
  const ChatKey dispute = opened(vera);
  EXPECT_EQ(code(moves(vera, dispute, "under_review")), "FORBIDDEN");
  EXPECT_EQ(code(assigns(vera, dispute, vera.id)), "FORBIDDEN");
  EXPECT_EQ(code(assigns(iryna_, dispute, vera.id)), "INVALID_PAYLOAD");
  EXPECT_EQ(notes(vera, dispute, "about me").refusal().code, ErrorCode::forbidden);
}

TEST_P(StoreWorkflow, NotesStayBesideTheChat) {
  const ChatKey dispute = opened(alice_);
  EXPECT_EQ(notes(alice_, dispute, "x").refusal().code, ErrorCode::forbidden);
  EXPECT_EQ(notes(bob_, dispute, "x").refusal().code, ErrorCode::forbidden);
  const auto first = notes(mariia_, dispute, "Просить повернення втретє", "n-1");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->note.seq, 1);
  EXPECT_EQ(first->note.author_name, "Марія");
  EXPECT_EQ(notes(ivan_, dispute, "Бачу", "n-1")->note.seq, 2) << "another author, another note";
  const auto again = notes(mariia_, dispute, "changed", "n-1");
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->note.id, first->note.id);
  EXPECT_EQ(notes({Uuid{}, Role::admin}, dispute, "from the backend")->note.seq, 3);

  const auto page = reader_->notes(dispute.id, {});
  ASSERT_THAT(page.notes, SizeIs(3));
  EXPECT_EQ(page.notes[0].content, "Просить повернення втретє");
  EXPECT_EQ(page.notes[0].client_message_id, "n-1");
  EXPECT_EQ(page.last_seq, 3);
  EXPECT_FALSE(page.has_more);
  EXPECT_EQ(reader_->notes(dispute.id, {1, std::nullopt, 1}).notes[0].seq, 2);
  EXPECT_TRUE(reader_->notes(dispute.id, {1, std::nullopt, 1}).has_more);
  EXPECT_EQ(reader_->notes(dispute.id, {std::nullopt, 3, 1}).notes[0].seq, 2);

  EXPECT_THAT(seqs(reader_->messages(dispute, {})), ElementsAre(1)) << "no gap, no trace";
  EXPECT_EQ(reader_->facts(dispute)->last_seq, 1);
  EXPECT_EQ(reader_->dispute(dispute.id, bob_.id)->unread, 1);
  EXPECT_EQ(database_->ask("SELECT count(*) FROM audit_log WHERE action = 'dispute_note'"), "3");
  EXPECT_EQ(database_->ask("SELECT count(*) FROM audit_log WHERE detail LIKE '%втретє%'"), "0");
  database_->sql("UPDATE disputes SET status = 'closed'");
  EXPECT_EQ(notes(mariia_, dispute, "late").refusal().code, ErrorCode::chat_closed);
  EXPECT_TRUE(notes(mariia_, dispute, "x", "n-1")->duplicate);
}

TEST_P(StoreWorkflow, ListsOfDisputesAreWhoseTheyAre) {
  std::vector<Uuid> ids;
  for (int i = 0; i < 5; ++i) {
    order_id_ = order_between(i < 3 ? alice_ : mariia_, bob_);
    order_ = {ChatKind::order, order_id_};
    ids.push_back(opened(bob_).id);
  }
  moved(assigns(ivan_, {ChatKind::dispute, ids[1]}, ivan_.id));
  moved(moves(ivan_, {ChatKind::dispute, ids[2]}, "under_review"));
  const auto listed = [&](const Person& reader, bool all, DisputeFilter filter, int limit = 10,
                          std::optional<std::string> cursor = std::nullopt) {
    std::string places;
    const auto from = cursor ? std::optional<std::string_view>(*cursor) : std::nullopt;
    for (const auto& row : reader_->disputes(reader.id, all, filter, limit, from).disputes)
      places += std::to_string(std::find(ids.begin(), ids.end(), row.dispute.id) - ids.begin());
    return places;
  };
  using Assigned = DisputeFilter::Assigned;
  EXPECT_EQ(listed(alice_, false, {}), "210");
  EXPECT_EQ(listed(mariia_, false, {}), "43");
  EXPECT_EQ(listed(ivan_, false, {}), "");
  EXPECT_EQ(listed(ivan_, true, {}), "21430");
  EXPECT_EQ(listed(ivan_, true, {{DisputeStatus::open}, Assigned::any}), "1430");
  EXPECT_EQ(listed(ivan_, true, {{DisputeStatus::under_review, DisputeStatus::closed}, Assigned::any}), "2");
  EXPECT_EQ(listed(ivan_, true, {{}, Assigned::nobody}), "430");
  EXPECT_EQ(listed(ivan_, true, {{}, Assigned::somebody}), "21");
  EXPECT_EQ(listed(ivan_, true, {{}, Assigned::reader}), "21");
  EXPECT_EQ(listed(mariia_, true, {{}, Assigned::reader}), "");
  const auto page = reader_->disputes(ivan_.id, true, {}, 2, std::nullopt);
  ASSERT_TRUE(page.next_cursor);
  EXPECT_TRUE(valid_cursor(*page.next_cursor));
  EXPECT_EQ(listed(ivan_, true, {}, 2, page.next_cursor), "43");
  EXPECT_EQ(listed(ivan_, true, {}, 2, "nonsense"), "");
}

TEST_P(StoreWorkflow, WhatIsDeletedTakesItsChangesAlong) {
  opened(alice_);
  EXPECT_EQ(database_->ask("SELECT count(*) FROM chat_changes"), "2");
  database_->sql("DELETE FROM orders");
  EXPECT_EQ(database_->ask("SELECT count(*) FROM chat_changes"), "0");
}

}  // namespace rozmova::store::testing
