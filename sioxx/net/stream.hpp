#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sioxx::net {

/// The byte stream of one connection: its descriptor, non-blocking. A value with one owner that moves with
/// the connection from HTTP to WebSocket and from shard to shard. The one place that will know whether there
/// is TLS on the descriptor.
class Stream {
 public:
  enum class Outcome : std::uint8_t { done, again, ended, failed };
  struct Io {
    Outcome outcome = Outcome::failed;
    std::size_t bytes = 0;
  };

  Stream() = default;
  explicit Stream(int fd) : fd_(fd) {}
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream() { close(); }

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

  /// `ended`: the peer has closed its side. `again`: nothing there now.
  Io read(std::span<char> into);
  /// May take a part. `again`: the kernel's buffer is full.
  Io write(std::string_view bytes);
  /// Both pieces in one system call, in this order.
  Io write(std::string_view first, std::string_view second);
  /// Tells the peer that nothing more will come; reading goes on.
  void shutdown_write();
  void close();

 private:
  int fd_ = -1;
};

}  // namespace sioxx::net
