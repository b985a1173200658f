#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sioxx {

class Socket;

/// One way to find a socket again after a wait, from any thread. It opens only at home: on another thread, or
/// after the socket has gone, get() is null, and that is normal.
class SocketRef {
 public:
  SocketRef() = default;
  SocketRef(unsigned shard, std::weak_ptr<Socket> socket) : shard_(shard), socket_(std::move(socket)) {}
  unsigned shard() const { return shard_; }
  /// On the home shard's thread only; the pointer lasts until the handler returns.
  Socket* get() const;

 private:
  unsigned shard_ = 0;
  std::weak_ptr<Socket> socket_;
};

/// Binary parts of an event or an answer. In the arguments they stand as placeholder(0), placeholder(1), …
using Attachments = std::vector<std::string>;

/// `{"_placeholder":true,"num":n}` (Socket.IO protocol v5, "Binary").
boost::json::value placeholder(std::size_t num);

/// The right to answer one event, once. Movable across threads; send() belongs on the socket's shard. Sending
/// when the client asked for no ack, twice, or after it has gone, does nothing.
class Ack {
 public:
  Ack() = default;
  Ack(SocketRef socket, std::uint64_t id) : socket_(std::move(socket)), id_(id) {}
  Ack(Ack&& other) noexcept
      : socket_(std::move(other.socket_)), id_(std::exchange(other.id_, std::nullopt)) {}
  Ack& operator=(Ack&& other) noexcept {
    socket_ = std::move(other.socket_);
    id_ = std::exchange(other.id_, std::nullopt);
    return *this;
  }

  /// Whether the client asked for an answer (and has had none yet).
  explicit operator bool() const { return id_.has_value(); }
  const SocketRef& socket() const { return socket_; }
  unsigned shard() const { return socket_.shard(); }

  template <class... Args>
  void operator()(const Args&... args) {
    boost::json::array array;
    (array.push_back(boost::json::value_from(args)), ...);
    send(array);
  }
  void send(const boost::json::array& args, std::span<const std::string> attachments = {});
  /// `json_args` is a finished JSON array text, `[…]`: nothing is parsed or copied but once.
  void send_raw(std::string_view json_args);

 private:
  SocketRef socket_;
  std::optional<std::uint64_t> id_;
};

/// One event as a handler receives it. A plain handler has it for the call and moves out what must live longer; a
/// coroutine takes it by value and has it until it ends.
class Event {
 public:
  Event(std::string_view name, boost::json::array args, std::vector<std::string> attachments, Ack ack,
        std::size_t bytes = 0)
      : name_(name),
        args_(std::move(args)),
        attachments_(std::move(attachments)),
        ack_(std::move(ack)),
        bytes_(bytes) {}

  std::string_view name() const { return name_; }
  boost::json::array& args() { return args_; }
  const boost::json::array& args() const { return args_; }
  /// The n-th argument, or null when there are fewer.
  const boost::json::value* arg(std::size_t n) const { return n < args_.size() ? &args_[n] : nullptr; }
  /// Binary parts; in args() they stand as {"_placeholder":true,"num":n} (Socket.IO protocol v5, "Binary").
  const std::vector<std::string>& attachments() const { return attachments_; }
  Ack& ack() { return ack_; }
  /// Of its text as it came, without attachments; 0 for one that did not come over a wire.
  std::size_t bytes() const { return bytes_; }

 private:
  std::string name_;
  boost::json::array args_;
  std::vector<std::string> attachments_;
  Ack ack_;
  std::size_t bytes_;
};

}  // namespace sioxx
