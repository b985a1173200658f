#pragma once

#include "sioxx/net/tls.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace sioxx::net {

/// The byte stream of one connection: its descriptor, non-blocking, with or without TLS on it. A value with one owner that
/// moves with the connection from HTTP to WebSocket and from shard to shard.
class Stream {
 public:
  using Outcome = Tls::Outcome;
  using Io = Tls::Io;

  Stream() = default;
  explicit Stream(int fd) : fd_(fd) {}
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream() { close(); }

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

  /// From here on the peer must speak TLS. False: no memory.
  bool start_tls(const TlsContext& context);
  bool secure() const { return tls_ != nullptr; }
  bool shaking_hands() const { return tls_ != nullptr && tls_->shaking_hands(); }
  /// Reading goes on only once the kernel takes bytes again: wait for EPOLLOUT too.
  bool wants_room() const { return tls_ != nullptr && tls_->wants_room(); }

  /// `ended`: the peer has closed its side. `again`: nothing there now. `not_tls`: the peer speaks plain HTTP where TLS is
  /// expected; the stream is a plain one now and most of the request is still to be read. With TLS at most one record a
  /// call: `into` has room for Tls::record_bytes_max.
  Io read(std::span<char> into);
  /// May take a part. `again`: the kernel's buffer is full.
  Io write(std::string_view bytes);
  /// Both pieces in this order; without TLS in one system call.
  Io write(std::string_view first, std::string_view second);
  /// Tells the peer that nothing more will come; reading goes on.
  void shutdown_write();
  void close();

 private:
  Io write_tls(std::string_view first, std::string_view second);

  std::unique_ptr<Tls> tls_;
  int fd_ = -1;
};

}  // namespace sioxx::net
