#include "rozmova/chat/typing.hpp"

#include <utility>

namespace rozmova::chat {

struct Typing::Mark final : sioxx::loop::Timer {
  Mark(Typing& h, const ChatKey& c, const Uuid& u) : home(h), chat(c), user(u) {}
  void on_timer(sioxx::loop::TimeMs) override {
    const ChatKey expired = chat;  // this mark dies in there
    home.stop(expired, Uuid(user));
  }

  Typing& home;
  ChatKey chat;
  Uuid user;
  Uuid device;
};

Typing::Typing(sioxx::loop::Timers& timers, std::int64_t timeout_ms, std::size_t chats_per_user_max,
               Stopped stopped)
    : timers_(timers),
      timeout_ms_(timeout_ms),
      chats_per_user_max_(chats_per_user_max),
      stopped_(std::move(stopped)) {}

Typing::~Typing() = default;

bool Typing::start(const ChatKey& chat, const Uuid& user, const Uuid& device, sioxx::loop::TimeMs now) {
  Marks& marks = users_[user];
  Mark* mark = nullptr;
  for (const auto& candidate : marks) {
    if (candidate->chat == chat) mark = candidate.get();
  }
  if (mark == nullptr) {
    if (marks.size() >= chats_per_user_max_) return false;
    mark = marks.emplace_back(std::make_unique<Mark>(*this, chat, user)).get();
    ++marks_;
  }
  mark->device = device;
  timers_.arm(*mark, now + timeout_ms_);
  return true;
}

template <class Which>
void Typing::stop_where(const Uuid& user, Which which) {
  const auto entry = users_.find(user);
  if (entry == users_.end()) return;
  Marks ended;
  std::erase_if(entry->second, [&](std::unique_ptr<Mark>& mark) {
    if (!which(*mark)) return false;
    ended.push_back(std::move(mark));
    return true;
  });
  if (entry->second.empty()) users_.erase(entry);
  marks_ -= ended.size();
  // Told last, when the books are right: whoever hears of it may come back in.
  for (const auto& mark : ended) stopped_(mark->chat, mark->user);
}

void Typing::stop(const ChatKey& chat, const Uuid& user) {
  stop_where(user, [&chat](const Mark& mark) { return mark.chat == chat; });
}

void Typing::stop(const ChatKey& chat, const Uuid& user, const Uuid& device) {
  stop_where(user, [&](const Mark& mark) { return mark.chat == chat && mark.device == device; });
}

void Typing::stop_device(const Uuid& user, const Uuid& device) {
  stop_where(user, [&device](const Mark& mark) { return mark.device == device; });
}

}  // namespace rozmova::chat
