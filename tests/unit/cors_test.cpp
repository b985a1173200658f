#include "net_world.hpp"

namespace sioxx::net::test {
namespace {

TEST(CorsRules, OffMeansNoHeaders) {
  World world;
  Client client(world);
  const Answer answer = client.get(polling, "Origin: https://shop.example\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(answer.header("Vary"), "");
}

TEST(CorsRules, ListedOriginsGetTheirHeadersAlsoOnErrors) {
  Options options;
  options.cors_origins = {"https://shop.example", "https://other.example"};
  options.cors_exposed_headers = {"Date", "Retry-After"};
  World world(options);
  world.on_http = [&](http::Request&&, http::Reply reply) { reply.error(403, "FORBIDDEN", "no \"entry\""); };
  Client client(world);
  const std::string origin = "Origin: https://shop.example\r\n";
  for (const std::string& target : {polling, polling + "&sid=x", std::string("/v1/me")}) {
    const Answer answer = client.get(target, origin);
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://shop.example") << target;
    EXPECT_EQ(answer.header("Access-Control-Allow-Credentials"), "true");
    EXPECT_EQ(answer.header("Access-Control-Expose-Headers"), "Date, Retry-After");
    EXPECT_EQ(answer.header("Vary"), "Origin");
  }
  const Answer error = client.get("/v1/me", "Origin: https://evil.example\r\n");
  EXPECT_EQ(error.header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(error.header("Access-Control-Expose-Headers"), "");
  EXPECT_EQ(error.header("Vary"), "Origin");
  EXPECT_EQ(error.body, R"({"error":{"code":"FORBIDDEN","message":"no \"entry\""}})");
  const Answer too_big = client.post("/v1/me", std::string(2'000'000, 'x'), origin);
  EXPECT_EQ(too_big.status, 413);
  EXPECT_EQ(too_big.header("Access-Control-Allow-Origin"), "https://shop.example");
}

TEST(CorsRules, PreflightIsAnsweredHere) {
  Options options;
  options.cors_origins = {"https://shop.example"};
  World world(options);
  Client client(world);
  const std::string ask =
      "Origin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n"
      "Access-Control-Request-Headers: authorization, content-type\r\n\r\n";
  for (const std::string& target : {polling, std::string("/v1/orders")}) {
    client.send("OPTIONS " + target + " HTTP/1.1\r\nHost: h\r\n" + ask);
    const Answer answer = client.answer();
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://shop.example");
    EXPECT_EQ(answer.header("Access-Control-Allow-Headers"), "authorization, content-type");
    EXPECT_NE(answer.header("Access-Control-Allow-Methods").find("POST"), std::string::npos);
  }
}

TEST(CorsRules, WhatIsRefusedBeforeItsHeadIsReadKeepsItsOriginWhenThatHasCome) {
  Options options;
  options.cors_origins = {"https://shop.example"};
  const std::string get = "GET /v1/me HTTP/1.1\r\nHost: h\r\n";
  const std::string pad = "X: " + std::string(20'000, 'x') + "\r\n";
  std::string many;
  for (int i = 0; i < 200; ++i) many += "X: y\r\n";
  const std::string allowed = "https://shop.example";
  const struct {
    std::string request;
    int status;
    std::string origin;
  } cases[] = {
      {get + "oRiGin:\thttps://shop.example \r\n" + pad + "\r\n", 431, allowed},
      {get + "Origin: https://shop.example\r\n" + many + "\r\n", 431, allowed},
      {get + "Origin: https://shop.example\r\nbad header\r\n\r\n", 400, allowed},
      {get + "Origin: https://evil.example\r\n" + pad + "\r\n", 431, ""},
      {get + "X: " + std::string(20'000, 'x'), 431, ""},
      {get + "bad header\r\n\r\nOrigin: https://shop.example\r\n", 400, ""},
      {"Origin: https://shop.example\r\n\r\n", 400, ""},
  };
  for (const auto& one : cases) {
    World world(options);
    Client client(world);
    client.send(one.request);
    const Answer answer = client.answer();
    EXPECT_EQ(answer.status, one.status) << one.request.substr(0, 120);
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), one.origin) << one.request.substr(0, 120);
  }
}

TEST(CorsRules, AHeadThatComesTooSlowlyKeepsItsOriginToo) {
  Options options;
  options.cors_origins = {"https://shop.example"};
  options.http_header_timeout_ms = 20;
  World world(options);
  Client client(world);
  client.send("GET / HTTP/1.1\r\nOrigin: https://shop.example\r\nHost: h");
  const Answer answer = client.answer();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://shop.example");
}

TEST(CorsRules, AnyOriginGoesWithoutCredentials) {
  Options options;
  options.cors_origins = {"*"};
  options.cors_exposed_headers = {"Date"};
  World world(options);
  Client client(world);
  const Answer answer = client.get(polling, "Origin: https://anybody.example\r\n");
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(answer.header("Access-Control-Allow-Credentials"), "");
  EXPECT_EQ(answer.header("Access-Control-Expose-Headers"), "Date");
}

}  // namespace
}  // namespace sioxx::net::test
