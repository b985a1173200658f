#pragma once

#include "rozmova/store/engine/statement.hpp"
#include "rozmova/store/sql_store/their_writes.hpp"

namespace rozmova::store {

/// The SQL of statuses, disputes and notes. Part of a SqlStore, with its connection.
struct WorkflowStatements {
  WorkflowStatements(EngineConnection& c, const TheirWrites& t) : connection(c), theirs(t) {}

  EngineConnection& connection;
  const TheirWrites& theirs;  ///< beside a marketplace; else empty
  static const char* either(const std::string& of_theirs, const char* ours) {
    return of_theirs.empty() ? ours : of_theirs.c_str();
  }

  // ---- what changed
  Statement set_order_status{
      connection,
      either(theirs.set_order_status, "UPDATE orders SET status = ?2, updated_at = ?3 WHERE id = ?1")};
  Statement set_dispute_status{
      connection,
      either(theirs.set_dispute_status, "UPDATE disputes SET status = ?2, updated_at = ?3 WHERE id = ?1")};
  Statement set_moderator{
      connection,
      either(theirs.set_moderator, "UPDATE disputes SET moderator_id = ?2, updated_at = ?3 WHERE id = ?1")};
  Statement insert_dispute{
      connection,
      either(theirs.insert_dispute,
             "INSERT INTO disputes (id, order_id, opened_by, reason, status, created_at, updated_at) "
             "VALUES (?1, ?2, ?3, ?4, 'open', ?5, ?5)")};
  Statement dispute_key{connection, "SELECT order_id, opened_by FROM disputes WHERE id = ?"};
  Statement undecided_dispute{
      connection,
      "SELECT id FROM disputes WHERE order_id = ? AND status IN ('open', 'under_review') LIMIT 1"};
  Statement newest_dispute{
      connection,
      "SELECT id, status FROM disputes WHERE order_id = ? ORDER BY created_at DESC, id DESC LIMIT 1"};
  Statement insert_change{
      connection,
      "INSERT INTO chat_changes (chat_kind, chat_id, seq, what, value, previous, changed_by, note, dispute_id, "
      "order_status) VALUES (?, ?, ?, ?, nullif(?, ''), nullif(?, ''), ?, ?, ?, nullif(?, ''))"};
  Statement change{
      connection,
      "SELECT what, value, previous, changed_by, note, dispute_id, order_status FROM chat_changes "
      "WHERE chat_kind = ? AND chat_id = ? AND seq = ?"};
  Statement last_change{connection,
                        "SELECT seq FROM chat_changes WHERE chat_kind = ? AND chat_id = ? AND what = ? "
                        "ORDER BY seq DESC LIMIT 1"};
  Statement before_dispute{connection,
                           "SELECT previous FROM chat_changes WHERE chat_kind = 'order' AND chat_id = ? "
                           "AND what = 'status' AND value = 'disputed' AND dispute_id = ? "
                           "ORDER BY seq DESC LIMIT 1"};
  Statement outcome{connection,
                    "SELECT order_status FROM chat_changes WHERE chat_kind = 'dispute' AND chat_id = ? "
                    "AND order_status IS NOT NULL ORDER BY seq DESC LIMIT 1"};

  // ---- disputes
  Statement dispute{
      connection,
      "SELECT d.order_id, d.opened_by, d.moderator_id, d.reason, d.status, d.created_at, d.updated_at, "
      "o.number, o.title, o.status, o.client_id, o.performer_id, c.name, p.name, m.name, r.seq, "
      "(SELECT max(seq) FROM dispute_messages WHERE dispute_id = d.id) "
      "FROM disputes d JOIN orders o ON o.id = d.order_id JOIN users c ON c.id = o.client_id "
      "JOIN users p ON p.id = o.performer_id LEFT JOIN users m ON m.id = d.moderator_id LEFT JOIN chat_reads r "
      "ON r.chat_kind = 'dispute' AND r.chat_id = d.id AND r.user_id = ?2 WHERE d.id = ?1"};
  Statement unread{connection,
                   "SELECT count(*) FROM (SELECT 1 FROM dispute_messages WHERE dispute_id = ? AND seq > ? "
                   "AND sender_id <> ? AND deleted_at IS NULL LIMIT ?) AS few"};
  // ?5: statuses as ",open,closed,", or nothing for all. ?6: whose, as a user's id, "nobody", "somebody", or
  // nothing for all.
#define ROZMOVA_DISPUTES_WANTED                                                                             \
  " (?5 = '' OR strpos(?5, ',' || d.status || ',') > 0) AND (?6 = '' OR CAST(d.moderator_id AS TEXT) = ?6 " \
  "OR (?6 = 'nobody' AND d.moderator_id IS NULL) OR (?6 = 'somebody' AND d.moderator_id IS NOT NULL)) "
  Statement own_disputes{
      connection,
      "WITH active (id, activity) AS MATERIALIZED (SELECT d.id, date_trunc('milliseconds', "
      "greatest(d.updated_at, coalesce((SELECT m.created_at FROM dispute_messages m WHERE m.dispute_id = d.id "
      "ORDER BY m.seq DESC LIMIT 1), d.updated_at))) "
      "FROM disputes d JOIN orders o ON o.id = d.order_id WHERE (o.client_id = ?4 OR o.performer_id = ?4) "
      "AND" ROZMOVA_DISPUTES_WANTED
      ") SELECT id, activity FROM active WHERE (activity, id) < (?1, ?2) ORDER BY activity DESC, id DESC LIMIT ?3"};
  // As with orders: all of them go along an index.
  Statement all_disputes{connection,
                         "SELECT d.id, d.updated_at FROM disputes d WHERE CAST(?4 AS TEXT) IS NOT NULL AND "
                         "(d.updated_at, d.id) < (?1, ?2) AND" ROZMOVA_DISPUTES_WANTED
                         "ORDER BY d.updated_at DESC, d.id DESC LIMIT ?3"};
#undef ROZMOVA_DISPUTES_WANTED

  // ---- notes
#define ROZMOVA_NOTES_WHERE(rest)                                                               \
  "SELECT n.id, n.seq, n.author_id, u.name, n.content, n.client_message_id, n.created_at FROM " \
  "dispute_notes n JOIN users u ON u.id = n.author_id WHERE n.dispute_id = ?1 " rest
  Statement notes_after{connection, ROZMOVA_NOTES_WHERE("AND n.seq > ?2 ORDER BY n.seq LIMIT ?3")};
  Statement notes_before{connection, ROZMOVA_NOTES_WHERE("AND n.seq < ?2 ORDER BY n.seq DESC LIMIT ?3")};
  Statement first_note{connection, ROZMOVA_NOTES_WHERE("AND n.author_id = ?2 AND n.client_message_id = ?3")};
#undef ROZMOVA_NOTES_WHERE
  Statement last_note{connection, "SELECT max(seq) FROM dispute_notes WHERE dispute_id = ?"};
  Statement insert_note{
      connection,
      "INSERT INTO dispute_notes (id, dispute_id, seq, author_id, content, client_message_id, created_at) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)"};
};

}  // namespace rozmova::store
