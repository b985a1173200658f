#include "rozmova/bridge/outbox.hpp"

#include "rozmova/chat/events.hpp"
#include "rozmova/chat/render.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace rozmova::bridge {

namespace json = boost::json;

namespace {

constexpr std::size_t type_characters_max = 50;
constexpr std::size_t receivers_max = 1'000;
constexpr std::size_t error_bytes_max = 500;

Refusal bad(std::string what) { return {ErrorCode::invalid_payload, std::move(what)}; }

std::optional<std::string> text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  const json::string& text = value->get_string();
  return std::string(text.data(), text.size());
}

Result<Uuid> id_of(const json::object& object, std::string_view key) {
  const auto text = text_of(object, key);
  if (!text) return bad(std::string(key) + " is missing");
  if (const auto id = Uuid::parse(*text)) return *id;
  return bad(std::string(key) + " is no UUID");
}

std::string_view id_key(ChatKind kind) { return chat::names(kind).id_key; }

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
}

Outbox::~Outbox() = default;

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
          is_busy_ = false;
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
      error.resize(std::min(error.size(), error_bytes_max));
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
      is_busy_ = false;
      if (again) look();
    });
  };
  if (!house.database().write({}, work, done)) is_busy_ = false;
}

Result<Outbox::Effect> Outbox::apply(store::Store& store, const store::OutboxRow& row, WallMs now) const {
  if (row.payload.size() > options_.payload_bytes_max) return bad("the payload is too long");
  json::error_code error;
  const json::value payload = json::parse(row.payload, error);
  if (error || !payload.is_object()) return bad("the payload is no JSON object");
  const json::object& object = payload.get_object();
  if (row.kind == "order_status") return apply_status(store, ChatKind::order, object, now);
  if (row.kind == "dispute_status") return apply_status(store, ChatKind::dispute, object, now);
  if (row.kind == "notification") return apply_notification(store, object, now);
  if (row.kind == "system_message") return apply_message(store, object, now);
  return bad("the kind is none of order_status, dispute_status, notification, system_message");
}

/// Whoever changes a status in his own transaction says so here, and it is told; else it is changed.
Result<Outbox::Effect> Outbox::apply_status(store::Store& store, ChatKind kind, const json::object& payload,
                                            WallMs now) const {
  const auto id = id_of(payload, id_key(kind));
  if (!id) return id.refusal();
  // Without one, the status that stands in the table by now is told: what triggers say (marketplace_triggers.hpp).
  const auto status = text_of(payload, "status");
  if (!status && payload.contains("status")) return bad("status is no text");
  store::NewStatus wish;
  wish.chat = {kind, *id};
  wish.role = Role::admin;
  wish.note = text_of(payload, "note").value_or("");
  if (wish.note.size() > deeds_.house().options().content_characters_max) return bad("note is too long");
  if (const auto order = text_of(payload, "orderStatus")) {
    wish.order_status = parse_order_status(*order);
    if (!wish.order_status) return bad("orderStatus is none of an order");
  }
  const auto facts = store.facts(wish.chat);
  if (!facts) return chat::no_such_chat(kind);
  wish.status = status.value_or(facts->status);
  auto changed =
      facts->status == wish.status ? store.announce_status(wish, now) : store.change_status(wish, now);
  if (!changed) return changed.refusal();
  Effect effect;
  effect.changed = std::move(*changed);
  return effect;
}

Result<Outbox::Effect> Outbox::apply_notification(store::Store& store, const json::object& payload,
                                                  WallMs now) const {
  std::vector<Uuid> receivers;
  if (const json::value* many = payload.if_contains("userIds")) {
    if (!many->is_array() || many->get_array().empty() || many->get_array().size() > receivers_max)
      return bad("userIds must be a list of 1 to 1000 UUIDs");
    for (const json::value& one : many->get_array()) {
      const auto id = one.is_string() ? Uuid::parse(std::string_view(one.get_string())) : std::nullopt;
      if (!id) return bad("userIds must be a list of UUIDs");
      receivers.push_back(*id);
    }
  } else {
    const auto id = id_of(payload, "userId");
    if (!id) return id.refusal();
    receivers.push_back(*id);
  }
  store::NewNotification wanted;
  const auto content = text_of(payload, "content");
  if (!content || content->empty()) return bad("content is missing");
  if (chat::characters(*content) > deeds_.house().options().content_characters_max)
    return bad("content is too long");
  wanted.content = *content;
  wanted.type = text_of(payload, "type").value_or("announcement");
  if (wanted.type.empty() || chat::characters(wanted.type) > type_characters_max)
    return bad("type must have 1 to 50 characters");
  if (const json::value* data = payload.if_contains("data")) {
    if (!data->is_object()) return bad("data must be an object");
    wanted.data = json::serialize(*data);
  }
  Effect effect;
  for (const Uuid& id : receivers) {
    if (!store.user(id)) return Refusal{ErrorCode::not_found, "there is no user " + id.text()};
  }
  for (const Uuid& id : receivers) {
    wanted.user_id = id;
    if (auto stored = store.notify(wanted, now)) effect.notifications.push_back(std::move(*stored));
  }
  return effect;
}

Result<Outbox::Effect> Outbox::apply_message(store::Store& store, const json::object& payload,
                                             WallMs now) const {
  const ChatKind kind = payload.contains("disputeId") ? ChatKind::dispute : ChatKind::order;
  const auto id = id_of(payload, id_key(kind));
  if (!id) return id.refusal();
  NewMessage message;
  message.chat = {kind, *id};
  message.type = MessageType::system;
  message.sender_role = Role::admin;
  message.content = text_of(payload, "content").value_or("");
  message.client_message_id = text_of(payload, "clientMessageId");
  if (message.content.empty()) return bad("content is missing");
  if (chat::characters(message.content) > deeds_.house().options().content_characters_max)
    return bad("content is too long");
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
    house.broadcast(message.chat,
                    sioxx::encode_event("/", chat::names(message.chat.kind).message, text,
                                        static_cast<std::uint64_t>(message.seq)),
                    nullptr, sioxx::engine::Delivery::durable);
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
