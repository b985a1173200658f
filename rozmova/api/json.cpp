#include "rozmova/api/json.hpp"

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace rozmova::api {

namespace json = boost::json;
namespace http = sioxx::http;

http::Response refusal_response(const Refusal& refusal) {
  json::object error = {{"code", text(refusal.code)}, {"message", refusal.message}};
  if (refusal.retry_after_ms > 0) error["retryAfterMs"] = refusal.retry_after_ms;
  http::Response response =
      json_response(http_status(refusal.code), json::serialize(json::object{{"error", std::move(error)}}));
  if (refusal.retry_after_ms > 0) {
    response.headers.emplace_back("Retry-After", std::to_string((refusal.retry_after_ms + 999) / 1000));
  }
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"rozmova\"");
  return response;
}

void refuse(http::Reply& reply, const Refusal& refusal) { reply.send(refusal_response(refusal)); }

http::Response json_response(int status, std::string text) {
  http::Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"},
                      {"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"}};
  response.body = std::move(text);
  return response;
}

void answer(http::Reply& reply, int status, std::string text) {
  reply.send(json_response(status, std::move(text)));
}

void answer(http::Reply& reply, int status, const json::value& value) {
  answer(reply, status, json::serialize(value));
}

Result<json::object> parse_object(std::string_view text, std::size_t bytes_max, std::size_t depth_max) {
  if (text.size() > bytes_max) {
    return Refusal{ErrorCode::payload_too_large, fmt::format("The body is larger than {} bytes.", bytes_max)};
  }
  const auto invalid = [](std::string message) {
    return Refusal{ErrorCode::invalid_payload, std::move(message)};
  };
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return invalid("The body is empty; a JSON object is expected.");
  json::parse_options options;
  options.max_depth = depth_max;
  json::parser parser({}, options);
  json::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (error == json::error::too_deep)
    return invalid(fmt::format("The body is nested deeper than {} levels.", depth_max));
  if (error) return invalid(fmt::format("The body is no valid JSON: it goes wrong at byte {}.", read));
  if (read != text.size())
    return invalid(fmt::format("After the JSON value there is more, from byte {} on.", read));
  json::value value = parser.release();
  if (!value.is_object()) return invalid("The body must be a JSON object.");
  return std::move(value.get_object());
}

}  // namespace rozmova::api
