#pragma once

#include "sioxx/cluster/carrier.hpp"
#include "sioxx/redis/connection.hpp"

#include <memory>
#include <string_view>

namespace sioxx::cluster {

/// A Redis server as a Carrier: one connection that listens (SUBSCRIBE) and one that speaks (PUBLISH). It is ready while
/// both are. A Redis that has been stopped is noticed by its silence (Options::ping_interval_ms + ping_timeout_ms).
/// Owned by an Exchange; its shard's thread.
class RedisCarrier final : public Carrier {
 public:
  explicit RedisCarrier(redis::Options options);
  ~RedisCarrier() override;

  void start(loop::Shard& shard, Ear& ear) override;
  void stop() override;
  bool publish(std::string_view channel, std::string_view bytes) override;
  void subscribe(std::string_view channel) override;
  void unsubscribe(std::string_view channel) override;
  bool echoes() const override { return true; }

 private:
  /// One of the two connections.
  class Line final : private redis::Connection::Listener {
   public:
    Line(RedisCarrier& owner, loop::Shard& shard, const redis::Options& options, redis::Connection::Use use)
        : owner_(owner), connection(shard, options, use, *this) {}

   private:
    void on_redis_ready() override { owner_.line_ready(); }
    void on_redis_lost(std::string_view why) override { owner_.line_lost(why); }
    void on_redis_push(const redis::Reply& push) override { owner_.pushed(push); }
    RedisCarrier& owner_;

   public:
    redis::Connection connection;
  };
  void line_ready();
  void line_lost(std::string_view why);
  void pushed(const redis::Reply& push);
  void listen_again(std::string_view why);

  redis::Options options_;
  Ear* ear_ = nullptr;
  bool told_ready_ = false;
  bool told_failed_ = false;  ///< the first attempt
  std::unique_ptr<Line> speaker_, listener_;
};

}  // namespace sioxx::cluster
