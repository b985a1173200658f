// What orders and disputes have in common, with one code for both.
#include "rozmova/api/routes.hpp"

#include "rozmova/chat/payload.hpp"
#include "rozmova/chat/render.hpp"

#include <string>
#include <utility>

namespace rozmova::api {

namespace {

using chat::Caller;

/// `GET /v1/orders/{id}/messages?after=|before=&limit=`
template <ChatKind kind>
void history(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  const auto page = page_of(call, floor.chat.options());
  if (!page) return reply.refuse(page.refusal());
  floor.as_caller(call, reply, [&floor, reply, chat = ChatKey{kind, *id}, page = *page](const Caller& who) {
    floor.deeds().history(who, chat, page, reply.json());
  });
}

/// `POST /v1/orders/{id}/messages`
template <ChatKind kind>
void send(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  auto message = chat::parse_message_body({kind, *id}, call.body, floor.chat.options());
  if (!message) return reply.refuse(message.refusal());
  floor.as_person(call, reply, [&floor, reply, message = std::move(*message)](const Caller& who) {
    floor.deeds().send(who, message, [reply](Result<chat::Sent> sent) {
      if (!sent) return reply.refuse(sent.refusal());
      reply.send(sent->duplicate ? 200 : 201, R"({"message":)" + sent->json + '}');
    });
  });
}

/// `POST /v1/orders/{id}/read`
template <ChatKind kind>
void mark_read(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  const auto seq = chat::parse_read_body(call.body);
  if (!seq) return reply.refuse(seq.refusal());
  floor.as_person(call, reply, [&floor, reply, chat = ChatKey{kind, *id}, seq = *seq](const Caller& who) {
    floor.deeds().mark_read(who, chat, seq, [reply](Result<std::int64_t> position) {
      if (!position) return reply.refuse(position.refusal());
      std::string json;
      chat::ObjectText(json).number("seq", *position).close();
      reply.send(200, std::move(json));
    });
  });
}

/// `POST /v1/orders/{id}/status`; behind the gate of admins also with `changedBy`.
template <ChatKind kind, bool for_admins>
void change_status(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  auto wish = chat::parse_status_body({kind, *id}, call.body, floor.chat.options());
  if (!wish) return reply.refuse(wish.refusal());
  if (for_admins) {
    const auto by = chat::payload::optional_uuid_of(call.body, "changedBy");
    if (!by) return reply.refuse(by.refusal());
    wish->by = *by;
  }
  floor.as_person(call, reply, [&floor, reply, wish = std::move(*wish)](const Caller& who) {
    floor.deeds().change_status(who, wish, reply.json());
  });
}

template <ChatKind kind>
void add_routes_of(Router& router, const FloorPtr& floor) {
  const std::string whose = kind == ChatKind::order ? "orders/{id}" : "disputes/{id}";
  const std::string one = "/v1/" + whose;
  add(router, floor,
      {"GET",
       one + "/messages",
       Guard::user_or_service,
       Body::none,
       "A page of the chat's history, oldest first",
       {}},
      history<kind>);
  add(router, floor, {"POST", one + "/messages", Guard::user, Body::json, "Send a message", {}}, send<kind>);
  add(router, floor, {"POST", one + "/read", Guard::user, Body::json, "Move the read position forward", {}},
      mark_read<kind>);
  add(router, floor, {"POST", one + "/status", Guard::user, Body::json, "Change the status", {}},
      change_status<kind, false>);
  add(router, floor,
      {"POST",
       "/v1/admin/" + whose + "/status",
       Guard::admin,
       Body::json,
       "Change the status, also in the name of somebody",
       {}},
      change_status<kind, true>);
}

}  // namespace

Result<store::Page> page_of(const Call& call, const chat::ChatOptions& options) {
  constexpr std::int64_t absent = -1;
  const auto after = call.query_int("after", absent, 0, chat::payload::safe_integer_max);
  if (!after) return after.refusal();
  const auto before = call.query_int("before", absent, 0, chat::payload::safe_integer_max);
  if (!before) return before.refusal();
  if (*after != absent && *before != absent) {
    return Refusal{ErrorCode::invalid_payload, "Give \"after\" or \"before\", not both."};
  }
  const auto limit = call.query_int("limit", options.newest_messages, 1, options.catch_up_messages_max);
  if (!limit) return limit.refusal();
  store::Page page;
  if (*after != absent) page.after_seq = *after;
  if (*before != absent) page.before_seq = *before;
  page.limit = static_cast<int>(*limit);
  return page;
}

void add_chat_routes(Router& router, const FloorPtr& floor) {
  add_routes_of<ChatKind::order>(router, floor);
  add_routes_of<ChatKind::dispute>(router, floor);
}

}  // namespace rozmova::api
