// Edits and deletions over REST, of orders and disputes alike.
#include "rozmova/api/routes.hpp"

#include "rozmova/chat/deeds.hpp"
#include "rozmova/chat/message_change.hpp"

#include <utility>

namespace rozmova::api {

namespace {

using chat::Caller;

template <ChatKind kind>
Result<chat::ChangePayload> place_of(const Call& call) {
  const auto id = call.params.uuid("id");
  if (!id) return id.refusal();
  const auto message = call.params.uuid("messageId");
  if (!message) return message.refusal();
  return chat::ChangePayload{{kind, *id}, *message, std::nullopt};
}

void change(const Floor& floor, const Call& call, const SharedReply& reply, const chat::ChangePayload& wish) {
  floor.as_person(call, reply, [&floor, reply, wish](const Caller& who) {
    floor.deeds().change_message(who, wish, [reply](Result<chat::Sent> changed) {
      if (!changed) return reply.refuse(changed.refusal());
      reply.send(200, R"({"message":)" + changed->json + '}');
    });
  });
}

/// `PATCH /v1/orders/{id}/messages/{messageId}`
template <ChatKind kind>
void edit(const Floor& floor, Call&& call, const SharedReply& reply) {
  auto wish = place_of<kind>(call);
  if (!wish) return reply.refuse(wish.refusal());
  auto content = chat::parse_edit_body(call.body, floor.chat.options());
  if (!content) return reply.refuse(content.refusal());
  wish->content = std::move(*content);
  change(floor, call, reply, *wish);
}

/// `DELETE /v1/orders/{id}/messages/{messageId}`
template <ChatKind kind>
void remove(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto wish = place_of<kind>(call);
  if (!wish) return reply.refuse(wish.refusal());
  change(floor, call, reply, *wish);
}

/// `GET /v1/orders/{id}/messages/{messageId}/revisions`
template <ChatKind kind>
void revisions(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto place = place_of<kind>(call);
  if (!place) return reply.refuse(place.refusal());
  floor.as_caller(call, reply, [&floor, reply, place = *place](const Caller& who) {
    floor.deeds().revisions(who, place.chat, place.message_id, reply.json());
  });
}

/// `GET /v1/orders/{id}/changes?after=&limit=`
template <ChatKind kind>
void changes(const Floor& floor, Call&& call, const SharedReply& reply) {
  constexpr std::int64_t seq_max = (std::int64_t{1} << 53) - 1;
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  const auto after = call.query_int("after", 0, 0, seq_max);
  if (!after) return reply.refuse(after.refusal());
  const int most = floor.chat.options().changes_max;
  const auto limit = call.query_int("limit", most, 1, most);
  if (!limit) return reply.refuse(limit.refusal());
  floor.as_caller(
      call, reply,
      [&floor, reply, chat = ChatKey{kind, *id}, after = *after, limit = static_cast<int>(*limit)](
          const Caller& who) { floor.deeds().changes(who, chat, after, limit, reply.json()); });
}

template <ChatKind kind>
void add_for(Router& router, const FloorPtr& floor, const std::string& chat) {
  const std::string message = chat + "/messages/{messageId}";
  add(router, floor, {"PATCH", message, Guard::user, Body::json, "Edit a message of one's own", {}},
      edit<kind>);
  add(router, floor, {"DELETE", message, Guard::user, Body::none, "Delete a message of one's own", {}},
      remove<kind>);
  add(router, floor,
      {"GET",
       message + "/revisions",
       Guard::user_or_service,
       Body::none,
       "What a message said before, for moderators",
       {}},
      revisions<kind>);
  add(router, floor,
      {"GET",
       chat + "/changes",
       Guard::user_or_service,
       Body::none,
       "Messages that were edited or deleted after a change",
       {}},
      changes<kind>);
}

}  // namespace

void add_changes_routes(Router& router, const FloorPtr& floor) {
  add_for<ChatKind::order>(router, floor, "/v1/orders/{id}");
  add_for<ChatKind::dispute>(router, floor, "/v1/disputes/{id}");
}

}  // namespace rozmova::api
