#pragma once

#include "rozmova/store/engine/statement.hpp"

namespace rozmova::store {

/// The SQL of webhooks and outbox. Part of a SqlStore, with its connection.
struct BridgeStatements {
  explicit BridgeStatements(EngineConnection& c) : connection(c) {}

  EngineConnection& connection;

  // ---- webhooks
  Statement forget_endpoints{connection, "DELETE FROM webhook_endpoints"};
  Statement add_endpoint{connection, "INSERT INTO webhook_endpoints (url, events) VALUES (?, ?)"};
  Statement drop_unwanted{
      connection,
      "DELETE FROM webhook_queue WHERE state = 'waiting' AND endpoint NOT IN (SELECT url FROM webhook_endpoints)"};
  Statement due{
      connection,
      "SELECT position, id, endpoint, type, created_at, attempts, chat_kind, chat_id, seq, notification_id "
      "FROM webhook_queue WHERE state = 'waiting' AND endpoint = ? AND next_attempt_at IS NOT NULL AND "
      "next_attempt_at <= ? ORDER BY next_attempt_at, position LIMIT ?"};
  Statement delivered{connection, "DELETE FROM webhook_queue WHERE position = ?"};
  Statement failed{connection,
                   "UPDATE webhook_queue SET attempts = attempts + 1, next_attempt_at = ?2, last_error = ?3 "
                   "WHERE position = ?1"};
  Statement given_up{
      connection,
      "UPDATE webhook_queue SET state = 'dead', attempts = attempts + 1, next_attempt_at = NULL, "
      "last_error = ?2 WHERE position = ?1 AND state = 'waiting'"};
  Statement may_go{
      connection,
      "UPDATE webhook_queue SET next_attempt_at = ?2 WHERE state = 'waiting' AND next_attempt_at > ?2 "
      "AND endpoint = ?1"};
  Statement forget_dead{connection, "DELETE FROM webhook_queue WHERE state = 'dead' AND created_at < ?"};
  Statement backlog{connection,
                    "SELECT (SELECT count(*) FROM webhook_queue WHERE state = 'waiting'), "
                    "(SELECT count(*) FROM webhook_queue WHERE state = 'dead'), "
                    "(SELECT min(created_at) FROM webhook_queue WHERE state = 'waiting')"};
  Statement notification{
      connection, "SELECT user_id, type, content, data, created_at, read_at FROM notifications WHERE id = ?"};

  // ---- outbox
  Statement outbox{
      connection,
      "SELECT id, kind, payload FROM rozmova_outbox WHERE processed_at IS NULL ORDER BY id LIMIT ?"};
  Statement outbox_done{connection,
                        "UPDATE rozmova_outbox SET processed_at = ?3, error = nullif(?2, '') WHERE id = ?1"};
  Statement forget_outbox{connection, "DELETE FROM rozmova_outbox WHERE processed_at < ? AND error IS NULL"};
  Statement outbox_backlog{
      connection,
      "SELECT (SELECT count(*) FROM rozmova_outbox WHERE processed_at IS NULL), "
      "(SELECT count(*) FROM rozmova_outbox WHERE error IS NOT NULL), "
      "(SELECT created_at FROM rozmova_outbox WHERE processed_at IS NULL ORDER BY id LIMIT 1)"};
};

}  // namespace rozmova::store
