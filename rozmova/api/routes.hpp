#pragma once

#include "rozmova/api/api.hpp"
#include "rozmova/api/router.hpp"
#include "rozmova/chat/chat.hpp"
#include "rozmova/chat/deeds.hpp"
#include "rozmova/uploads/uploads.hpp"
#include "sioxx/server.hpp"

#include <functional>
#include <memory>
#include <string>

namespace rozmova::api {

/// A reply that may be copied into callbacks and given from any thread, once: it finds its way to the shard
/// of its connection. (http::Reply may only be moved, and belongs on that shard.)
class SharedReply {
 public:
  SharedReply(Metrics& metrics, http::Reply reply);

  void send(int status, std::string json) const;
  void send(http::Response response) const;
  void refuse(const Refusal& refusal) const;
  /// For deeds whose result is the finished body.
  chat::Deeds::Then<std::string> json(int status = 200) const;

 private:
  void at_home(std::function<void(http::Reply&)> task) const;

  sioxx::loop::Shard* shard_;
  Metrics* metrics_;
  std::shared_ptr<http::Reply> reply_;
};

/// What the routes stand on. Shared by their handlers, never changed.
struct Floor {
  chat::Chat& chat;
  const Auth& auth;
  ApiOptions options;

  chat::Deeds& deeds() const { return chat.deeds(); }
  Metrics& metrics() const { return chat.deeds().house().metrics(); }
  using Then = std::function<void(const chat::Caller&)>;
  /// Takes a token of the caller's rate of reads, or refuses; the service is not rated. `then` runs on the
  /// shard of the connection or on the caller's home.
  void at_pace(const Call& call, const SharedReply& reply, std::function<void()> then) const;
  /// Who calls, with the role settled, at the pace of reads. For reading.
  void as_caller(const Call& call, const SharedReply& reply, Then then) const;
  /// The same, and the users table knows the caller from here on. For writing.
  void as_person(const Call& call, const SharedReply& reply, Then then) const;

 private:
  void settled(const Identity& identity, const chat::Caller& who, WallMs now, const SharedReply& reply,
               Then then) const;
};

using FloorPtr = std::shared_ptr<const Floor>;

using Deed = void (*)(const Floor& floor, Call&& call, const SharedReply& reply);

/// Adds `route` with `deed` as its handler; one with Guard::admin stands behind the gate of admin_gate.hpp.
void add(Router& router, const FloorPtr& floor, Route route, Deed deed);

void add_admin_routes(Router& router, const FloorPtr& floor);
void add_people_routes(Router& router, const FloorPtr& floor);
void add_orders_routes(Router& router, const FloorPtr& floor);
void add_notifications_routes(Router& router, const FloorPtr& floor);
void add_uploads_routes(Router& router, const FloorPtr& floor, uploads::Uploads& uploads);
void add_changes_routes(Router& router, const FloorPtr& floor);
/// History, sending, read marks and statuses: the same for orders and disputes.
void add_chat_routes(Router& router, const FloorPtr& floor);
void add_disputes_routes(Router& router, const FloorPtr& floor);

/// `after=|before=&limit=` of a page of history.
Result<store::Page> page_of(const Call& call, const chat::ChatOptions& options);

}  // namespace rozmova::api
