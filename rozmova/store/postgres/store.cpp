#include "rozmova/store/postgres/store.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cstring>

namespace rozmova::store::postgres {
namespace {

constexpr std::chrono::minutes missing_kept{15};  ///< longer than anybody keeps a transaction open
constexpr std::size_t missing_max = 10'000;
constexpr std::int64_t news_read_again = 1'000;  ///< at a start: what is being committed just then
constexpr int looks_shift = 40;                  ///< over the numbers of the news

}  // namespace

PostgresStore::PostgresStore(const PostgresOptions& options, Access access)
    : SqlStore(std::make_unique<Connection>(options, access), options.beside),
      postgres_(static_cast<Connection&>(connection())),
      access_(access) {}

std::int64_t lock_of(const ChatKey& chat) {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, chat.id.bytes.data(), sizeof high);
  std::memcpy(&low, chat.id.bytes.data() + sizeof high, sizeof low);
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15ULL;
  const std::uint64_t mixed = (high * odd) ^ low ^ (chat.kind == ChatKind::dispute ? odd : 0);
  return static_cast<std::int64_t>(mixed);
}

// ---------------------------------------------------------------------------------------------- transactions

void PostgresStore::begin() {
  end_transaction();
  forget_facts();
  postgres_.ask_later("BEGIN", {});
}

void PostgresStore::commit() {
  const Answer done = postgres_.ask("COMMIT", {});
  // A transaction in which something has failed takes the word, and ends the other way.
  if (std::string_view(PQcmdStatus(done.get())) != "COMMIT")
    throw StoreError(StoreError::Kind::broken, "PostgreSQL: COMMIT: the transaction had failed before");
  end_transaction();
}

/// A commit waits for synchronous standbys up to its own place in the log, and this one's is behind all that was seen.
void PostgresStore::make_sure() {
  postgres_.ask_later("SELECT pg_logical_emit_message(TRUE, 'rozmova', CAST('' AS TEXT))", {});
  commit();
}

void PostgresStore::rollback() noexcept {
  postgres_.forget_waiting();
  SqlStore::rollback();
  end_transaction();
}

void PostgresStore::rollback_to_savepoint() {
  SqlStore::rollback_to_savepoint();
  held_ = expected_;
}

void PostgresStore::end_transaction() {
  held_.clear();
  expected_.clear();
  sent_before_.clear();
  roles_.clear();
}

void PostgresStore::hold(const ChatKey& chat) {
  if (access_ == Access::read || !held_.insert(chat).second) return;
  hold_.run().bind(lock_of(chat)).row();
}

// ------------------------------------------------------------------------------------------------------ news

std::int64_t PostgresStore::changes_of_others() {
  const std::int64_t last = SqlStore::access_news_so_far().up_to;
  return missing_news_.empty() ? last : last + (++looks_ << looks_shift);
}

AccessNews PostgresStore::access_news_so_far() {
  AccessNews news = SqlStore::access_news_so_far();
  news.up_to = std::max<std::int64_t>(0, news.up_to - news_read_again);
  return news;
}

std::vector<SqlStore::NewsRow> PostgresStore::news_rows(std::int64_t after, int rows_max) {
  const std::int64_t given = SqlStore::access_news_so_far().up_to;  // some of these may not be committed yet
  std::vector<NewsRow> rows = SqlStore::news_rows(after, rows_max);
  std::int64_t up_to = static_cast<int>(rows.size()) == rows_max ? rows.back().id : given;
  if (!missing_news_.empty()) {
    std::string numbers;
    for (const auto& [number, since] : missing_news_)
      numbers += (numbers.empty() ? "{" : ",") + std::to_string(number);
    numbers += '}';
    auto row = late_news_.run();
    row.bind(numbers);
    while (row.row()) {
      if (row.number(0) <= after) rows.push_back({row.number(0), row.string(1), row.string(2)});
    }
  }
  const auto now = std::chrono::steady_clock::now();
  std::set<std::int64_t> seen;
  for (const NewsRow& row : rows) {
    seen.insert(row.id);
    missing_news_.erase(row.id);
    up_to = std::max(up_to, row.id);
  }
  up_to = std::min<std::int64_t>(up_to, after + static_cast<std::int64_t>(missing_max));
  for (std::int64_t number = after + 1; number <= up_to; ++number) {
    if (!seen.contains(number)) missing_news_.emplace(number, now);
  }
  std::erase_if(missing_news_, [now](const auto& one) { return now - one.second > missing_kept; });
  while (missing_news_.size() > missing_max) missing_news_.erase(missing_news_.begin());
  return rows;
}

// ---------------------------------------------------------------------------------------------------- outbox

/// An endpoint's events leave from one node, in order. The lock is the connection's: when it ends, another node goes on.
std::vector<WebhookRow> PostgresStore::webhooks_due(const std::string& endpoint, WallMs now, int rows_max) {
  if (!endpoints_.contains(endpoint)) {
    auto row = try_endpoint_.run();
    if (!row.bind(endpoint).row() || row.number(0) == 0) return {};
    endpoints_.insert(endpoint);
  }
  return SqlStore::webhooks_due(endpoint, now, rows_max);
}

/// Rows that are taken in a transaction are one node's at a time: each has its effects once, and in order.
std::vector<OutboxRow> PostgresStore::outbox(int rows_max) {
  if (access_ == Access::write) {
    auto row = try_outbox_.run();
    if (!row.row() || row.number(0) == 0) return {};
  }
  return SqlStore::outbox(rows_max);
}

}  // namespace rozmova::store::postgres
