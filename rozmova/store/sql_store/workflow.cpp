// Statuses, assignment and notes. A deed here asks everything first (the chat as it is now, who may, what follows
// what) and only then writes, so that a refusal leaves nothing behind:
//
//   the row of the order or dispute -> its system message, next in the chat's seq -> what it changed -> audit log
#include "rozmova/workflow.hpp"
#include "rozmova/access.hpp"
#include "rozmova/store/sql_store/sql_store.hpp"
#include "rozmova/system_text.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace rozmova::store {
namespace {

constexpr std::int64_t page_notes_max = 1'000;

std::string_view text(Change::What what) { return what == Change::What::status ? "status" : "moderator"; }

Refusal missing(ChatKind kind) {
  return {ErrorCode::not_found, "there is no such " + std::string(rozmova::text(kind))};
}
Refusal stranger() { return {ErrorCode::not_found, "the one who does it is not known here"}; }

std::optional<Uuid> named(const Uuid& by) { return by.is_nil() ? std::nullopt : std::optional<Uuid>(by); }

Change status_change(const Uuid& by, std::string_view from, std::string_view to, std::string note) {
  Change change;
  change.value = to;
  change.previous = from;
  change.by = named(by);
  change.note = std::move(note);
  return change;
}

Changed nothing_yet(const ChatFacts& facts) {
  Changed changed;
  changed.client_id = facts.client_id;
  changed.performer_id = facts.performer_id;
  changed.moderator_id = facts.moderator_id;
  return changed;
}

}  // namespace

std::optional<Refusal> SqlStore::not_ours(bool may_be_written, const char* what) const {
  if (beside_ == nullptr || may_be_written) return std::nullopt;
  return Refusal{ErrorCode::forbidden, what};
}

// ------------------------------------------------------------------------------------------------ statuses

Result<Changed> SqlStore::change_status(const NewStatus& wish, WallMs now) {
  hold_with_order(wish.chat);
  const auto facts = this->facts(wish.chat);
  if (!facts) return missing(wish.chat.kind);
  if (auto no = may(wish.by, wish.role, Deed::change_status, *facts)) return *std::move(no);
  const bool of_order = wish.chat.kind == ChatKind::order;
  const bool may_write =
      beside_ == nullptr || (of_order ? beside_->may_set_order_status() : beside_->may_set_dispute_status());
  if (auto no = not_ours(may_write, "statuses are changed by the marketplace")) return *std::move(no);
  if (!wish.by.is_nil() && !user(wish.by)) return stranger();
  if (wish.status == facts->status) return repeated(*facts, Change::What::status);
  return wish.chat.kind == ChatKind::order ? change_order(wish, *facts, now)
                                           : change_dispute(wish, *facts, now);
}

Result<Changed> SqlStore::change_order(const NewStatus& wish, const ChatFacts& facts, WallMs now) {
  const auto from = parse_order_status(facts.status);
  const auto to = parse_order_status(wish.status);
  if (!from || !to) return Refusal{ErrorCode::invalid_payload, "status is none of an order"};
  const Actor actor = actor_of(wish.by, wish.role, facts.client_id, facts.performer_id);
  if (auto no = may_change(actor, *from, *to)) return *std::move(no);
  if (*from == OrderStatus::disputed) {
    if (const auto dispute = undecided_dispute(facts.order_id))
      return Refusal{ErrorCode::conflict, "the dispute " + dispute->text() + " is to be decided first"};
  }
  Changed changed = nothing_yet(facts);
  move_order(changed, facts.order_id, *to, status_change(wish.by, facts.status, wish.status, wish.note), now);
  return changed;
}

Result<Changed> SqlStore::change_dispute(const NewStatus& wish, const ChatFacts& facts, WallMs now) {
  const auto from = parse_dispute_status(facts.status);
  const auto to = parse_dispute_status(wish.status);
  if (!from || !to) return Refusal{ErrorCode::invalid_payload, "status is none of a dispute"};
  const Actor actor = actor_of(wish.by, wish.role, facts.client_id, facts.performer_id);
  if (auto no = may_change(actor, *from, *to)) return *std::move(no);

  Change change = status_change(wish.by, facts.status, wish.status, wish.note);
  const bool decides = is_decided(*to) && !is_decided(*from);
  if (!decides && wish.order_status) {
    return Refusal{ErrorCode::invalid_payload, "orderStatus goes with resolved or rejected alone"};
  }
  std::optional<OrderStatus> order_to;
  std::string order_from;
  if (decides) {
    order_from = this->facts({ChatKind::order, facts.order_id}).value().status;
    const auto outcome = outcome_of(wish.order_status, before_dispute(facts.order_id, facts.chat.id));
    if (!outcome) return outcome.refusal();
    if (order_from == rozmova::text(OrderStatus::disputed)) {
      order_to = *outcome;
    } else if (wish.order_status && order_from != rozmova::text(*outcome)) {
      return Refusal{ErrorCode::conflict, "the order is " + order_from + " and not disputed any more"};
    }
    change.order_status = order_to ? std::string(rozmova::text(*order_to)) : order_from;
  }

  Changed changed = nothing_yet(facts);
  move_dispute(changed, facts.chat.id, *to, std::move(change), now);
  // Who takes an unassigned dispute under review has it.
  const bool may_give = beside_ == nullptr || !beside_->disputes.set_moderator.empty();
  if (*to == DisputeStatus::under_review && !facts.moderator_id && actor == Actor::moderator && may_give) {
    give_dispute(changed, facts.chat.id, wish.by, status_change(wish.by, {}, {}, {}), now);
  }
  if (order_to) {
    Change of_order = status_change(wish.by, order_from, rozmova::text(*order_to), wish.note);
    of_order.dispute_id = facts.chat.id;
    move_order(changed, facts.order_id, *order_to, std::move(of_order), now);
  }
  return changed;
}

/// What was asked for is so already: with the message that made it so, when there is one.
Result<Changed> SqlStore::repeated(const ChatFacts& facts, Change::What what) {
  Changed changed = nothing_yet(facts);
  changed.repeated = true;
  std::int64_t seq = 0;
  {
    auto row = workflow_.last_change.run();
    row.bind(rozmova::text(facts.chat.kind)).bind(facts.chat.id).bind(text(what));
    if (row.row()) seq = row.number(0);
  }
  if (seq > 0) changed.messages = messages(facts.chat, {seq - 1, std::nullopt, 1}).messages;
  return changed;
}

void SqlStore::move_order(Changed& changed, const Uuid& order, OrderStatus to, Change change, WallMs now) {
  workflow_.set_order_status.run().bind(order).bind(rozmova::text(to)).bind_time(now).done();
  tell(changed, {ChatKind::order, order}, std::move(change), now);
}

void SqlStore::move_dispute(Changed& changed, const Uuid& dispute, DisputeStatus to, Change change,
                            WallMs now) {
  workflow_.set_dispute_status.run().bind(dispute).bind(rozmova::text(to)).bind_time(now).done();
  tell(changed, {ChatKind::dispute, dispute}, std::move(change), now);
}

/// The system message of a change whose row is written: the same transaction, the chat's next seq.
void SqlStore::tell(Changed& changed, const ChatKey& chat, Change change, WallMs now) {
  cached_facts_.erase(chat);
  ChatFacts* const facts = cached_facts(chat);
  // A dispute that was opened or closed is seen in its order's facts too.
  if (chat.kind == ChatKind::dispute) cached_facts_.erase({ChatKind::order, facts->order_id});
  std::string moderator_name;
  if (facts->moderator_id) {
    if (const auto moderator = user(*facts->moderator_id)) moderator_name = moderator->name;
  }
  Message message;
  message.id = Uuid::v7(now);
  message.chat = chat;
  message.seq = facts->last_seq + 1;
  message.sender_id = sender_of(change.by, now);
  if (chat.kind == ChatKind::order) {
    if (message.sender_id == facts->client_id) message.receiver_id = facts->performer_id;
    if (message.sender_id == facts->performer_id) message.receiver_id = facts->client_id;
  }
  message.content = sentence_of(chat.kind, change, moderator_name);
  if (!change.note.empty()) message.content += ": " + change.note;
  message.type = MessageType::system;
  message.created_at = now;
  if (insert(message) != Inserted::yes)
    throw StoreError(StoreError::Kind::broken, "the store: a system message could not be stored");
  facts->last_seq = message.seq;

  const std::string_view kind = rozmova::text(chat.kind);
  {
    auto row = workflow_.insert_change.run();
    row.bind(kind).bind(chat.id).bind(message.seq).bind(text(change.what)).bind(change.value);
    row.bind(change.previous).bind(change.by).bind(change.note).bind(change.dispute_id);
    row.bind(change.order_status).done();
  }
  AuditEntry entry;
  entry.actor_id = change.by;
  entry.action = std::string(kind) + '_' + std::string(text(change.what));
  entry.subject_kind = kind;
  entry.subject_id = chat.id.text();
  entry.detail = R"({"from":")" + change.previous + R"(","to":")" + change.value + R"(","seq":)" +
                 std::to_string(message.seq) + '}';
  audit(entry, now);

  if (chat.kind == ChatKind::dispute) {
    changed.moderator_id = facts->moderator_id;
    changed.moderator_name = std::move(moderator_name);
  }
  message.change = std::make_shared<const Change>(std::move(change));
  notify_of(changed, message, *facts, now);
  changed.messages.push_back(std::move(message));
}

/// A dispute's decision changes its order too: held in the order in which everybody holds them, the order first.
void SqlStore::hold_with_order(const ChatKey& chat) {
  if (chat.kind == ChatKind::dispute) {
    std::optional<Uuid> order;
    {
      auto row = workflow_.dispute_key.run();
      if (row.bind(chat.id).row()) order = row.uuid(0);
    }
    if (order) hold({ChatKind::order, *order});
  }
  hold(chat);
}

/// Everybody whom it concerns hears of it, wherever he is; what a dispute did to its order he hears from the dispute.
void SqlStore::notify_of(Changed& changed, const Message& message, const ChatFacts& facts, WallMs now) {
  const Change& change = *message.change;
  const bool of_order = message.chat.kind == ChatKind::order;
  const bool is_status = change.what == Change::What::status;
  if (of_order && change.dispute_id) return;
  NewNotification wanted;
  wanted.type = is_status ? std::string(rozmova::text(message.chat.kind)) + "_status" : "dispute_assigned";
  wanted.topic = room_of(message.chat) + ':' + std::string(text(change.what));
  wanted.position = message.seq;
  const auto quoted = [](std::string_view word) {
    return word.empty() ? std::string("null") : '"' + std::string(word) + '"';
  };
  wanted.data = (of_order ? R"({"orderId":")" : R"({"disputeId":")") + message.chat.id.text() + '"';
  if (!of_order) wanted.data += R"(,"orderId":")" + facts.order_id.text() + '"';
  wanted.data += std::string(is_status ? R"(,"status":)" : R"(,"moderatorId":)") + quoted(change.value) +
                 (is_status ? R"(,"previousStatus":)" : R"(,"previousModeratorId":)") +
                 quoted(change.previous) + R"(,"changedBy":)" +
                 (change.by ? quoted(change.by->text()) : "null") + R"(,"seq":)" +
                 std::to_string(message.seq) + '}';
  for (const auto& reader : {std::optional(facts.client_id), std::optional(facts.performer_id),
                             of_order ? std::nullopt : facts.moderator_id}) {
    if (!reader || reader == change.by) continue;
    const auto person = user(*reader);
    if (!person) continue;
    wanted.user_id = *reader;
    wanted.content = sentence_of(message.chat.kind, change, changed.moderator_name, person->locale);
    if (auto made = notify(wanted, now)) changed.notifications.push_back(*std::move(made));
  }
}

/// Who signs a system message. The backend is nobody of the users, so one stands there for it.
Uuid SqlStore::sender_of(const std::optional<Uuid>& by, WallMs now) {
  if (by) return *by;
  return ensure_user({Uuid{}, "Rozmova", Role::admin, {}}, now).id;
}

std::shared_ptr<const Change> SqlStore::read_change(const ChatKey& chat, std::int64_t seq) {
  auto row = workflow_.change.run();
  if (!row.bind(rozmova::text(chat.kind)).bind(chat.id).bind(seq).row()) return nullptr;
  Change change;
  change.what = row.text(0) == text(Change::What::status) ? Change::What::status : Change::What::moderator;
  change.value = row.string(1);
  change.previous = row.string(2);
  change.by = row.uuid_or_null(3);
  change.note = row.string(4);
  change.dispute_id = row.uuid_or_null(5);
  change.order_status = row.string(6);
  return std::make_shared<const Change>(std::move(change));
}

// ------------------------------------------------------------------------------------------------ disputes

Result<Changed> SqlStore::open_dispute(const NewDispute& wish, WallMs now) {
  hold({ChatKind::order, wish.order_id});
  const auto facts = this->facts({ChatKind::order, wish.order_id});
  if (!facts) return missing(ChatKind::order);
  if (auto no = may(wish.by, wish.role, Deed::change_status, *facts)) return *std::move(no);
  if (auto no = not_ours(beside_ == nullptr || !beside_->disputes.insert.empty(),
                         "disputes are opened by the marketplace"))
    return *std::move(no);
  if (!wish.by.is_nil() && !user(wish.by)) return stranger();
  {
    auto row = workflow_.dispute_key.run();
    if (row.bind(wish.id).row()) {
      if (row.uuid(0) != wish.order_id || row.uuid(1) != wish.by)
        return Refusal{ErrorCode::conflict, "a dispute with this id exists"};
      Changed changed = nothing_yet(*facts);
      changed.repeated = true;
      return changed;
    }
  }
  const auto status = parse_order_status(facts->status).value_or(OrderStatus::in_progress);
  const Actor actor = actor_of(wish.by, wish.role, facts->client_id, facts->performer_id);
  if (auto no = may_open_dispute(actor, status)) return *std::move(no);
  if (const auto other = undecided_dispute(wish.order_id))
    return Refusal{ErrorCode::conflict,
                   "the dispute " + other->text() + " about this order is not decided yet"};

  const Uuid opened_by = sender_of(named(wish.by), now);
  workflow_.insert_dispute.run()
      .bind(wish.id)
      .bind(wish.order_id)
      .bind(opened_by)
      .bind(wish.reason)
      .bind_time(now)
      .done();
  Changed changed = nothing_yet(*facts);
  tell(changed, {ChatKind::dispute, wish.id},
       status_change(wish.by, {}, rozmova::text(DisputeStatus::open), wish.reason), now);
  if (status == OrderStatus::disputed) return changed;
  Change of_order = status_change(wish.by, facts->status, rozmova::text(OrderStatus::disputed), {});
  of_order.dispute_id = wish.id;
  move_order(changed, wish.order_id, OrderStatus::disputed, std::move(of_order), now);
  return changed;
}

Result<Changed> SqlStore::assign_dispute(const NewAssignment& wish, WallMs now) {
  hold({ChatKind::dispute, wish.dispute_id});
  const auto facts = this->facts({ChatKind::dispute, wish.dispute_id});
  if (!facts) return missing(ChatKind::dispute);
  if (auto no = may(wish.by, wish.role, Deed::change_status, *facts)) return *std::move(no);
  if (auto no = not_ours(beside_ == nullptr || !beside_->disputes.set_moderator.empty(),
                         "moderators are assigned by the marketplace"))
    return *std::move(no);
  if (!wish.by.is_nil() && !user(wish.by)) return stranger();
  const Actor actor = actor_of(wish.by, wish.role, facts->client_id, facts->performer_id);
  const bool decides = actor == Actor::moderator || actor == Actor::admin;
  if (decides && facts->moderator_id == wish.moderator_id) return repeated(*facts, Change::What::moderator);
  if (auto no = may_assign(actor, wish.by, facts->moderator_id, wish.moderator_id)) return *std::move(no);
  if (facts->closed) return Refusal{ErrorCode::chat_closed, "the dispute is closed"};
  if (const auto& to = wish.moderator_id) {
    const auto person = user(*to);
    const bool may_decide = person && (person->role == Role::moderator || person->role == Role::admin);
    const bool takes_it = *to == wish.by && actor == Actor::moderator;
    if (!may_decide && !takes_it)
      return Refusal{ErrorCode::invalid_payload, "moderatorId must be a moderator or an admin"};
    if (*to == facts->client_id || *to == facts->performer_id)
      return Refusal{ErrorCode::invalid_payload, "moderatorId must not be a party of the order"};
  }
  Changed changed = nothing_yet(*facts);
  give_dispute(changed, wish.dispute_id, wish.moderator_id, status_change(wish.by, {}, {}, {}), now);
  return changed;
}

void SqlStore::give_dispute(Changed& changed, const Uuid& dispute, const std::optional<Uuid>& moderator,
                            Change change, WallMs now) {
  change.what = Change::What::moderator;
  if (moderator) change.value = moderator->text();
  if (changed.moderator_id) change.previous = changed.moderator_id->text();
  workflow_.set_moderator.run().bind(dispute).bind(moderator).bind_time(now).done();
  tell(changed, {ChatKind::dispute, dispute}, std::move(change), now);
}

std::optional<Uuid> SqlStore::undecided_dispute(const Uuid& order) {
  auto row = workflow_.undecided_dispute.run();
  if (!row.bind(order).row()) return std::nullopt;
  return row.uuid(0);
}

/// An order that others made disputed has no record of what it was: work goes on then.
OrderStatus SqlStore::before_dispute(const Uuid& order, const Uuid& dispute) {
  auto row = workflow_.before_dispute.run();
  if (!row.bind(order).bind(dispute).row()) return OrderStatus::in_progress;
  const auto before = parse_order_status(row.text(0));
  return before && *before != OrderStatus::disputed ? *before : OrderStatus::in_progress;
}

// --------------------------------------------------------------------------------------------------- notes

Result<AddedNote> SqlStore::add_note(const NewNote& note, WallMs now) {
  hold({ChatKind::dispute, note.dispute_id});
  const auto facts = this->facts({ChatKind::dispute, note.dispute_id});
  if (!facts) return missing(ChatKind::dispute);
  if (!may_note(note.by, note.role, *facts))
    return Refusal{ErrorCode::forbidden, "notes are for moderators alone"};
  const auto author = user(sender_of(named(note.by), now));
  if (!author) return stranger();
  if (note.client_message_id) {
    auto row = workflow_.first_note.run();
    row.bind(note.dispute_id).bind(author->id).bind(*note.client_message_id);
    if (row.row()) return AddedNote{read_note(row, note.dispute_id), true};
  }
  if (facts->closed) return Refusal{ErrorCode::chat_closed, "the dispute is closed"};

  Note made;
  made.id = Uuid::v7(now);
  made.dispute_id = note.dispute_id;
  made.seq = last_note(note.dispute_id) + 1;
  made.author_id = author->id;
  made.author_name = author->name;
  made.content = note.content;
  made.client_message_id = note.client_message_id;
  made.created_at = now;
  {
    auto row = workflow_.insert_note.run();
    row.bind(made.id).bind(made.dispute_id).bind(made.seq).bind(made.author_id).bind(made.content);
    row.bind(made.client_message_id).bind_time(now).done();
  }
  AuditEntry entry;
  entry.actor_id = named(note.by);
  entry.action = "dispute_note";
  entry.subject_kind = "dispute";
  entry.subject_id = note.dispute_id.text();
  entry.detail = R"({"seq":)" + std::to_string(made.seq) + '}';
  audit(entry, now);
  return AddedNote{std::move(made), false};
}

std::int64_t SqlStore::last_note(const Uuid& dispute) {
  auto row = workflow_.last_note.run();
  return row.bind(dispute).row() ? row.number(0) : 0;
}

Note SqlStore::read_note(Statement::Run& row, const Uuid& dispute) {
  Note note;
  note.id = row.uuid(0);
  note.dispute_id = dispute;
  note.seq = row.number(1);
  note.author_id = row.uuid(2);
  note.author_name = row.string(3);
  note.content = row.string(4);
  if (!row.is_null(5)) note.client_message_id = row.string(5);
  note.created_at = row.time(6);
  return note;
}

NotePage SqlStore::notes(const Uuid& dispute, const Page& page) {
  const std::int64_t limit = std::clamp<std::int64_t>(page.limit, 0, page_notes_max);
  const bool forward = page.after_seq.has_value();
  const Moment moment(connection_);
  NotePage result;
  result.last_seq = last_note(dispute);
  auto row = (forward ? workflow_.notes_after : workflow_.notes_before).run();
  row.bind(dispute).bind(forward ? *page.after_seq : page.before_seq.value_or(INT64_MAX)).bind(limit + 1);
  while (row.row()) {
    if (static_cast<std::int64_t>(result.notes.size()) == limit) {
      result.has_more = true;
      break;
    }
    result.notes.push_back(read_note(row, dispute));
  }
  if (!forward) std::reverse(result.notes.begin(), result.notes.end());
  return result;
}

}  // namespace rozmova::store
