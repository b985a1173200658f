#include "rozmova/api/admin_gate.hpp"
#include "rozmova/api/routes.hpp"

#include "rozmova/chat/deeds.hpp"
#include "rozmova/chat/notice_text.hpp"

#include <utility>

namespace rozmova::api {

namespace {

using chat::Caller;

/// `GET /v1/notifications?unread=true&limit=&cursor=`
void list(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto& options = floor.chat.options();
  const auto limit =
      call.query_int("limit", options.notifications_page_default, 1, options.notifications_page_max);
  if (!limit) return reply.refuse(limit.refusal());
  auto cursor = call.query("cursor");
  if (cursor && !store::valid_cursor(*cursor)) {
    return reply.refuse({ErrorCode::invalid_payload, "\"cursor\" must be a nextCursor of this list."});
  }
  const std::string unread = call.query("unread").value_or("false");
  if (unread != "true" && unread != "false") {
    return reply.refuse({ErrorCode::invalid_payload, "\"unread\" must be true or false."});
  }
  floor.as_caller(call, reply,
                  [&floor, reply, unread_only = unread == "true", limit = static_cast<int>(*limit),
                   cursor = std::move(cursor)](const Caller& who) {
                    floor.deeds().notifications(who, unread_only, limit, cursor, reply.json());
                  });
}

/// `POST /v1/notifications/read`
void mark_read(const Floor& floor, Call&& call, const SharedReply& reply) {
  auto read = chat::parse_notifications_read(call.body, call.now, floor.chat.options());
  if (!read) return reply.refuse(read.refusal());
  floor.as_person(call, reply, [&floor, reply, now = call.now, read = std::move(*read)](const Caller& who) {
    floor.deeds().read_notifications(who, read, now, reply.json());
  });
}

/// `GET /v1/unread`
void unread(const Floor& floor, Call&& call, const SharedReply& reply) {
  floor.as_caller(call, reply,
                  [&floor, reply](const Caller& who) { floor.deeds().unread(who, reply.json()); });
}

/// `POST /v1/admin/notifications`
void announce(const Floor& floor, Call&& call, const SharedReply& reply) {
  auto wanted = chat::parse_announcement(call.body, floor.chat.options());
  if (!wanted) return reply.refuse(wanted.refusal());
  floor.deeds().announce(administrator(call), std::move(*wanted), call.now, reply.json(201));
}

}  // namespace

void add_notifications_routes(Router& router, const FloorPtr& floor) {
  add(router, floor,
      {"GET",
       "/v1/notifications",
       Guard::user,
       Body::none,
       "Notifications of whoever asks, newest first",
       {}},
      list);
  add(router, floor,
      {"POST",
       "/v1/notifications/read",
       Guard::user,
       Body::json,
       "Mark notifications read: some, up to a time, or all",
       {}},
      mark_read);
  add(router, floor,
      {"GET",
       "/v1/unread",
       Guard::user,
       Body::none,
       "What has not been read: in each chat, in total, and notifications",
       {}},
      unread);
  add(router, floor, {"POST", "/v1/admin/notifications", Guard::admin, Body::json, "Notify users", {}},
      announce);
}

}  // namespace rozmova::api
