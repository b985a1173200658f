#include "rozmova/chat/device.hpp"

#include "rozmova/chat/events.hpp"
#include "rozmova/chat/render.hpp"

#include <algorithm>
#include <utility>

namespace rozmova::chat {

namespace {

/// The wall clock may be set while we wait, so no wait for a moment on it is longer than this.
constexpr std::int64_t wait_max_ms = 3'600'000;

}  // namespace

Device::Device(House& house, sioxx::Socket& socket, const Identity& identity, Role role, const Uuid& id)
    : house_(house),
      socket_(socket),
      id_(id),
      user_(identity.user_id),
      role_(role),
      role_from_token_(identity.role_from_token),
      watch_(Watch::waiting) {
  take_token(identity);
}

Device::Rare& Device::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

void Device::take_token(const Identity& identity) {
  constexpr WallMs latest = (WallMs{1} << (time_bits - 1)) - 1;
  issued_at_ = std::clamp<WallMs>(identity.issued_at, 0, latest) & latest;
  expires_at_ = std::clamp<WallMs>(identity.expires_at, 0, latest) & latest;
  if (rare_ != nullptr || !identity.token_id.empty()) rare().token_id = identity.token_id;
}

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
  if (rare_ != nullptr) identity.token_id = rare_->token_id;
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
  Rare& mine = rare();
  if (mine.refusal_lines == 0 || now - mine.refusals_since >= window_ms) {
    mine.refusals_since = now;
    mine.refusal_lines = 0;
  }
  if (mine.refusal_lines >= lines_max) {
    ++mine.refusals_left_out;
    return std::nullopt;
  }
  ++mine.refusal_lines;
  return std::exchange(mine.refusals_left_out, 0);
}

void Device::renew(const Identity& identity, Role role) {
  take_token(identity);
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
