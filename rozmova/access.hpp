#pragma once

#include "rozmova/model.hpp"
#include "rozmova/refusal.hpp"

namespace rozmova {

/// Who asks. What a verified token says, with the role settled.
struct Identity {
  Uuid user_id;
  std::string name;
  Role role = Role::client;
  std::string token_id;   ///< jti, may be empty
  WallMs issued_at = 0;   ///< iat; 0 when the token has none
  WallMs expires_at = 0;  ///< exp
  /// sub and name stand in the token, role perhaps not: then the users table decides.
  bool role_from_token = true;
};

/// What somebody wants to do in a chat.
enum class Deed : std::uint8_t {
  read,
  send,
  type,
  mark_read,
  edit,
  upload,
  download,
  change_status,
  see_revisions,
  note  ///< to read and to write what moderators say among themselves
};

/// The table of spec §5, pure. Nothing = yes. A stranger and a missing chat look the same from outside: NOT_FOUND is for
/// chats that do not exist, FORBIDDEN for those that do.
std::optional<Refusal> may(const Uuid& user, Role role, Deed deed, const ChatFacts& chat);

}  // namespace rozmova
