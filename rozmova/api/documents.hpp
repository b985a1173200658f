#pragma once

#include "rozmova/api/router.hpp"

#include <string>
#include <string_view>

namespace rozmova::api {

// The files of spec/, compiled in: what is said over HTTP, what is said over the socket, and the shapes of both.
extern const std::string_view openapi_json;
extern const std::string_view asyncapi_json;
extern const std::string_view schemas_json;

/// One of the documents as it is given out: whole, with the shapes in `components.schemas` and this program's version.
std::string document(std::string_view json);

/// `GET /v1/openapi.json`, `GET /v1/asyncapi.json`: for everybody.
void add_documents_routes(Router& router);

}  // namespace rozmova::api
