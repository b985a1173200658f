#include "rozmova/chat/deeds.hpp"

#include "rozmova/chat/render.hpp"

#include <memory>
#include <utility>

namespace rozmova::chat {

namespace {

/// Settings of users are written in the order of their lane; any chat key names a lane, so a user's id does.
ChatKey lane_of(const Uuid& user) { return {ChatKind::order, user}; }

/// What has become of it since, its status, is no part of what was asked for.
bool is_what_was_asked(const Order& order, const store::NewOrder& wanted) {
  return order.title == wanted.title && order.client_id == wanted.client_id &&
         order.performer_id == wanted.performer_id && order.amount_minor == wanted.amount_minor &&
         order.currency == wanted.currency && order.deadline_at == wanted.deadline_at;
}

}  // namespace

void Deeds::settle(const Identity& identity, WallMs now, Then<User> done) {
  const User claimed{identity.user_id, identity.name, identity.role, {}};
  const auto settled = [identity](User user) {
    if (identity.role_from_token) user.role = identity.role;
    return user;
  };
  const auto shared = std::make_shared<Then<User>>(std::move(done));
  const auto create = [this, claimed, settled, now, shared] {
    const auto row = std::make_shared<User>();
    const bool accepted = house_.database().write(
        lane_of(claimed.id),
        [claimed, now, row](store::Store& store) { *row = store.ensure_user(claimed, now); },
        [row, settled, shared](Result<Done> stored) {
          if (stored)
            (*shared)(settled(*row));
          else
            (*shared)(stored.refusal());
        });
    if (!accepted) (*shared)(busy());
  };
  const bool accepted = house_.database().read(
      [id = claimed.id, named = !claimed.name.empty(), create, settled, shared](store::Store& store) {
        const auto known = store.user(id);
        // A row without a name was made for somebody who had not been here yet; his first token completes it.
        if (known && !(known->name.empty() && named))
          (*shared)(settled(*known));
        else
          create();
      },
      [shared](const Refusal& refusal) { (*shared)(refusal); });
  if (!accepted) (*shared)(busy());
}

void Deeds::send(const Caller& who, NewMessage message, Then<Sent> done) {
  done = rechecking(who, message.chat, std::move(done));
  message.sender_id = who.user;
  message.sender_role = who.role;
  message.sender_role_from_token = who.role_from_token;
  house_.at_home(
      who.user, [this, who, message = std::move(message), done = std::move(done)](House::Part& home) mutable {
        if (auto over = house_.over_rate(home, who, Rates::Kind::message, names(message.chat.kind).message)) {
          return done(std::move(*over));
        }
        append(home, who, std::move(message), std::move(done));
      });
}

void Deeds::append(House::Part& home, const Caller& who, NewMessage message, Then<Sent> done) {
  const ChatKey chat = message.chat;
  // Also what is still being authorised: the mark must not appear after the message.
  home.facts.after_read(chat, [&home, chat, user = who.user] { home.typing.stop(chat, user); });

  const auto shared = std::make_shared<Then<Sent>>(std::move(done));
  const bool accepted =
      house_.database().append(std::move(message), [this, who, shared](Result<store::Appended> stored) {
        if (!stored) return (*shared)(stored.refusal());
        const Message& kept = stored->message;
        Sent sent;
        sent.json.reserve(kept.content.size() + 640);
        append_message(sent.json, kept);
        sent.duplicate = stored->duplicate;
        if (stored->duplicate) {
          house_.metrics().count(Count::messages_duplicate);
        } else {
          const auto event = names(kept.chat.kind).message;
          house_.metrics().count(Count::messages_stored);
          house_.tell(News::Kind::message, kept, {{{event, sent.json}}});
          house_.metrics().took(Span::delivery, who.elapsed_us());
          house_.notices().message_stored(kept, stored->chat);
          if (house_.log().on(LogLevel::info)) {
            house_.log().event("broadcast", {{"name", event},
                                             {"chat", room_of(kept.chat)},
                                             {"user", who.user},
                                             {"seq", kept.seq},
                                             {"duration_us", who.elapsed_us()}});
          }
        }
        (*shared)(std::move(sent));
      });
  if (!accepted) (*shared)(busy());
}

void Deeds::type(const Caller& who, const ChatKey& chat, bool is_typing, Then<Done> done) {
  done = rechecking(who, chat, std::move(done));
  house_.at_home(who.user, [this, who, chat, is_typing, done = std::move(done)](House::Part& home) {
    if (auto over = house_.over_rate(home, who, Rates::Kind::typing, names(chat.kind).typing))
      return done(std::move(*over));
    house_.with_facts(home, chat, [this, &home, who, is_typing, done](const Result<ChatFacts>& facts) {
      if (!facts) return done(facts.refusal());
      // Parties type whatever their role is; who else does so by a role of the users table has it looked up.
      const bool is_party = who.user == facts->client_id || who.user == facts->performer_id;
      if (who.role_from_token || is_party) return type_as(home, who, who.role, is_typing, *facts, done);
      read<Role>([who](store::Store& store) -> Result<Role> { return role_of(store, who); },
                 [this, who, is_typing, facts = *facts, done](Result<Role> role) {
                   if (!role) return done(role.refusal());
                   house_.at_home(who.user,
                                  [this, who, role = *role, is_typing, facts, done](House::Part& part) {
                                    type_as(part, who, role, is_typing, facts, done);
                                  });
                 });
    });
  });
}

void Deeds::type_as(House::Part& home, const Caller& who, Role role, bool is_typing, const ChatFacts& facts,
                    const Then<Done>& done) {
  if (auto no = may(who.user, role, Deed::type, facts)) return done(std::move(*no));
  if (!is_typing) {
    home.typing.stop(facts.chat, who.user);
  } else if (home.typing.start(facts.chat, who.user, who.device, home.shard.now())) {
    house_.relay_typing(facts.chat, who.user, true);
  }
  done(Done{});
}

void Deeds::mark_read(const Caller& who, const ChatKey& chat, std::int64_t seq, Then<std::int64_t> done) {
  done = rechecking(who, chat, std::move(done));
  house_.at_home(who.user, [this, who, chat, seq, done = std::move(done)](House::Part& home) mutable {
    if (auto over = house_.over_rate(home, who, Rates::Kind::action, names(chat.kind).read))
      return done(std::move(*over));
    write_mark(who, chat, seq, std::move(done));
  });
}

void Deeds::write_mark(const Caller& who, const ChatKey& chat, std::int64_t seq, Then<std::int64_t> done) {
  const auto shared = std::make_shared<Then<std::int64_t>>(std::move(done));
  const auto outcome = std::make_shared<Result<store::Reached>>(store::Reached{});
  const WallMs now = house_.here().shard.wall();
  const bool accepted = house_.database().write(
      chat,
      [who, chat, seq, now, outcome](store::Store& store) {
        const auto facts = store.facts(chat);
        if (!facts) {
          *outcome = no_such_chat(chat.kind);
        } else if (auto no = may(store, who, Deed::mark_read, *facts)) {
          *outcome = std::move(*no);
        } else {
          *outcome = store.mark_read(chat, who.user, std::min(seq, facts->last_seq), now);
        }
      },
      [this, who, chat, now, outcome, shared](Result<Done> stored) {
        if (!stored) return (*shared)(stored.refusal());
        if (!*outcome) return (*shared)(outcome->refusal());
        const store::Reached& mark = **outcome;
        if (mark.moved) {
          house_.broadcast(chat,
                           house_.encode(names(chat.kind).read, read_json(chat, who.user, mark.seq, now)),
                           nullptr, sioxx::engine::Delivery::durable);
          house_.log().event("broadcast", {{"name", names(chat.kind).read},
                                           {"chat", room_of(chat)},
                                           {"user", who.user},
                                           {"seq", mark.seq},
                                           {"duration_us", who.elapsed_us()}});
          house_.notices().unread_changed(who.user);
        }
        (*shared)(mark.seq);
      });
  if (!accepted) (*shared)(busy());
}

void Deeds::history(const Caller& who, const ChatKey& chat, store::Page page, Then<std::string> done) {
  read<std::string>(
      [this, who, chat, page](store::Store& store) -> Result<std::string> {
        const std::size_t bytes_max = house_.options().answer_bytes_max;
        auto facts = store.facts(chat);
        if (!facts) return no_such_chat(chat.kind);
        const Role role = role_of(store, who);
        if (auto no = may(who.user, role, Deed::read, *facts)) return std::move(*no);
        const auto last_change_seq = store.changes(chat, {std::nullopt, 0, 0}).last_change_seq;
        house_.note_entry(who, *facts, "history");
        auto messages = store.messages(chat, page);
        trim_page(messages, page.after_seq.has_value(), bytes_max);
        // The newest message may be younger than the facts.
        if (!messages.messages.empty())
          facts->last_seq = std::max(facts->last_seq, messages.messages.back().seq);
        return history_json(messages, *facts, last_change_seq, who.user, role);
      },
      std::move(done));
}

void Deeds::orders(const Caller& who, int limit, std::optional<std::string> cursor, Then<std::string> done) {
  read<std::string>(
      [this, who, limit, cursor = std::move(cursor)](store::Store& store) -> Result<std::string> {
        const auto from = cursor ? std::optional<std::string_view>(*cursor) : std::nullopt;
        const Viewer viewer = viewer_of(store, who);
        // Each of them with its last message.
        if (viewer.role == Role::admin) house_.note_entry(who, {}, "list");
        return orders_json(store.orders(who.user, viewer.role == Role::admin, limit, from), viewer);
      },
      std::move(done));
}

void Deeds::order(const Caller& who, const Uuid& id, Then<std::string> done) {
  read<std::string>(
      [this, who, id](store::Store& store) -> Result<std::string> {
        const ChatKey chat{ChatKind::order, id};
        const auto facts = store.facts(chat);
        if (!facts) return no_such_chat(chat.kind);
        if (auto no = may(store, who, Deed::read, *facts)) return std::move(*no);
        house_.note_entry(who, *facts, "details");
        const auto summary = store.order(id, who.user);
        if (!summary) return no_such_chat(chat.kind);
        std::string json;
        append_order(json, *summary, viewer_of(store, who));
        return json;
      },
      std::move(done));
}

void Deeds::create_order(const Caller& who, OrderPayload order, WallMs now, Then<Opened> done) {
  // A backend brings its orders as fast as it can; a person does not.
  if (who.role == Role::admin) return write_order(who, std::move(order), now, std::move(done));
  house_.at_home(who.user, [this, who, order = std::move(order), now,
                            done = std::move(done)](House::Part& home) mutable {
    if (auto over = house_.over_rate(home, who, Rates::Kind::action, "create_order")) {
      return done(std::move(*over));
    }
    write_order(who, std::move(order), now, std::move(done));
  });
}

void Deeds::write_order(const Caller& who, OrderPayload order, WallMs now, Then<Opened> done) {
  const bool for_anybody = who.role == Role::admin;
  if (!for_anybody && (who.role != Role::client || (order.client && order.client->id != who.user))) {
    return done(Refusal{ErrorCode::forbidden, "an order is created by its client, or by an admin"});
  }
  if (for_anybody && !order.client) return done(Refusal{ErrorCode::invalid_payload, "clientId is missing"});
  const PartyPayload client = order.client.value_or(PartyPayload{who.user, std::nullopt});
  if (client.id == order.performer.id) {
    return done(Refusal{ErrorCode::invalid_payload, "performerId must be somebody else than the client"});
  }
  if (!for_anybody && order.performer.name) {
    return done(Refusal{ErrorCode::forbidden, "only an admin introduces new people; give performerId"});
  }
  store::NewOrder wanted;
  wanted.id = order.id ? *order.id : Uuid::v7(now);
  wanted.title = std::move(order.title);
  wanted.client_id = client.id;
  wanted.performer_id = order.performer.id;
  wanted.amount_minor = order.amount_minor;
  wanted.currency = std::move(order.currency);
  wanted.deadline_at = order.deadline_at;

  const auto shared = std::make_shared<Then<Opened>>(std::move(done));
  const auto outcome = std::make_shared<Result<Opened>>(Opened{});
  const bool accepted = house_.database().write(
      {ChatKind::order, *wanted.id},
      [who, wanted, client, performer = order.performer, now, outcome](store::Store& store) {
        if (client.name) store.ensure_user({client.id, *client.name, Role::client, {}}, now);
        if (performer.name) store.ensure_user({performer.id, *performer.name, Role::performer, {}}, now);
        const auto created = store.create_order(wanted, now);
        const auto summary = store.order(*wanted.id, who.user);
        const bool is_there = !created && created.refusal().code == ErrorCode::conflict && summary;
        if (!created && !(is_there && is_what_was_asked(summary->order, wanted))) {
          *outcome = created.refusal();
          return;
        }
        Opened opened{{}, !created};
        append_order(opened.json, summary.value(), viewer_of(store, who));
        *outcome = std::move(opened);
      },
      [this, who, id = *wanted.id, outcome, shared](Result<Done> stored) {
        if (!stored) return (*shared)(stored.refusal());
        if (*outcome && !(*outcome)->repeated)
          house_.log().event("order_created", {{"chat", room_of({ChatKind::order, id})}, {"user", who.user}});
        (*shared)(std::move(*outcome));
      });
  if (!accepted) (*shared)(busy());
}

void Deeds::record(const store::AuditEntry& entry, WallMs now, Then<Done> done) {
  change(
      {}, [entry, now](store::Store& store) { store.audit(entry, now); }, std::move(done));
}

void Deeds::change(const Uuid& user, store::Database::Work work, Then<Done> done) {
  const auto shared = std::make_shared<Then<Done>>(std::move(done));
  const bool accepted = house_.database().write(
      lane_of(user), std::move(work), [shared](Result<Done> stored) { (*shared)(std::move(stored)); });
  if (!accepted) (*shared)(busy());
}

}  // namespace rozmova::chat
