#include "rozmova/chat/device.hpp"

#include "rozmova/chat/events.hpp"
#include "rozmova/chat/render.hpp"

#include <algorithm>
#include <utility>

namespace rozmova::chat {

namespace {

/// The wall clock may be set while we wait, so no wait for a moment on it is longer than this.
constexpr std::int64_t wait_max_ms = 3'600'000;

std::unique_ptr<const std::string> kept(const std::string& token_id) {
  return token_id.empty() ? nullptr : std::make_unique<const std::string>(token_id);
}

}  // namespace

Device::Device(House& house, sioxx::Socket& socket, const Identity& identity, Role role, const Uuid& id)
    : house_(house),
      socket_(socket),
      id_(id),
      user_(identity.user_id),
      issued_at_(identity.issued_at),
      expires_at_(identity.expires_at),
      since_(socket.shard().now()),
      token_id_(kept(identity.token_id)),
      role_(role),
      role_from_token_(identity.role_from_token) {}

Caller Device::caller() const { return {user_, role_, role_from_token_, id_, socket_.ref()}; }

bool Device::table_says(Role role) {
  if (role_from_token_ || role_ == role) return false;
  role_ = role;
  return true;
}

Identity Device::identity() const {
  Identity identity;
  identity.user_id = user_;
  identity.role = role_;
  if (token_id_ != nullptr) identity.token_id = *token_id_;
  identity.issued_at = issued_at_;
  identity.expires_at = expires_at_;
  identity.role_from_token = role_from_token_;
  return identity;
}

void Device::connected() {
  watch_ = Watch::fresh;
  arm_for(expires_at_ - house_.options().token_warning_ms);
}

void Device::disconnected() { disarm(); }

std::optional<std::uint32_t> Device::refusal_line(std::uint32_t lines_max, std::int64_t window_ms) {
  const auto now = socket_.shard().now();
  if (refusal_lines_ == 0 || now - refusals_since_ >= window_ms) {
    refusals_since_ = now;
    refusal_lines_ = 0;
  }
  if (refusal_lines_ >= lines_max) {
    ++refusals_left_out_;
    return std::nullopt;
  }
  ++refusal_lines_;
  return std::exchange(refusals_left_out_, 0);
}

void Device::renew(const Identity& identity, Role role) {
  issued_at_ = identity.issued_at;
  expires_at_ = identity.expires_at;
  token_id_ = kept(identity.token_id);
  role_ = role;
  role_from_token_ = identity.role_from_token;
  connected();
}

void Device::arm_for(WallMs moment) {
  auto& shard = socket_.shard();
  const std::int64_t wait = std::clamp<std::int64_t>(moment - shard.wall(), 0, wait_max_ms);
  shard.timers().arm(*this, shard.now() + wait);
}

void Device::on_timer(sioxx::loop::TimeMs) {
  const WallMs moment = watch_ == Watch::fresh ? expires_at_ - house_.options().token_warning_ms
                                               : expires_at_ + house_.options().token_grace_ms;
  if (socket_.shard().wall() < moment) return arm_for(moment);
  if (watch_ == Watch::fresh) {
    watch_ = Watch::warned;
    socket_.send(house_.encode(token_expiring_event, token_expiring_json(expires_at_)));
    arm_for(expires_at_ + house_.options().token_grace_ms);
    return;
  }
  house_.expel(socket_.ref(), "connect", {ErrorCode::token_expired, "the token has expired; sign in again"});
}

}  // namespace rozmova::chat
