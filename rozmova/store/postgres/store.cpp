#include "rozmova/store/postgres/store.hpp"

#include "rozmova/store/postgres/arrays.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace rozmova::store::postgres {
namespace {

constexpr std::chrono::minutes missing_kept{15};  ///< longer than anybody keeps a transaction open
constexpr std::size_t missing_max = 10'000;
constexpr std::int64_t news_read_again = 1'000;  ///< at a start: what is being committed just then
constexpr int looks_shift = 40;                  ///< over the numbers of the news

#define ROZMOVA_POSITIONS(chats, messages, key)                                                 \
  "SELECT c.id, (SELECT m.seq FROM " messages " m WHERE m." key                                 \
  " = c.id ORDER BY m.seq DESC LIMIT 1), (SELECT m.change_seq FROM " messages " m WHERE m." key \
  " = c.id AND m.change_seq IS NOT NULL ORDER BY m.change_seq DESC LIMIT 1) "                   \
  "FROM unnest(CAST($1 AS UUID[])) AS asked (id) JOIN " chats " c ON c.id = asked.id"
constexpr const char* positions_of_orders = ROZMOVA_POSITIONS("orders", "messages", "order_id");
constexpr const char* positions_of_disputes = ROZMOVA_POSITIONS("disputes", "dispute_messages", "dispute_id");
#undef ROZMOVA_POSITIONS

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

/// All of them in one journey: each node asks this of every chat that somebody is in, again and again.
std::vector<ChatPosition> PostgresStore::positions(std::span<const ChatKey> chats) {
  BinaryArray orders(BinaryArray::Of::uuid), disputes(BinaryArray::Of::uuid);
  for (const ChatKey& chat : chats) (chat.kind == ChatKind::order ? orders : disputes).add(chat.id);
  const std::array<Question, 2> questions{Question{positions_of_orders, {orders.bytes()}},
                                          Question{positions_of_disputes, {disputes.bytes()}}};
  const std::vector<Answer> answers = postgres_.ask_all(questions);
  std::vector<ChatPosition> all;
  for (const ChatKind kind : {ChatKind::order, ChatKind::dispute}) {
    pg_result* const rows = answers[kind == ChatKind::order ? 0 : 1].get();
    for (int row = 0; row < PQntuples(rows); ++row) {
      const auto number = [&](int column) {
        std::int64_t value = 0;
        std::from_chars(PQgetvalue(rows, row, column),
                        PQgetvalue(rows, row, column) + PQgetlength(rows, row, column), value);
        return value;
      };
      if (const auto id = Uuid::parse(PQgetvalue(rows, row, 0)))
        all.push_back({{kind, *id}, number(1), number(2)});
    }
  }
  return all;
}

int PostgresStore::listen_for_news() {
  postgres_.exec("LISTEN rozmova_news");
  return PQsocket(postgres_.handle());
}

NewsHeard PostgresStore::hear_news() {
  struct Free {
    void operator()(PGnotify* notice) const { PQfreemem(notice); }
  };
  if (PQconsumeInput(postgres_.handle()) != 1) postgres_.fail(nullptr, "listening");
  NewsHeard heard;
  while (const std::unique_ptr<PGnotify, Free> notice{PQnotifies(postgres_.handle())}) {
    const std::string_view what = notice->extra;
    heard.access |= what == "access";
    heard.outbox |= what == "outbox";
  }
  return heard;
}

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
