#pragma once

#include "sioxx/engine/handshake.hpp"
#include "sioxx/engine/id.hpp"
#include "sioxx/engine/transport.hpp"
#include "sioxx/loop/timers.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sioxx::engine {

class Session;
class Sessions;

/// The first character names the home shard. A secret: whoever knows it may speak as the client.
using Sid = Id;

/// The layer above, as the session needs it. One per session; implemented by socket::Client; lives inside the
/// session.
class SessionHandler {
 public:
  virtual ~SessionHandler() = default;
  /// The session is open and the client has been told; from here on it can be sent to.
  virtual void on_open() {}
  /// One message; the bytes are the caller's and last for the call. The handler may close the session.
  virtual void on_message(std::string_view data, bool binary) = 0;
  /// Last call; the session sends nothing any more.
  virtual void on_close(CloseReason reason) = 0;
};

/// Where packets go now.
enum class Link : std::uint8_t { polling, probing, websocket };
enum class State : std::uint8_t { opening, open, closing, closed };

/// Whether a send may be dropped when the receiver is slow (typing, presence) or must close him instead
/// (messages).
enum class Delivery : std::uint8_t { durable, ephemeral };

/// How a POST ended; net turns it into an HTTP answer. bad_payload: what was in it ended the session, whether
/// the engine could not read it or the layer above.
enum class PostResult : std::uint8_t { ok, bad_payload, session_gone };

/// Times and sizes that every session of a server shares.
struct Settings {
  loop::TimeMs ping_interval_ms = 25'000;
  loop::TimeMs ping_timeout_ms = 20'000;
  loop::TimeMs upgrade_timeout_ms = 10'000;
  /// How long a closed session waits for a polling client to fetch its last packets.
  loop::TimeMs close_linger_ms = 5'000;
  /// How long a session whose client has said `1` waits for a GET that was sent before: of several shards the one
  /// that got the GET may be the slower one. 0: requests cannot overtake each other here.
  loop::TimeMs late_get_ms = 0;
  std::size_t max_payload_bytes = 1'000'000;
  std::size_t send_queue_bytes_max = 1'048'576;
  /// Above this share of the queue ephemeral packets are dropped.
  std::size_t ephemeral_queue_bytes_max = 131'072;
  bool allow_upgrades = true;
  NodeTag node{};  ///< this process's, in every id that it makes
};

/// One client of the engine, whatever carries it: THE state machine of Engine.IO. Owned by the Sessions of
/// its home shard; used by that thread only; pure (no clock, no socket). Others keep a shared_ptr only across
/// their own waits. Sending never calls back: a receiver that is too slow is closed later in the same turn.
class Session final : public std::enable_shared_from_this<Session>, private loop::Timer {
 public:
  Session(Sessions& home, const Sid& sid, Handshake handshake);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  const Sid& sid() const { return sid_; }
  State state() const { return state_; }
  Link link() const { return link_; }
  const Handshake& handshake() const { return handshake_; }
  Revision revision() const { return handshake_.revision; }
  /// One byte for the layer above, kept here because there is a hole; 0 at first.
  std::uint8_t mark() const { return mark_; }
  void mark(std::uint8_t value) { mark_ = value; }
  /// Keeps only address, time and the two flags: what an idle connection still needs.
  void trim_handshake() { handshake_.forget_request(); }
  SessionHandler* handler() { return handler_.get(); }
  Sessions& home() { return home_; }

  // ---- the layer above
  // -------------------------------------------------------------------------------------------
  /// Queues one message with its attachments. Over the send-queue limit the session closes as a slow consumer
  /// (durable) or the message is dropped (ephemeral). Nothing happens on a session that is not open.
  void send(const EncodedPtr& message, Delivery delivery = Delivery::durable);
  /// For one receiver: on a WebSocket the text goes straight into the output buffer.
  void send_text(std::string_view payload);
  /// Flushes and closes from our side; on_close follows before this returns.
  void close(CloseReason reason);

  // ---- net: long-polling
  // -----------------------------------------------------------------------------------------
  /// A GET has come: answered now if anything is queued, else it waits. A second one while one waits ends the
  /// session.
  void poll(std::unique_ptr<Poll> poll);
  /// The waiting GET's connection went away.
  void poll_lost(const Poll* poll);
  /// A POST body (at most max_payload_bytes, checked by net). `bytes`: application/octet-stream, which only
  /// protocol 3 knows.
  PostResult post(std::string_view body, bool bytes = false);

  // ---- net: WebSocket
  // --------------------------------------------------------------------------------------------
  /// A WebSocket came with this session's sid: it becomes the probe. False: refused (already upgraded or
  /// probing); the caller closes it.
  bool attach(Transport& websocket);
  /// One WebSocket message from `from` (the probe or the link itself).
  void receive(std::string_view data, bool binary, Transport& from);
  /// The connection ended; `from` must not be used afterwards.
  void transport_closed(Transport& from, CloseReason reason);

 private:
  friend class Sessions;
  enum class Beat : std::uint8_t { resting, waiting_for_pong, extended, waiting_for_ping, greeting };
  /// How far the open packet of protocol 3 follows the answer to the upgrade: scripted clients that begin to
  /// listen in their `open` callback miss what came in one piece with it.
  static constexpr loop::TimeMs greeting_delay_ms = 10;
  /// The machine as session.cpp's table draws it: state and link as one axis, what happens, what is done
  /// about it.
  enum class Phase : std::uint8_t { polling, probing, probed, websocket, parting, closing, closed };
  enum class On : std::uint8_t;
  enum class Do : std::uint8_t;
  static Do transition(On event, Phase phase);

  Phase phase() const;
  void on_timer(loop::TimeMs now) override;
  void start_polling(std::unique_ptr<SessionHandler> handler, std::unique_ptr<PollingPlace> place);
  void start_websocket(std::unique_ptr<SessionHandler> handler, Transport& websocket);
  void start_heartbeat();
  void greet();
  void answer_ping(std::string_view data);

  void deliver(const Packet& packet);
  void receive_probe(std::string_view data, bool binary);
  void heard();
  bool has_room_for(std::size_t bytes, Delivery delivery);
  void enqueue(EncodedPtr message);
  void answer_soon();
  void answer_queued();
  void answer_noop();
  std::string_view noop_body() const;
  void drop_probe();
  void upgrade();
  void linger(CloseReason reason, PacketType last, loop::TimeMs patience_ms);
  void doom(CloseReason reason);
  void end(CloseReason reason);
  void tell_handler(CloseReason reason);

  Sid sid_;
  State state_ = State::opening;
  Link link_ = Link::polling;
  Beat beat_ = Beat::resting;
  CloseReason doom_ = CloseReason::transport_close;  ///< why, while closing and afterwards
  bool told_ = false;                                ///< the handler knows that it is over
  std::uint8_t mark_ = 0;
  Sessions& home_;
  Handshake handshake_;
  std::unique_ptr<SessionHandler> handler_;
  Transport* websocket_ = nullptr;
  struct Polling;
  std::unique_ptr<Polling>
      polling_;  ///< the waiting GET, the queue, the probe's deadline; gone after the upgrade
};

}  // namespace sioxx::engine
