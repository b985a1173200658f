#pragma once

#include "rozmova/refusal.hpp"
#include "sioxx/server.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace rozmova::api {

/// `{"error":{"code","message"[,"retryAfterMs"]}}` with the status of its code (and Retry-After, WWW-Authenticate).
sioxx::http::Response refusal_response(const Refusal& refusal);
void refuse(sioxx::http::Reply& reply, const Refusal& refusal);

/// A JSON answer. `json` is finished JSON text; never cached by anybody on the way.
sioxx::http::Response json_response(int status, std::string json);
void answer(sioxx::http::Reply& reply, int status, std::string json);
void answer(sioxx::http::Reply& reply, int status, const boost::json::value& value);

/// One JSON object from a request's body; INVALID_PAYLOAD says where it goes wrong, PAYLOAD_TOO_LARGE what is allowed.
/// Duplicate keys: the last one counts, as in every browser. Text that is not UTF-8 is refused.
Result<boost::json::object> parse_object(std::string_view text, std::size_t bytes_max, std::size_t depth_max);

}  // namespace rozmova::api
