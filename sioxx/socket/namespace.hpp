#pragma once

#include "sioxx/engine/close_reason.hpp"
#include "sioxx/socket/socket.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sioxx {

/// Why a connection to a namespace is refused: becomes CONNECT_ERROR `{message, data}`.
struct ConnectError {
  std::string message;
  boost::json::object data;
};

/// Lets a middleware answer, at once or later, once; from any thread (elsewhere than on the socket's shard it
/// travels there). Dropped unanswered: refused.
class Next {
 public:
  using Done = std::function<void(std::optional<ConnectError>)>;
  explicit Next(Done done) : done_(std::move(done)) {}
  Next(Next&& other) noexcept : done_(std::exchange(other.done_, nullptr)) {}
  Next& operator=(Next&& other) noexcept {
    std::swap(done_, other.done_);
    return *this;
  }
  ~Next();
  void operator()() { finish(std::nullopt); }
  void refuse(ConnectError error) { finish(std::move(error)); }

 private:
  void finish(std::optional<ConnectError> error);
  Done done_;
};

using EventHandler = std::function<void(Socket&, Event&)>;
using Middleware = std::function<void(Socket&, Next)>;

/// Handlers of one namespace. Filled before Server::run(), immutable afterwards, shared by all shards: one
/// table for any number of sockets (so handlers are registered here and not on each socket). A handler that
/// throws is logged and costs nobody the connection.
class Namespace {
 public:
  explicit Namespace(std::string name) : name_(std::move(name)) {}
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  const std::string& name() const { return name_; }

  /// Called in order for every CONNECT, before the client is told; each must let it pass.
  Namespace& use(Middleware middleware);
  /// After the CONNECT answer is queued, so events emitted here follow it.
  Namespace& on_connect(std::function<void(Socket&)> handler);
  /// The socket is still readable (rooms included), but sends nothing any more.
  Namespace& on_disconnect(std::function<void(Socket&, CloseReason)> handler);
  Namespace& on(std::string event, EventHandler handler);
  /// For events that have no handler.
  Namespace& on_any(EventHandler handler);

  // ---- any thread, while the server runs
  BroadcastOperator to(std::string_view room);
  template <class... Args>
  void emit(std::string_view event, const Args&... args) {
    BroadcastOperator(*adapter_, name_).emit(event, args...);
  }
  void broadcast(engine::EncodedPtr message, BroadcastOptions options);

  /// By the Server, or whoever else builds the house: where broadcasts go; and no more handlers from now on.
  void attach(Adapter& adapter) { adapter_ = &adapter; }
  void freeze() { frozen_ = true; }

 private:
  friend class socket::LocalNamespace;
  void must_be_open() const;
  std::string name_;
  Adapter* adapter_ = nullptr;
  bool frozen_ = false;
  std::vector<Middleware> middleware_;
  std::vector<std::function<void(Socket&)>> connect_;
  std::vector<std::function<void(Socket&, CloseReason)>> disconnect_;
  std::map<std::string, EventHandler, std::less<>> handlers_;
  EventHandler any_;
};

}  // namespace sioxx
