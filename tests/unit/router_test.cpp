#include "rozmova/api/router.hpp"

#include "rozmova/api/json.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rozmova::api {
namespace {

constexpr WallMs now = 1'700'000'000'000;
const Uuid alice = *Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad91");

/// Catches what is answered; an answer that is dropped counts as 500, as in net.
class Catch final : public http::Reply::Sink {
 public:
  explicit Catch(std::shared_ptr<http::Response> into) : into_(std::move(into)) {}
  ~Catch() override {
    if (!sent_) into_->status = 500;
  }
  void send(http::Response response) override {
    sent_ = true;
    *into_ = std::move(response);
  }

 private:
  std::shared_ptr<http::Response> into_;
  bool sent_ = false;
};

std::string header(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

std::string code(const http::Response& response) {
  return std::string(boost::json::parse(response.body).at("error").at("code").as_string());
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    RouterOptions options;
    options.service_token = "the service token";
    options.json_body_bytes_max = 100;
    options.json_depth_max = 4;
    options.now = [] { return now; };
    options.on_answer = [this](const Answered& answered) {
      seen.push_back(std::string(answered.route->path) + " " + std::to_string(answered.status) +
                     std::string(answered.failure));
    };
    router = std::make_unique<Router>(auth, metrics, std::move(options));
    const auto tell = [](std::string what) {
      return [what](Call&& call, http::Reply reply) {
        answer(reply, 200,
               boost::json::object{
                   {"route", what}, {"id", call.params.get("id")}, {"user", call.who.user_id.text()}});
      };
    };
    router->add({"GET", "/v1/orders/{id}", Guard::user, Body::none, "", tell("order")});
    router->add({"GET", "/v1/orders/mine", Guard::user, Body::none, "", tell("mine")});
    router->add({"POST", "/v1/orders/{id}/messages", Guard::user, Body::json, "",
                 [](Call&& call, http::Reply reply) { answer(reply, 201, call.body); }});
    router->add(
        {"GET", "/v1/orders/{id}/messages", Guard::user, Body::none, "", [](Call&& call, http::Reply reply) {
           const auto limit = call.query_int("limit", 50, 1, 200);
           if (!limit) return refuse(reply, limit.refusal());
           answer(reply, 200, boost::json::object{{"limit", *limit}});
         }});
    router->add({"GET", "/healthz", Guard::open, Body::none, "", tell("health")});
    router->add({"GET", "/v1/admin/stats", Guard::admin, Body::none, "", tell("stats")});
    router->add({"GET", "/v1/broken", Guard::open, Body::none, "",
                 [](Call&&, http::Reply) { throw std::runtime_error("oops"); }});
  }

  std::string token(Role role = Role::client, WallMs expires_at = now + 60'000) const {
    Identity who;
    who.user_id = alice;
    who.role = role;
    who.expires_at = expires_at;
    return auth.mint(who, now);
  }

  http::Response ask(const std::string& method, const std::string& path, const std::string& authorization,
                     const std::string& body = {}) {
    http::Request request;
    request.method = method;
    request.path = path.substr(0, path.find('?'));
    if (path.find('?') != std::string::npos) request.query = path.substr(path.find('?') + 1);
    if (!authorization.empty()) request.headers.emplace_back("authorization", authorization);
    request.body = body;
    auto response = std::make_shared<http::Response>();
    router->handle(std::move(request), http::Reply(std::make_unique<Catch>(response)));
    return std::move(*response);
  }
  http::Response as_alice(const std::string& method, const std::string& path, const std::string& body = {}) {
    return ask(method, path, "Bearer " + token(), body);
  }

  Auth auth{AuthOptions{.secret = "0123456789abcdef0123456789abcdef"}};
  Metrics metrics;
  std::unique_ptr<Router> router;
  std::vector<std::string> seen;
};

TEST_F(RouterTest, FindsByTemplateLiteralsFirst) {
  const auto order = boost::json::parse(as_alice("GET", "/v1/orders/42").body);
  EXPECT_EQ(order.at("route").as_string(), "order");
  EXPECT_EQ(order.at("id").as_string(), "42");
  EXPECT_EQ(order.at("user").as_string(), alice.text());
  EXPECT_EQ(boost::json::parse(as_alice("GET", "/v1/orders/mine").body).at("route").as_string(), "mine");
}

TEST_F(RouterTest, HeadIsGet) { EXPECT_EQ(as_alice("HEAD", "/v1/orders/42").status, 200); }

TEST_F(RouterTest, WhatIsNotThereIs404) {
  for (const char* path : {"/v1", "/v1/", "/v1/orders", "/v1/orders/", "/v1/orders/1/",
                           "/v1/orders/1/messages/2", "/V1/orders/1", "/nowhere", "//", ""}) {
    const http::Response response = as_alice("GET", path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(code(response), "NOT_FOUND") << path;
  }
}

TEST_F(RouterTest, TheOtherHandlerGetsWhatIsNotUnderV1) {
  router->otherwise(
      [](http::Request&& request, http::Reply reply) { answer(reply, 200, "\"" + request.path + "\""); });
  EXPECT_EQ(as_alice("GET", "/orders/42").body, "\"/orders/42\"");
  EXPECT_EQ(as_alice("GET", "/v10").body, "\"/v10\"");
  EXPECT_EQ(as_alice("GET", "/v1/nowhere").status, 404);
  EXPECT_EQ(as_alice("POST", "/healthz").status, 405);
}

TEST_F(RouterTest, AWrongMethodIsToldWhichAreRight) {
  const http::Response response = as_alice("DELETE", "/v1/orders/1/messages");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(header(response, "Allow"), "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(code(response), "INVALID_PAYLOAD");
  // /v1/orders/mine is also an /v1/orders/{id}.
  EXPECT_EQ(header(as_alice("PUT", "/v1/orders/mine"), "Allow"), "GET, HEAD, OPTIONS");
}

TEST_F(RouterTest, OptionsNeedsNoToken) {
  const http::Response response = ask("OPTIONS", "/v1/orders/1/messages", "");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(header(response, "Allow"), "GET, HEAD, OPTIONS, POST");
}

TEST_F(RouterTest, WithoutAGoodTokenNobodyComesIn) {
  for (const std::string& authorization : std::vector<std::string>{
           "", "Bearer", "Bearer ", "Bearer x", token(), "Basic " + token(), "the service token"}) {
    const http::Response response = ask("GET", "/v1/orders/1", authorization);
    EXPECT_EQ(response.status, 401) << authorization;
    EXPECT_EQ(code(response), "UNAUTHORIZED") << authorization;
    EXPECT_EQ(header(response, "WWW-Authenticate"), "Bearer realm=\"rozmova\"");
  }
  EXPECT_EQ(code(ask("GET", "/v1/orders/1", "Bearer " + token(Role::client, now - 60'000))), "TOKEN_EXPIRED");
  EXPECT_EQ(metrics.total(ErrorCode::unauthorized), 7U);
  EXPECT_EQ(metrics.total(ErrorCode::token_expired), 1U);
}

TEST_F(RouterTest, OpenRoutesAskNobody) { EXPECT_EQ(ask("GET", "/healthz", "Bearer nonsense").status, 200); }

TEST_F(RouterTest, AQueryTokenCountsOnlyWhenSwitchedOn) {
  EXPECT_EQ(ask("GET", "/v1/orders/1?token=" + token(), "").status, 401);
  RouterOptions options;
  options.query_token = true;
  options.now = [] { return now; };
  Router open(auth, metrics, std::move(options));
  open.add({"GET", "/v1/me", Guard::user, Body::none, "",
            [](Call&&, http::Reply reply) { answer(reply, 200, boost::json::object{}); }});
  http::Request request;
  request.method = "GET";
  request.path = "/v1/me";
  request.query = "token=" + token();
  auto response = std::make_shared<http::Response>();
  open.handle(std::move(request), http::Reply(std::make_unique<Catch>(response)));
  EXPECT_EQ(response->status, 200);
}

TEST_F(RouterTest, AdminRoutesAreForAdminsAndTheService) {
  EXPECT_EQ(code(as_alice("GET", "/v1/admin/stats")), "FORBIDDEN");
  EXPECT_EQ(code(ask("GET", "/v1/admin/stats", "Bearer " + token(Role::moderator))), "FORBIDDEN");
  EXPECT_EQ(ask("GET", "/v1/admin/stats", "Bearer " + token(Role::admin)).status, 200);
  EXPECT_EQ(ask("GET", "/v1/admin/stats", "Bearer the service token").status, 200);
  EXPECT_EQ(ask("GET", "/v1/admin/stats", "Bearer the service tokem").status, 401);
  EXPECT_EQ(code(ask("GET", "/v1/orders/1", "Bearer the service token")), "UNAUTHORIZED");
}

TEST_F(RouterTest, TheCheckHasTheLastWord) {
  router->check([](const Identity& who, WallMs) -> std::optional<Refusal> {
    return who.user_id == alice ? std::optional(Refusal{ErrorCode::token_revoked, "Signed out."})
                                : std::nullopt;
  });
  EXPECT_EQ(code(as_alice("GET", "/v1/orders/1")), "TOKEN_REVOKED");
  EXPECT_EQ(ask("GET", "/healthz", "").status, 200);
}

TEST_F(RouterTest, BodiesAreJsonObjects) {
  const std::string path = "/v1/orders/1/messages";
  EXPECT_EQ(as_alice("POST", path, R"( {"content":"Привіт"} )").body, R"({"content":"Привіт"})");
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "INVALID_PAYLOAD"},
      {"  ", "INVALID_PAYLOAD"},
      {"[]", "INVALID_PAYLOAD"},
      {"\"x\"", "INVALID_PAYLOAD"},
      {"null", "INVALID_PAYLOAD"},
      {"{\"a\":", "INVALID_PAYLOAD"},
      {"{\"a\":1}x", "INVALID_PAYLOAD"},
      {"{'a':1}", "INVALID_PAYLOAD"},
      {"{\"a\":\"\xff\"}", "INVALID_PAYLOAD"},
      {R"({"a":[[[[[1]]]]]})", "INVALID_PAYLOAD"},
      {"{\"a\":\"" + std::string(100, 'x') + "\"}", "PAYLOAD_TOO_LARGE"},
  };
  for (const auto& [body, expected] : bad) {
    const http::Response response = as_alice("POST", path, body);
    EXPECT_EQ(response.status, expected == "PAYLOAD_TOO_LARGE" ? 413 : 400) << body;
    EXPECT_EQ(code(response), expected) << body;
  }
  EXPECT_EQ(ask("POST", path, "", "{").status, 401) << "who asks comes before what is asked";
}

TEST_F(RouterTest, QueryNumbersHaveBounds) {
  const std::string path = "/v1/orders/1/messages";
  EXPECT_EQ(as_alice("GET", path).body, R"({"limit":50})");
  EXPECT_EQ(as_alice("GET", path + "?limit=200").body, R"({"limit":200})");
  for (const char* bad : {"0", "201", "-1", "", "x", "1x", "1.5", "99999999999999999999", "%27", "+5"}) {
    EXPECT_EQ(code(as_alice("GET", path + "?limit=" + bad)), "INVALID_PAYLOAD") << bad;
  }
}

TEST_F(RouterTest, AHandlerThatThrowsIsA500AndTold) {
  EXPECT_EQ(ask("GET", "/v1/broken", "").status, 500);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back(), "/v1/broken 500oops");
  EXPECT_EQ(metrics.total(ErrorCode::internal), 1U);
}

TEST_F(RouterTest, EveryAnswerIsTold) {
  as_alice("GET", "/v1/orders/1");
  ask("GET", "/v1/orders/1", "");
  EXPECT_EQ(seen, (std::vector<std::string>{"/v1/orders/{id} 200", "/v1/orders/{id} 401"}));
  EXPECT_EQ(metrics.total(Count::http_requests), 2U);
}

TEST_F(RouterTest, TheTableIsDataAndMistakesInItAreCaught) {
  EXPECT_EQ(router->routes().size(), 7U);
  EXPECT_EQ(router->routes().front().path, "/v1/orders/{id}");
  const Handler handler = [](Call&&, http::Reply) {};
  for (const char* path : {"", "/", "v1", "/v1/", "/v1//x", "/v1/{}", "/v1/{id", "/v1/a{id}", "/v1/{id}/{id}",
                           "/v1/orders/{id}"}) {
    EXPECT_THROW(router->add({"GET", path, Guard::open, Body::none, "", handler}), std::logic_error) << path;
  }
  EXPECT_THROW(router->add({"GET", "/v1/x", Guard::open, Body::none, "", {}}), std::logic_error);
}

TEST(Params, OnlyUuidsAreIds) {
  Params params;
  params.add("id", "0190163D-8694-739b-aea5-966c26f8ad91");
  params.add("other", "1");
  EXPECT_EQ(*params.uuid("id"), alice);
  EXPECT_EQ(params.uuid("other").refusal().code, ErrorCode::not_found);
  EXPECT_EQ(params.uuid("none").refusal().code, ErrorCode::not_found);
}

TEST(Refusals, SayHowLongToWait) {
  const http::Response response = refusal_response({ErrorCode::rate_limited, "Slower.", 1'500});
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(header(response, "Retry-After"), "2");
  EXPECT_EQ(response.body, R"({"error":{"code":"RATE_LIMITED","message":"Slower.","retryAfterMs":1500}})");
  EXPECT_EQ(header(response, "Cache-Control"), "no-store");
}

}  // namespace
}  // namespace rozmova::api
