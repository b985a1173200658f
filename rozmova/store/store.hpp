#pragma once

#include "rozmova/mapping.hpp"
#include "rozmova/model.hpp"
#include "rozmova/refusal.hpp"
#include "rozmova/store/among.hpp"
#include "rozmova/store/bridge.hpp"
#include "rozmova/store/workflow.hpp"

#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rozmova::store {

/// The engine failed (disk full, file locked, connection lost): the deed did not happen. Thrown by Store,
/// caught by Database, never seen by a client but as UNAVAILABLE or INTERNAL.
class StoreError : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t { busy, lost, full, broken };
  StoreError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

/// A stored message; `duplicate` when (chat, sender, clientMessageId) was there before: then it is the first
/// one's row.
struct Appended {
  Message message;
  ChatFacts chat;
  bool duplicate = false;
};

/// Which messages of a chat: after `after_seq` oldest first, or before `before_seq`, or the newest; always
/// returned oldest first.
struct Page {
  std::optional<std::int64_t> after_seq;
  std::optional<std::int64_t> before_seq;
  int limit = 50;
};

struct MessagePage {
  std::vector<Message> messages;
  bool has_more = false;  ///< more in the direction asked
};

/// An author wants one of his messages to be otherwise.
struct MessageChange {
  ChatKey chat;
  Uuid message_id;
  Uuid by;
  Role role = Role::client;
  std::optional<std::string> content;  ///< nothing: delete it
  std::int64_t window_ms = 0;          ///< how old the message may be
};

/// The message as it is now; `repeated`: it was so already.
struct MessageChanged {
  Message message;
  ChatFacts chat;
  bool repeated = false;
};

/// Which changed messages: those with seq up to `up_to_seq` that changed after `after`, in the order of their
/// changes; without `after` the last `limit` of them.
struct ChangesWanted {
  std::optional<std::int64_t> after;
  std::int64_t up_to_seq = INT64_MAX;
  int limit = 200;
};

struct ChangePage {
  std::vector<Message> messages;
  bool has_more = false;
  /// What to ask after next time: of the last message when there are more, else of the chat's last change.
  std::int64_t last_change_seq = 0;
};

/// What a message said before. Its attachments are kept when it is deleted.
struct Revision {
  enum class Reason : std::uint8_t { edited, deleted };
  Reason reason = Reason::edited;
  std::string content;
  Uuid replaced_by;
  WallMs replaced_at = 0;
};

struct Revisions {
  Message message;
  std::vector<Attachment> attachments;
  std::vector<Revision> revisions;  ///< oldest first
};

struct Participant {
  Uuid user_id;
  Role role = Role::client;  ///< in this chat: client, performer, moderator
  std::string name;
  std::optional<WallMs> last_seen_at;
};

struct ReadMark {
  Uuid user_id;
  std::int64_t seq = 0;
};

/// How far a chat has got: its last message and the number of its last edit or deletion; 0: there is none.
struct ChatPosition {
  ChatKey chat;
  std::int64_t seq = 0, change_seq = 0;
};

/// How far somebody has read a chat by now, and whether it was this deed that brought him there.
struct Reached {
  std::int64_t seq = 0;
  bool moved = false;
};

/// Everything that a reader who enters a chat is told, from one consistent moment.
struct ChatSnapshot {
  ChatFacts facts;
  std::vector<Participant> participants;
  std::vector<ReadMark> reads;
  MessagePage page;
};

/// One row of a person's list of orders.
struct OrderSummary {
  Order order;
  std::string client_name, performer_name;
  std::optional<Message> last_message;
  std::int64_t last_seq = 0, last_read_seq = 0;
  std::int64_t unread =
      0;  ///< messages of others after last_read_seq, counted up to 1000; none for who never was in it
  std::optional<DisputeRef> dispute;
};

struct OrderList {
  std::vector<OrderSummary> orders;  ///< latest activity first
  std::optional<std::string> next_cursor;
};

struct NewOrder {
  std::optional<Uuid> id;
  std::string title;
  Uuid client_id, performer_id;
  std::int64_t amount_minor = 0;
  std::string currency;
  std::optional<WallMs> deadline_at;
  OrderStatus status = OrderStatus::created;  ///< other than created: imported and demo orders
};

/// A file that was uploaded here; the bytes are not in the store.
struct Upload {
  Uuid id;
  Uuid user_id;
  ChatKey chat;  ///< it was uploaded to, and the only one it can be sent in
  std::string file_name;
  std::string mime_type;
  std::int64_t bytes = 0;
  std::optional<std::int32_t> width, height;
  std::string sha256;
  WallMs created_at = 0;
  bool is_sent = false;
  bool is_deleted = false;  ///< with its message

  std::string file_url() const { return "/v1/uploads/" + id.text(); }
};

/// A live connection, and the node that has it.
struct ConnectionPlace {
  Uuid id;
  std::string node;
};

/// A row of websocket_connections.
struct ConnectionRow {
  Uuid id;
  Uuid user_id;
  std::string socket_id;
  WallMs connected_at = 0;
  std::string node = {};  ///< of several: who holds it; its rows are closed when it is gone
};

/// What a user is to be told. With a topic a later one is written over the unread one of the same user and topic,
/// which keeps its id.
struct NewNotification {
  Uuid user_id;
  std::string type;           ///< at most 50 characters
  std::string content;        ///< in the reader's language (User::locale); never the text of a message
  std::string data = "{}";    ///< a JSON object
  std::string topic;          ///< empty: none; room_of() of a chat: read with the chat, see `position`
  std::int64_t position = 0;  ///< the seq that it tells of: mark_read() up to there reads it too
};

struct NotificationQuery {
  bool unread_only = false;
  int limit = 50;
  std::optional<std::string_view> cursor;
};

struct NotificationList {
  std::vector<Notification> notifications;  ///< newest first
  std::optional<std::string> next_cursor;
};

/// What a user has not read, as the tables say at one moment.
struct Unread {
  struct Chat {
    ChatKey chat;
    std::int64_t messages = 0;
  };
  std::vector<Chat> chats;  ///< those with something unread
  std::int64_t notifications = 0;
};
/// Nobody reads a larger number, and counting costs: messages of one chat, notifications of one user.
inline constexpr std::int64_t unread_count_max = 1'000;

/// One line of who did what, for people who ask later. Never the text of a message, never a token.
struct AuditEntry {
  std::optional<Uuid> actor_id;  ///< nothing: the backend, by SERVICE_TOKEN
  std::string action;            ///< "enter_chat", "revoke", …; at most 50 characters
  std::string subject_kind;      ///< "order", "dispute", "user", "socket"
  std::string subject_id;
  std::string detail = "{}";  ///< a JSON object
};

/// Tokens that are not good any more, although they are signed: those of a user, of one jti, or those of a user
/// that were issued before a moment. A token without `iat` counts as issued before every moment.
struct Revocation {
  std::int64_t id = 0;
  std::string token_id;                 ///< empty: not one token alone
  std::optional<Uuid> user_id;          ///< with token_id: that token of this user
  std::optional<WallMs> issued_before;  ///< nothing, and no token_id: every token of the user
  std::optional<WallMs> expires_at;     ///< forgotten afterwards; nothing: never
};

/// What has changed in who may do what since the last look.
struct AccessNews {
  std::vector<ChatKey> chats;  ///< some of their people may have lost them
  std::vector<Uuid> users;     ///< their role is another one, or they are gone
  bool revocations = false;
  std::int64_t up_to = 0;  ///< where the next look begins
  bool has_more = false;
  bool first = false;  ///< the first look after a start: nothing has changed, everything is to be loaded

  bool empty() const { return chats.empty() && users.empty() && !revocations; }
};

/// That there are news, not which.
struct NewsHeard {
  bool access = false;  ///< look at access_news()
  bool outbox = false;  ///< look at outbox()
};

/// Everything that must be kept; synchronous, one connection, one thread at a time. Implementations: Sqlite
/// (and Postgres). Writing methods run inside begin()…commit(). Throws StoreError only.
class Store : public BridgeStore {
 public:
  virtual ~Store() = default;

  virtual void begin() = 0;
  virtual void commit() = 0;  ///< durable when it returns (fsync)
  virtual void rollback() noexcept = 0;
  /// Pages of the engine's log that are not yet folded into its main file; 0 for engines that see to it
  /// themselves.
  virtual std::size_t log_pages() const { return 0; }
  /// Folds what can be folded without making a writer on another connection wait; returns how many pages it
  /// has done. Outside a transaction.
  virtual std::size_t fold_log() { return 0; }
  /// Nobody has wanted anything for rest_after_ms: gives back the memory of what can be read again. Outside a transaction.
  virtual void rest() {}
  static constexpr int rest_after_ms = 250;
  /// Makes one deed of a batch undoable by itself.
  virtual void savepoint() = 0;
  virtual void release_savepoint() = 0;
  virtual void rollback_to_savepoint() = 0;
  /// What a transaction that has just begun is about: nobody else writes to these chats until it ends, and what
  /// the appends will ask is read ahead. One call takes them all, in one order, so that two nodes never wait for
  /// each other.
  virtual void expect(std::span<const ChatKey> chats, std::span<const NewMessage* const> appends) {
    static_cast<void>(chats);
    static_cast<void>(appends);
  }

  // ---- chats (writes inside a transaction)
  /// Authorises (access::may with the facts of this transaction), removes duplicates, assigns `seq`, stores.
  virtual Result<Appended> append(const NewMessage& message, WallMs now) = 0;
  /// Each in turn; engines may store them in fewer steps.
  virtual std::vector<Result<Appended>> append_all(std::span<const NewMessage* const> messages, WallMs now) {
    std::vector<Result<Appended>> results;
    results.reserve(messages.size());
    for (const NewMessage* message : messages) results.push_back(append(*message, now));
    return results;
  }
  /// Whether a commit that was never answered has happened.
  virtual bool has_message(const ChatKey& chat, const Uuid& id) = 0;
  /// Ends a transaction that has only read; what it saw is then as durable as a commit of its own. (PostgreSQL shows,
  /// after a restart, what a standby may not have yet.)
  virtual void make_sure() { rollback(); }
  virtual std::optional<ChatFacts> facts(const ChatKey& chat) = 0;
  virtual MessagePage messages(const ChatKey& chat, const Page& page) = 0;
  /// Edits or deletes. NOT_FOUND, FORBIDDEN (another's, a system message, too old), CONFLICT (deleted already).
  virtual Result<MessageChanged> change_message(const MessageChange& wish, WallMs now) = 0;
  virtual ChangePage changes(const ChatKey& chat, const ChangesWanted& wanted) = 0;
  /// Those of them that exist.
  virtual std::vector<ChatPosition> positions(std::span<const ChatKey> chats) = 0;
  /// Nothing when the chat has no such message.
  virtual std::optional<Revisions> revisions(const ChatKey& chat, const Uuid& message) = 0;
  /// Read position only moves forward, and not past the last message. Also fills read_at of messages to this reader.
  virtual Reached mark_read(const ChatKey& chat, const Uuid& user, std::int64_t seq, WallMs now) = 0;
  virtual std::int64_t read_position(const ChatKey& chat, const Uuid& user) = 0;
  /// Nothing when there is no such chat. One consistent moment (a read transaction of its own).
  virtual std::optional<ChatSnapshot> snapshot(const ChatKey& chat, const Page& page) = 0;
  /// All chats the user is a party of: whom presence concerns.
  virtual std::vector<ChatKey> chats_of(const Uuid& user, int limit) = 0;

  // ---- users, orders
  virtual std::optional<User> user(const Uuid& id) = 0;
  virtual std::vector<User> users(int limit) = 0;
  /// Inserts if unknown; a known user stays as he is, but one without a name gets the given one. Returns the
  /// row now in force.
  virtual User ensure_user(const User& user, WallMs now) = 0;
  /// CONFLICT when the id exists; NOT_FOUND when a party does not.
  virtual Result<Order> create_order(const NewOrder& order, WallMs now) = 0;
  virtual std::optional<OrderSummary> order(const Uuid& id, const Uuid& reader) = 0;
  /// Orders the reader is a party of, or all of them (admin). Nothing for a cursor that is not
  /// valid_cursor().
  virtual OrderList orders(const Uuid& reader, bool all, int limit,
                           std::optional<std::string_view> cursor) = 0;

  // ---- notifications
  /// Inside a transaction, any; tell the user's devices after the commit (chat::Notices::tell). Nothing when there
  /// is no such user.
  virtual std::optional<Notification> notify(const NewNotification& notification, WallMs now) = 0;
  /// Nothing for a cursor that is not valid_cursor().
  virtual NotificationList notifications(const Uuid& user, const NotificationQuery& query) = 0;
  virtual std::int64_t unread_notifications(const Uuid& user) = 0;  ///< up to unread_count_max
  /// How many of these were the user's and unread.
  virtual int read_notifications(const Uuid& user, std::span<const Uuid> ids, WallMs now) = 0;
  /// All that were written at `until` or before.
  virtual int read_notifications_until(const Uuid& user, WallMs until, WallMs now) = 0;
  /// As forget_connections(): deletes those that were last written before `before`, read or not.
  virtual Uuid forget_notifications(const Uuid& after, WallMs before, int rows_max) = 0;
  /// Messages of others after his read position that are not deleted, in each chat that he is a party of or the
  /// moderator of; and his unread notifications.
  virtual Unread unread(const Uuid& user) = 0;

  // ---- what was done, and by whom
  virtual void audit(const AuditEntry& entry, WallMs now) = 0;

  // ---- workflow (writes inside a transaction; a refusal leaves nothing behind)
  // Each authorises with the facts of this transaction and writes, beside the row itself, the system messages,
  // what they changed, and lines of the audit log.
  /// NOT_FOUND, FORBIDDEN, ILLEGAL_TRANSITION; CONFLICT for an order whose dispute waits for its decision.
  virtual Result<Changed> change_status(const NewStatus& wish, WallMs now) = 0;
  /// CONFLICT when a dispute of the order waits for its decision, or the id is taken by another one.
  virtual Result<Changed> open_dispute(const NewDispute& wish, WallMs now) = 0;
  /// INVALID_PAYLOAD when that is no moderator; CONFLICT when somebody else has it.
  virtual Result<Changed> assign_dispute(const NewAssignment& wish, WallMs now) = 0;
  virtual std::optional<DisputeSummary> dispute(const Uuid& id, const Uuid& reader) = 0;
  /// Disputes of orders the reader is a party of, or all of them (moderators, admins). Nothing for a cursor that
  /// is not valid_cursor().
  virtual DisputeList disputes(const Uuid& reader, bool all, const DisputeFilter& filter, int limit,
                               std::optional<std::string_view> cursor) = 0;
  virtual Result<AddedNote> add_note(const NewNote& note, WallMs now) = 0;
  /// As messages(): oldest first.
  virtual NotePage notes(const Uuid& dispute, const Page& page) = 0;

  // ---- who may: revocations, and changes that others may have made
  /// CONFLICT when there are `revocations_max` already. A later moment for a user takes the place of an earlier one.
  virtual Result<Revocation> revoke(const Revocation& revocation, WallMs now) = 0;
  /// Those in force at `now`.
  virtual std::vector<Revocation> revocations(WallMs now) = 0;
  /// Deletes those that are over, and the news up to a number.
  virtual void forget_access(WallMs before, std::int64_t news_up_to) = 0;
  /// A number that is another one after anybody else than this connection has committed something.
  virtual std::int64_t changes_of_others() = 0;
  /// From now on what others commit is told at once, where the engine can: a descriptor that becomes readable with it.
  /// -1: only looking helps.
  virtual int listen_for_news() { return -1; }
  /// What has been told since it was asked last; does not wait.
  virtual NewsHeard hear_news() { return {}; }
  virtual AccessNews access_news(std::int64_t after, int rows_max) = 0;
  /// Only how far they go.
  virtual AccessNews access_news_so_far() = 0;
  static constexpr std::size_t revocations_max = 100'000;

  // ---- uploads
  virtual Result<Done> add_upload(const Upload& upload) = 0;
  virtual std::optional<Upload> upload(const Uuid& id) = 0;
  /// Of everything this user has uploaded since then, sent or not.
  virtual std::int64_t uploaded_bytes(const Uuid& user, WallMs since) = 0;
  /// Deletes up to `rows_max` uploads older than `before` that were never sent; returns which.
  virtual std::vector<Uuid> forget_unsent_uploads(WallMs before, int rows_max) = 0;

  // ---- connections (websocket_connections)
  virtual void connection_opened(const ConnectionRow& row) = 0;
  virtual void connections_seen(std::span<const Uuid> ids, WallMs now) = 0;
  virtual void connection_closed(const Uuid& id, WallMs now) = 0;
  /// Rows that a crash left active: at a start, and of several nodes any may do it for one that died. `last_seen`
  /// keeps what was last known.
  virtual int close_stale_connections() = 0;
  /// Walks the rows in the order of their ids, `rows_max` of them after `after`, and deletes those of
  /// connections that ended before `before`; the last one of each user stays, it says when he was last seen.
  /// Returns where to go on next time: nil at the end.
  virtual Uuid forget_connections(const Uuid& after, WallMs before, int rows_max) = 0;
  virtual std::optional<WallMs> last_seen(const Uuid& user) = 0;
  /// Live ones of this user at other nodes than this.
  virtual std::int64_t connections_elsewhere(const Uuid& user, std::string_view node) = 0;
  /// All of his live ones, by their ids.
  virtual std::vector<ConnectionPlace> connections_of(const Uuid& user) = 0;
};

/// Where and how the data lives; from `DATABASE_URL` and `DATA_DIR`.
class StoreFactory {
 public:
  virtual ~StoreFactory() = default;
  /// Brings the schema up to date (numbered migrations; safe to run twice and by two processes at once).
  /// Throws StoreError with a sentence that says what to change.
  virtual void migrate() = 0;
  virtual std::unique_ptr<Store> open_writer() = 0;
  virtual std::unique_ptr<Store> open_reader() = 0;
  /// What is wrong with a marketplace's tables as the mapping names them, one sentence each; changes nothing.
  virtual std::vector<std::string> look_at_marketplace() { return {}; }
  /// Tells the other servers on the database that `self` lives, and goes on doing so. Null: this engine serves one server
  /// alone. Throws StoreError.
  virtual std::unique_ptr<Membership> join(const NodeRow& self, MembershipHooks hooks) {
    static_cast<void>(self);
    static_cast<void>(hooks);
    return nullptr;
  }
  /// Likewise; does not throw, a database that is away is waited for.
  virtual std::unique_ptr<Wire> wire(WireHooks hooks) {
    static_cast<void>(hooks);
    return nullptr;
  }
  /// For logs: "sqlite ./data/rozmova.db"; no password.
  virtual std::string describe() const = 0;
};

/// True for what Store::orders gave as next_cursor; ask before passing on what a client sent.
bool valid_cursor(std::string_view text);

/// `sqlite:PATH` (directories are created) or `postgres://…`. Throws StoreError for an unknown scheme.
/// With a mapping, users, orders and disputes are those of a marketplace. PostgreSQL: our tables are in `schema`,
/// which is made if it is missing.
std::unique_ptr<StoreFactory> make_store(std::string_view database_url,
                                         std::shared_ptr<const Mapping> beside = nullptr,
                                         std::string_view schema = {});

}  // namespace rozmova::store
