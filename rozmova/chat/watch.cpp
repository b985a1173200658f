#include "rozmova/chat/watch.hpp"

#include "rozmova/chat/device.hpp"

#include <chrono>
#include <utility>

namespace rozmova::chat {

namespace {

constexpr std::int64_t sweep_interval_ms = 30'000;

WallMs wall_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

RevocationsPtr read_revocations(store::Store& store) {
  return std::make_shared<const Revocations>(store.revocations(wall_now()));
}

}  // namespace

/// Sweeps out revocations that are over and news that were heard. On shard 0.
struct Watch::Broom final : sioxx::loop::Timer {
  explicit Broom(House& h) : house(h) {}

  void begin() {
    auto& shard = house.server().shard(0);
    shard.timers().arm(*this, shard.now() + sweep_interval_ms);
  }
  void on_timer(sioxx::loop::TimeMs) override {
    house.database().write(
        {}, [now = wall_now(), upto = heard_up_to](store::Store& store) { store.forget_access(now, upto); },
        {});
    begin();
  }

  House& house;
  std::int64_t heard_up_to = 0;
};

Watch::Watch(House& house) : house_(house), broom_(std::make_unique<Broom>(house)) {
  house.server().shard(0).post([broom = broom_.get()] { broom->begin(); });
  house.database().watch([this](store::Store& store, const store::AccessNews& news) { heard(store, news); });
}

Watch::~Watch() { house_.database().unwatch(); }

void Watch::heard(store::Store& store, const store::AccessNews& news) {
  Letter letter;
  for (const ChatKey& chat : news.chats) letter.chats.emplace_back(chat, store.facts(chat));
  for (const Uuid& id : news.users) {
    const auto user = store.user(id);
    letter.users.emplace_back(id, user ? user->role : Role::client);
  }
  if (news.revocations || news.first) letter.revocations = read_revocations(store);
  send(std::make_shared<const Letter>(std::move(letter)));
  house_.at(0, [this, upto = news.up_to](House::Part&) { broom_->heard_up_to = upto; });
}

void Watch::send(const std::shared_ptr<const Letter>& letter) {
  for (unsigned i = 0; i < house_.server().shards(); ++i) {
    house_.at(i, [this, letter](House::Part& part) {
      if (letter->revocations != nullptr) house_.revoke(part, letter->revocations);
      for (const auto& [user, role] : letter->users) house_.change_role(part, user, role);
      for (const auto& [chat, facts] : letter->chats) house_.shut_out(part, chat, facts);
    });
  }
}

void Watch::reload_revocations(std::function<void(std::optional<Refusal>)> then) {
  const auto shared = std::make_shared<const std::function<void(std::optional<Refusal>)>>(std::move(then));
  const bool accepted = house_.database().read(
      [this, shared](store::Store& store) {
        Letter letter;
        letter.revocations = read_revocations(store);
        send(std::make_shared<const Letter>(std::move(letter)));
        (*shared)(std::nullopt);
      },
      [shared](const Refusal& refusal) { (*shared)(refusal); });
  if (!accepted) (*shared)(busy());
}

}  // namespace rozmova::chat
