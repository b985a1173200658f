#pragma once

#include "rozmova/access.hpp"
#include "rozmova/chat/events.hpp"
#include "rozmova/chat/house.hpp"
#include "rozmova/chat/message_change.hpp"
#include "rozmova/model.hpp"
#include "rozmova/refusal.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rozmova::chat {

/// A message that is stored; `json` is its one text for ack, broadcast and REST alike.
struct Sent {
  std::string json;
  bool duplicate = false;
};

/// An order or a dispute by its JSON; `repeated`: it was there already, as it was asked for.
struct Opened {
  std::string json;
  bool repeated = false;
};

/// What people do in chats, knowing no wire: events and REST are some ten lines around these functions. Owned
/// by Chat; called on any shard's thread; every `done` is called once, on a thread of its own choosing
/// (mostly a database thread, in commit order), so it only moves values.
class Deeds {
 public:
  template <class T>
  using Then = std::function<void(Result<T>)>;

  explicit Deeds(House& house) : house_(house) {}

  // ---- who
  /// The user of a good token, created from its claims when unknown; the role is settled.
  void settle(const Identity& identity, WallMs now, Then<User> done);

  // ---- chats, orders and disputes alike
  // Who is refused as a stranger by one of the three stops hearing the chat before he is answered.
  /// Stores, tells the room, answers: in this order. Ends the sender's typing.
  void send(const Caller& who, NewMessage message, Then<Sent> done);
  void type(const Caller& who, const ChatKey& chat, bool is_typing, Then<Done> done);
  /// Answers with the position now in force; tells the room when it has moved.
  void mark_read(const Caller& who, const ChatKey& chat, std::int64_t seq, Then<std::int64_t> done);
  /// `{messages, hasMore, lastSeq}`
  void history(const Caller& who, const ChatKey& chat, store::Page page, Then<std::string> done);

  // ---- orders
  void orders(const Caller& who, int limit, std::optional<std::string> cursor, Then<std::string> done);
  void order(const Caller& who, const Uuid& id, Then<std::string> done);
  /// A client orders for himself; an admin for anybody, also for people who have never been here (given with
  /// a name). Admins are not rated. The same id again: `repeated` when all else is the same, or CONFLICT.
  void create_order(const Caller& who, OrderPayload order, WallMs now, Then<Opened> done);

  // ---- edits and deletions (deeds_changes.cpp)
  /// By the author: stores, tells the room, answers with the message as it is then; `duplicate`: it was so already.
  void change_message(const Caller& who, ChangePayload wish, Then<Sent> done);
  /// `{changes, hasMore, lastChangeSeq}`: messages that were edited or deleted after that change.
  void changes(const Caller& who, const ChatKey& chat, std::int64_t after, int limit, Then<std::string> done);
  /// What a message said before; for moderators, and each look is written down.
  void revisions(const Caller& who, const ChatKey& chat, const Uuid& message, Then<std::string> done);

  // ---- notifications and counters (deeds_notifications.cpp)
  /// `{notifications, nextCursor, unread}`
  void notifications(const Caller& who, bool unread_only, int limit, std::optional<std::string> cursor,
                     Then<std::string> done);
  /// `{read, unread}`; tells the user's devices.
  void read_notifications(const Caller& who, NotificationsRead read, WallMs now, Then<std::string> done);
  /// Stores and tells; `{notifications:[…]}`. NOT_FOUND, and nothing is stored, when one of the users is unknown.
  void announce(const Caller& who, std::vector<store::NewNotification> wanted, WallMs now,
                Then<std::string> done);
  /// `{total, orders, disputes, notifications}`
  void unread(const Caller& who, Then<std::string> done);

  // ---- for administrators
  /// Writes a line into the audit log.
  void record(const store::AuditEntry& entry, WallMs now, Then<Done> done);
  /// A write in the order of this user's other writes.
  void change(const Uuid& user, store::Database::Work work, Then<Done> done);

  // ---- workflow, orders and disputes alike (deeds_workflow.cpp)
  /// `{orderId, status, previousStatus, changedBy, changedAt, seq}`, also when it was so already.
  void change_status(const Caller& who, StatusPayload wish, Then<std::string> done);
  /// Tells what one change of the store did: the system messages to their rooms, each change to everybody whom it
  /// concerns. For whoever changed something inside a transaction of his own; any thread, after the commit.
  void publish(const store::Changed& changed);
  void open_dispute(const Caller& who, const Uuid& order, DisputePayload dispute, Then<Opened> done);
  /// The dispute as it is then. Nothing: nobody has it any more.
  void assign_dispute(const Caller& who, const Uuid& dispute, std::optional<Uuid> moderator,
                      Then<std::string> done);
  /// Those of the caller's orders, or all of them for who decides.
  void disputes(const Caller& who, store::DisputeFilter filter, int limit, std::optional<std::string> cursor,
                Then<std::string> done);
  void dispute(const Caller& who, const Uuid& id, Then<std::string> done);
  /// Notes among moderators; `json` is the note.
  void add_note(const Caller& who, NotePayload note, Then<Sent> done);
  void notes(const Caller& who, const Uuid& dispute, store::Page page, Then<std::string> done);

  House& house() { return house_; }

 private:
  void type_as(House::Part& home, const Caller& who, Role role, bool is_typing, const ChatFacts& facts,
               const Then<Done>& done);
  void append(House::Part& home, const Caller& who, NewMessage message, Then<Sent> done);
  void write_mark(const Caller& who, const ChatKey& chat, std::int64_t seq, Then<std::int64_t> done);
  void write_change(const Caller& who, ChangePayload wish, Then<Sent> done);
  void write_notifications_read(const Caller& who, NotificationsRead read, WallMs now,
                                Then<std::string> done);
  void write_order(const Caller& who, OrderPayload order, WallMs now, Then<Opened> done);
  /// One write of the workflow at the caller's pace; `told` runs after the commit, before `done`.
  template <class T>
  void carry_out(const Caller& who, const ChatKey& lane, std::string_view name,
                 std::function<Result<T>(store::Store&, WallMs now)> deed, std::function<void(const T&)> told,
                 Then<T> done);
  void tell_change(const Message& message, const store::Changed& changed);
  template <class T>
  Then<T> rechecking(const Caller& who, const ChatKey& chat, Then<T> done);
  template <class T>
  void read(std::function<Result<T>(store::Store&)> question, Then<T> done);

  House& house_;
};

template <class T>
void Deeds::read(std::function<Result<T>(store::Store&)> question, Then<T> done) {
  const auto shared = std::make_shared<Then<T>>(std::move(done));
  const bool accepted = house_.database().read(
      [question = std::move(question), shared](store::Store& store) { (*shared)(question(store)); },
      [shared](const Refusal& refusal) { (*shared)(refusal); });
  if (!accepted) (*shared)(busy());
}

template <class T>
Deeds::Then<T> Deeds::rechecking(const Caller& who, const ChatKey& chat, Then<T> done) {
  return [this, user = who.user, chat, done = std::move(done)](Result<T> result) {
    if (result || !is_shut_out(result.refusal())) return done(std::move(result));
    house_.recheck(user, chat, [done, result = std::move(result)] { done(result); });
  };
}

}  // namespace rozmova::chat
