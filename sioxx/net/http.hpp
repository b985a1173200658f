#pragma once

#include "sioxx/engine/query.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sioxx::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// One parsed request: a value. Header names are in lower case, values trimmed; `path` is percent-decoded and
/// normal (no dot segments), `query` is raw.
struct Request {
  std::string method;
  std::string target;
  std::string path;
  std::string query;
  Headers headers;
  std::string body;
  std::string address;  ///< of the peer, or the forwarded one when the proxy is trusted
  bool secure = false;
  bool relayed = false;  ///< by another process of ours, which has seen the client
  bool keep_alive = true;
  bool http11 = true;  ///< else HTTP/1.0

  /// Empty when absent.
  std::string_view header(std::string_view lower_case_name) const;
};

using engine::parse_query;
using engine::query_value;

/// A part of a file as a body: sent from the descriptor in pieces, never whole in memory. The descriptor is
/// closed with the last copy.
struct FileBody {
  std::shared_ptr<const int> fd;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Content-Length, Date, Connection and the CORS headers are added by net.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  /// Instead of `body`: bytes that many answers share (static files).
  std::shared_ptr<const std::string> shared_body;
  FileBody file;
  bool compress = true;  ///< false: `body` goes as it is, whatever Options::http_compression allows
};

/// The right to answer one request, once. May be moved to another thread and back, but send() belongs on the
/// shard that handed it out; sending after the connection went away does nothing. Dropped unsent: the client
/// gets 500.
class Reply {
 public:
  /// net's side of it.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void send(Response response) = 0;
  };

  Reply() = default;
  explicit Reply(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) noexcept = default;

  explicit operator bool() const { return sink_ != nullptr; }
  void send(Response response);
  /// `{"error":{"code":…,"message":…}}` with the status.
  void error(int status, std::string_view code, std::string_view message);

 private:
  std::unique_ptr<Sink> sink_;
};

/// Takes the body of one request as it arrives, instead of Request::body. Made by a BodyHandler, owned by net, used on
/// the shard of the connection. Destroyed without on_end(): the body was cut (the client went away, was too slow, sent
/// too much), or the request has been answered already; what is not whole by then never will be.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// Longer bodies get 413: at once when Content-Length says so, else when they get there.
  virtual std::uint64_t bytes_max() const = 0;
  /// The next bytes. False: no more for now; nothing is read, so the client waits, until Resume is called.
  virtual bool on_piece(std::string_view bytes) = 0;
  /// The body is whole. Pieces that were refused with false count as taken.
  virtual void on_end() = 0;
};

/// Lets a body that waits go on. Any thread, any number of times; does nothing once the body is whole or gone.
using Resume = std::function<void()>;

/// Asked when the head of a request that has a body is there, and the body is not. Either returns nothing and leaves
/// `head` and `reply` alone: then the body is collected and the Handler gets all of it. Or takes both: the body begins
/// with the first Resume (and so does "100 Continue"), the reply may be sent at any time; sent before the body is
/// whole, it ends the connection. No sink with the reply taken: the answer needs no body.
using BodyHandler =
    std::function<std::unique_ptr<BodySink>(Request& head, Reply& reply, const Resume& resume)>;

/// The application's own routes: everything that is not the engine's path. Called on the shard of the
/// connection.
using Handler = std::function<void(Request&&, Reply)>;

}  // namespace sioxx::http
