#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "line.hpp"
#include "polling_wire.hpp"
#include "ws_codec.hpp"

namespace bench {

class Connection;

/// What a scenario hears of its connections. Called on the client's one thread, inside Loop::run. The
/// listener may send on any connection and may close it, except that a connection is never destroyed here.
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  virtual void on_connected(Connection& connection) = 0;
  virtual void on_event(Connection& connection, std::string_view body, std::uint64_t received_ns) = 0;
  virtual void on_ack(Connection& connection, std::uint64_t id, std::string_view body,
                      std::uint64_t received_ns) = 0;
  virtual void on_closed(Connection& connection, std::string_view reason) = 0;
  virtual void on_heartbeat(Connection&) {}
};

enum class TransportKind : std::uint8_t { websocket, polling };

/// One authenticated Socket.IO client: a pure state machine around one line (WebSocket), or around two that are kept
/// alive (polling: one for GET, one for POST). Owned by its scenario, driven by Loop, lives on the client's one thread.
///
///   state        | hears                       | does                   | becomes
///   -------------+-----------------------------+------------------------+-----------
///   closed       | open()                      | connect(2)             | connecting
///   connecting   | writable, no error          | GET … Upgrade          | upgrading
///   connecting   | writable, when it polls     | GET … polling          | opening
///   upgrading    | 101 and the right accept    |                        | opening
///   opening      | engine packet 0{…}          | 40{"token":…}          | joining
///   joining      | 40{"sid":…}                 | listener on_connected  | connected
///   connected    | 42…, 43…                    | listener on_event/ack  | connected
///   any open     | 2                           | 3, on_heartbeat        | same
///   any open     | end, error, 1, 41, 44, junk | listener on_closed     | closed
class Connection {
 public:
  enum class State : std::uint8_t { closed, connecting, upgrading, opening, joining, connected };

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::uint32_t index = 0;  ///< the scenario's name for it
  TransportKind transport = TransportKind::websocket;
  std::string token;  ///< presented in CONNECT; set before open()

  /// Starts the connects of all lines. False with errno set.
  [[nodiscard]] bool open(std::uint32_t ipv4_network_order, std::uint16_t port);

  /// The connect of a line has finished: checks it and queues the first request.
  void on_writable(Line& line, ConnectionListener& listener);

  /// Takes bytes that a line received at `received_ns`.
  void on_bytes(Line& line, std::string_view bytes, std::uint64_t received_ns, ConnectionListener& listener);

  void on_end(std::string_view reason, ConnectionListener& listener);

  /// Queues one Socket.IO packet, e.g. `42["leave_order_chat",{…}]`. Sent by the next flush.
  void send_text(std::string_view packet);

  /// Hands queued bytes to the kernel; a client that polls makes its next POST of what is queued.
  [[nodiscard]] Line::Flush flush();

  /// Closes at once. `reset` sends RST instead of FIN, so that no port stays in TIME_WAIT.
  void close(bool reset) noexcept;

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] std::size_t line_count() const noexcept {
    return transport == TransportKind::polling ? 2 : 1;
  }
  [[nodiscard]] Line& line(std::size_t index_of_line) noexcept { return lines_[index_of_line]; }
  [[nodiscard]] bool has_output() const noexcept;

  bool is_paused = false;  ///< nothing is read from its lines; see Loop::resume
  bool is_dirty = false;   ///< Loop's: it stands in the list of connections to flush

 private:
  static constexpr std::size_t get_line = 0;
  static constexpr std::size_t post_line = 1;

  /// Consumes whole units from `bytes` and returns what is left over.
  std::string_view consume(Line& line, std::string_view bytes, std::uint64_t received_ns,
                           ConnectionListener& listener);
  std::string_view consume_frames(std::string_view bytes, std::uint64_t received_ns,
                                  ConnectionListener& listener);
  std::string_view consume_answers(bool is_get, std::string_view bytes, std::uint64_t received_ns,
                                   ConnectionListener& listener);
  std::string_view consume_upgrade(std::string_view bytes, ConnectionListener& listener);
  void on_frame(const FrameHeader& header, std::string_view payload, std::uint64_t received_ns,
                ConnectionListener& listener);
  void on_packet(std::string_view text, std::uint64_t received_ns, ConnectionListener& listener);
  void on_open_packet(std::string_view body, ConnectionListener& listener);
  [[nodiscard]] std::uint32_t next_mask_key() noexcept;

  State state_ = State::closed;
  std::uint32_t mask_state_ = 0x9e3779b9;
  std::unique_ptr<PollingWire> polling_;  ///< when it polls
  std::array<Line, 2> lines_;
};

}  // namespace bench
