#pragma once

#include "sioxx/engine/close_reason.hpp"
#include "sioxx/engine/encoded.hpp"
#include "sioxx/engine/packet.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace sioxx::engine {

/// What a session may ask of a connection that can be written at any time (a WebSocket). Implemented by net;
/// the connection outlives the pointer that the session holds, because it says Session::transport_closed()
/// first.
class Transport {
 public:
  /// Queues a packet; everything queued in one turn leaves in one write. Never calls back into the session: a
  /// broken connection is told later, by Session::transport_closed().
  virtual void write(const Encoded& packet) = 0;
  virtual void write(PacketType type, std::string_view data) = 0;
  /// A whole message as it stands, for what only protocol 3 sends (revision.hpp).
  virtual void write_message(std::string_view message, bool binary) = 0;
  /// Bytes accepted and not yet taken by the kernel: what the session compares with its send-queue limit.
  virtual std::size_t waiting_bytes() const = 0;
  /// Hands what waits to the kernel now, as far as it takes it; asked before a receiver is called slow.
  virtual void flush() {}
  /// Flushes what is queued as far as the peer takes it within the close timeout, then closes. Never calls
  /// back into the session: from here on the session has forgotten this transport.
  virtual void close(CloseReason reason) = 0;

 protected:
  ~Transport() = default;
};

/// What a GET is answered with: a payload, or JSON that says what is wrong.
struct Body {
  Body(std::string content = {}, bool is_binary = false)  // NOLINT(google-explicit-constructor)
      : bytes(std::move(content)), binary(is_binary) {}
  std::string bytes;
  bool binary;           ///< application/octet-stream (protocol 3 only), else text
  bool compress = true;  ///< HTTP may; not when every message in it said compress(false)
};

/// A long-polling GET that waits for its answer. Owned by the session while it waits; answering or destroying
/// it ends it (destroying without an answer drops the connection).
class Poll {
 public:
  virtual ~Poll() = default;
  /// 200 with a payload (text/plain; charset=UTF-8, or bytes), or a bare error status with `body` as JSON
  /// (empty: no body). Never calls back into the session.
  virtual void answer(int status, Body body) = 0;
};

/// A session's place among those that may poll at the same time. Implemented by net, which counts them; held
/// by the session until it is upgraded or over, given back by destroying it.
class PollingPlace {
 public:
  virtual ~PollingPlace() = default;
};

}  // namespace sioxx::engine
