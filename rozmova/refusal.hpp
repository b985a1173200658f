#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace rozmova {

/// Every way in which Rozmova says no (spec §3). One table in refusal.cpp maps each to its text and its HTTP status.
enum class ErrorCode : std::uint8_t {
  unauthorized,
  token_expired,
  token_revoked,
  forbidden,
  not_found,
  invalid_payload,
  payload_too_large,
  rate_limited,
  conflict,
  illegal_transition,
  chat_closed,
  unavailable,
  internal,
};

/// "FORBIDDEN" and the like: what goes over the wire.
std::string_view text(ErrorCode code);
int http_status(ErrorCode code);

/// A no with its reason, in words that say what to do. Never contains secrets or message text.
struct Refusal {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::int64_t retry_after_ms = 0;  ///< 0: none
};

/// A value or a refusal. Refusals are ordinary answers to hostile or mistaken input, not exceptions.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Refusal refusal) : state_(std::move(refusal)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() {
    assert(*this);
    return *std::get_if<0>(&state_);
  }
  const T& operator*() const {
    assert(*this);
    return *std::get_if<0>(&state_);
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }
  const Refusal& refusal() const {
    assert(!*this);
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Refusal> state_;
};

/// For deeds without a value.
struct Done {};

}  // namespace rozmova
