#include "rozmova/api/admin_gate.hpp"

#include <memory>
#include <utility>

namespace rozmova::api {

namespace {

void open_gate(const Floor& floor, Call&& call, const SharedReply& reply, Deed deed) {
  if (call.is_service) return deed(floor, std::move(call), reply);
  // A Call may only be moved, and a std::function only copied.
  const auto waiting = std::make_shared<Call>(std::move(call));
  const unsigned here = sioxx::loop::Shard::here()->index();
  floor.as_caller(*waiting, reply, [&floor, waiting, reply, deed, here](const chat::Caller& who) {
    if (who.role != Role::admin) return reply.refuse({ErrorCode::forbidden, "Only for administrators."});
    waiting->who.role = Role::admin;
    floor.deeds().house().at(here, [&floor, waiting, reply, deed](chat::House::Part&) {
      deed(floor, std::move(*waiting), reply);
    });
  });
}

}  // namespace

void add_behind_gate(Router& router, const FloorPtr& floor, Route route, Deed deed) {
  route.settles_role = true;
  route.handler = [floor, deed](Call&& call, http::Reply reply) {
    open_gate(*floor, std::move(call), SharedReply(floor->metrics(), std::move(reply)), deed);
  };
  router.add(std::move(route));
}

chat::Caller administrator(const Call& call) {
  chat::Caller who;
  who.user = call.who.user_id;
  who.role = Role::admin;
  return who;
}

store::AuditEntry audit_entry(const Call& call, std::string_view action, std::string_view subject_kind,
                              std::string subject_id) {
  store::AuditEntry entry;
  if (!call.is_service) entry.actor_id = call.who.user_id;
  entry.action = action;
  entry.subject_kind = subject_kind;
  entry.subject_id = std::move(subject_id);
  return entry;
}

}  // namespace rozmova::api
