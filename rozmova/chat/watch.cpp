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

/// The pause between two sweeps. On shard 0.
struct Watch::Sweep final : sioxx::loop::Timer {
  explicit Sweep(Watch& w) : watch(w) {}

  void begin() {
    auto& shard = watch.house_.server().shard(0);
    shard.timers().arm(*this, shard.now() + watch.house_.options().access_sweep_ms);
  }
  void on_timer(sioxx::loop::TimeMs) override { watch.gather(std::make_shared<std::set<ChatKey>>(), 0); }

  Watch& watch;
};

Watch::Watch(House& house)
    : house_(house), broom_(std::make_unique<Broom>(house)), sweep_(std::make_unique<Sweep>(*this)) {
  house.server().shard(0).post([broom = broom_.get()] { broom->begin(); });
  if (house.options().access_sweep_ms > 0)
    house.server().shard(0).post([sweep = sweep_.get()] { sweep->begin(); });
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

void Watch::gather(const std::shared_ptr<std::set<ChatKey>>& chats, unsigned shard) {
  if (shard == house_.server().shards()) return sweep(chats);
  house_.at(shard, [this, chats, shard](House::Part& part) {
    house_.server().each_local_socket(part.index, "/", "", [&](sioxx::Socket& socket) {
      for (const std::string& room : socket.rooms()) {
        if (const auto chat = chat_of_room(room)) chats->insert(*chat);
      }
    });
    gather(chats, shard + 1);
  });
}

void Watch::sweep(const std::shared_ptr<std::set<ChatKey>>& chats) {
  const auto pause = [this](auto&&...) { house_.at(0, [this](House::Part&) { sweep_->begin(); }); };
  if (chats->empty()) return pause();
  const bool accepted = house_.database().read(
      [this, chats](store::Store& store) {
        Letter letter;
        while (!chats->empty() && letter.chats.size() < chats_per_read) {
          const ChatKey chat = chats->extract(chats->begin()).value();
          letter.chats.emplace_back(chat, store.facts(chat));
        }
        send(std::make_shared<const Letter>(std::move(letter)));
        sweep(chats);
      },
      pause);
  if (!accepted) pause();
}

}  // namespace rozmova::chat
