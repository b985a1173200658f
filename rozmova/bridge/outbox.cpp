#include "rozmova/bridge/outbox.hpp"

#include "rozmova/chat/events.hpp"
#include "rozmova/chat/notice_text.hpp"
#include "rozmova/chat/payload.hpp"
#include "rozmova/chat/render.hpp"

#include <boost/json/parse.hpp>

#include <utility>

namespace rozmova::bridge {

namespace json = boost::json;
using namespace chat::payload;

namespace {

constexpr std::size_t error_bytes_max = 500;

/// Not within a character: PostgreSQL would take no row with half of one.
void cut(std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return;
  const auto continues = [&text](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  while (bytes_max > 0 && continues(bytes_max)) --bytes_max;
  text.resize(bytes_max);
}

}  // namespace

struct Outbox::Poll final : sioxx::loop::Timer {
  Poll(Outbox& o, sioxx::loop::Shard& s) : outbox(o), shard(s) {}
  void arm() { shard.timers().arm(*this, shard.now() + outbox.options_.poll_ms); }
  void on_timer(sioxx::loop::TimeMs) override {
    outbox.look();
    arm();
  }
  Outbox& outbox;
  sioxx::loop::Shard& shard;
};

Outbox::Outbox(chat::Deeds& deeds, OutboxOptions options)
    : deeds_(deeds),
      options_(options),
      poll_(std::make_unique<Poll>(*this, deeds.house().server().shard(0))) {
  poll_->shard.post([poll = poll_.get()] { poll->arm(); });
  deeds.house().database().on_outbox(
      [this] { deeds_.house().at(0, [this](chat::House::Part&) { heard(); }); });
}

Outbox::~Outbox() { deeds_.house().database().on_outbox({}); }

void Outbox::heard() {
  if (is_busy_)
    look_again_ = true;
  else
    look();
}

void Outbox::rest() {
  is_busy_ = false;
  if (std::exchange(look_again_, false)) look();
}

/// A look at the end of an index, on a reading thread; only when something waits is there a write.
void Outbox::look() {
  if (poll_->shard.wall() - counted_at_ >= options_.count_ms) {
    counted_at_ = poll_->shard.wall();
    count();
  }
  if (is_busy_) return;
  chat::House& house = deeds_.house();
  is_busy_ = house.database().read(
      [this, &house](store::Store& store) {
        const bool waits = !store.outbox(1).empty();
        house.at(0, [this, waits](chat::House::Part&) {
          if (waits) return take();
          rest();
        });
      },
      [this, &house](const Refusal&) { house.at(0, [this](chat::House::Part&) { is_busy_ = false; }); });
}

void Outbox::take() {
  chat::House& house = deeds_.house();
  struct Taken {
    std::vector<Effect> effects;
    std::vector<std::pair<std::int64_t, std::string>> refused;
    std::size_t rows = 0;
  };
  const auto taken = std::make_shared<Taken>();
  const WallMs now = poll_->shard.wall();
  const auto work = [this, taken, now](store::Store& store) {
    *taken = {};
    for (const store::OutboxRow& row : store.outbox(options_.rows_per_deed)) {
      ++taken->rows;
      std::string error;
      store.savepoint();
      try {
        auto effect = apply(store, row, now);
        if (effect)
          taken->effects.push_back(std::move(*effect));
        else
          error = std::string(text(effect.refusal().code)) + ": " + effect.refusal().message;
        store.release_savepoint();
      } catch (const store::StoreError& failure) {
        if (failure.kind() != store::StoreError::Kind::broken) throw;  // the next look tries again
        store.rollback_to_savepoint();
        error = failure.what();
      }
      cut(error, error_bytes_max);
      if (!error.empty()) taken->refused.emplace_back(row.id, error);
      store.outbox_done(row.id, error, now);
    }
  };
  const auto done = [this, &house, taken](const Result<Done>& stored) {
    if (stored) {
      for (const Effect& effect : taken->effects) tell(effect);
      house.metrics().count(Count::outbox_processed, taken->effects.size());
      house.metrics().count(Count::outbox_refused, taken->refused.size());
      for (const auto& [id, error] : taken->refused)
        house.log().warning("outbox_refused", {{"row", id}, {"reason", error}});
      if (!taken->effects.empty()) house.log().event("outbox", {{"rows", taken->effects.size()}});
    }
    house.at(0, [this, again = stored && taken->rows > 0](chat::House::Part&) {
      look_again_ |= again;
      rest();
    });
  };
  if (!house.database().write({}, work, done)) is_busy_ = false;
}

Result<Outbox::Effect> Outbox::apply(store::Store& store, const store::OutboxRow& row, WallMs now) const {
  if (row.payload.size() > options_.payload_bytes_max) return invalid("the payload is too long");
  json::error_code error;
  const json::value payload = json::parse(row.payload, error);
  if (error || !payload.is_object()) return invalid("the payload is no JSON object");
  const json::object& object = payload.get_object();
  if (row.kind == "order_status") return apply_status(store, ChatKind::order, object, now);
  if (row.kind == "dispute_status") return apply_status(store, ChatKind::dispute, object, now);
  if (row.kind == "notification") return apply_notification(store, object, now);
  if (row.kind == "system_message") return apply_message(store, object, now);
  return invalid("the kind is none of order_status, dispute_status, notification, system_message");
}

/// Whoever changes a status in his own transaction says so here, and it is told; else it is changed.
Result<Outbox::Effect> Outbox::apply_status(store::Store& store, ChatKind kind, const json::object& payload,
                                            WallMs now) const {
  const auto chat = chat_of(kind, payload);
  if (!chat) return chat.refusal();
  const auto facts = store.facts(*chat);
  if (!facts) return chat::no_such_chat(kind);
  store::NewStatus wish;
  wish.chat = *chat;
  if (find(payload, "status") != nullptr) {
    auto asked = chat::parse_status_body(*chat, payload, deeds_.house().options());
    if (!asked) return asked.refusal();
    wish.status = std::move(asked->status);
    wish.note = std::move(asked->note);
    wish.order_status = asked->order_status;
  } else {  // what stands in the table by now is told: what triggers say (marketplace_triggers.hpp)
    wish.status = facts->status;
  }
  wish.role = Role::admin;
  auto changed =
      facts->status == wish.status ? store.announce_status(wish, now) : store.change_status(wish, now);
  if (!changed) return changed.refusal();
  Effect effect;
  effect.changed = std::move(*changed);
  return effect;
}

Result<Outbox::Effect> Outbox::apply_notification(store::Store& store, const json::object& payload,
                                                  WallMs now) const {
  const auto wanted = chat::parse_announcement(payload, deeds_.house().options());
  if (!wanted) return wanted.refusal();
  for (const store::NewNotification& one : *wanted) {
    if (!store.user(one.user_id)) return chat::no_such_user(one.user_id);
  }
  Effect effect;
  for (const store::NewNotification& one : *wanted) {
    if (auto stored = store.notify(one, now)) effect.notifications.push_back(std::move(*stored));
  }
  return effect;
}

Result<Outbox::Effect> Outbox::apply_message(store::Store& store, const json::object& payload,
                                             WallMs now) const {
  const auto chat = chat_of(payload.contains("disputeId") ? ChatKind::dispute : ChatKind::order, payload);
  if (!chat) return chat.refusal();
  auto content = words_of(payload, "content", deeds_.house().options().content_characters_max);
  if (!content) return content.refusal();
  auto client_message_id = client_message_id_of(payload, deeds_.house().options());
  if (!client_message_id) return client_message_id.refusal();
  NewMessage message;
  message.chat = *chat;
  message.type = MessageType::system;
  message.sender_role = Role::admin;
  message.content = std::move(*content);
  message.client_message_id = std::move(*client_message_id);
  // The backend is nobody of the users; one stands there for it, as in every system message of its.
  message.sender_id = store.ensure_user({Uuid{}, "Rozmova", Role::admin, {}}, now).id;
  auto appended = store.append(message, now);
  if (!appended) return appended.refusal();
  Effect effect;
  if (!appended->duplicate) effect.messages.push_back(std::move(*appended));
  return effect;
}

void Outbox::tell(const Effect& effect) {
  chat::House& house = deeds_.house();
  deeds_.publish(effect.changed);
  for (const store::Appended& appended : effect.messages) {
    const Message& message = appended.message;
    std::string text;
    chat::append_message(text, message);
    house.metrics().count(Count::messages_stored);
    house.tell(chat::News::Kind::message, message, {{{chat::names(message.chat.kind).message, text}}});
    house.notices().message_stored(message, appended.chat);
  }
  for (const Notification& notification : effect.notifications) house.notices().tell(notification);
}

void Outbox::count() {
  chat::House& house = deeds_.house();
  static_cast<void>(house.database().read(
      [&house](store::Store& store) {
        const store::Backlog backlog = store.outbox_backlog();
        house.metrics().set(Gauge::outbox_waiting, backlog.waiting);
        house.metrics().set(Gauge::outbox_bad, backlog.dead);
      },
      {}));
  static_cast<void>(house.database().write(
      {},
      [before = poll_->shard.wall() - options_.kept_ms](store::Store& store) { store.forget_outbox(before); },
      {}));
}

}  // namespace rozmova::bridge
