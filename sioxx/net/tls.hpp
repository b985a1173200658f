#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct bio_method_st;
struct bio_st;
struct ssl_ctx_st;
struct ssl_st;

namespace sioxx::net {

/// What a server shows of itself and how it speaks: certificate chain, key, TLS 1.2 and 1.3 with forward secrecy, tickets
/// for quick reconnects. Never changes; shared by all shards and kept alive by every connection that began with it.
class TlsContext {
 public:
  /// Both files in PEM; the certificate first, then those that lead to its root. Throws std::runtime_error whose text names
  /// the file and what is wrong with it.
  static std::shared_ptr<const TlsContext> load(const std::string& cert_file, const std::string& key_file);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

 private:
  friend class Tls;
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

/// TLS, server side, on one non-blocking descriptor that somebody else owns. Owned by its Stream, moves with it from shard
/// to shard; one thread at a time. Keeps no record buffers while idle (SSL_MODE_RELEASE_BUFFERS). Reads exactly the record
/// that it hands out, so that what epoll says of the descriptor stays the truth.
class Tls {
 public:
  /// `read` needs room for a whole record, else decrypted bytes would stay behind unannounced.
  static constexpr std::size_t record_bytes_max = 16'384;

  enum class Outcome : std::uint8_t { done, again, ended, failed, not_tls };
  struct Io {
    Outcome outcome = Outcome::failed;
    std::size_t bytes = 0;
  };

  /// Null when there is no memory.
  static std::unique_ptr<Tls> accept(const TlsContext& context, int fd);
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;
  ~Tls();

  /// Shakes hands first. `not_tls`: the peer speaks plain HTTP.
  Io read(std::span<char> into);
  /// As much as the kernel takes. After `again` the same bytes must be offered again, with or without more behind them.
  Io write(std::string_view bytes);
  bool shaking_hands() const;
  /// The last read() stopped because the kernel takes no more of our answer: wait for EPOLLOUT too.
  bool wants_room() const { return wants_room_; }
  /// Tells the peer that nothing more comes (close_notify), as far as the kernel takes it.
  void say_goodbye();

 private:
  explicit Tls(int fd) : fd_(fd) {}
  Io failed();

  // How OpenSSL reaches the descriptor: as Stream does, without SIGPIPE and with the tests' faults.
  static const bio_method_st* method();
  static int bio_read(bio_st* bio, char* into, std::size_t size, std::size_t* got);
  static int bio_write(bio_st* bio, const char* from, std::size_t size, std::size_t* taken);
  static long bio_control(bio_st* bio, int command, long number, void* pointer);

  ssl_st* ssl_ = nullptr;
  int fd_;
  bool peer_ended_ = false;
  bool wants_room_ = false;
  bool broken_ = false;
};

}  // namespace sioxx::net
