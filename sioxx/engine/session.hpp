#pragma once

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

/// How the connection came in; kept while a session lives, given to middleware and to handlers. Whoever fills
/// it keeps url, query and headers within kept_bytes_max together: what a stranger sends does not stay whole.
struct Handshake {
  static constexpr std::size_t kept_bytes_max = 8'192;
  static constexpr std::size_t url_bytes_max = 2'048;  ///< of these; a longer target is cut off
  /// What a header or a parameter costs beside its bytes.
  static constexpr std::size_t entry_cost_bytes = 64;

  std::string address;  ///< peer's IP, or the forwarded one when the proxy is trusted
  std::string url;      ///< request target as received
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case; those that fit
  std::vector<std::pair<std::string, std::string>> query;    ///< decoded; those that fit
  loop::WallMs issued = 0;
  bool secure = false;
  bool cross_origin = false;

  std::string_view header(std::string_view lower_case_name) const;
  std::string_view parameter(std::string_view name) const;
};

/// The layer above, as the session needs it. One per session; implemented by socket::Client; lives inside the
/// session.
class SessionHandler {
 public:
  virtual ~SessionHandler() = default;
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
  std::size_t max_payload_bytes = 1'000'000;
  std::size_t send_queue_bytes_max = 1'048'576;
  /// Above this share of the queue ephemeral packets are dropped.
  std::size_t ephemeral_queue_bytes_max = 131'072;
  bool allow_upgrades = true;
};

/// One client of the engine, whatever carries it: THE state machine of Engine.IO v4. Owned by the Sessions of
/// its home shard; used by that thread only; pure (no clock, no socket). Others keep a shared_ptr only across
/// their own waits. Sending never calls back: a receiver that is too slow is closed later in the same turn.
class Session final : public std::enable_shared_from_this<Session>, private loop::Timer {
 public:
  Session(Sessions& home, const Sid& sid, std::unique_ptr<const Handshake> handshake);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  const Sid& sid() const { return sid_; }
  State state() const { return state_; }
  Link link() const { return link_; }
  const Handshake& handshake() const { return *handshake_; }
  /// Keeps only address, time and the two flags: what an idle connection still needs.
  void trim_handshake();
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
  /// A POST body (at most max_payload_bytes, checked by net).
  PostResult post(std::string_view body);

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
  enum class Beat : std::uint8_t { resting, waiting_for_pong, extended };
  /// The machine as session.cpp's table draws it: state and link as one axis, what happens, what is done
  /// about it.
  enum class Phase : std::uint8_t { polling, probing, probed, websocket, closing, closed };
  enum class On : std::uint8_t;
  enum class Do : std::uint8_t;
  static Do transition(On event, Phase phase);

  Phase phase() const;
  void on_timer(loop::TimeMs now) override;
  void start_polling(std::unique_ptr<SessionHandler> handler, std::unique_ptr<PollingPlace> place);
  void start_websocket(std::unique_ptr<SessionHandler> handler, Transport& websocket);
  void start_heartbeat();

  void deliver(const Packet& packet);
  void receive_probe(std::string_view data, bool binary);
  void heard();
  bool has_room_for(std::size_t bytes, Delivery delivery);
  void enqueue(EncodedPtr message);
  void answer_queued();
  void answer_noop();
  void drop_probe();
  void upgrade();
  void doom(CloseReason reason);
  void end(CloseReason reason);
  void tell_handler(CloseReason reason);

  Sid sid_;
  State state_ = State::opening;
  Link link_ = Link::polling;
  Beat beat_ = Beat::resting;
  CloseReason doom_ = CloseReason::transport_close;  ///< why, while closing and afterwards
  bool told_ = false;                                ///< the handler knows that it is over
  Sessions& home_;
  std::unique_ptr<const Handshake> handshake_;
  std::unique_ptr<SessionHandler> handler_;
  Transport* websocket_ = nullptr;
  struct Polling;
  std::unique_ptr<Polling>
      polling_;  ///< the waiting GET, the queue, the probe's deadline; gone after the upgrade
};

}  // namespace sioxx::engine
