#pragma once

#include "rozmova/uuid.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rozmova {

/// Milliseconds since 1970, UTC; on the wire ISO-8601 with milliseconds and Z.
using WallMs = std::int64_t;
std::string iso_time(WallMs time);
void append_iso_time(std::string& out, WallMs time);
std::optional<WallMs> parse_iso_time(std::string_view text);

/// Nothing to read: white space, characters without width, or nothing at all. UTF-8.
bool is_blank(std::string_view text);

enum class Role : std::uint8_t { client, performer, moderator, admin };
std::string_view text(Role role);
std::optional<Role> parse_role(std::string_view text);

struct User {
  Uuid id;
  std::string name;
  Role role = Role::client;
  std::string locale;  ///< "uk", "en" or empty
};

enum class OrderStatus : std::uint8_t {
  created,
  accepted,
  in_progress,
  delivered,
  completed,
  cancelled,
  disputed
};
std::string_view text(OrderStatus status);
std::optional<OrderStatus> parse_order_status(std::string_view text);
/// In such a state nothing is written into the chat any more: cancelled orders. A completed order's chat stays open.
bool closes_chat(OrderStatus status);

struct Order {
  Uuid id;
  std::int64_t number = 0;  ///< what people call it: №1042
  std::string title;
  OrderStatus status = OrderStatus::created;
  std::int64_t amount_minor = 0;  ///< kopiykas, cents
  std::string currency;           ///< ISO 4217, empty when there is no price
  Uuid client_id;
  Uuid performer_id;
  WallMs created_at = 0;
  WallMs updated_at = 0;
  std::optional<WallMs> deadline_at;
};

enum class DisputeStatus : std::uint8_t { open, under_review, resolved, rejected, closed };
std::string_view text(DisputeStatus status);
std::optional<DisputeStatus> parse_dispute_status(std::string_view text);
bool closes_chat(DisputeStatus status);  ///< closed disputes

struct Dispute {
  Uuid id;
  Uuid order_id;
  Uuid opened_by;
  std::optional<Uuid> moderator_id;
  std::string reason;
  DisputeStatus status = DisputeStatus::open;
  WallMs created_at = 0;
  WallMs updated_at = 0;
};

/// Orders and disputes have one kind of chat each and one code for both.
enum class ChatKind : std::uint8_t { order, dispute };
std::string_view text(ChatKind kind);    ///< "order", "dispute"
std::string statuses_of(ChatKind kind);  ///< all there are: "open, under_review, …"

struct ChatKey {
  ChatKind kind = ChatKind::order;
  Uuid id;
  auto operator<=>(const ChatKey&) const = default;
};
/// "order:<uuid>": the room of a chat. "user:<uuid>": the room of all devices of a user. Never 20 characters long.
std::string room_of(const ChatKey& chat);
std::string room_of_user(const Uuid& user);
/// The other way round; nothing for a room that is no chat's.
std::optional<ChatKey> chat_of_room(std::string_view room);

/// What authorisation needs to know of a chat: its people and its state, as the database has them now.
struct ChatFacts {
  ChatKey chat;
  Uuid order_id;  ///< of the order itself, or of the dispute's order
  Uuid client_id;
  Uuid performer_id;
  std::optional<Uuid> moderator_id;  ///< dispute chats: who is assigned
  bool order_has_dispute = false;
  bool closed = false;  ///< nothing can be written any more
  std::string status;   ///< order or dispute status, as on the wire
  std::int64_t last_seq = 0;
};

enum class MessageType : std::uint8_t { text, file, system };
std::string_view text(MessageType type);
std::optional<MessageType> parse_message_type(std::string_view text);

struct Attachment {
  Uuid id;
  std::string file_url;
  std::string file_name;
  std::optional<std::int64_t> size;
  std::string mime_type;
  std::optional<std::int32_t> width, height;
  std::string sha256{};  ///< of uploads
  bool is_upload =
      false;  ///< in a new message: `id` names an upload of the sender; the rest is filled from it
};

/// What a system message tells besides its words: a status that has changed, or who has a dispute.
struct Change {
  enum class What : std::uint8_t { status, moderator };
  What what = What::status;
  std::string value;       ///< the status, or the moderator's id as text; empty: nobody
  std::string previous;    ///< the same before; empty: there was none
  std::optional<Uuid> by;  ///< nothing: the marketplace's backend
  std::string note;
  std::optional<Uuid> dispute_id;  ///< in an order's chat: the dispute that made it so
  std::string order_status;        ///< in a dispute's chat: what the decision made of the order
};

/// One row of `messages` or `dispute_messages`.
struct Message {
  Uuid id;
  ChatKey chat;
  std::int64_t seq = 0;
  Uuid sender_id;
  std::optional<Uuid> receiver_id;
  std::string content;
  MessageType type = MessageType::text;
  std::vector<Attachment> attachments;  ///< the first also fills fileUrl and fileName
  std::optional<Uuid> reply_to;
  std::optional<std::string> client_message_id;
  std::optional<WallMs> read_at, edited_at, deleted_at;
  WallMs created_at = 0;
  std::shared_ptr<const Change> change;  ///< system messages only
  /// The place of its last edit or deletion among all of its chat; nothing: it is as it was sent.
  std::optional<std::int64_t> change_seq;
};

struct NewMessage {
  ChatKey chat;
  Uuid sender_id;
  Role sender_role = Role::client;
  bool sender_role_from_token = true;  ///< false: the users table decides, in the transaction
  std::string content;
  MessageType type = MessageType::text;
  std::vector<Attachment> attachments;
  std::optional<std::string> client_message_id;
  std::optional<Uuid> reply_to;
};

/// Something that a user is told wherever he is, and that waits for him when he is nowhere.
struct Notification {
  Uuid id;
  Uuid user_id;
  std::string type;     ///< "order_message", "order_status", "dispute_opened", …
  std::string content;  ///< one sentence for people; never the text of a message
  std::string data;     ///< a JSON object, for programs
  WallMs created_at = 0;
  std::optional<WallMs> read_at;
};

}  // namespace rozmova

template <>
struct std::hash<rozmova::ChatKey> {
  std::size_t operator()(const rozmova::ChatKey& key) const noexcept {
    return std::hash<rozmova::Uuid>{}(key.id) * 2 + static_cast<std::size_t>(key.kind);
  }
};
