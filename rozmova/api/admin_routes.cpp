// What administrators and the backend may see and do about connections and tokens. Each act is written to the audit log.
#include "rozmova/api/admin_gate.hpp"
#include "rozmova/api/stats_text.hpp"
#include "rozmova/chat/render.hpp"
#include "rozmova/chat/rollcall.hpp"
#include "rozmova/chat/watch.hpp"

#include <boost/json/serialize.hpp>

#include <utility>

namespace rozmova::api {

namespace {

constexpr std::int64_t connections_page_default = 100, connections_page_max = 500;
constexpr std::size_t token_id_bytes_max = 255;

void append_connection(std::string& out, const chat::ConnectionInfo& info) {
  chat::ObjectText object(out);
  object.text("socketId", info.socket_id).id("userId", info.user_id).text("role", text(info.role));
  object.text("transport", info.transport).text("address", info.address);
  object.time("connectedAt", info.connected_at).time("tokenExpiresAt", info.token_expires_at).key("rooms");
  out += '[';
  for (const ChatKey& room : info.chats) {
    if (out.back() != '[') out += ',';
    chat::append_json_string(out, room_of(room));
  }
  out += ']';
  object.close();
}

/// `GET /v1/admin/connections?userId=&limit=&cursor=`
void list_connections(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto limit = call.query_int("limit", connections_page_default, 1, connections_page_max);
  if (!limit) return reply.refuse(limit.refusal());
  chat::ConnectionQuery query;
  query.limit = static_cast<std::size_t>(*limit);
  if (const auto text = call.query("userId")) {
    query.user = Uuid::parse(*text);
    if (!query.user) return reply.refuse({ErrorCode::invalid_payload, "\"userId\" must be a UUID."});
  }
  if (const auto text = call.query("cursor")) {
    const auto cursor = Uuid::parse(*text);
    if (!cursor)
      return reply.refuse({ErrorCode::invalid_payload, "\"cursor\" must be a nextCursor of this list."});
    query.after = *cursor;
  }
  chat::list_connections(floor.deeds().house(), query, [reply](const chat::ConnectionPage& page) {
    std::string json = R"({"connections":[)";
    for (const chat::ConnectionInfo& info : page.connections) {
      if (json.back() != '[') json += ',';
      append_connection(json, info);
    }
    json += R"(],"nextCursor":)";
    if (page.has_more)
      chat::append_json_string(json, page.connections.back().id.text());
    else
      json += "null";
    reply.send(200, json + '}');
  });
}

/// `DELETE /v1/admin/connections/{socketId}`
void end_connection(const Floor& floor, Call&& call, const SharedReply& reply) {
  std::string id(call.params.get("socketId"));
  auto entry = audit_entry(call, "disconnect", "socket", id);
  chat::end_connection(floor.deeds().house(), id,
                       [&floor, reply, entry = std::move(entry), now = call.now](bool found) {
                         if (!found)
                           return reply.refuse({ErrorCode::not_found, "There is no such connection."});
                         floor.deeds().record(entry, now, [reply](Result<Done> recorded) {
                           if (!recorded) return reply.refuse(recorded.refusal());
                           reply.send(200, R"({"disconnected":true})");
                         });
                       });
}

/// `{tokenId? | issuedBefore?, expiresAt?}`; nothing: whatever was issued up to now.
Result<store::Revocation> parse_revocation(const Call& call, std::int64_t kept_ms) {
  const auto invalid = [](std::string why) { return Refusal{ErrorCode::invalid_payload, std::move(why)}; };
  const auto user = call.params.uuid("id");
  if (!user) return user.refusal();
  const auto member = [&](std::string_view name) {
    const auto* value = call.body.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  };
  const auto time = [&](std::string_view name) {
    const auto* value = member(name);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::nullopt : parse_iso_time({text->data(), text->size()});
  };
  store::Revocation wish;
  wish.user_id = *user;
  if (const auto* value = member("tokenId")) {
    const auto* token = value->if_string();
    if (token == nullptr || token->empty() || token->size() > token_id_bytes_max)
      return invalid("tokenId must be a jti: a text of 1 to 255 bytes");
    if (member("issuedBefore") != nullptr) return invalid("give tokenId or issuedBefore, not both");
    wish.token_id = std::string(token->data(), token->size());
  } else {
    wish.issued_before = member("issuedBefore") == nullptr ? std::optional(call.now) : time("issuedBefore");
    if (!wish.issued_before) return invalid("issuedBefore must be an ISO 8601 time");
  }
  wish.expires_at = member("expiresAt") == nullptr ? std::optional(call.now + kept_ms) : time("expiresAt");
  if (!wish.expires_at) return invalid("expiresAt must be an ISO 8601 time");
  return wish;
}

std::string revocation_json(const store::Revocation& revocation) {
  std::string json;
  chat::ObjectText object(json);
  object.number("id", revocation.id).id("userId", revocation.user_id);
  object.text_or_null("tokenId", revocation.token_id).time("issuedBefore", revocation.issued_before);
  object.time("expiresAt", revocation.expires_at);
  object.close();
  return json;
}

/// `POST /v1/admin/users/{id}/revoke`: in force everywhere when it is answered.
void revoke(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto wish = parse_revocation(call, floor.chat.options().revocations_kept_ms);
  if (!wish) return reply.refuse(wish.refusal());
  auto entry = audit_entry(call, "revoke", "user", wish->user_id->text());
  boost::json::object detail;
  if (!wish->token_id.empty()) detail["tokenId"] = wish->token_id;
  if (wish->issued_before) detail["issuedBefore"] = iso_time(*wish->issued_before);
  entry.detail = boost::json::serialize(detail);
  const auto outcome = std::make_shared<Result<store::Revocation>>(*wish);
  floor.deeds().change(
      *wish->user_id,
      [wish = *wish, entry, now = call.now, outcome](store::Store& store) {
        *outcome = store.revoke(wish, now);
        if (*outcome) store.audit(entry, now);
      },
      [&floor, reply, outcome](Result<Done> stored) {
        if (!stored) return reply.refuse(stored.refusal());
        if (!*outcome) return reply.refuse(outcome->refusal());
        floor.chat.watch().reload_revocations([reply, outcome](const std::optional<Refusal>& problem) {
          if (problem) return reply.refuse(*problem);
          reply.send(200, revocation_json(**outcome));
        });
      });
}

/// `GET /v1/admin/stats`
void stats(const Floor& floor, Call&&, const SharedReply& reply) {
  auto& house = floor.deeds().house();
  house.server().stats(sioxx::loop::Shard::here()->index(), [&house, reply](const sioxx::Stats& server) {
    reply.send(200, stats_json(server, house.database().stats(), house.metrics()));
  });
}

}  // namespace

void add_admin_routes(Router& router, const FloorPtr& floor) {
  add(router, floor,
      {"GET", "/v1/admin/connections", Guard::admin, Body::none, "Live connections, oldest first", {}},
      list_connections);
  add(router, floor,
      {"DELETE", "/v1/admin/connections/{socketId}", Guard::admin, Body::none, "End a connection", {}},
      end_connection);
  add(router, floor,
      {"POST",
       "/v1/admin/users/{id}/revoke",
       Guard::admin,
       Body::json,
       "Make tokens of a user worthless",
       {}},
      revoke);
  add(router, floor,
      {"GET", "/v1/admin/stats", Guard::admin, Body::none, "What the metrics know, as JSON", {}}, stats);
}

}  // namespace rozmova::api
