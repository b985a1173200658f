#pragma once

#include "sioxx/engine/encoded.hpp"
#include "sioxx/engine/session.hpp"
#include "sioxx/socket/acks.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sioxx {

/// Who gets a broadcast: rooms empty = every socket of the namespace, else the union of the rooms; minus
/// every socket in any `except` room. Each socket at most once (socketio-wire, "Target rule").
struct BroadcastOptions {
  std::vector<std::string> rooms;
  std::vector<std::string> except;
  engine::Delivery delivery = engine::Delivery::durable;
  bool patient = false;      ///< ephemeral here, but waits for other processes that are not heard
  bool local = false;        ///< this process only
  bool elsewhere = false;    ///< the other processes only
  bool compress = true;      ///< as Encoded::compress() of the message; for whoever encodes it once more
  std::uint64_t offset = 0;  ///< for who recovers sessions; given by the adapter (Encoded::offset())
  bool children = false;     ///< the namespace is a pattern: means every namespace that was made by it
};

/// What many were asked and answered.
struct Answers {
  std::vector<Answer> answers;  ///< in the order in which they came
  std::size_t missing = 0;      ///< asked, but gone, out of time, or on a shard that could not be reached
};
using OnAnswers = std::function<void(Answers)>;

/// A socket as others may see it, wherever it lives: a value of one moment. To act on it, use its id as a room.
struct RemoteSocket {
  std::string id;
  std::string nsp;
  std::vector<std::string> rooms;
  boost::json::value data;      ///< what Namespace::describe() says of it; null without that
  engine::Handshake handshake;  ///< url, headers and query only with Options::keep_handshake
};
struct Fetched {
  std::vector<RemoteSocket> sockets;
  std::size_t missing = 0;  ///< shards that did not answer in time
};
using OnFetched = std::function<void(Fetched)>;

/// A client that comes back says which session it had, and what it heard last (socketio-wire §3.7).
struct SessionClaim {
  std::string pid;
  std::string nsp;
  std::string identity;                 ///< whose it must be
  std::optional<std::uint64_t> offset;  ///< nothing: it heard no event
  enum class Step : std::uint8_t {
    take,  ///< who it is, what it missed; from now on it is promised
    rest,  ///< what came since
    done,  ///< it is there: forget it here
    back,  ///< its client has gone meanwhile: it waits here again
  };
  Step step = Step::take;
};
struct Recovered {
  std::string sid;
  std::vector<std::string> rooms;
  boost::json::value data;  ///< what Namespace::describe() said of it
  std::vector<engine::EncodedPtr> missed;
  std::uint64_t base = 0;  ///< the offset before the first of these
  unsigned holder = 0;     ///< the shard that has the rest
};

/// What a namespace of one shard needs from the rest of the house: the verbs of the field's adapters. Declared
/// here by its user; implemented by cluster::Shards. Every method may be called from any thread. Callbacks are
/// called once, upon the shard that asked (from any other thread: upon shard 0), perhaps before the call returns.
class Adapter {
 public:
  virtual ~Adapter() = default;
  /// Delivers to every shard (and node) that has members. From one thread to one room: in the order of the
  /// calls.
  virtual void broadcast(std::string_view nsp, engine::EncodedPtr message, BroadcastOptions options) = 0;
  /// The same with an ack from each receiver; `event` is an EVENT packet without an ack id.
  virtual void broadcast_with_ack(std::string_view nsp, engine::EncodedPtr event, BroadcastOptions options,
                                  std::int64_t timeout_ms, OnAnswers done) = 0;
  /// The sockets of a target join, leave, go, are listed; in order with the broadcasts of the same thread.
  virtual void sockets_join(std::string_view nsp, BroadcastOptions target,
                            std::vector<std::string> rooms) = 0;
  virtual void sockets_leave(std::string_view nsp, BroadcastOptions target,
                             std::vector<std::string> rooms) = 0;
  virtual void disconnect_sockets(std::string_view nsp, BroadcastOptions target, bool close) = 0;
  virtual void fetch_sockets(std::string_view nsp, BroadcastOptions target, std::int64_t timeout_ms,
                             OnFetched done) = 0;
  /// To the namespace's server-side handlers upon every other shard that the target means: all of them, or those with
  /// members in one of the rooms. `done` may be empty.
  virtual void server_side_emit(std::string_view nsp, std::string_view event, boost::json::array args,
                                BroadcastOptions target, std::int64_t timeout_ms, OnAnswers done) = 0;
  /// Larger each time. Only used where sessions can be recovered.
  virtual std::uint64_t next_offset() = 0;
  /// Asks a shard, which asks on if the session has moved; empty: there is none for this claim.
  virtual void claim_session(unsigned shard, SessionClaim claim, std::int64_t timeout_ms,
                             std::function<void(std::optional<Recovered>)> done) = 0;
  /// Tells the shard that a pid names where its session is now; nothing: it has ended.
  virtual void session_moved(unsigned home, std::string_view pid, std::optional<unsigned> shard) = 0;
  /// This shard got its first / lost its last member of a room.
  virtual void room_opened(unsigned shard, std::string_view nsp, std::string_view room) = 0;
  virtual void room_closed(unsigned shard, std::string_view nsp, std::string_view room) = 0;
};

}  // namespace sioxx
