#include "rozmova/api/routes.hpp"

#include "rozmova/chat/deeds.hpp"
#include "rozmova/chat/render.hpp"

#include <utility>

namespace rozmova::api {

namespace {

using chat::Caller;
using chat::Deeds;

constexpr ChatKind order_kind = ChatKind::order;

/// `GET /v1/orders?limit=&cursor=`
void list_orders(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto& options = floor.chat.options();
  const auto limit = call.query_int("limit", options.orders_page_default, 1, options.orders_page_max);
  if (!limit) return reply.refuse(limit.refusal());
  auto cursor = call.query("cursor");
  if (cursor && !store::valid_cursor(*cursor)) {
    return reply.refuse({ErrorCode::invalid_payload, "\"cursor\" must be a nextCursor of this list."});
  }
  floor.as_caller(call, reply,
                  [&floor, reply, limit = *limit, cursor = std::move(cursor)](const Caller& who) {
                    floor.deeds().orders(who, static_cast<int>(limit), cursor, reply.json());
                  });
}

/// `POST /v1/orders`
void create_order(const Floor& floor, Call&& call, const SharedReply& reply) {
  auto order = chat::parse_order_body(call.body, floor.chat.options());
  if (!order) return reply.refuse(order.refusal());
  floor.as_person(call, reply, [&floor, reply, now = call.now, order = std::move(*order)](const Caller& who) {
    floor.deeds().create_order(who, order, now, reply.json(201));
  });
}

/// `GET /v1/orders/{id}`
void show_order(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  floor.as_caller(call, reply, [&floor, reply, id = *id](const Caller& who) {
    floor.deeds().order(who, id, reply.json());
  });
}

/// `GET /v1/orders/{id}/messages?after=|before=&limit=`
void history(const Floor& floor, Call&& call, const SharedReply& reply) {
  constexpr std::int64_t absent = -1, seq_max = (std::int64_t{1} << 53) - 1;
  const auto& options = floor.chat.options();
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  const auto after = call.query_int("after", absent, 0, seq_max);
  if (!after) return reply.refuse(after.refusal());
  const auto before = call.query_int("before", absent, 0, seq_max);
  if (!before) return reply.refuse(before.refusal());
  if (*after != absent && *before != absent) {
    return reply.refuse({ErrorCode::invalid_payload, "Give \"after\" or \"before\", not both."});
  }
  const auto limit = call.query_int("limit", options.newest_messages, 1, options.catch_up_messages_max);
  if (!limit) return reply.refuse(limit.refusal());
  store::Page page;
  if (*after != absent) page.after_seq = *after;
  if (*before != absent) page.before_seq = *before;
  page.limit = static_cast<int>(*limit);
  floor.as_caller(call, reply, [&floor, reply, chat = ChatKey{order_kind, *id}, page](const Caller& who) {
    floor.deeds().history(who, chat, page, reply.json());
  });
}

/// `POST /v1/orders/{id}/messages`
void send(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  auto message = chat::parse_message_body({order_kind, *id}, call.body, floor.chat.options());
  if (!message) return reply.refuse(message.refusal());
  floor.as_person(call, reply, [&floor, reply, message = std::move(*message)](const Caller& who) {
    floor.deeds().send(who, message, [reply](Result<chat::Sent> sent) {
      if (!sent) return reply.refuse(sent.refusal());
      reply.send(sent->duplicate ? 200 : 201, R"({"message":)" + sent->json + '}');
    });
  });
}

/// `POST /v1/orders/{id}/read`
void mark_read(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  const auto seq = chat::parse_read_body(call.body);
  if (!seq) return reply.refuse(seq.refusal());
  floor.as_person(call, reply,
                  [&floor, reply, chat = ChatKey{order_kind, *id}, seq = *seq](const Caller& who) {
                    floor.deeds().mark_read(who, chat, seq, [reply](Result<std::int64_t> position) {
                      if (!position) return reply.refuse(position.refusal());
                      std::string json;
                      chat::ObjectText(json).number("seq", *position).close();
                      reply.send(200, std::move(json));
                    });
                  });
}

}  // namespace

void add_orders_routes(Router& router, const FloorPtr& floor) {
  add(router, floor,
      {"GET",
       "/v1/orders",
       Guard::user_or_service,
       Body::none,
       "Orders of whoever asks, latest activity first",
       {}},
      list_orders);
  add(router, floor, {"POST", "/v1/orders", Guard::user_or_service, Body::json, "Create an order", {}},
      create_order);
  add(router, floor, {"GET", "/v1/orders/{id}", Guard::user_or_service, Body::none, "One order", {}},
      show_order);
  add(router, floor,
      {"GET",
       "/v1/orders/{id}/messages",
       Guard::user_or_service,
       Body::none,
       "A page of the chat's history, oldest first",
       {}},
      history);
  add(router, floor, {"POST", "/v1/orders/{id}/messages", Guard::user, Body::json, "Send a message", {}},
      send);
  add(router, floor,
      {"POST", "/v1/orders/{id}/read", Guard::user, Body::json, "Move the read position forward", {}},
      mark_read);
}

}  // namespace rozmova::api
