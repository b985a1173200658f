// Messages that their authors change, and what is left of how they were.
#include "rozmova/chat/deeds.hpp"
#include "rozmova/chat/render.hpp"

namespace rozmova::chat {

void Deeds::change_message(const Caller& who, ChangePayload wish, Then<Sent> done) {
  done = rechecking(who, wish.chat, std::move(done));
  house_.at_home(
      who.user, [this, who, wish = std::move(wish), done = std::move(done)](House::Part& home) mutable {
        // An edit brings as much to everybody as a message does.
        const auto kind = wish.content ? Rates::Kind::message : Rates::Kind::action;
        const ChangeNames& event = change_names(wish.chat.kind);
        if (auto over = house_.over_rate(home, who, kind, wish.content ? event.edit : event.remove))
          return done(std::move(*over));
        write_change(who, std::move(wish), std::move(done));
      });
}

void Deeds::write_change(const Caller& who, ChangePayload wish, Then<Sent> done) {
  const auto shared = std::make_shared<Then<Sent>>(std::move(done));
  const auto outcome = std::make_shared<Result<store::MessageChanged>>(store::MessageChanged{});
  const WallMs now = house_.here().shard.wall();
  const auto work = [who, wish, now, outcome,
                     window_ms = house_.options().edit_window_ms](store::Store& store) {
    *outcome = store.change_message(
        {wish.chat, wish.message_id, who.user, role_of(store, who), wish.content, window_ms}, now);
  };
  const auto answer = [this, who, outcome, shared](Result<Done> stored) {
    if (!stored) return (*shared)(stored.refusal());
    if (!*outcome) return (*shared)(outcome->refusal());
    const Message& message = (*outcome)->message;
    Sent sent;
    append_message(sent.json, message);
    sent.duplicate = (*outcome)->repeated;
    if (!sent.duplicate) {
      const auto event = changed_event(message);
      house_.tell(News::Kind::change, message, {{{event, sent.json}}});
      if (message.deleted_at) house_.notices().message_deleted(message, (*outcome)->chat);
      house_.log().event(
          "broadcast",
          {{"name", event}, {"chat", room_of(message.chat)}, {"user", who.user}, {"seq", message.seq}});
    }
    (*shared)(std::move(sent));
  };
  if (!house_.database().write(wish.chat, work, answer)) (*shared)(busy());
}

void Deeds::changes(const Caller& who, const ChatKey& chat, std::int64_t after, int limit,
                    Then<std::string> done) {
  read<std::string>(
      [this, who, chat, after, limit,
       bytes_max = house_.options().answer_bytes_max](store::Store& store) -> Result<std::string> {
        const auto facts = store.facts(chat);
        if (!facts) return no_such_chat(chat.kind);
        if (auto no = may(store, who, Deed::read, *facts)) return std::move(*no);
        house_.note_entry(who, *facts, "changes");
        auto page = store.changes(chat, {after, INT64_MAX, limit});
        trim_changes(page, bytes_max);
        return changes_json(page);
      },
      std::move(done));
}

void Deeds::revisions(const Caller& who, const ChatKey& chat, const Uuid& message, Then<std::string> done) {
  const auto shared = std::make_shared<Then<std::string>>(std::move(done));
  const auto outcome = std::make_shared<Result<std::string>>(std::string());
  const auto work = [who, chat, message, outcome, now = house_.here().shard.wall()](store::Store& store) {
    const auto facts = store.facts(chat);
    if (!facts) {
      *outcome = no_such_chat(chat.kind);
    } else if (auto no = may(store, who, Deed::see_revisions, *facts)) {
      *outcome = std::move(*no);
    } else if (const auto all = store.revisions(chat, message); !all) {
      *outcome = Refusal{ErrorCode::not_found, "there is no such message in this chat"};
    } else {
      store::AuditEntry entry;
      if (!who.user.is_nil()) entry.actor_id = who.user;
      entry.action = "see_revisions";
      entry.subject_kind = text(chat.kind);
      entry.subject_id = chat.id.text();
      entry.detail = R"({"messageId":")" + message.text() + R"("})";
      store.audit(entry, now);
      *outcome = revisions_json(*all);
    }
  };
  const auto answer = [outcome, shared](Result<Done> stored) {
    if (!stored) return (*shared)(stored.refusal());
    (*shared)(std::move(*outcome));
  };
  if (!house_.database().write(chat, work, answer)) (*shared)(busy());
}

}  // namespace rozmova::chat
