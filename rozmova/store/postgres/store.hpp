#pragma once

#include "rozmova/store/postgres/connection.hpp"
#include "rozmova/store/sql_store/sql_store.hpp"

#include <chrono>
#include <map>
#include <set>
#include <unordered_set>

namespace rozmova::store::postgres {

/// What PostgreSQL does in a way of its own. Several nodes write at once, so whoever writes to a chat holds a lock
/// on it (pg_advisory_xact_lock) until his transaction ends: then the last `seq` is the last one, and a message
/// that was sent before is seen. A batch takes its locks in one order and asks all it must know in the same
/// journey, and its messages are one statement (append.cpp).
///
/// News are numbered before they are committed: a number that is missing is asked for again for a while.
class PostgresStore final : public SqlStore {
 public:
  PostgresStore(const PostgresOptions& options, Access access);

  void begin() override;
  void commit() override;
  void rollback() noexcept override;
  void rollback_to_savepoint() override;
  void make_sure() override;
  void expect(std::span<const ChatKey> chats, std::span<const NewMessage* const> appends) override;
  std::vector<Result<Appended>> append_all(std::span<const NewMessage* const> messages, WallMs now) override;

  std::vector<ChatPosition> positions(std::span<const ChatKey> chats) override;
  std::int64_t changes_of_others() override;
  int listen_for_news() override;
  NewsHeard hear_news() override;
  AccessNews access_news_so_far() override;
  std::vector<WebhookRow> webhooks_due(const std::string& endpoint, WallMs now, int rows_max) override;
  std::vector<OutboxRow> outbox(int rows_max) override;

 protected:
  void hold(const ChatKey& chat) override;
  std::vector<NewsRow> news_rows(std::int64_t after, int rows_max) override;

 private:
  using Once = std::tuple<ChatKey, Uuid, std::string>;  ///< chat, sender, clientMessageId
  struct OnceHash {
    std::size_t operator()(const Once& once) const;
  };
  struct Batch;

  /// True: made and put into the batch, or refused. False: it needs more questions than a batch has asked.
  std::optional<Result<Appended>> quickly(Batch& batch, const NewMessage& message, WallMs now);
  void store(Batch& batch);
  void read_facts(ChatKind kind, const Answer& rows);
  void end_transaction();

  Connection& postgres_;
  const Access access_;

  std::unordered_set<ChatKey> held_;      ///< by this transaction
  std::unordered_set<ChatKey> expected_;  ///< of these: from its beginning, so no savepoint gives them up
  std::unordered_set<Once, OnceHash> sent_before_;  ///< of the appends that are expected
  std::unordered_map<Uuid, Role> roles_;            ///< of senders whose token does not say

  std::map<std::int64_t, std::chrono::steady_clock::time_point> missing_news_;
  std::int64_t looks_ = 0;

  Statement hold_{postgres_, "SELECT pg_advisory_xact_lock(CAST(? AS BIGINT))"};
  Statement late_news_{postgres_,
                       "SELECT id, subject_kind, subject_id FROM access_changes "
                       "WHERE id = ANY (CAST(? AS BIGINT[])) ORDER BY id"};
  std::unordered_set<std::string> endpoints_;  ///< whose webhooks this connection sends
  Statement try_endpoint_{postgres_,
                          "SELECT pg_try_advisory_lock(7014952203319 + hashtext(CAST(? AS TEXT)))"};
  Statement try_outbox_{postgres_, "SELECT pg_try_advisory_xact_lock(7014952203318)"};
};

}  // namespace rozmova::store::postgres
