#pragma once

#include "sioxx/loop/shard.hpp"
#include "sioxx/redis/options.hpp"
#include "sioxx/redis/reply.hpp"

#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sioxx::redis {

/// Called with the answer, or with null when the connection was lost before it came.
using OnReply = std::function<void(const Reply*)>;

/// One connection to a Redis server (RESP 2) that is never given up: it connects, says who we are, asks for
/// signs of life, and after a loss tries again with growing pauses. Owned by a Bus; used on its shard's
/// thread only; nothing here blocks it.
///
///   resting --start()--> resolving --address--> connecting --writable--> greeting --answers--> ready
///      ^                     ^                      |                        |                  |
///      |                     |                 refused, late           refused, late      lost, silent
///    stop()               pause over                v                        v                  v
///      +----- any            +----------------- pausing <-----------------------------------------
class Connection final : private loop::Pollable, private loop::Timer, private loop::TurnEnd {
 public:
  enum class State : std::uint8_t { resting, resolving, connecting, greeting, ready, pausing };
  /// A subscriber hears: whatever the server sends is a message (Redis, "Pub/sub"). A commander asks: every
  /// answer belongs to the oldest command without one.
  enum class Use : std::uint8_t { commander, subscriber };

  class Listener {
   public:
    /// Also after every loss: subscriptions have to be made again.
    virtual void on_redis_ready() = 0;
    /// Once a loss, and once when the first attempt fails; `why` is a sentence for the log.
    virtual void on_redis_lost(std::string_view why) = 0;
    /// Subscribers only: ["message", channel, payload], ["subscribe", channel, count] and their like.
    virtual void on_redis_push(const Reply& push) = 0;

   protected:
    ~Listener() = default;
  };

  Connection(loop::Shard& shard, Options options, Use use, Listener& listener);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  void start();
  void stop();
  State state() const { return state_; }
  bool ready() const { return state_ == State::ready; }

  /// Leaves with everything else of this turn in one write. False: not ready, or over a limit of the options;
  /// then nothing was sent and `on_reply` is not called. Subscribers get no answers: their `on_reply` is empty.
  bool command(std::span<const std::string_view> words, OnReply on_reply = {});
  bool command(std::initializer_list<std::string_view> words, OnReply on_reply = {}) {
    return command(std::span(words.begin(), words.size()), std::move(on_reply));
  }

 private:
  struct Address;
  struct Resolution;

  std::string where() const;
  void resolve();
  void resolved(const std::vector<Address>& addresses, std::string why);
  void connect();
  void connected();
  void greet();
  void greeting_answered(const Reply& reply);
  void become_ready();
  void read();
  void take(const Reply& reply);
  void flush();
  void lose(std::string why);
  void close();
  void ask_for_life();
  void on_ready(std::uint32_t events) override;
  void on_timer(loop::TimeMs now) override;
  void on_turn_end() override { flush(); }
  void write_later(std::span<const std::string_view> words);

  loop::Shard& shard_;
  const Options options_;
  const Use use_;
  Listener& listener_;
  State state_ = State::resting;
  int fd_ = -1;
  std::uint32_t watched_ = 0;
  std::vector<Address> addresses_;  ///< still to be tried in this attempt
  std::jthread resolver_;           ///< only for names; numbers need no thread
  std::shared_ptr<Resolution> resolution_;
  struct ReaderFree {
    void operator()(void* reader) const;
  };
  std::unique_ptr<void, ReaderFree> reader_;
  std::string output_;
  std::size_t written_ = 0;  ///< of output_
  std::deque<OnReply> waiting_;
  unsigned greetings_left_ = 0;
  unsigned failures_ = 0;  ///< in a row
  std::minstd_rand chance_{std::random_device{}()};
  bool told_lost_ = false;
  bool ping_sent_ = false;
  loop::TimeMs heard_ = 0;
};

/// Appends one command as an array of bulk strings (RESP, "Sending commands to a Redis server").
void append_command(std::string& out, std::span<const std::string_view> words);

}  // namespace sioxx::redis
