#include "rozmova/refusal.hpp"

#include <array>

namespace rozmova {
namespace {

struct ErrorAnswer {
  ErrorCode code;
  std::string_view text;
  int http_status;
};

constexpr std::array<ErrorAnswer, 13> answers = {{
    {ErrorCode::unauthorized, "UNAUTHORIZED", 401},
    {ErrorCode::token_expired, "TOKEN_EXPIRED", 401},
    {ErrorCode::token_revoked, "TOKEN_REVOKED", 401},
    {ErrorCode::forbidden, "FORBIDDEN", 403},
    {ErrorCode::not_found, "NOT_FOUND", 404},
    {ErrorCode::invalid_payload, "INVALID_PAYLOAD", 400},
    {ErrorCode::payload_too_large, "PAYLOAD_TOO_LARGE", 413},
    {ErrorCode::rate_limited, "RATE_LIMITED", 429},
    {ErrorCode::conflict, "CONFLICT", 409},
    {ErrorCode::illegal_transition, "ILLEGAL_TRANSITION", 409},
    {ErrorCode::chat_closed, "CHAT_CLOSED", 409},
    {ErrorCode::unavailable, "UNAVAILABLE", 503},
    {ErrorCode::internal, "INTERNAL", 500},
}};

constexpr bool answers_follow_the_enum() {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (static_cast<std::size_t>(answers[i].code) != i) return false;
  }
  return answers.back().code == ErrorCode::internal;
}
static_assert(answers_follow_the_enum());

const ErrorAnswer& row(ErrorCode code) { return answers[static_cast<std::size_t>(code)]; }

}  // namespace

std::string_view text(ErrorCode code) { return row(code).text; }
int http_status(ErrorCode code) { return row(code).http_status; }

}  // namespace rozmova
