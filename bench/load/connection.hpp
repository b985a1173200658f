#pragma once

#include <cstdint>
#include <string>
#include <string_view>

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
};

/// One authenticated Socket.IO client over WebSocket: a pure state machine around a non-blocking socket.
/// Owned by its scenario, driven by Loop, lives on the client's one thread.
///
///   state        | hears                      | does                    | becomes
///   -------------+----------------------------+-------------------------+-----------
///   closed       | open()                     | connect(2)              | connecting
///   connecting   | writable, no error         | GET … Upgrade           | upgrading
///   upgrading    | 101 and the right accept   |                         | opening
///   opening      | engine packet 0{…}         | 40{"token":…}           | joining
///   joining      | 40{"sid":…}                | listener on_connected   | connected
///   connected    | 42…, 43…                   | listener on_event/ack   | connected
///   any open     | 2                          | 3                       | same
///   any open     | end, error, 1, 41, 44, junk | listener on_closed     | closed
class Connection {
 public:
  enum class State : std::uint8_t { closed, connecting, upgrading, opening, joining, connected };

  Connection() = default;
  Connection(Connection&& other) noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection& operator=(Connection&&) = delete;
  ~Connection();

  std::uint32_t index = 0;  ///< the scenario's name for it
  std::string token;        ///< presented in CONNECT; set before open()

  /// Starts the connect. Returns the descriptor to watch, or -1 with errno set.
  [[nodiscard]] int open(std::uint32_t ipv4_network_order, std::uint16_t port);

  /// The connect has finished: checks it and queues the upgrade request.
  void on_writable(ConnectionListener& listener);

  /// Takes bytes that were received at `received_ns`. They may be changed.
  void on_bytes(std::string_view bytes, std::uint64_t received_ns, ConnectionListener& listener);

  void on_end(std::string_view reason, ConnectionListener& listener);

  /// Queues one Socket.IO packet, e.g. `42["leave_order_chat",{…}]`. Sent by the next flush.
  void send_text(std::string_view packet);

  enum class Flush : std::uint8_t { done, blocked, failed };
  /// Hands queued bytes to the kernel.
  [[nodiscard]] Flush flush();

  /// Closes at once. `reset` sends RST instead of FIN, so that no port stays in TIME_WAIT.
  void close(bool reset) noexcept;

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] bool has_output() const noexcept { return sent_ < output_.size(); }

  bool is_dirty = false;  ///< Loop's: it stands in the list of connections to flush

 private:
  /// Consumes whole units from `bytes` and returns what is left over.
  std::string_view consume(std::string_view bytes, std::uint64_t received_ns, ConnectionListener& listener);
  std::string_view consume_upgrade(std::string_view bytes, ConnectionListener& listener);
  void on_frame(const FrameHeader& header, std::string_view payload, std::uint64_t received_ns,
                ConnectionListener& listener);
  void on_packet(std::string_view text, std::uint64_t received_ns, ConnectionListener& listener);
  [[nodiscard]] std::uint32_t next_mask_key() noexcept;

  int descriptor_ = -1;
  State state_ = State::closed;
  std::uint32_t mask_state_ = 0x9e3779b9;
  std::size_t sent_ = 0;
  std::string output_;
  std::string partial_;  ///< the beginning of a frame whose rest has not come
};

}  // namespace bench
