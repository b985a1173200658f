#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

class Connection;

/// One TCP connection of a client: a non-blocking descriptor, what waits to be sent, and the beginning of something
/// whose rest has not come. Owned by a Connection (two of them when it polls), watched by Loop, on the client's one thread.
class Line {
 public:
  enum class State : std::uint8_t { closed, connecting, open };
  enum class Flush : std::uint8_t { done, blocked, failed };

  Line() = default;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { close(true); }

  /// Starts the connect. False with errno set when it cannot be started.
  [[nodiscard]] bool open(std::uint32_t ipv4_network_order, std::uint16_t port);

  /// It has become writable while connecting. 0, or the error of the connect.
  [[nodiscard]] int finish_connect() noexcept;

  /// Hands queued bytes to the kernel.
  [[nodiscard]] Flush flush();

  /// Closes at once. `reset` sends RST instead of FIN, so that no port stays in TIME_WAIT.
  void close(bool reset) noexcept;

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] bool has_output() const noexcept { return sent_ < output.size(); }

  Connection* owner = nullptr;
  std::string output;
  std::string partial;

 private:
  int descriptor_ = -1;
  State state_ = State::closed;
  std::size_t sent_ = 0;
};

}  // namespace bench
