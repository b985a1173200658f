// Statuses, disputes, assignment and notes. Every change goes the same way: one deed of the store, and after the
// commit publish() tells what it did. Whoever else changes something (a backend's queue, say) ends there too.
#include "rozmova/chat/deeds.hpp"
#include "rozmova/chat/render.hpp"
#include "rozmova/workflow.hpp"

#include <memory>
#include <utility>

namespace rozmova::chat {

namespace {

bool sees_all_disputes(Role role) { return role == Role::moderator || role == Role::admin; }

}  // namespace

template <class T>
void Deeds::carry_out(const Caller& who, const ChatKey& lane, std::string_view name,
                      std::function<Result<T>(store::Store&, WallMs now)> deed,
                      std::function<void(const T&)> told, Then<T> done) {
  const auto shared = std::make_shared<Then<T>>(std::move(done));
  const auto run = [this, lane, deed = std::move(deed), told = std::move(told), shared] {
    const WallMs now = house_.here().shard.wall();
    const auto outcome = std::make_shared<std::optional<Result<T>>>();
    const bool accepted = house_.database().write(
        lane, [deed, now, outcome](store::Store& store) { outcome->emplace(deed(store, now)); },
        [told, outcome, shared](Result<Done> stored) {
          if (!stored) return (*shared)(stored.refusal());
          if (**outcome) told(***outcome);
          (*shared)(std::move(**outcome));
        });
    if (!accepted) (*shared)(busy());
  };
  // A backend and an admin change as much as they have to; a person does not.
  if (who.role == Role::admin) return run();
  house_.at_home(who.user, [this, who, name, run, shared](House::Part& home) {
    if (auto over = house_.over_rate(home, who, Rates::Kind::action, name))
      return (*shared)(std::move(*over));
    run();
  });
}

// ------------------------------------------------------------------------------------------------ statuses

void Deeds::change_status(const Caller& who, StatusPayload wish, Then<std::string> done) {
  const ChatKey chat = wish.chat;
  const Uuid by = wish.by.value_or(who.user);
  const std::string asked = wish.status;
  carry_out<store::Changed>(
      who, chat, names(chat.kind).status,
      [who, by, wish = std::move(wish)](store::Store& store, WallMs now) {
        return store.change_status(
            {wish.chat, wish.status, by, role_of(store, who), wish.note, wish.order_status}, now);
      },
      [this](const store::Changed& changed) { publish(changed); },
      rechecking<store::Changed>(who, chat,
                                 [chat, asked, done = std::move(done)](Result<store::Changed> changed) {
                                   if (!changed) return done(changed.refusal());
                                   // The deed's own message is the first one.
                                   if (changed->messages.empty())
                                     return done(status_as_it_is_json(chat, asked));
                                   done(status_update_json(changed->messages.front()));
                                 }));
}

void Deeds::publish(const store::Changed& changed) {
  if (changed.repeated) return;
  for (const Message& message : changed.messages) {
    house_.forget_facts(message.chat);
    std::string json;
    append_message(json, message);
    house_.metrics().count(Count::messages_stored);
    const EventNames& event = names(message.chat.kind);
    std::vector<Told> told{{event.message, json}};
    // Among several nodes the room hears of the status with its message, in its turn; see tell_change().
    std::string status;
    if (house_.nodes() != nullptr && message.change->what == Change::What::status) {
      status = status_update_json(message);
      told.push_back({event.status_update, status});
    }
    house_.tell(News::Kind::message, message, told);
    house_.log().event("broadcast", {{"name", names(message.chat.kind).message},
                                     {"chat", room_of(message.chat)},
                                     {"user", message.sender_id},
                                     {"seq", message.seq}});
    tell_change(message, changed);
  }
  for (const Notification& notification : changed.notifications) house_.notices().tell(notification);
  for (const auto& user :
       {std::optional(changed.client_id), std::optional(changed.performer_id), changed.moderator_id}) {
    if (user) house_.notices().unread_changed(*user);
  }
}

/// To the room and to everybody whom it concerns, wherever his devices are; each connection hears it once.
void Deeds::tell_change(const Message& message, const store::Changed& changed) {
  const Change& change = *message.change;
  const bool is_status = change.what == Change::What::status;
  sioxx::BroadcastOptions target;
  target.rooms = {room_of(message.chat), room_of_user(changed.client_id), room_of_user(changed.performer_id)};
  if (message.chat.kind == ChatKind::dispute) {
    target.rooms.emplace_back(moderators_room);
    if (changed.moderator_id) target.rooms.push_back(room_of_user(*changed.moderator_id));
  }
  if (is_status && house_.nodes() != nullptr) {
    target.rooms.erase(target.rooms.begin());
    target.except.push_back(room_of(message.chat));
  }
  const std::string_view event = is_status ? names(message.chat.kind).status_update : dispute_assigned_event;
  house_.server().of("/").broadcast(
      house_.encode(event, is_status ? status_update_json(message)
                                     : dispute_assigned_json(message, changed.moderator_name)),
      std::move(target));
  house_.metrics().count(Count::broadcasts);
  house_.log().event(is_status ? "status_change" : "assignment", {{"chat", room_of(message.chat)},
                                                                  {"from", change.previous},
                                                                  {"to", change.value},
                                                                  {"user", change.by.value_or(Uuid{})},
                                                                  {"seq", message.seq}});
}

// ------------------------------------------------------------------------------------------------ disputes

void Deeds::open_dispute(const Caller& who, const Uuid& order, DisputePayload dispute, Then<Opened> done) {
  struct Outcome {
    store::Changed changed;
    Opened opened;
  };
  const ChatKey chat{ChatKind::order, order};
  carry_out<Outcome>(
      who, chat, "open_dispute",
      [who, order, dispute = std::move(dispute)](store::Store& store, WallMs now) -> Result<Outcome> {
        const Uuid id = dispute.id ? *dispute.id : Uuid::v7(now);
        const Uuid by = dispute.by.value_or(who.user);
        auto changed = store.open_dispute({id, order, by, role_of(store, who), dispute.reason}, now);
        if (!changed) return changed.refusal();
        Outcome outcome{std::move(*changed), {}};
        outcome.opened.repeated = outcome.changed.repeated;
        append_dispute(outcome.opened.json, store.dispute(id, who.user).value(), viewer_of(store, who));
        return outcome;
      },
      [this](const Outcome& outcome) { publish(outcome.changed); },
      rechecking<Outcome>(who, chat, [done = std::move(done)](Result<Outcome> outcome) {
        if (!outcome) return done(outcome.refusal());
        done(std::move(outcome->opened));
      }));
}

void Deeds::assign_dispute(const Caller& who, const Uuid& dispute, std::optional<Uuid> moderator,
                           Then<std::string> done) {
  struct Outcome {
    store::Changed changed;
    std::string json;
  };
  const ChatKey chat{ChatKind::dispute, dispute};
  carry_out<Outcome>(
      who, chat, "assign_dispute",
      [who, dispute, moderator](store::Store& store, WallMs now) -> Result<Outcome> {
        auto changed = store.assign_dispute({dispute, who.user, role_of(store, who), moderator}, now);
        if (!changed) return changed.refusal();
        Outcome outcome{std::move(*changed), {}};
        append_dispute(outcome.json, store.dispute(dispute, who.user).value(), viewer_of(store, who));
        return outcome;
      },
      [this](const Outcome& outcome) { publish(outcome.changed); },
      rechecking<Outcome>(who, chat, [done = std::move(done)](Result<Outcome> outcome) {
        if (!outcome) return done(outcome.refusal());
        done(std::move(outcome->json));
      }));
}

void Deeds::disputes(const Caller& who, store::DisputeFilter filter, int limit,
                     std::optional<std::string> cursor, Then<std::string> done) {
  read<std::string>(
      [this, who, filter = std::move(filter), limit, cursor = std::move(cursor)](store::Store& store) {
        const auto from = cursor ? std::optional<std::string_view>(*cursor) : std::nullopt;
        const Viewer viewer = viewer_of(store, who);
        if (sees_all_disputes(viewer.role)) {
          ChatFacts all;
          all.chat.kind = ChatKind::dispute;
          house_.note_entry(who, all, "list");
        }
        const auto list = store.disputes(who.user, sees_all_disputes(viewer.role), filter, limit, from);
        return Result<std::string>(disputes_json(list, viewer));
      },
      std::move(done));
}

void Deeds::dispute(const Caller& who, const Uuid& id, Then<std::string> done) {
  read<std::string>(
      [this, who, id](store::Store& store) -> Result<std::string> {
        const ChatKey chat{ChatKind::dispute, id};
        const auto facts = store.facts(chat);
        if (!facts) return no_such_chat(chat.kind);
        if (auto no = may(store, who, Deed::read, *facts)) return std::move(*no);
        house_.note_entry(who, *facts, "details");
        const auto summary = store.dispute(id, who.user);
        if (!summary) return no_such_chat(chat.kind);
        std::string json;
        append_dispute(json, *summary, viewer_of(store, who));
        return json;
      },
      std::move(done));
}

// --------------------------------------------------------------------------------------------------- notes

void Deeds::add_note(const Caller& who, NotePayload note, Then<Sent> done) {
  const ChatKey chat{ChatKind::dispute, note.dispute_id};
  carry_out<store::AddedNote>(
      who, chat, dispute_note_event,
      [who, note = std::move(note)](store::Store& store, WallMs now) {
        return store.add_note(
            {note.dispute_id, who.user, role_of(store, who), note.content, note.client_message_id}, now);
      },
      [this](const store::AddedNote& added) {
        if (added.duplicate) return;
        std::string json;
        append_note(json, added.note);
        sioxx::BroadcastOptions target;
        target.rooms.push_back(notes_room(added.note.dispute_id));
        house_.server().of("/").broadcast(house_.encode(dispute_note_event, json), std::move(target));
        house_.metrics().count(Count::broadcasts);
        house_.log().event("broadcast", {{"name", dispute_note_event},
                                         {"chat", room_of({ChatKind::dispute, added.note.dispute_id})},
                                         {"user", added.note.author_id},
                                         {"seq", added.note.seq}});
      },
      [done = std::move(done)](Result<store::AddedNote> added) {
        if (!added) return done(added.refusal());
        Sent sent;
        append_note(sent.json, added->note);
        sent.duplicate = added->duplicate;
        done(std::move(sent));
      });
}

void Deeds::notes(const Caller& who, const Uuid& dispute, store::Page page, Then<std::string> done) {
  read<std::string>(
      [this, who, dispute, page](store::Store& store) -> Result<std::string> {
        const auto facts = store.facts({ChatKind::dispute, dispute});
        if (!facts) return no_such_chat(ChatKind::dispute);
        if (!may_note(who.user, role_of(store, who), *facts))
          return Refusal{ErrorCode::forbidden, "notes are for moderators alone"};
        house_.note_entry(who, *facts, "notes");
        return notes_json(store.notes(dispute, page));
      },
      std::move(done));
}

}  // namespace rozmova::chat
