#pragma once

#include "sioxx/engine/session.hpp"
#include "sioxx/loop/shard.hpp"
#include "sioxx/loop/timers.hpp"
#include "sioxx/net/connections.hpp"
#include "sioxx/net/content_coding.hpp"
#include "sioxx/net/http.hpp"
#include "sioxx/net/http_parser.hpp"
#include "sioxx/net/permessage_deflate.hpp"
#include "sioxx/net/stream.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sioxx::net {

class Relayed;
class WebSocket;

/// One TCP connection while it speaks HTTP: reads requests one after the other, gives each to the engine
/// (polling.cpp) or to the application, writes the answers in the same order. Owned by the Connections of its
/// shard, used by that shard's thread; hands itself over to another shard when a request names a session that
/// lives there.
class Connection final : public Tracked, private loop::TurnEnd, private loop::Timer {
 public:
  /// Answers that have not been sent yet: past that no further pipelined request is looked at.
  static constexpr std::size_t output_bytes_max = 65'536;
  /// Bodies up to this are copied behind their head; larger ones are sent from where they lie.
  static constexpr std::size_t copied_body_bytes_max = 16'384;
  /// A streamed body brings this much in every http_body_timeout_ms, or it is too slow.
  static constexpr std::uint64_t streamed_progress_bytes_min = 65'536;
  /// What is read and thrown away after a refusal, so that the client gets to read it.
  static constexpr std::size_t discarded_bytes_max = 4'194'304;

  /// Starts to serve a fresh descriptor on this shard.
  static void begin(Connections& home, Stream stream, const IpAddress& peer, Admission::Seat seat,
                    const TurnedAway* turned_away = nullptr);
  ~Connection() override;

  // ---- for whoever serves the request ---------------------------------------------------------------------
  Connections& home() { return home_; }
  /// The one answer to the request in hand. It leaves at the end of the turn.
  void respond(http::Response response);
  /// The same where most of the head never changes: `head` is its status line and first headers, each with its CRLF.
  void respond(std::string_view head, std::string_view body);
  /// For a GET that `session` may keep waiting.
  std::unique_ptr<engine::Poll> make_poll(const std::shared_ptr<engine::Session>& session);
  /// For a GET that opens its session.
  std::unique_ptr<engine::Poll> make_poll();
  /// Answers with `head` and becomes a WebSocket; `feed` what is returned to it once it has its session. This
  /// object is dead then, though still there until the end of the turn.
  WebSocket& become_websocket(std::string_view head, Deflate deflate, std::string& unread);
  /// Gives the client's descriptor to a Tunnel to another process; `first` is what the client gets before all else. This
  /// object is dead then, as above.
  void become_tunnel(Stream node, std::string first);
  /// Counts the connection under the address that the proxy has told.
  Admission::Verdict seat_as(const std::string& address);

  // Tracked
  void wind_up() override;
  void abandon() override { lost(); }

 private:
  enum class Phase : std::uint8_t { head, body, answering, lingering, dead };
  /// What is left of a connection in the hands of those who owe it an answer. Only its shard looks inside.
  class Handle {
   public:
    explicit Handle(Connection& connection) : connection_(&connection) {}
    Connection* get() const { return connection_; }
    void forget() { connection_ = nullptr; }

   private:
    Connection* connection_;
  };
  class PendingPoll;
  class PendingReply;
  class HandOver;
  struct Streaming;

  Connection(Connections& home, Stream stream, const IpAddress& peer, Admission::Seat seat);

  void on_ready(std::uint32_t events) override;
  void on_turn_end() override;
  void on_timer(loop::TimeMs now) override;

  // Input.
  void read();
  void take_in(std::string_view fresh);
  void work_on_input();
  std::size_t work(std::string_view bytes);
  bool may_work() const;
  void on_head();
  void on_request();
  void serve(http::Request& request);
  const RawHandler* raw_handler(std::string_view path) const;
  void refuse(const HttpParser::Refusal& refusal);
  void refuse(int status, std::string_view code, std::string_view reason);
  bool hand_over(unsigned shard);
  void look_through_proxy(http::Request& request);

  // Sessions of other processes (relay.cpp).
  bool is_foreign(std::string_view sid);
  bool take_note(http::Request& request);
  bool relay(const http::Request& request);
  void drop_relayed();

  // Bodies that the application takes as they arrive (body_stream.cpp).
  bool begin_streaming();
  bool streams() const { return streaming_ != nullptr; }
  bool streaming_waits() const;
  void pass_on_body();
  void resume_streaming(std::uint64_t number);
  void end_streaming();
  bool streaming_goes_on();

  // Output.
  std::shared_ptr<Handle> handle();
  http::Reply make_reply();
  void answer(std::uint64_t number, http::Response response);
  void answer_poll(std::uint64_t number, int status, engine::Body body);
  bool may_respond();
  void end_head(bool keep_alive);
  void request_is_answered();
  void drop(std::uint64_t number);
  bool output_waits() const { return out_at_ < out_.size() || shared_ != nullptr || file_.fd != nullptr; }
  void write_out();
  Stream::Io write_piece();
  void output_is_out();

  // Life.
  void peer_ended();
  void update_interest();
  void wait_for(std::int64_t milliseconds);
  void linger();
  void lost();
  void die();
  void retire();

  Connections& home_;
  Stream stream_;
  Admission::Seat seat_;
  IpAddress peer_;
  HttpParser parser_;
  std::string in_;         ///< read, not yet understood
  std::string_view rest_;  ///< behind the request in hand, while work() runs
  std::string out_;
  std::size_t out_at_ = 0;
  std::shared_ptr<const std::string> shared_;  ///< goes out behind out_
  std::size_t shared_at_ = 0;
  http::FileBody file_;  ///< goes out behind out_
  std::shared_ptr<Handle> handle_;
  const TurnedAway* turned_away_ = nullptr;  ///< why its first request is refused, whatever it is
  std::unique_ptr<Streaming> streaming_;     ///< while such a body arrives
  std::unique_ptr<Relayed> relayed_;         ///< while another process is asked
  std::weak_ptr<engine::Session> polled_;    ///< whose GET waits here
  const engine::Poll* poll_ = nullptr;
  std::string origin_;        ///< of the request in hand, for the CORS headers
  std::string posting_sid_;   ///< whose POST is arriving here
  std::uint64_t number_ = 0;  ///< of the request in hand: answers to others are stale
  std::size_t discarded_ = 0;
  std::uint32_t events_ = 0;       ///< what the shard watches for
  std::optional<unsigned> route_;  ///< engine path of the request in hand
  Phase phase_ = Phase::head;
  ContentCoding coding_ =
      ContentCoding::identity;  ///< what the answer to the request in hand may be wrapped in
  bool keep_alive_ = true;
  bool head_only_ = false;
  bool close_after_ = false;   ///< no further request is read
  bool linger_after_ = false;  ///< the client may still be sending: let it read the answer
  bool peer_ended_ = false;
  bool input_blocked_ = false;   ///< in_ holds more, but what is in hand must be answered first
  bool waits_for_room_ = false;  ///< the kernel's buffer is full
  bool working_ = false;
  bool fresh_ = true;  ///< no request yet
};

}  // namespace sioxx::net
