#pragma once

#include "sioxx/engine/log_line.hpp"
#include "sioxx/engine/sessions.hpp"
#include "sioxx/loop/shard.hpp"
#include "sioxx/net/http.hpp"
#include "sioxx/net/options.hpp"
#include "sioxx/net/raw_websocket.hpp"

namespace sioxx::net {

class Admission;
class Connections;

/// What the network floor needs of the house it stands in: the shards and what lives on each. Implemented by
/// the Server; outlives every connection, listener and unanswered http::Reply. Any thread may call what is
/// not marked otherwise.
class House {
 public:
  virtual unsigned shards() const = 0;
  virtual loop::Shard& shard(unsigned index) = 0;
  /// The connections that live on a shard; use them on that shard's thread only.
  virtual Connections& connections(unsigned shard) = 0;
  /// The sessions of one engine path (Options::paths[route]) on a shard; use them on that shard's thread
  /// only.
  virtual engine::Sessions& sessions(unsigned shard, unsigned route) = 0;
  virtual Admission& admission() = 0;
  virtual const Options& options() const = 0;
  /// The application's own routes; may be empty (then 404). Called on the connection's shard.
  virtual const http::Handler& handler() const = 0;
  /// Who takes bodies as they arrive; may be empty. Called on the connection's shard.
  virtual const http::BodyHandler& body_handler() const = 0;
  /// What serves Options::raw_paths[index]. Called on the connection's shard.
  virtual const RawHandler& raw_handler(unsigned index) const = 0;
  /// "http_refused", "accept_paused", "accept_resumed", "hand_over_failed", "http_handler_failed".
  virtual void log(const LogLine& line) = 0;

 protected:
  ~House() = default;
};

}  // namespace sioxx::net
