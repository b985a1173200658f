// What was done and by whom, which tokens are not good any more, whose access may have changed.
#include "rozmova/store/sql_store/sql_store.hpp"

#include <algorithm>

namespace rozmova::store {

void SqlStore::audit(const AuditEntry& entry, WallMs now) {
  audit_.run()
      .bind_time(now)
      .bind(entry.actor_id)
      .bind(entry.action)
      .bind(entry.subject_kind)
      .bind(entry.subject_id)
      .bind(entry.detail)
      .done();
}

Result<Revocation> SqlStore::revoke(const Revocation& revocation, WallMs now) {
  const bool of_user = revocation.token_id.empty();
  if (of_user && !revocation.user_id) return Refusal{ErrorCode::invalid_payload, "nothing to revoke"};
  if (of_user) replace_revocation_.run().bind(*revocation.user_id).bind_time(revocation.issued_before).done();
  {
    auto row = count_revocations_.run();
    if (row.row() && row.number(0) >= static_cast<std::int64_t>(revocations_max)) {
      return Refusal{ErrorCode::conflict,
                     "there are too many revocations; revoke by user instead of by token"};
    }
  }
  Revocation made = revocation;
  const auto token_id = of_user ? std::nullopt : std::optional<std::string_view>(made.token_id);
  auto row = insert_revocation_.run();
  row.bind(token_id).bind(made.user_id).bind_time(made.issued_before).bind_time(now);
  row.bind_time(made.expires_at);
  if (row.row()) made.id = row.number(0);
  return made;
}

std::vector<Revocation> SqlStore::revocations(WallMs now) {
  std::vector<Revocation> all;
  auto row = revocations_.run();
  row.bind_time(now).bind(static_cast<std::int64_t>(revocations_max));
  while (row.row()) {
    Revocation one;
    one.id = row.number(0);
    one.token_id = row.string(1);
    one.user_id = row.uuid_or_null(2);
    one.issued_before = row.time_or_null(3);
    one.expires_at = row.time_or_null(4);
    all.push_back(std::move(one));
  }
  return all;
}

void SqlStore::forget_access(WallMs before, std::int64_t news_up_to) {
  forget_revocations_.run().bind_time(before).done();
  forget_news_.run().bind(news_up_to).done();
}

std::int64_t SqlStore::changes_of_others() { return connection_.changes_of_others().value_or(-1); }

std::vector<SqlStore::NewsRow> SqlStore::news_rows(std::int64_t after, int rows_max) {
  std::vector<NewsRow> rows;
  auto row = news_.run();
  row.bind(after).bind(std::int64_t{rows_max});
  while (row.row()) rows.push_back({row.number(0), row.string(1), row.string(2)});
  return rows;
}

AccessNews SqlStore::access_news(std::int64_t after, int rows_max) {
  const Moment moment(connection_);
  AccessNews news;
  news.up_to = after;
  int fresh = 0;
  for (const NewsRow& row : news_rows(after, rows_max)) {
    if (row.id > after) ++fresh;
    news.up_to = std::max(news.up_to, row.id);
    if (row.kind == "revocation") {
      news.revocations = true;
      continue;
    }
    const auto id = Uuid::parse(row.subject);
    if (!id) continue;  // no such user or chat has ever been heard of here
    if (row.kind == "user") news.users.push_back(*id);
    if (row.kind == "dispute") news.chats.push_back({ChatKind::dispute, *id});
    if (row.kind != "order") continue;
    news.chats.push_back({ChatKind::order, *id});
    auto dispute = disputes_of_.run();
    dispute.bind(*id);
    while (dispute.row()) news.chats.push_back({ChatKind::dispute, dispute.uuid(0)});
  }
  news.has_more = fresh >= rows_max;
  return news;
}

AccessNews SqlStore::access_news_so_far() {
  AccessNews news;
  auto row = news_up_to_.run();
  if (row.row()) news.up_to = row.number(0);
  return news;
}

}  // namespace rozmova::store
