#include "rozmova/refusal.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace rozmova {
namespace {

TEST(Refusal, EveryCodeHasItsWireNameAndHttpStatus) {
  const struct {
    ErrorCode code;
    std::string_view name;
    int http;
  } rows[] = {
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
  };
  for (const auto& row : rows) {
    EXPECT_EQ(text(row.code), row.name);
    EXPECT_EQ(http_status(row.code), row.http);
  }
}

TEST(Result, IsAValueOrARefusal) {
  Result<std::unique_ptr<int>> value = std::make_unique<int>(7);
  ASSERT_TRUE(value);
  EXPECT_EQ(**value, 7);
  const Result<std::unique_ptr<int>> no = Refusal{ErrorCode::rate_limited, "slower", 250};
  ASSERT_FALSE(no);
  EXPECT_EQ(no.refusal().code, ErrorCode::rate_limited);
  EXPECT_EQ(no.refusal().retry_after_ms, 250);
}

}  // namespace
}  // namespace rozmova
