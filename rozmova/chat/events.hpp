#pragma once

#include "rozmova/chat/options.hpp"
#include "rozmova/model.hpp"
#include "rozmova/refusal.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rozmova::chat {

/// What orders and disputes call the same things. One code serves both kinds; only these words differ.
struct EventNames {
  std::string_view id_key;  ///< "orderId"
  std::string_view join;    ///< "join_order_chat"
  std::string_view leave;
  std::string_view message;
  std::string_view typing;
  std::string_view read;
  std::string_view status;
  std::string_view status_update;  ///< what the server says of it
};
const EventNames& names(ChatKind kind);

inline constexpr std::string_view auth_refresh_event = "auth_refresh";
inline constexpr std::string_view dispute_note_event = "dispute_note";
inline constexpr std::string_view dispute_assigned_event = "dispute_assigned";
inline constexpr std::string_view presence_event = "user_presence";
inline constexpr std::string_view chat_error_event = "chat_error";
inline constexpr std::string_view server_draining_event = "server_draining";
inline constexpr std::string_view token_expiring_event = "token_expiring";

// ---- client -> server (spec §3)
// Unknown keys are ignored; a missing key, a wrong type or a value out of bounds is a Refusal whose message names the
// field. null is the same as absent for optional fields. Pure.

struct JoinPayload {
  ChatKey chat;
  std::optional<std::int64_t> after_seq;
  std::optional<std::int64_t> after_change_seq;
};
struct TypingPayload {
  ChatKey chat;
  bool is_typing = false;
};
struct ReadPayload {
  ChatKey chat;
  std::int64_t seq = 0;
};

/// `payload` is the event's first argument; null when it came without one.
Result<JoinPayload> parse_join(ChatKind kind, const boost::json::value* payload);
Result<ChatKey> parse_leave(ChatKind kind, const boost::json::value* payload);
/// Sender and role stay empty.
Result<NewMessage> parse_message(ChatKind kind, const boost::json::value* payload, const ChatOptions& limits);
Result<TypingPayload> parse_typing(ChatKind kind, const boost::json::value* payload);
Result<ReadPayload> parse_read(ChatKind kind, const boost::json::value* payload);
Result<std::string> parse_auth_refresh(const boost::json::value* payload);

// ---- the same bodies over REST, where the chat stands in the path
Result<NewMessage> parse_message_body(const ChatKey& chat, const boost::json::object& body,
                                      const ChatOptions& limits);
Result<std::int64_t> parse_read_body(const boost::json::object& body);

/// A party of a new order: by id, or with a name when it is somebody who may still be unknown (`{id, name}`).
struct PartyPayload {
  Uuid id;
  std::optional<std::string> name;
};
struct OrderPayload {
  std::optional<Uuid> id;
  std::string title;
  std::optional<PartyPayload> client;
  PartyPayload performer;
  std::int64_t amount_minor = 0;
  std::string currency;
  std::optional<WallMs> deadline_at;
};
/// `{id?, title, clientId? | client?:{id,name?}, performerId | performer:{id,name?}, amount?, currency?,
/// deadlineAt?}`.
Result<OrderPayload> parse_order_body(const boost::json::object& body, const ChatOptions& limits);
// ---- workflow: a body over REST, where the chat stands in the path, and the payload of an event, where it does not
/// `{status, note?, orderStatus?}`; orderStatus goes with the decision of a dispute.
struct StatusPayload {
  ChatKey chat;
  std::string status;
  std::string note;
  std::optional<OrderStatus> order_status;
  std::optional<Uuid> by;  ///< an admin's or the backend's: in whose name
};
Result<StatusPayload> parse_status(ChatKind kind, const boost::json::value* payload,
                                   const ChatOptions& limits);
Result<StatusPayload> parse_status_body(const ChatKey& chat, const boost::json::object& body,
                                        const ChatOptions& limits);

/// `{disputeId, content, clientMessageId?}`
struct NotePayload {
  Uuid dispute_id;
  std::string content;
  std::optional<std::string> client_message_id;
};
Result<NotePayload> parse_note(const boost::json::value* payload, const ChatOptions& limits);
Result<NotePayload> parse_note_body(const Uuid& dispute, const boost::json::object& body,
                                    const ChatOptions& limits);

/// `{reason, id?}`
struct DisputePayload {
  std::optional<Uuid> id;
  std::string reason;
  std::optional<Uuid> by;  ///< as in StatusPayload
};
Result<DisputePayload> parse_dispute_body(const boost::json::object& body, const ChatOptions& limits);
/// `{moderatorId?}`: nothing = whoever asks, null = nobody.
Result<std::optional<Uuid>> parse_assign_body(const boost::json::object& body, const Uuid& asks);

/// `{userId}` of the demo sign-in.
Result<Uuid> parse_user_body(const boost::json::object& body);

/// Unicode code points of valid UTF-8.
std::size_t characters(std::string_view utf8);

}  // namespace rozmova::chat
