#pragma once

#include "sioxx/cluster/bus.hpp"
#include "sioxx/cluster/carrier.hpp"
#include "sioxx/cluster/codec.hpp"
#include "sioxx/engine/id.hpp"
#include "sioxx/engine/log_line.hpp"
#include "sioxx/loop/shard.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sioxx::cluster {

class Shards;

struct ExchangeLimits {
  std::string prefix = "sioxx";    ///< of all channels: clusters that share an engine have different ones
  loop::TimeMs beat_ms = 1'000;    ///< how often a process says that it is there
  loop::TimeMs silent_ms = 3'500;  ///< after which it is taken for gone
  loop::TimeMs gather_ms =
      500;  ///< after a loss: how long the others are waited for before the queue goes out
  loop::TimeMs linger_ms = 2'000;  ///< how long a room without members is still listened to
  /// What is said while the carrier is away, or does not keep up. Ephemeral messages do not wait; of the others the
  /// oldest go.
  std::size_t queue_bytes_max = 16'777'216;
  std::size_t processes_max = 1'024;
  std::size_t rooms_of_a_message_max = 16;  ///< addressed to more, it goes to everybody
};

/// What a bus has done, and how it is.
struct BusStats {
  bool attached = false;  ///< there is a bus at all
  bool ready = false;     ///< the others hear us, and we them
  std::uint64_t processes = 0, rooms = 0;
  std::uint64_t published = 0, heard = 0;
  std::uint64_t dropped = 0;  ///< could not be sent
  std::uint64_t garbage = 0;  ///< heard, and not understood
  std::uint64_t losses = 0;
  std::uint64_t resent = 0;  ///< said before a loss, and perhaps not heard: said again
  std::uint64_t queue_bytes = 0;
  /// What a greeting takes to come back to us (0: unknown, or the carrier does not bring it back); if one is on its way for
  /// longer, that. And how long ago the quietest of the others was heard: they greet every beat_ms.
  loop::TimeMs echo_ms = 0, silence_ms = 0;
};

/// The Bus over any Carrier: which channels, who is there, what waits. A shard of its own turns it; the doors for other
/// threads are those of Bus, stats() and leave(). Owned by the Server.
///
///   away --on_ready--> subscribing --all confirmed--> gathering --all others are back, or gather_ms--> open
///     ^                     |                             |                                             |
///     +-----on_lost---------+-----------------------------+---------------------------------------------+
///
/// What was said and not heard back when the carrier goes may be lost: it is said again with its old number, which whoever
/// has heard it passes over.
///
/// Channels: PREFIX:all, PREFIX:process:ID (answers), PREFIX:node:TAG (to one socket by its id, which names the process
/// that made it), PREFIX:NSP:room:ROOM while this process has members in it.
class Exchange final : public Bus, private Carrier::Ear, private loop::Timer {
 public:
  Exchange(loop::Shard& shard, Shards& shards, std::unique_ptr<Carrier> carrier, engine::ProcessId self,
           ExchangeLimits limits, BusWatch watch, const Log& log);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  /// On its shard's thread, or before that runs.
  void start();
  /// Any thread: says goodbye, then stops the shard.
  void leave();
  /// Any thread; `done` is called on the bus's. False: it has stopped, nobody is called.
  bool stats(std::function<void(const BusStats&)> done);

  engine::ProcessId self() const override { return self_; }
  void publish(const std::shared_ptr<const Message>& message) override;
  void answer(engine::ProcessId asker, const std::shared_ptr<const Message>& message) override;
  void room_changed(std::string_view nsp, std::string_view room) override;

 private:
  enum class State : std::uint8_t { away, subscribing, gathering, open };
  struct Outgoing {
    std::vector<std::string> channels;
    std::string frame;
    bool ephemeral = false;
    std::uint64_t number = 0;  ///< of a frame that was said before
  };
  struct Said {
    Outgoing outgoing;
    loop::TimeMs at;
  };
  struct Interest {
    std::string nsp, room;
    bool wanted = true;
    bool fresh = true;  ///< nobody was told yet that it is heard
  };
  struct Process {
    std::size_t shards = 0;  ///< 0: it has not said hello
    std::uint64_t number = 0;
    loop::TimeMs heard = 0;
    bool reachable = true;
  };

  std::string all_channel() const { return limits_.prefix + ":all"; }
  std::string process_channel(engine::ProcessId process) const;
  std::string node_channel(const engine::NodeTag& tag) const;
  std::string room_channel(std::string_view nsp, std::string_view room) const;
  std::vector<std::string> channels_of(const Message& message) const;

  void post(Outgoing outgoing);
  void send(Outgoing outgoing);
  bool write(Outgoing& outgoing);
  bool overtake(Outgoing& outgoing);
  void remember(Outgoing outgoing);
  void came_back(std::uint64_t number, bool is_greeting);
  void doubt();
  void keep(Outgoing outgoing);
  void flush();
  void say_hello(const std::string& channel, bool newcomer);

  void look_at(const std::string& nsp, const std::string& room);
  void drop_unwanted(loop::TimeMs now);
  void subscribe(const std::string& channel);

  void on_ready() override;
  void on_lost(std::string_view why) override;
  void on_subscribed(std::string_view channel) override;
  void on_heard(std::string_view channel, std::string_view bytes) override;
  void on_refused(std::string_view why) override;
  void on_timer(loop::TimeMs now) override;

  void all_subscribed();
  void open_if_gathered(loop::TimeMs now);
  void greeted(engine::ProcessId from, Process& process, const Hello& hello);
  void gone(engine::ProcessId id);
  void drop_silent(loop::TimeMs now);
  void log(LogLine::Level level, std::string_view event, std::string_view detail) const;

  loop::Shard& shard_;
  Shards& shards_;
  const std::unique_ptr<Carrier> carrier_;
  const engine::ProcessId self_;
  const ExchangeLimits limits_;
  const BusWatch watch_;
  const Log& log_;

  // ---- the bus's thread from here on
  State state_ = State::away;
  Decoder decoder_;
  BusStats stats_;
  std::uint64_t number_ = 0;
  std::size_t unconfirmed_ = 0;  ///< subscriptions since on_ready()
  loop::TimeMs gather_until_ = 0;
  std::unordered_map<std::string, Interest> interests_;  ///< by channel
  std::deque<std::pair<loop::TimeMs, std::string>> unwanted_;
  std::map<engine::ProcessId, Process> processes_;
  std::deque<Outgoing> queue_;
  std::deque<Said> said_;  ///< may yet be lost; the oldest first
  std::size_t said_bytes_ = 0;
  std::uint64_t confirmed_ = 0;
  loop::TimeMs greeted_at_ = 0;  ///< our oldest greeting that is not back; 0: none
  bool told_full_ = false;
  bool told_refused_ = false;  ///< since the last on_ready()
};

}  // namespace sioxx::cluster
