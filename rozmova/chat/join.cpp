#include "rozmova/chat/join.hpp"

#include "rozmova/chat/message_change.hpp"
#include "rozmova/workflow.hpp"

#include <algorithm>
#include <utility>

namespace rozmova::chat {

namespace {

Refusal too_many_chats() {
  return {ErrorCode::conflict, "this connection is in too many chats; leave one first"};
}

/// Its other rooms are no chats: the user's own, the moderators', notes.
std::size_t chats_of(const sioxx::Socket& socket) {
  const auto rooms = socket.rooms();
  return static_cast<std::size_t>(std::count_if(
      rooms.begin(), rooms.end(), [](const std::string& room) { return chat_of_room(room).has_value(); }));
}

}  // namespace

void Joins::join(const JoinPayload& payload, Answer answer) {
  stand_in_line({answer.caller().device, payload.chat}, {payload, std::move(answer)});
}

void Joins::leave(const ChatKey& chat, Answer answer) {
  stand_in_line({answer.caller().device, chat}, {std::nullopt, std::move(answer)});
}

void Joins::stand_in_line(const Place& place, Step step) {
  auto& line = lines_[place];
  if (line.size() >= line_steps_max) {
    return step.answer.refuse(
        {ErrorCode::rate_limited, "too many joins and leaves of this chat are under way", 1'000});
  }
  line.push_back(std::move(step));
  if (line.size() == 1) begin(place);
}

void Joins::begin(const Place& place) {
  const Step step = lines_.at(place).front();
  if (!step.join) {
    step_out(place, step.answer);
    return next(place);
  }
  const auto walk =
      std::make_shared<Walk>(Walk{place, step.answer, step.join->after_seq, false, {}, false, {}, 0, {}});
  walk->after_change_seq = step.join->after_change_seq;
  house_.at_home(step.answer.caller().user, [this, walk](House::Part& home) {
    auto over = house_.over_rate(home, walk->answer.caller(), Rates::Kind::join, walk->answer.event());
    house_.at(shard_, [this, walk, over = std::move(over)](House::Part&) {
      if (!over) return enter(walk);
      walk->answer.refuse(*over);
      next(walk->place);
    });
  });
}

void Joins::next(const Place& place) {
  const auto line = lines_.find(place);
  line->second.pop_front();
  if (line->second.empty())
    lines_.erase(line);
  else
    begin(place);
}

void Joins::enter(const WalkPtr& walk) {
  sioxx::Socket* socket = walk->answer.caller().socket.get();
  if (socket == nullptr) {
    lines_.erase(walk->place);
    return;
  }
  walk->was_in = socket->in(room_of(walk->place.chat));
  if (!walk->was_in && chats_of(*socket) >= house_.options().chats_per_connection_max) {
    walk->answer.refuse(too_many_chats());
    return next(walk->place);
  }
  if (house_.nodes() != nullptr && !walk->was_in)
    house_.nodes()->sequencer(shard_).entering(walk->place.chat);
  if (!socket->join_held(room_of(walk->place.chat))) {
    walk->answer.refuse(too_many_chats());
    return next(walk->place);
  }
  const bool accepted = house_.database().read(
      [this, walk](store::Store& store) {
        if (auto no = look(store, *walk, house_.options())) {
          house_.at(shard_, [this, walk, no = std::move(*no)](House::Part&) { refuse(walk, no); });
        } else {
          ask_presence(house_, *this, walk, 0);
        }
      },
      [this, walk](const Refusal& no) {
        house_.at(shard_, [this, walk, no](House::Part&) { refuse(walk, no); });
      });
  if (!accepted) refuse(walk, busy());
}

/// Of the messages that the reader has. What changes from here on he hears live, or finds after last_change_seq.
store::ChangePage Joins::missed_changes(store::Store& store, const Walk& walk, const ChatOptions& options) {
  store::ChangesWanted wanted;
  wanted.after = walk.after_change_seq;
  wanted.up_to_seq = walk.after_seq.value_or(0);
  wanted.limit = !walk.after_seq         ? 0
                 : walk.after_change_seq ? options.changes_max
                                         : options.changes_unasked_max;
  if (!walk.after_seq) wanted.after.reset();
  auto changes = store.changes(walk.place.chat, wanted);
  const std::size_t bytes_max = options.answer_bytes_max / 2;
  if (wanted.after) {
    trim_changes(changes, bytes_max);
  } else {
    store::MessagePage newest{std::move(changes.messages), false};
    trim_page(newest, false, bytes_max);
    changes.messages = std::move(newest.messages);
  }
  return changes;
}

std::optional<Refusal> Joins::look(store::Store& store, Walk& walk, const ChatOptions& options) {
  const ChatKey& chat = walk.place.chat;
  const Caller& who = walk.answer.caller();
  store::Page newest;
  newest.limit = options.newest_messages;
  store::Page page = newest;
  if (walk.after_seq) page = {walk.after_seq, std::nullopt, options.catch_up_messages_max};

  // Before the snapshot: what changes between the two is told once more, which does no harm.
  const auto changes = missed_changes(store, walk, options);
  auto snapshot = store.snapshot(chat, page);
  if (!snapshot) return no_such_chat(chat.kind);
  const Role role = role_of(store, who);
  if (auto no = may(who.user, role, Deed::read, snapshot->facts)) return no;
  bool gap = false;
  if (walk.after_seq) {
    const auto& messages = snapshot->page.messages;
    const std::int64_t last_seq = snapshot->facts.last_seq;
    const bool ahead = *walk.after_seq > last_seq;  // of a store that was set back
    gap = ahead ||
          (messages.empty() ? *walk.after_seq < last_seq : messages.front().seq != *walk.after_seq + 1);
    if (ahead) snapshot = store.snapshot(chat, newest);
    if (!snapshot) return no_such_chat(chat.kind);
    if (!ahead) trim_page(snapshot->page, true, options.answer_bytes_max);
  }
  trim_page(snapshot->page, false, options.answer_bytes_max);
  walk.facts = snapshot->facts;
  walk.last_seq = snapshot->facts.last_seq;
  walk.last_change_seq = changes.last_change_seq;
  walk.text = join_text(*snapshot, changes, who.user, role, gap);
  if (options.several_nodes) {
    for (const auto& person : walk.text.participants)
      walk.elsewhere.push_back(store.connections_elsewhere(person.user_id, options.node) > 0);
  }
  walk.hears_notes = may_note(who.user, role, snapshot->facts);
  return std::nullopt;
}

void Joins::ask_presence(House& house, Joins& joins, const WalkPtr& walk, std::size_t index) {
  if (index == walk->text.participants.size()) {
    house.at(joins.shard_, [&joins, walk](House::Part&) { joins.arrive(walk); });
    return;
  }
  const Uuid user = walk->text.participants[index].user_id;
  house.at_home(user, [&house, &joins, walk, user, index](House::Part& home) {
    const bool elsewhere = index < walk->elsewhere.size() && walk->elsewhere[index];
    walk->online.push_back(elsewhere || home.presence.online(user));
    ask_presence(house, joins, walk, index + 1);
  });
}

void Joins::arrive(const WalkPtr& walk) {
  const Caller& who = walk->answer.caller();
  sioxx::Socket* socket = who.socket.get();
  if (socket == nullptr) {
    lines_.erase(walk->place);
    return;
  }
  const std::string room = room_of(walk->place.chat);
  // Sent out of the room meanwhile (House::recheck): the snapshot is older than that.
  if (!socket->in(room)) return refuse(walk, no_longer_yours());
  if (walk->hears_notes && !socket->join(notes_room(walk->place.chat.id)))
    return refuse(walk, too_many_chats());
  walk->answer.ok(join_fields(walk->text, walk->online, socket->shard().wall()));
  house_.metrics().count(Count::joins);
  if (walk->after_seq) house_.metrics().count(Count::reconnects);
  house_.note_entry(who, walk->facts, "join");
  house_.log().event(
      "join",
      {{"chat", room}, {"user", who.user}, {"socket", socket->id()}, {"duration_us", who.elapsed_us()}});
  const bool has_rest =
      house_.nodes() == nullptr ||
      house_.nodes()->sequencer(shard_).arrived(walk->place.chat, walk->last_seq, walk->last_change_seq);
  if (has_rest && socket->release(room, static_cast<std::uint64_t>(walk->last_seq))) return next(walk->place);
  catch_up(walk->place, who, {walk->last_seq, walk->last_change_seq}, 1);
}

void Joins::refuse(const WalkPtr& walk, const Refusal& refusal) {
  sioxx::Socket* socket = walk->answer.caller().socket.get();
  if (socket == nullptr) {
    lines_.erase(walk->place);
    return;
  }
  const std::string room = room_of(walk->place.chat);
  walk->answer.refuse(refusal);
  if (is_shut_out(refusal) || !walk->was_in) {
    // Also when it was in before: what may not be read is not heard any more.
    socket->leave(room);
    socket->leave(notes_room(walk->place.chat.id));
  } else if (!socket->release(room, 0)) {
    // It goes on hearing as before; but what waited at the gate was more than the gate holds.
    house_.expel(walk->answer.caller().socket, std::string(walk->answer.event()), busy());
  }
  next(walk->place);
}

void Joins::step_out(const Place& place, const Answer& answer) {
  const Caller& who = answer.caller();
  sioxx::Socket* socket = who.socket.get();
  if (socket == nullptr) return;
  const std::string room = room_of(place.chat);
  const bool was_in = socket->in(room);
  socket->leave(room);
  socket->leave(notes_room(place.chat.id));
  answer.ok({});
  house_.at_home(who.user, [who, chat = place.chat](House::Part& home) {
    home.facts.after_read(chat, [&home, chat, who] { home.typing.stop(chat, who.user, who.device); });
  });
  if (!was_in) return;
  house_.metrics().count(Count::leaves);
  house_.log().event("leave", {{"chat", room}, {"user", who.user}, {"socket", socket->id()}});
}

void Joins::catch_up(const Place& place, const Caller& who, Have have, int round) {
  const auto give_up = [this, place, who](const Refusal& why) {
    house_.at(shard_, [this, place, who, why](House::Part&) {
      lines_.erase(place);
      house_.expel(who.socket, std::string(names(place.chat.kind).join), why);
    });
  };
  if (round > catch_up_rounds_max) return give_up(busy());
  house_.log().event(
      "join_outrun",
      {{"chat", room_of(place.chat)}, {"user", who.user}, {"after", have.seq}, {"round", round}});
  const store::Page page{have.seq, std::nullopt, static_cast<int>(sioxx::Socket::hold_messages_max)};
  const store::ChangesWanted wanted{have.change_seq, have.seq, house_.options().changes_max};
  const bool accepted = house_.database().read(
      [this, place, who, have, round, page, wanted](store::Store& store) {
        auto changes = store.changes(place.chat, wanted);
        auto missed = store.messages(place.chat, page);
        house_.at(shard_,
                  [this, place, who, have, round, missed = std::move(missed), changes = std::move(changes)](
                      House::Part&) { caught_up(place, who, missed, changes, have, round); });
      },
      give_up);
  if (!accepted) give_up(busy());
}

void Joins::caught_up(const Place& place, const Caller& who, const store::MessagePage& page,
                      const store::ChangePage& changes, Have have, int round) {
  sioxx::Socket* socket = who.socket.get();
  if (socket == nullptr) {
    lines_.erase(place);
    return;
  }
  const auto send = [this, socket](std::string_view event, const Message& message) {
    std::string json;
    append_message(json, message);
    socket->send(house_.encode(event, json));
  };
  for (const Message& message : changes.messages) send(changed_event(message), message);
  for (const Message& message : page.messages) send(names(place.chat.kind).message, message);
  have.change_seq = changes.last_change_seq;
  if (!page.messages.empty()) have.seq = page.messages.back().seq;
  if (!socket->in(room_of(place.chat))) return next(place);
  const bool has_all = !page.has_more && !changes.has_more;
  if (has_all && socket->release(room_of(place.chat), static_cast<std::uint64_t>(have.seq)))
    return next(place);
  catch_up(place, who, have, round + 1);
}

}  // namespace rozmova::chat
