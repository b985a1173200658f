#pragma once

#include <string>
#include <vector>

#include "options.hpp"

namespace bench {

/// Makes the users and orders of a scenario known to the server over REST: `GET /v1/me` once with each
/// seat's token (first use creates the user), then `POST /v1/orders` as administrator. Requests are
/// pipelined (RFC 9112 §9.3.2) on sixteen connections, sixteen unanswered each. Blocking; before the loop runs.
/// An order that is there already (409) is fine. Throws std::runtime_error naming the refused request.
/// Returns the order id of each chat as the server knows it.
[[nodiscard]] std::vector<std::string> set_up_over_rest(const Options& options);

}  // namespace bench
