#include "rozmova/api/documents.hpp"

#include "rozmova/api/json.hpp"
#include "rozmova/version.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <memory>

namespace rozmova::api {

namespace json = boost::json;

std::string document(std::string_view text) {
  json::value whole = json::parse(text);
  json::object& root = whole.as_object();
  root["info"].as_object()["version"] = version;
  root["components"].as_object()["schemas"] = json::parse(schemas_json);
  return json::serialize(whole);
}

void add_documents_routes(Router& router) {
  const auto given = [](std::string_view text) {
    return [body = std::make_shared<const std::string>(document(text))](Call&&, http::Reply reply) {
      http::Response response = json_response(200, {});
      response.shared_body = body;
      reply.send(std::move(response));
    };
  };
  router.add(
      {"GET", "/v1/openapi.json", Guard::open, Body::none, "This API, as OpenAPI 3.1", given(openapi_json)});
  router.add({"GET", "/v1/asyncapi.json", Guard::open, Body::none, "The events, as AsyncAPI 3.0",
              given(asyncapi_json)});
}

}  // namespace rozmova::api
