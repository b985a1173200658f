#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace soak {

/// A client's TCP connection for the load: blocking, no memory worth mentioning, closes with a FIN or a reset. One thread.
class Visitor {
 public:
  /// `receive_buffer` 0: the kernel's.
  explicit Visitor(std::uint16_t port, int receive_buffer = 0);
  Visitor(Visitor&& other) noexcept;
  Visitor& operator=(Visitor&&) = delete;
  ~Visitor();

  int fd() const { return fd_; }
  bool send(std::string_view bytes);
  /// Reads one answer; its status, 0 when the connection ended. The body is left in body().
  int answer();
  const std::string& body() const { return body_; }
  int get(std::string_view target);
  int post(std::string_view target, std::string_view body);
  /// Becomes a WebSocket; false: it was refused.
  bool upgrade(std::string_view target);
  bool send_text(std::string_view text);
  /// The next text message; empty when the connection ended.
  std::string hear();
  /// Ends with a reset: what a pulled cable becomes in the end.
  void abort();

 private:
  bool fill();

  int fd_ = -1;
  std::string buffer_, body_;
};

inline constexpr std::string_view polling = "/socket.io/?EIO=4&transport=polling";
inline constexpr std::string_view websocket = "/socket.io/?EIO=4&transport=websocket";
std::string sid_of(std::string_view open_packet);

}  // namespace soak
