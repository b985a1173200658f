#include "sioxx/cluster/redis.hpp"

#include <algorithm>
#include <utility>

namespace sioxx::cluster {
namespace {

/// All rooms of a process are subscribed to in one go after a loss, at some eighty bytes each.
constexpr std::size_t subscriptions_bytes_max = 268'435'456;

redis::Options for_listening(redis::Options options) {
  options.output_bytes_max = std::max(options.output_bytes_max, subscriptions_bytes_max);
  return options;
}

}  // namespace

RedisCarrier::RedisCarrier(redis::Options options) : options_(std::move(options)) {}
RedisCarrier::~RedisCarrier() = default;

void RedisCarrier::start(loop::Shard& shard, Ear& ear) {
  ear_ = &ear;
  speaker_ = std::make_unique<Line>(*this, shard, options_, redis::Connection::Use::commander);
  listener_ =
      std::make_unique<Line>(*this, shard, for_listening(options_), redis::Connection::Use::subscriber);
  listener_->connection.start();
  speaker_->connection.start();
}

void RedisCarrier::stop() {
  told_ready_ = false;
  if (speaker_ != nullptr) speaker_->connection.stop();
  if (listener_ != nullptr) listener_->connection.stop();
}

bool RedisCarrier::publish(std::string_view channel, std::string_view bytes) {
  const auto taken = [this](const redis::Reply* reply) {
    if (reply != nullptr && reply->failed()) ear_->on_refused(reply->text());
  };
  return told_ready_ && speaker_->connection.command({"PUBLISH", channel, bytes}, taken);
}

void RedisCarrier::subscribe(std::string_view channel) {
  if (told_ready_ && !listener_->connection.command({"SUBSCRIBE", channel}))
    listen_again("more subscriptions wait than Redis takes");
}

void RedisCarrier::unsubscribe(std::string_view channel) {
  if (told_ready_ && !listener_->connection.command({"UNSUBSCRIBE", channel}))
    listen_again("more subscriptions wait than Redis takes");
}

/// What could not be said would never be said: everything is subscribed to once more, upon a new connection.
void RedisCarrier::listen_again(std::string_view why) {
  line_lost(why);
  listener_->connection.stop();
  listener_->connection.start();
}

void RedisCarrier::line_ready() {
  if (told_ready_ || !speaker_->connection.ready() || !listener_->connection.ready()) return;
  told_ready_ = true;
  ear_->on_ready();
}

/// Both failing, as they do when Redis has gone, is one loss.
void RedisCarrier::line_lost(std::string_view why) {
  const bool was_ready = std::exchange(told_ready_, false);
  if (was_ready || !std::exchange(told_failed_, true)) ear_->on_lost(why);
}

void RedisCarrier::pushed(const redis::Reply& push) {
  if (push.size() != 3) return;
  const std::string_view kind = push[0].text();
  if (kind == "message") {
    ear_->on_heard(push[1].text(), push[2].text());
  } else if (kind == "subscribe" && told_ready_) {
    ear_->on_subscribed(push[1].text());
  }
}

}  // namespace sioxx::cluster
