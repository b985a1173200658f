//   payload = channel LF bytes          (no channel has a line feed: rooms are ours, namespaces are of the code)
#include "rozmova/postgres_bus.hpp"

#include <utility>

namespace rozmova {

void PostgresBus::start(sioxx::loop::Shard& shard, Ear& ear) {
  shard_ = &shard;
  ear_ = &ear;
  const auto on_shard = [this](auto task) {
    shard_->post([this, task = std::move(task)] {
      if (ear_ != nullptr) task();
    });
  };
  wire_ = factory_.wire({.heard =
                             [this, on_shard](std::string_view payload) {
                               on_shard([this, text = std::string(payload)] { heard(text); });
                             },
                         .back = [this, on_shard] { on_shard([this] { ear_->on_ready(); }); },
                         .lost =
                             [this, on_shard](std::string_view why) {
                               on_shard([this, text = std::string(why)] {
                                 channels_.clear();
                                 ear_->on_lost(text);
                               });
                             }});
}

void PostgresBus::stop() {
  ear_ = nullptr;
  wire_.reset();
}

bool PostgresBus::publish(std::string_view channel, std::string_view bytes) {
  if (wire_ == nullptr) return false;
  std::string payload(channel);
  payload += '\n';
  payload += bytes;
  return wire_->say(payload);
}

void PostgresBus::subscribe(std::string_view channel) {
  channels_.emplace(channel);
  // Everything is heard already; confirmed later, as whoever asked expects.
  shard_->post([this, name = std::string(channel)] {
    if (ear_ != nullptr && channels_.contains(name)) ear_->on_subscribed(name);
  });
}

void PostgresBus::unsubscribe(std::string_view channel) {
  const auto found = channels_.find(channel);
  if (found != channels_.end()) channels_.erase(found);
}

void PostgresBus::heard(std::string_view payload) {
  const std::size_t end = payload.find('\n');
  if (end == std::string_view::npos) return;
  const std::string_view channel = payload.substr(0, end);
  if (channels_.contains(channel)) ear_->on_heard(channel, payload.substr(end + 1));
}

}  // namespace rozmova
