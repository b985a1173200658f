// Every route is in openapi.json, and nothing else is.
#include "rozmova/api/documents.hpp"
#include "tests/unit/chat_world.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace rozmova::api {
namespace {

TEST(Documents, EveryRouteAndNothingElse) {
  testing::WorldOptions options;
  options.demo = true;
  testing::World world(options);
  std::set<std::string> routes;
  for (const Route& route : world.router().routes()) routes.insert(route.method + " " + route.path);
  // Those of machines are added by main.
  for (const char* path : {"/healthz", "/readyz", "/metrics"}) routes.insert(std::string("GET ") + path);

  std::set<std::string> documented;
  const auto openapi = boost::json::parse(document(openapi_json));
  for (const auto& [path, methods] : openapi.at("paths").as_object()) {
    for (const auto& [method, operation] : methods.as_object()) {
      std::string name(method);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      documented.insert(name + " " + std::string(path));
    }
  }
  EXPECT_EQ(routes, documented);
}

TEST(Documents, SayWhichVersionTheyAreOf) {
  for (const std::string_view text : {openapi_json, asyncapi_json}) {
    const auto whole = boost::json::parse(document(text));
    EXPECT_NE(whole.at_pointer("/info/version").as_string(), "0");
    EXPECT_TRUE(whole.at_pointer("/components/schemas/OrderChatMessage").is_object());
  }
}

}  // namespace
}  // namespace rozmova::api
