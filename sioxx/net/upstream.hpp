#pragma once

#include "sioxx/loop/shard.hpp"
#include "sioxx/loop/timers.hpp"
#include "sioxx/net/peer_answer.hpp"
#include "sioxx/net/peers.hpp"
#include "sioxx/net/stream.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sioxx::net {

/// One connection to another process while it carries one request there and the answer back. Owned by whoever asks,
/// given back to the shard by discard(); shard's thread only.
///
///   connecting --writable--> asking --whole answer--> over
///        |                     |
///   refused, late         cut, late, unreadable  -->  over
class Upstream final : public loop::Pollable, private loop::Timer {
 public:
  static constexpr loop::TimeMs connect_timeout_ms = 2'000;

  /// One of these is called, once, never from within ask(); the Upstream is over then.
  class Listener {
   public:
    /// `reusable`: the connection may carry another request (take_stream()).
    virtual void on_peer_answer(http::Response response, bool reusable) = 0;
    /// The answer was 101: `head` and what came behind it, both for the client.
    virtual void on_peer_upgraded(std::string_view head, std::string_view rest) = 0;
    /// No answer, or not all of it; `why` is for the log.
    virtual void on_peer_lost(std::string_view why) = 0;

   protected:
    ~Listener() = default;
  };

  /// Over `stream`, which has carried requests before, or over a new connection when it is none.
  static std::unique_ptr<Upstream> ask(loop::Shard& shard, const Peer& peer, Stream stream,
                                       std::string request, std::size_t answer_bytes_max,
                                       loop::TimeMs answer_timeout_ms, Listener& listener);
  /// Ends it, whatever it is doing; nobody is called any more.
  static void discard(std::unique_ptr<Upstream> upstream);
  ~Upstream() override;

  /// Once it is over and the connection still good: nobody watches it any more.
  Stream take_stream();

 private:
  enum class State : std::uint8_t { connecting, asking, over };

  Upstream(loop::Shard& shard, Stream stream, std::string request, std::size_t answer_bytes_max,
           loop::TimeMs answer_timeout_ms, Listener& listener);
  static Stream connect(const Peer& peer);
  void on_ready(std::uint32_t events) override;
  void on_timer(loop::TimeMs now) override;
  void send();
  void read();
  void stop();
  void lose(std::string_view why);

  loop::Shard& shard_;
  Listener& listener_;
  Stream stream_;
  std::string request_;
  std::size_t sent_ = 0;  ///< of request_
  PeerAnswer answer_;
  const loop::TimeMs answer_timeout_ms_;
  State state_ = State::connecting;
};

}  // namespace sioxx::net
