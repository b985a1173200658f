#pragma once

#include "rozmova/store/engine/statement.hpp"
#include "rozmova/store/sql_store/bridge_statements.hpp"
#include "rozmova/store/sql_store/workflow_statements.hpp"
#include "rozmova/store/store.hpp"

#include <cstddef>
#include <unordered_map>

namespace rozmova::store {

/// The Store over any SQL engine: one connection with its statements prepared and kept. Owned by one thread at a
/// time (a lane, a reader, or whoever opened it). What it does is told in chats.cpp (who may, read marks,
/// snapshots), messages.cpp (rows of messages), orders.cpp, workflow.cpp (statuses, assignment, notes) and
/// disputes.cpp; people and connections are in people.cpp. What engines do differently is their connection's
/// (engine/engine.hpp).
class SqlStore : public Store {
 public:
  SqlStore(std::unique_ptr<EngineConnection> connection, std::shared_ptr<const Mapping> beside)
      : beside_(std::move(beside)), opened_(std::move(connection)), connection_(*opened_) {}

  void begin() override;
  void commit() override;
  void rollback() noexcept override;
  std::size_t log_pages() const override { return connection_.log_pages(); }
  std::size_t fold_log() override { return connection_.fold_log(); }
  void rest() override { connection_.rest(); }
  void savepoint() override;
  void release_savepoint() override;
  void rollback_to_savepoint() override;

  Result<Appended> append(const NewMessage& message, WallMs now) override;
  bool has_message(const ChatKey& chat, const Uuid& id) override;
  std::optional<ChatFacts> facts(const ChatKey& chat) override;
  MessagePage messages(const ChatKey& chat, const Page& page) override;
  Result<MessageChanged> change_message(const MessageChange& wish, WallMs now) override;
  std::vector<ChatPosition> positions(std::span<const ChatKey> chats) override;
  ChangePage changes(const ChatKey& chat, const ChangesWanted& wanted) override;
  std::optional<Revisions> revisions(const ChatKey& chat, const Uuid& message) override;
  Reached mark_read(const ChatKey& chat, const Uuid& user, std::int64_t seq, WallMs now) override;
  std::int64_t read_position(const ChatKey& chat, const Uuid& user) override;
  std::optional<ChatSnapshot> snapshot(const ChatKey& chat, const Page& page) override;
  std::vector<ChatKey> chats_of(const Uuid& user, int limit) override;

  std::optional<User> user(const Uuid& id) override;
  std::vector<User> users(int limit) override;
  User ensure_user(const User& user, WallMs now) override;
  Result<Order> create_order(const NewOrder& order, WallMs now) override;
  std::optional<OrderSummary> order(const Uuid& id, const Uuid& reader) override;
  OrderList orders(const Uuid& reader, bool all, int limit, std::optional<std::string_view> cursor) override;

  std::optional<Notification> notify(const NewNotification& notification, WallMs now) override;
  NotificationList notifications(const Uuid& user, const NotificationQuery& query) override;
  std::int64_t unread_notifications(const Uuid& user) override;
  int read_notifications(const Uuid& user, std::span<const Uuid> ids, WallMs now) override;
  int read_notifications_until(const Uuid& user, WallMs until, WallMs now) override;
  Uuid forget_notifications(const Uuid& after, WallMs before, int rows_max) override;
  Unread unread(const Uuid& user) override;

  void audit(const AuditEntry& entry, WallMs now) override;
  Result<Revocation> revoke(const Revocation& revocation, WallMs now) override;
  std::vector<Revocation> revocations(WallMs now) override;
  void forget_access(WallMs before, std::int64_t news_up_to) override;
  std::int64_t changes_of_others() override;
  AccessNews access_news(std::int64_t after, int rows_max) override;
  AccessNews access_news_so_far() override;

  Result<Changed> change_status(const NewStatus& wish, WallMs now) override;
  Result<Changed> open_dispute(const NewDispute& wish, WallMs now) override;
  Result<Changed> assign_dispute(const NewAssignment& wish, WallMs now) override;
  std::optional<DisputeSummary> dispute(const Uuid& id, const Uuid& reader) override;
  DisputeList disputes(const Uuid& reader, bool all, const DisputeFilter& filter, int limit,
                       std::optional<std::string_view> cursor) override;
  Result<AddedNote> add_note(const NewNote& note, WallMs now) override;
  NotePage notes(const Uuid& dispute, const Page& page) override;

  Result<Done> add_upload(const Upload& upload) override;
  std::optional<Upload> upload(const Uuid& id) override;
  std::int64_t uploaded_bytes(const Uuid& user, WallMs since) override;
  std::vector<Uuid> forget_unsent_uploads(WallMs before, int rows_max) override;

  std::int64_t set_webhook_endpoints(const std::vector<WebhookEndpoint>& endpoints) override;
  std::vector<WebhookRow> webhooks_due(const std::string& endpoint, WallMs now, int rows_max) override;
  void webhook_delivered(std::int64_t position) override;
  void webhook_failed(std::int64_t position, WallMs next_attempt_at, const std::string& error) override;
  void webhook_given_up(std::int64_t position, const std::string& error) override;
  void webhooks_may_go(const std::string& endpoint, WallMs now) override;
  void forget_dead_webhooks(WallMs before) override;
  Backlog webhook_backlog() override;
  std::vector<OutboxRow> outbox(int rows_max) override;
  void outbox_done(std::int64_t id, const std::string& error, WallMs now) override;
  void forget_outbox(WallMs before) override;
  Backlog outbox_backlog() override;
  Result<Changed> announce_status(const NewStatus& status, WallMs now) override;

  void connection_opened(const ConnectionRow& row) override;
  void connections_seen(std::span<const Uuid> ids, WallMs now) override;
  void connection_closed(const Uuid& id, WallMs now) override;
  int close_stale_connections() override;
  std::int64_t connections_elsewhere(const Uuid& user, std::string_view node) override;
  std::vector<ConnectionPlace> connections_of(const Uuid& user) override;
  Uuid forget_connections(const Uuid& after, WallMs before, int rows_max) override;
  std::optional<WallMs> last_seen(const Uuid& user) override;

 protected:
  struct NewsRow {
    std::int64_t id = 0;
    std::string kind, subject;
  };
  /// News after a number, ascending; perhaps older ones too.
  virtual std::vector<NewsRow> news_rows(std::int64_t after, int rows_max);
  EngineConnection& connection() { return connection_; }
  /// From here to the end of the transaction nobody else writes to this chat. SQLite has one writer anyway.
  virtual void hold(const ChatKey&) {}
  void fill_facts(ChatFacts& facts) const;  ///< what follows from the status
  /// Facts for writing, inside a transaction: nobody else can change them before it ends. Null: no such chat.
  ChatFacts* cached_facts(const ChatKey& chat);
  /// At the begin of a transaction: what was known may be old.
  void forget_facts() { cache_checked_ = false; }
  /// Facts that were read with others, in this transaction.
  void remember(ChatFacts facts);
  bool is_beside() const { return beside_ != nullptr; }
  std::optional<Message> first_of(
      const NewMessage& message);  ///< sent before, under the same clientMessageId
  static std::optional<Refusal> malformed(const NewMessage& message);
  static Message make_message(const NewMessage& from, const ChatFacts& facts, WallMs now);

 private:
  /// One statement for each kind of chat.
  struct PerKind {
    PerKind(EngineConnection& connection, const char* of_order, const char* of_dispute)
        : order(connection, of_order), dispute(connection, of_dispute) {}
    Statement& operator[](ChatKind kind) { return kind == ChatKind::order ? order : dispute; }
    Statement order, dispute;
  };

  // messages.cpp
  enum class Inserted : std::uint8_t { yes, duplicate, sender_unknown, attachment_id_taken };
  Inserted insert(const Message& message);
  bool insert_attachments(const Message& message);
  Message read_message(Statement::Run& row, const ChatKey& chat);
  void read_attachments(Message& message);
  std::optional<Message> one_message(const ChatKey& chat, const Uuid& id);
  std::int64_t last_change_seq(const ChatKey& chat);
  std::optional<Message> last_message(const ChatKey& chat);

  // uploads.cpp
  std::optional<Refusal> fill_from_uploads(Message& message);

  // notifications.cpp
  bool rewrite(Notification& made, const NewNotification& wanted);

  // chats.cpp
  std::vector<Participant> participants(const ChatFacts& facts);
  std::vector<ReadMark> reads(const ChatKey& chat);

  // orders.cpp
  std::optional<OrderSummary> summary(const Uuid& id, const Uuid& reader);

  // disputes.cpp
  std::optional<DisputeSummary> dispute_summary(const Uuid& id, const Uuid& reader);
  std::optional<DisputeRef> newest_dispute(const Uuid& order);

  // workflow.cpp
  void hold_with_order(const ChatKey& chat);
  Result<Changed> change_order(const NewStatus& wish, const ChatFacts& facts, WallMs now);
  Result<Changed> change_dispute(const NewStatus& wish, const ChatFacts& facts, WallMs now);
  Result<Changed> repeated(const ChatFacts& facts, Change::What what);
  void move_order(Changed& changed, const Uuid& order, OrderStatus to, Change change, WallMs now);
  void move_dispute(Changed& changed, const Uuid& dispute, DisputeStatus to, Change change, WallMs now);
  void give_dispute(Changed& changed, const Uuid& dispute, const std::optional<Uuid>& moderator,
                    Change change, WallMs now);
  void tell(Changed& changed, const ChatKey& chat, Change change, WallMs now);
  void notify_of(Changed& changed, const Message& message, const ChatFacts& facts, WallMs now);
  OrderStatus before_dispute(const Uuid& order, const Uuid& dispute);
  std::optional<Uuid> undecided_dispute(const Uuid& order);
  Uuid sender_of(const std::optional<Uuid>& by, WallMs now);
  std::shared_ptr<const Change> read_change(const ChatKey& chat, std::int64_t seq);
  std::int64_t last_note(const Uuid& dispute);
  static Note read_note(Statement::Run& row, const Uuid& dispute);

  static constexpr std::size_t cached_facts_max = 16'384;

  /// Nothing, or why this may not be written beside a marketplace.
  std::optional<Refusal> not_ours(bool may_be_written, const char* what) const;

  const std::shared_ptr<const Mapping> beside_;
  const std::unique_ptr<EngineConnection> opened_;
  EngineConnection& connection_;

  /// Facts of chats as this connection's transactions left them. A method that changes orders or disputes
  /// clears it. Good as long as nobody else has committed
  /// anything since (changes_of_others() tells) and nothing was rolled back.
  std::unordered_map<ChatKey, ChatFacts> cached_facts_;
  std::optional<std::int64_t> cached_at_version_;
  bool cache_checked_ = false;  ///< in this transaction

  Statement begin_{connection_, connection_.words().begin_write};
  Statement commit_{connection_, "COMMIT"};
  Statement savepoint_{connection_, "SAVEPOINT deed"};
  Statement release_{connection_, "RELEASE SAVEPOINT deed"};
  Statement rollback_to_{connection_, "ROLLBACK TO SAVEPOINT deed"};

  // ---- messages: the columns that read_message() expects, in its order
#define ROZMOVA_ORDER_MESSAGE_COLUMNS                                                                   \
  "id, seq, sender_id, content, type, client_message_id, reply_to, edited_at, deleted_at, created_at, " \
  "attachment_count, change_seq, receiver_id, read_at, file_url, file_name FROM messages WHERE order_id = ?1 "
#define ROZMOVA_DISPUTE_MESSAGE_COLUMNS                                                                 \
  "id, seq, sender_id, content, type, client_message_id, reply_to, edited_at, deleted_at, created_at, " \
  "attachment_count, change_seq, NULL, NULL, NULL, NULL FROM dispute_messages WHERE dispute_id = ?1 "
#define ROZMOVA_MESSAGES_WHERE(rest) \
  "SELECT " ROZMOVA_ORDER_MESSAGE_COLUMNS rest, "SELECT " ROZMOVA_DISPUTE_MESSAGE_COLUMNS rest

  PerKind messages_after_{connection_, ROZMOVA_MESSAGES_WHERE("AND seq > ?2 ORDER BY seq LIMIT ?3")};
  PerKind messages_before_{connection_, ROZMOVA_MESSAGES_WHERE("AND seq < ?2 ORDER BY seq DESC LIMIT ?3")};
  PerKind one_message_{connection_, ROZMOVA_MESSAGES_WHERE("AND id = ?2")};
  PerKind changes_after_{
      connection_, ROZMOVA_MESSAGES_WHERE("AND change_seq > ?2 AND seq <= ?3 ORDER BY change_seq LIMIT ?4")};
  PerKind last_changes_{
      connection_,
      ROZMOVA_MESSAGES_WHERE("AND change_seq > ?2 AND seq <= ?3 ORDER BY change_seq DESC LIMIT ?4")};
  PerKind first_of_{connection_, ROZMOVA_MESSAGES_WHERE("AND sender_id = ?2 AND client_message_id = ?3")};
#undef ROZMOVA_MESSAGES_WHERE
#undef ROZMOVA_DISPUTE_MESSAGE_COLUMNS
#undef ROZMOVA_ORDER_MESSAGE_COLUMNS

  PerKind insert_{
      connection_,
      "INSERT INTO messages (id, seq, order_id, sender_id, content, type, client_message_id, reply_to, "
      "created_at, attachment_count, receiver_id, file_url, file_name) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (order_id, sender_id, client_message_id) WHERE client_message_id IS NOT NULL DO NOTHING",
      "INSERT INTO dispute_messages (id, seq, dispute_id, sender_id, content, type, client_message_id, "
      "reply_to, created_at, attachment_count) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (dispute_id, sender_id, client_message_id) WHERE client_message_id IS NOT NULL "
      "DO NOTHING"};
  PerKind in_chat_{connection_, "SELECT 1 FROM messages WHERE id = ?1 AND order_id = ?2",
                   "SELECT 1 FROM dispute_messages WHERE id = ?1 AND dispute_id = ?2"};
  PerKind last_change_seq_{
      connection_, "SELECT max(change_seq) FROM messages WHERE order_id = ? AND change_seq > 0",
      "SELECT max(change_seq) FROM dispute_messages WHERE dispute_id = ? AND change_seq > 0"};
#define ROZMOVA_POSITION(chats, messages, key)                           \
  "SELECT (SELECT max(m.seq) FROM " messages " m WHERE m." key           \
  " = c.id), (SELECT max(m.change_seq) FROM " messages " m WHERE m." key \
  " = c.id AND m.change_seq > 0) FROM " chats " c WHERE c.id = ?"
  PerKind position_{connection_, ROZMOVA_POSITION("orders", "messages", "order_id"),
                    ROZMOVA_POSITION("disputes", "dispute_messages", "dispute_id")};
#undef ROZMOVA_POSITION
  PerKind edit_message_{
      connection_, "UPDATE messages SET content = ?2, edited_at = ?3, change_seq = ?4 WHERE id = ?1",
      "UPDATE dispute_messages SET content = ?2, edited_at = ?3, change_seq = ?4 WHERE id = ?1"};
  // The rows of its attachments keep what the two old columns held.
  PerKind delete_message_{
      connection_,
      "UPDATE messages SET content = '', deleted_at = ?2, change_seq = ?3, "
      "file_url = CASE WHEN attachment_count > 0 THEN NULL ELSE file_url END, "
      "file_name = CASE WHEN attachment_count > 0 THEN NULL ELSE file_name END WHERE id = ?1",
      "UPDATE dispute_messages SET content = '', deleted_at = ?2, change_seq = ?3 WHERE id = ?1"};
  Statement insert_revision_{
      connection_,
      "INSERT INTO message_revisions (chat_kind, chat_id, message_id, content, replaced_by, replaced_at, reason) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)"};
  Statement revisions_{
      connection_,
      "SELECT reason, content, replaced_by, replaced_at FROM message_revisions WHERE message_id = ? ORDER BY id"};
  PerKind insert_attachment_{
      connection_,
      "INSERT INTO attachments (id, order_message_id, position, uploaded_by, file_url, file_name, "
      "size_bytes, mime_type, width, height, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      "INSERT INTO attachments (id, dispute_message_id, position, uploaded_by, file_url, file_name, "
      "size_bytes, mime_type, width, height, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  PerKind attachments_{
      connection_,
      "SELECT id, file_url, file_name, size_bytes, mime_type, width, height FROM attachments "
      "WHERE order_message_id = ? ORDER BY position",
      "SELECT id, file_url, file_name, size_bytes, mime_type, width, height FROM attachments "
      "WHERE dispute_message_id = ? ORDER BY position"};

  // ---- uploads
  PerKind send_upload_{
      connection_,
      "UPDATE attachments SET order_message_id = ?2, position = ?3, file_name = ?4 WHERE id = ?1 "
      "AND order_message_id IS NULL AND dispute_message_id IS NULL",
      "UPDATE attachments SET dispute_message_id = ?2, position = ?3, file_name = ?4 WHERE id = ?1 "
      "AND order_message_id IS NULL AND dispute_message_id IS NULL"};
  Statement insert_upload_{
      connection_,
      "INSERT INTO attachments (id, uploaded_by, file_url, file_name, size_bytes, mime_type, width, height, sha256, "
      "created_at, upload_chat_kind, upload_chat_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  Statement upload_{
      connection_,
      "SELECT a.uploaded_by, a.upload_chat_kind, a.upload_chat_id, a.file_name, a.mime_type, a.size_bytes, a.width, "
      "a.height, a.sha256, a.created_at, a.order_message_id IS NOT NULL OR a.dispute_message_id IS NOT NULL, "
      "m.deleted_at IS NOT NULL OR d.deleted_at IS NOT NULL FROM attachments a "
      "LEFT JOIN messages m ON m.id = a.order_message_id "
      "LEFT JOIN dispute_messages d ON d.id = a.dispute_message_id "
      "WHERE a.id = ? AND a.upload_chat_id IS NOT NULL"};
  Statement uploaded_bytes_{connection_,
                            "SELECT coalesce(sum(size_bytes), 0) FROM attachments WHERE uploaded_by = ? AND "
                            "created_at > ? AND upload_chat_id IS NOT NULL"};
  Statement unsent_uploads_{
      connection_,
      "SELECT id FROM attachments WHERE created_at < ? AND upload_chat_id IS NOT NULL AND "
      "order_message_id IS NULL AND dispute_message_id IS NULL ORDER BY created_at LIMIT ?"};
  Statement forget_upload_{connection_, "DELETE FROM attachments WHERE id = ?"};

  // ---- chats
  PerKind facts_{connection_,
                 "SELECT o.id, o.client_id, o.performer_id, NULL, o.status, "
                 "EXISTS (SELECT 1 FROM disputes d WHERE d.order_id = o.id AND d.status <> 'closed'), "
                 "(SELECT max(seq) FROM messages WHERE order_id = o.id) FROM orders o WHERE o.id = ?",
                 "SELECT d.order_id, o.client_id, o.performer_id, d.moderator_id, d.status, 1, "
                 "(SELECT max(seq) FROM dispute_messages WHERE dispute_id = d.id) "
                 "FROM disputes d JOIN orders o ON o.id = d.order_id WHERE d.id = ?"};
  Statement participant_{
      connection_,
      "SELECT name, (SELECT max(last_seen) FROM websocket_connections WHERE user_id = users.id) "
      "FROM users WHERE id = ?"};
  Statement reads_{
      connection_,
      "SELECT user_id, seq FROM chat_reads WHERE chat_kind = ? AND chat_id = ? ORDER BY user_id"};
  Statement read_seq_{connection_,
                      "SELECT seq FROM chat_reads WHERE chat_kind = ? AND chat_id = ? AND user_id = ?"};
  Statement set_read_{connection_,
                      "INSERT INTO chat_reads (chat_kind, chat_id, user_id, seq, read_at) "
                      "SELECT ?1, ?2, id, ?4, ?5 FROM users WHERE id = ?3 "
                      "ON CONFLICT (chat_kind, chat_id, user_id) DO UPDATE SET seq = excluded.seq, "
                      "read_at = excluded.read_at"};
  Statement fill_read_at_{
      connection_,
      "UPDATE messages SET read_at = ?5 WHERE order_id = ?1 AND receiver_id = ?2 AND seq > ?3 AND "
      "seq <= ?4 AND read_at IS NULL"};
  Statement chats_of_{connection_,
                      "SELECT 0, id, updated_at FROM orders WHERE client_id = ?1 "
                      "UNION SELECT 0, id, updated_at FROM orders WHERE performer_id = ?1 "
                      "UNION SELECT 1, d.id, d.updated_at FROM orders o JOIN disputes d ON d.order_id = o.id "
                      "WHERE o.client_id = ?1 "
                      "UNION SELECT 1, d.id, d.updated_at FROM orders o JOIN disputes d ON d.order_id = o.id "
                      "WHERE o.performer_id = ?1 "
                      "UNION SELECT 1, id, updated_at FROM disputes WHERE moderator_id = ?1 "
                      "ORDER BY 3 DESC, 2 DESC LIMIT ?2"};

  // ---- people and orders
  Statement user_{connection_, "SELECT id, name, role, locale FROM users WHERE id = ?"};
  Statement users_{connection_, "SELECT id, name, role, locale FROM users ORDER BY created_at, id LIMIT ?"};
  Statement name_user_{connection_, "UPDATE users SET name = ?2 WHERE id = ?1 AND name = ''"};
  Statement insert_user_{connection_,
                         "INSERT INTO users (id, name, role, locale, created_at) VALUES (?, ?, ?, ?, ?) "
                         "ON CONFLICT (id) DO NOTHING"};
  Statement next_number_{connection_, "SELECT coalesce(max(number), 1000) + 1 FROM orders"};
  Statement insert_order_{
      connection_,
      "INSERT INTO orders (id, number, title, status, amount_minor, currency, client_id, "
      "performer_id, created_at, updated_at, deadline_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  Statement order_{
      connection_,
      "SELECT o.number, o.title, o.status, o.amount_minor, o.currency, o.client_id, o.performer_id, "
      "o.created_at, o.updated_at, o.deadline_at, c.name, p.name, r.seq, "
      "(SELECT max(seq) FROM messages WHERE order_id = o.id) FROM orders o "
      "JOIN users c ON c.id = o.client_id JOIN users p ON p.id = o.performer_id LEFT JOIN chat_reads r "
      "ON r.chat_kind = 'order' AND r.chat_id = o.id AND r.user_id = ?2 WHERE o.id = ?1"};
  Statement unread_{
      connection_,
      "SELECT count(*) FROM (SELECT 1 FROM messages WHERE order_id = ? AND seq > ? AND sender_id <> ? "
      "AND deleted_at IS NULL LIMIT ?) AS few"};
  // Activity is what a person's list is sorted by: the last message or the last change of the order, whichever is
  // later. The list of all orders has no end, so it goes along an index: that of their last changes.
  Statement own_orders_{
      connection_,
      "WITH active (id, activity) AS MATERIALIZED (SELECT o.id, date_trunc('milliseconds', "
      "greatest(o.updated_at, coalesce((SELECT m.created_at FROM messages m WHERE m.order_id = o.id "
      "ORDER BY m.seq DESC LIMIT 1), o.updated_at))) "
      "FROM orders o WHERE o.client_id = ?4 OR o.performer_id = ?4"
      ") SELECT id, activity FROM active WHERE (activity, id) < (?1, ?2) ORDER BY activity DESC, id DESC LIMIT ?3"};
  Statement all_orders_{connection_,
                        "SELECT id, updated_at FROM orders WHERE (updated_at, id) < (?1, ?2) "
                        "ORDER BY updated_at DESC, id DESC LIMIT ?3"};

  // The last id of a page, and how many rows it has.
#define ROZMOVA_END_OF_PAGE(table)                                                           \
  "SELECT id, number FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM " table \
  " WHERE id > ?1 "                                                                          \
  "ORDER BY id LIMIT ?2) AS page ORDER BY number DESC LIMIT 1"

  // ---- notifications
  Statement unread_of_topic_{
      connection_, "SELECT id FROM notifications WHERE user_id = ? AND topic = ? AND read_at IS NULL"};
  Statement rewrite_notification_{
      connection_,
      "UPDATE notifications SET type = ?2, content = ?3, data = ?4, created_at = ?5, position = ?6 WHERE id = ?1"};
  Statement insert_notification_{
      connection_,
      "INSERT INTO notifications (id, user_id, type, content, data, topic, position, created_at) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
#define ROZMOVA_NOTIFICATIONS(condition)                                    \
  "SELECT id, type, content, data, created_at, read_at FROM notifications " \
  "WHERE user_id = ?1 AND (created_at, id) < (?2, ?3) " condition           \
  " ORDER BY created_at DESC, id DESC LIMIT ?4"
  Statement notifications_{connection_, ROZMOVA_NOTIFICATIONS("")};
  Statement unread_notifications_{connection_, ROZMOVA_NOTIFICATIONS("AND read_at IS NULL")};
#undef ROZMOVA_NOTIFICATIONS
  Statement read_notification_{
      connection_,
      "UPDATE notifications SET read_at = ?3 WHERE id = ?1 AND user_id = ?2 AND read_at IS NULL"};
  Statement read_notifications_until_{
      connection_,
      "UPDATE notifications SET read_at = ?3 WHERE user_id = ?1 AND read_at IS NULL AND created_at <= ?2"};
  Statement read_topic_{connection_,
                        "UPDATE notifications SET read_at = ?4 WHERE user_id = ?1 AND "
                        "topic IN (CAST(?2 AS TEXT), ?2 || ':status', ?2 || ':moderator') "
                        "AND read_at IS NULL AND position <= ?3"};
  Statement forget_notifications_up_to_{connection_, ROZMOVA_END_OF_PAGE("notifications")};
  Statement forget_notifications_{connection_,
                                  "DELETE FROM notifications WHERE id > ?1 AND id <= ?2 AND created_at < ?3"};
  Statement count_unread_notifications_{
      connection_,
      "SELECT count(*) FROM (SELECT 1 FROM notifications WHERE user_id = ? AND read_at IS NULL LIMIT ?) AS few"};
#define ROZMOVA_UNREAD_OF(kind, table, column)                       \
  "(SELECT count(*) FROM (SELECT 1 FROM " table " m WHERE m." column \
  " = c.id AND m.seq > coalesce("                                    \
  "(SELECT r.seq FROM chat_reads r WHERE r.chat_kind = '" kind       \
  "' AND r.chat_id = c.id AND r.user_id = ?1),"                      \
  " 0) AND m.sender_id <> ?1 AND m.deleted_at IS NULL LIMIT ?2) AS few)"
  PerKind unread_chats_{
      connection_,
      "WITH counted (id, messages) AS MATERIALIZED (SELECT c.id, " ROZMOVA_UNREAD_OF(
          "order", "messages", "order_id") " FROM (SELECT id FROM orders WHERE client_id = ?1 "
      "UNION SELECT id FROM orders WHERE performer_id = ?1) c) "
      "SELECT id, messages FROM counted WHERE messages > 0",
      "WITH counted (id, messages) AS MATERIALIZED (SELECT c.id, " ROZMOVA_UNREAD_OF(
          "dispute", "dispute_messages", "dispute_id") " FROM ("
      "SELECT d.id FROM orders o JOIN disputes d ON d.order_id = o.id WHERE o.client_id = ?1 "
      "UNION SELECT d.id FROM orders o JOIN disputes d ON d.order_id = o.id WHERE o.performer_id = ?1 "
      "UNION SELECT id FROM disputes WHERE moderator_id = ?1) c) "
      "SELECT id, messages FROM counted WHERE messages > 0"};
#undef ROZMOVA_UNREAD_OF

  // ---- who may, and what was done
  Statement audit_{connection_,
                   "INSERT INTO audit_log (at, actor_id, action, subject_kind, subject_id, detail) "
                   "VALUES (?, ?, ?, ?, ?, ?)"};
  Statement count_revocations_{connection_, "SELECT count(*) FROM revocations"};
  Statement replace_revocation_{connection_,
                                "DELETE FROM revocations WHERE user_id = ?1 AND token_id IS NULL AND "
                                "((issued_before IS NOT NULL AND issued_before <= ?2) OR ?2 IS NULL)"};
  Statement insert_revocation_{connection_,
                               "INSERT INTO revocations (token_id, user_id, issued_before, created_at, "
                               "expires_at) VALUES (?, ?, ?, ?, ?) RETURNING id"};
  Statement revocations_{connection_,
                         "SELECT id, token_id, user_id, issued_before, expires_at FROM revocations "
                         "WHERE expires_at IS NULL OR expires_at > ?1 ORDER BY id DESC LIMIT ?2"};
  Statement forget_revocations_{connection_, "DELETE FROM revocations WHERE expires_at <= ?"};
  Statement forget_news_{connection_, connection_.words().forget_news};
  Statement news_{connection_,
                  "SELECT id, subject_kind, subject_id FROM access_changes WHERE id > ? ORDER BY id LIMIT ?"};
  Statement news_up_to_{connection_, connection_.words().news_up_to};
  Statement disputes_of_{connection_, "SELECT id FROM disputes WHERE order_id = ?"};

  // ---- connections
  Statement open_connection_{
      connection_,
      "INSERT INTO websocket_connections (id, user_id, socket_id, connected_at, last_seen, "
      "is_active, node) VALUES (?, ?, ?, ?4, ?4, TRUE, nullif(?5, '')) ON CONFLICT (id) DO UPDATE SET is_active = TRUE, "
      "last_seen = greatest(websocket_connections.last_seen, excluded.last_seen)"};
  Statement see_connection_{
      connection_,
      // Taken for dead while the database was away, perhaps, and closed by a peer.
      // Not so one that was closed after it was seen: that news is only late.
      "UPDATE websocket_connections SET is_active = CASE WHEN last_seen < ?2 THEN TRUE ELSE is_active END, "
      "last_seen = greatest(coalesce(last_seen, ?2), ?2) "
      "WHERE id = ?1"};
  Statement close_connection_{connection_,
                              "UPDATE websocket_connections SET is_active = FALSE, "
                              "last_seen = greatest(coalesce(last_seen, ?2), ?2) WHERE id = ?1"};
  Statement close_stale_{connection_, connection_.words().close_stale};
  Statement forget_up_to_{connection_, ROZMOVA_END_OF_PAGE("websocket_connections")};
  Statement forget_{
      connection_,
      "DELETE FROM websocket_connections AS old WHERE id > ?1 AND id <= ?2 AND is_active = FALSE "
      "AND last_seen < ?3 AND EXISTS (SELECT 1 FROM websocket_connections later "
      "WHERE later.user_id = old.user_id AND later.last_seen >= old.last_seen "
      "AND (later.last_seen, later.id) > (old.last_seen, old.id))"};
#undef ROZMOVA_END_OF_PAGE
  TheirWrites their_writes_{beside_.get(), connection_.words().dialect};
  WorkflowStatements workflow_{connection_, their_writes_};
  BridgeStatements bridge_{connection_};
  Statement elsewhere_{connection_,
                       "SELECT count(*) FROM websocket_connections WHERE user_id = ?1 AND is_active = TRUE "
                       "AND node <> ?2"};
  Statement connections_of_{connection_,
                            "SELECT id, coalesce(node, '') FROM websocket_connections WHERE user_id = ?1 AND "
                            "is_active = TRUE ORDER BY id"};
  Statement last_seen_{connection_, "SELECT max(last_seen) FROM websocket_connections WHERE user_id = ?"};
};

}  // namespace rozmova::store
