#pragma once

#include "rozmova/access.hpp"
#include "rozmova/chat/house.hpp"
#include "rozmova/uuid.hpp"
#include "sioxx/server.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace rozmova::chat {

/// What the chat keeps of one connection: who it is and until when. Owned by its Socket (Socket::data), used
/// by that socket's shard; 104 bytes, because there may be very many. Its timer watches the token:
///
///   exp - token_warning_ms      token_expiring is sent
///   exp                         actions fail with TOKEN_EXPIRED
///   exp + token_grace_ms        chat_error TOKEN_EXPIRED, then the connection is closed
class Device final : private sioxx::loop::Timer {
 public:
  Device(House& house, sioxx::Socket& socket, const Identity& identity, Role role, const Uuid& id);

  const Uuid& id() const { return id_; }  ///< also of its row in websocket_connections
  const Uuid& user() const { return user_; }
  Role role() const { return role_; }
  /// The role in the users table is this one now; false: that changes nothing here.
  bool table_says(Role role);
  WallMs expires_at() const { return expires_at_; }
  /// When it came: its id says it.
  WallMs since() const { return id_.unix_ms(); }
  Caller caller() const;
  /// As the token said; for checks at every action.
  Identity identity() const;

  /// After the connection stands: starts watching the token.
  void connected();
  bool is_connected() const { return watch_ != Watch::waiting; }
  void disconnected();
  /// Whether one more refusal of this connection goes into the log, at most `lines_max` in `window_ms`: nothing
  /// = no; else how many were left out since the last line.
  std::optional<std::uint32_t> refusal_line(std::uint32_t lines_max, std::int64_t window_ms);
  std::uint32_t refusals_left_out() const { return rare_ == nullptr ? 0 : rare_->refusals_left_out; }
  /// A new token of the same user; `role` is its own or the one of the users table.
  void renew(const Identity& identity, Role role);

 private:
  enum class Watch : std::uint8_t { waiting, fresh, warned };
  static constexpr int time_bits = 56;  ///< a million years of milliseconds, and a byte for something else
  /// What few have.
  struct Rare {
    std::string token_id;
    sioxx::loop::TimeMs refusals_since = 0;
    std::uint32_t refusal_lines = 0, refusals_left_out = 0;
  };

  Rare& rare();
  void take_token(const Identity& identity);
  void on_timer(sioxx::loop::TimeMs now) override;
  void arm_for(WallMs moment);

  House& house_;
  sioxx::Socket& socket_;
  Uuid id_;
  Uuid user_;
  std::unique_ptr<Rare> rare_;
  WallMs issued_at_ : time_bits;
  Role role_;
  WallMs expires_at_ : time_bits;
  bool role_from_token_ : 1;
  Watch watch_ : 2;
};

}  // namespace rozmova::chat
