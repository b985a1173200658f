#pragma once

#include "sioxx/cluster/bus.hpp"
#include "sioxx/cluster/classic_rules.hpp"
#include "sioxx/cluster/classic_wire.hpp"
#include "sioxx/engine/log_line.hpp"
#include "sioxx/loop/shard.hpp"
#include "sioxx/redis/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sioxx::cluster {

class Shards;

struct ClassicStats {
  bool attached = false, ready = false;
  std::uint64_t heard = 0, refused = 0, garbage = 0, sent = 0;
};

/// A Bus to the Socket.IO world: Node servers with @socket.io/redis-adapter, and emitters, on one Redis
/// (socketio-wire §3.1, §3.2). To our shards all of them together are one more process with one shard. Processes of
/// sioxx have a bus of their own: what one says here, another one does not hear a second time; but it answers, because
/// peers count who is subscribed and wait for that many. Nothing waits here while Redis is away.
///
/// Owned by the Server; turned by the bus's shard. Any thread: publish() and answer().
class Classic final : public Bus {
 public:
  /// The process that all of them are.
  static constexpr engine::ProcessId them{1};
  static constexpr std::size_t waiting_max = 10'000;  ///< questions, of each direction
  /// From so many on, each new one looks for those that are too old.
  static constexpr std::size_t forget_from = 256;
  static constexpr loop::TimeMs question_ms_max = 600'000;     ///< after which an unanswered one is forgotten
  static constexpr loop::TimeMs fetch_timeout_ms_max = 5'000;  ///< what Node waits for answers by default

  Classic(loop::Shard& shard, Shards& shards, redis::Options redis, engine::ProcessId self,
          ClassicRules rules, const Log& log);
  Classic(const Classic&) = delete;
  Classic& operator=(const Classic&) = delete;
  ~Classic() override;

  void start();
  void stop();
  bool stats(std::function<void(const ClassicStats&)> done);

  engine::ProcessId self() const override { return self_; }
  void publish(const std::shared_ptr<const Message>& message) override;
  void answer(engine::ProcessId asker, const std::shared_ptr<const Message>& message) override;
  void room_changed(std::string_view, std::string_view) override {}

 private:
  /// One of the two connections.
  class Line final : private redis::Connection::Listener {
   public:
    Line(Classic& owner, loop::Shard& shard, const redis::Options& options, redis::Connection::Use use)
        : connection(shard, options, use, *this), owner_(owner) {}
    redis::Connection connection;

   private:
    void on_redis_ready() override { owner_.line_ready(); }
    void on_redis_lost(std::string_view) override { owner_.line_lost(); }
    void on_redis_push(const redis::Reply& push) override { owner_.pushed(push); }
    Classic& owner_;
  };
  /// A question of theirs, until our shards have said all that they have to say.
  struct Theirs {
    std::uint64_t id = 0;
    std::string nsp;
    classic::Request request;
    std::size_t shards_left = 0;
    std::size_t clients = 0, acked = 0;
    std::vector<RemoteSocket> sockets;
    std::vector<Answer> answers;  ///< that came before all shards had counted
    bool told = false;            ///< the first answer has gone out
    loop::TimeMs forget_at = 0;
  };
  /// A question of ours, until they have.
  struct Ours {
    Question question;
    classic::Type type = classic::Type::fetch;
    std::optional<std::size_t> left;  ///< peers; nothing: not counted yet
    std::size_t early = 0;            ///< answers that came before the count
    std::size_t clients = 0, acked = 0;
    std::vector<RemoteSocket> sockets;
    loop::TimeMs forget_at = 0;
  };

  bool takes_part(std::string_view nsp) const;
  std::string broadcast_channel(std::string_view nsp) const {
    return rules_.prefix + "#" + std::string(nsp) + "#";
  }
  std::string request_channel(std::string_view nsp) const;
  std::string response_channel(std::string_view nsp) const;

  void line_ready();
  void line_lost();
  void pushed(const redis::Reply& push);
  bool say(const std::string& channel, std::string_view bytes);

  // ---- they speak
  void heard_broadcast(const std::string& nsp, std::string_view room, std::string_view bytes);
  void heard_request(const std::string& nsp, std::string_view bytes);
  void heard_response(const std::string& nsp, std::string_view bytes);
  void command(const std::string& nsp, classic::Request request);
  void ask_shards(const std::string& nsp, classic::Request request);
  void respond(const std::string& nsp, boost::json::object response, bool to_kin);
  void respond_nothing(const std::string& nsp, const classic::Request& request, bool to_kin);
  void answered(const Message& message);
  void take(Theirs& theirs, const Silent& said);
  void take(Theirs& theirs, const Sockets& said);
  void take(Theirs& theirs, const Clients& said);
  void take(Theirs& theirs, const ServerSideAnswer& said);
  void take(Theirs& theirs, const ClientAck& ack);
  template <class Other>
  void take(Theirs&, const Other&) {}
  /// May be the end of it.
  void shard_said(Theirs& theirs, std::size_t shards);
  void finish_theirs(Theirs& theirs);

  // ---- we speak
  void tell(const Message& message);
  void ask_them(const std::string& nsp, Ours ours,
                const std::function<std::string(std::string_view id)>& request);
  void heard_of(const std::string& id, Ours& ours);
  void finish_ours(const std::string& id, Ours& ours);
  void forget_old(loop::TimeMs now);

  loop::Shard& shard_;
  Shards& shards_;
  const redis::Options redis_;
  const engine::ProcessId self_;
  const ClassicRules rules_;
  const Log& log_;
  const std::string uid_;

  // ---- the bus's thread from here on
  classic::Reader reader_;
  classic::Writer writer_;
  ClassicStats stats_;
  bool ready_ = false;
  std::unique_ptr<Line> speaker_, listener_;
  std::uint64_t ids_ = 0;
  std::unordered_map<std::uint64_t, Theirs> theirs_;
  std::unordered_map<std::string, Ours> ours_;
};

/// Our own bus, and theirs beside it. What happens to messages is each one's own business.
class BothBuses final : public Bus {
 public:
  BothBuses(Bus& ours, Bus& theirs) : ours_(ours), theirs_(theirs) {}
  engine::ProcessId self() const override { return ours_.self(); }
  void publish(const std::shared_ptr<const Message>& message) override {
    ours_.publish(message);
    theirs_.publish(message);
  }
  void answer(engine::ProcessId asker, const std::shared_ptr<const Message>& message) override {
    (asker == Classic::them ? theirs_ : ours_).answer(asker, message);
  }
  void room_changed(std::string_view nsp, std::string_view room) override { ours_.room_changed(nsp, room); }

 private:
  Bus& ours_;
  Bus& theirs_;
};

}  // namespace sioxx::cluster
