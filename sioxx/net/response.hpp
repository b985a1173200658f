#pragma once

#include "sioxx/net/http.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sioxx::net {

/// What those are told who may come back: 503 and 429.
inline constexpr std::string_view retry_after_s = "5";

/// "Not Found" of 404; "Status" for a number without a name.
std::string_view status_text(int status);

/// Bytes of the body, wherever it lies.
std::uint64_t body_size(const http::Response& response);

/// Appends status line and headers, each with its CRLF. Content-Length is written for every status that may have a
/// body. Header fields that would break the head (CR, LF, NUL) are left out.
void append_head(std::string& out, const http::Response& response);

/// An answer whose body is JSON.
http::Response json_response(int status, std::string body);
/// `{"error":{"code":…,"message":…}}`; both are plain text of ours.
http::Response error_response(int status, std::string_view code, std::string_view message);

}  // namespace sioxx::net
