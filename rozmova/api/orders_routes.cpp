#include "rozmova/api/routes.hpp"

#include "rozmova/chat/deeds.hpp"
#include "rozmova/chat/render.hpp"

#include <utility>

namespace rozmova::api {

namespace {

using chat::Caller;
using chat::Deeds;

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
    floor.deeds().create_order(who, order, now, [reply](Result<chat::Opened> created) {
      if (!created) return reply.refuse(created.refusal());
      reply.send(created->repeated ? 200 : 201, std::move(created->json));
    });
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
}

}  // namespace rozmova::api
