#include "rozmova/api/routes.hpp"

#include "rozmova/chat/demo.hpp"
#include "rozmova/chat/events.hpp"
#include "rozmova/chat/render.hpp"

#include <utility>

namespace rozmova::api {

namespace {

/// `GET /v1/me`
void me(const Floor& floor, Call&& call, const SharedReply& reply) {
  floor.at_pace(call, reply, [&floor, reply, who = call.who, now = call.now] {
    floor.deeds().settle(who, now, [reply](Result<User> user) {
      if (!user) return reply.refuse(user.refusal());
      std::string json;
      chat::append_user(json, *user);
      reply.send(200, std::move(json));
    });
  });
}

/// `GET /v1/demo/people`
void people(const Floor&, Call&&, const SharedReply& reply) {
  std::string json = R"({"people":[)";
  for (const auto& person : chat::demo_people()) {
    if (&person != &chat::demo_people().front()) json += ',';
    chat::append_user(json, *chat::demo_person(Uuid::parse(person.id).value()));
  }
  reply.send(200, json + "]}");
}

/// `POST /v1/auth/demo`: signs in as one of the demo's people, no password asked.
void sign_in(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto wait = floor.deeds().house().take(call.request.address, chat::AddressRates::Kind::demo_sign_in);
  if (wait > 0) return reply.refuse({ErrorCode::rate_limited, "Too many sign-ins; try again later.", wait});
  const auto id = chat::parse_user_body(call.body);
  if (!id) return reply.refuse(id.refusal());
  const auto person = chat::demo_person(*id);
  if (!person) return reply.refuse({ErrorCode::not_found, "The demo has no such person."});
  Identity identity;
  identity.user_id = person->id;
  identity.name = person->name;
  identity.role = person->role;
  identity.issued_at = call.now;
  identity.expires_at = call.now + floor.options.demo_token_ms;
  std::string json;
  chat::ObjectText answer(json);
  answer.text("token", floor.auth.mint(identity, call.now)).key("user");
  chat::append_user(json, *person);
  answer.time("expiresAt", identity.expires_at);
  answer.close();
  reply.send(200, std::move(json));
}

}  // namespace

void add_people_routes(Router& router, const FloorPtr& floor) {
  add(router, floor,
      {"GET", "/v1/me", Guard::user, Body::none, "Who the token says I am; creates an unknown user", {}}, me);
  if (!floor->options.demo) return;
  add(router, floor,
      {"GET", "/v1/demo/people", Guard::open, Body::none, "People of the demo marketplace", {}}, people);
  add(router, floor, {"POST", "/v1/auth/demo", Guard::open, Body::json, "Sign in as one of them", {}},
      sign_in);
}

}  // namespace rozmova::api
