#include "rozmova/api/api.hpp"

#include "rozmova/api/admin_gate.hpp"
#include "rozmova/api/documents.hpp"
#include "rozmova/api/json.hpp"
#include "rozmova/api/routes.hpp"

#include <utility>

namespace rozmova::api {

SharedReply::SharedReply(Metrics& metrics, http::Reply reply)
    : shard_(sioxx::loop::Shard::here()),
      metrics_(&metrics),
      reply_(std::make_shared<http::Reply>(std::move(reply))) {}

void SharedReply::at_home(std::function<void(http::Reply&)> task) const {
  if (shard_ == nullptr || sioxx::loop::Shard::here() == shard_) return task(*reply_);
  // A reply must also die at home; a letter that cannot be posted belongs to a shard that has stopped: a full mailbox
  // takes it, because what is stored is answered as stored.
  shard_->post([reply = reply_, task = std::move(task)] { task(*reply); }, sioxx::loop::Mail::reply);
}

void SharedReply::send(int status, std::string json) const {
  at_home([status, json = std::move(json)](http::Reply& reply) { answer(reply, status, json); });
}

void SharedReply::send(http::Response response) const {
  at_home([response = std::move(response)](http::Reply& reply) { reply.send(response); });
}

void SharedReply::refuse(const Refusal& refusal) const {
  metrics_->refused(refusal.code);
  at_home([refusal](http::Reply& reply) { api::refuse(reply, refusal); });
}

chat::Deeds::Then<std::string> SharedReply::json(int status) const {
  return [reply = *this, status](Result<std::string> body) {
    if (body)
      reply.send(status, std::move(*body));
    else
      reply.refuse(body.refusal());
  };
}

namespace {

chat::Caller caller_of(const Call& call) {
  chat::Caller who;
  who.user = call.who.user_id;
  who.role = call.who.role;
  who.role_from_token = call.who.role_from_token;
  return who;
}

}  // namespace

void Floor::at_pace(const Call& call, const SharedReply& reply, std::function<void()> then) const {
  if (call.is_service) return then();
  chat::House& house = deeds().house();
  house.at_home(call.who.user_id,
                [&house, who = caller_of(call), reply, then = std::move(then)](chat::House::Part& home) {
                  if (const auto over = house.over_rate(home, who, chat::Rates::Kind::rest_read, "rest_read"))
                    return reply.refuse(*over);
                  then();
                });
}

void Floor::as_caller(const Call& call, const SharedReply& reply, Then then) const {
  at_pace(call, reply,
          [this, identity = call.who, who = caller_of(call), now = call.now, reply, then = std::move(then)] {
            if (identity.role_from_token) return then(who);
            settled(identity, who, now, reply, then);
          });
}

void Floor::as_person(const Call& call, const SharedReply& reply, Then then) const {
  if (call.is_service) return then(caller_of(call));
  const unsigned here = sioxx::loop::Shard::here()->index();
  at_pace(call, reply,
          [this, here, identity = call.who, who = caller_of(call), now = call.now, reply,
           then = std::move(then)] {
            deeds().house().at(here, [this, identity, who, now, reply, then](chat::House::Part&) {
              settled(identity, who, now, reply, then);
            });
          });
}

void Floor::settled(const Identity& identity, const chat::Caller& who, WallMs now, const SharedReply& reply,
                    Then then) const {
  const unsigned here = sioxx::loop::Shard::here()->index();
  deeds().settle(identity, now, [this, here, who, reply, then = std::move(then)](Result<User> user) {
    if (!user) return reply.refuse(user.refusal());
    chat::Caller known = who;
    known.role = user->role;
    deeds().house().at(here, [known, then](chat::House::Part&) { then(known); });
  });
}

void add(Router& router, const FloorPtr& floor, Route route, Deed deed) {
  if (route.guard == Guard::admin) return add_behind_gate(router, floor, std::move(route), deed);
  route.handler = [floor, deed](Call&& call, http::Reply reply) {
    deed(*floor, std::move(call), SharedReply(floor->metrics(), std::move(reply)));
  };
  router.add(std::move(route));
}

void add_routes(Router& router, chat::Chat& chat, const Auth& auth, ApiOptions options) {
  const FloorPtr floor(new Floor{chat, auth, options});
  // Handlers run on the shard of their connection, and so does this.
  router.check([&chat](const Identity& who, WallMs now) {
    return chat::revoked(chat.deeds().house().here().revocations, who, now);
  });
  router.bad_token(
      [&chat](std::string_view address) { return chat.deeds().house().too_many_bad_tokens(address); });
  add_admin_routes(router, floor);
  add_people_routes(router, floor);
  add_orders_routes(router, floor);
  add_notifications_routes(router, floor);
  add_documents_routes(router);
  if (options.uploads != nullptr) add_uploads_routes(router, floor, *options.uploads);
  add_changes_routes(router, floor);
  add_chat_routes(router, floor);
  add_disputes_routes(router, floor);
}

}  // namespace rozmova::api
