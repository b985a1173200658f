// How SQLite would carry out every statement of the store: none of them reads a growing table from end to end, or sorts what
// it has found in one. What does so for a reason stands in a table.
#include "rozmova/store/sql_store/sql_store.hpp"
#include "rozmova/store/sqlite/connection.hpp"
#include "tests/unit/sqlite_database.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

namespace rozmova::store::testing {
namespace {

/// Hears of all statements, prepares none.
class Listener final : public EngineConnection {
 public:
  Listener(std::set<std::string>& heard, const EngineConnection& engine) : heard_(heard), engine_(engine) {}
  void announce(const char* sql) override {
    if (*sql != '\0') heard_.insert(sql);
  }
  std::unique_ptr<Prepared> prepare(const char*) override { return nullptr; }
  void exec(const char*) override {}
  bool in_transaction() const override { return false; }
  std::int64_t changes() const override { return 0; }
  void begin_moment() override {}
  const EngineWords& words() const override { return engine_.words(); }
  std::optional<std::int64_t> changes_of_others() override { return std::nullopt; }

 private:
  std::set<std::string>& heard_;
  const EngineConnection& engine_;
};

std::set<std::string> all_statements(const EngineConnection& engine) {
  std::set<std::string> heard;
  const SqlStore store(std::make_unique<Listener>(heard, engine), nullptr);
  return heard;
}

std::vector<std::string> plan_of(sqlite3* db, const std::string& sql) {
  std::vector<std::string> lines;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    lines.push_back(std::string("SCAN nothing: ") + sqlite3_errmsg(db));
    return lines;
  }
  while (sqlite3_step(statement) == SQLITE_ROW)
    lines.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 3)));
  sqlite3_finalize(statement);
  return lines;
}

/// What a statement has found already, and goes through once more.
constexpr std::array of_its_own = {"few", "page", "counted", "active", "c", "(subquery-3)", "CONSTANT"};

struct Exception {
  std::string_view statement;  ///< how it begins
  std::string_view line;       ///< of its plan, how it begins
  std::string_view reason;
};
constexpr std::array exceptions = {
    Exception{"DELETE FROM webhook_queue WHERE state = 'waiting' AND endpoint NOT IN", "SCAN webhook_queue",
              "at a start, when endpoints have changed"},
    Exception{"SELECT (SELECT count(*) FROM rozmova_outbox", "SCAN rozmova_outbox USING INDEX",
              "what waits, and what could not be done"},
    Exception{"SELECT (SELECT count(*) FROM webhook_queue", "SCAN webhook_queue USING",
              "what waits, and what is dead"},
    Exception{"SELECT id, kind, payload FROM rozmova_outbox", "SCAN rozmova_outbox USING INDEX",
              "the first that wait"},
    Exception{"INSERT INTO users", "SCAN ",
              "looks for children only while SQLite counts a broken foreign key"},
    Exception{"SELECT id, coalesce(node, '') FROM websocket_connections WHERE user_id", "USE TEMP B-TREE",
              "one person's open connections, of which there are few"},
    Exception{"SELECT coalesce((SELECT seq FROM sqlite_sequence", "SCAN sqlite_sequence",
              "a row for each table"},
    Exception{"UPDATE websocket_connections SET is_active = 0 WHERE is_active",
              "SCAN websocket_connections USING INDEX", "at a start: what a crash has left"},
    Exception{"SELECT count(*) FROM revocations", "SCAN revocations",
              "at most revocations_max, when one is added"},
    Exception{"SELECT id, token_id, user_id, issued_before", "SCAN revocations",
              "all of them, to be kept in memory"},
    Exception{"SELECT id, name, role, locale FROM users ORDER BY", "SCAN users USING INDEX users_by_age",
              "the first of the demo"},
    Exception{"SELECT 0, id, updated_at FROM orders WHERE client_id", "USE TEMP B-TREE",
              "the chats of one person"},
    Exception{"WITH active", "USE TEMP B-TREE FOR ORDER BY", "the chats of one person"},
    Exception{"WITH counted", "UNION USING TEMP B-TREE", "the chats of one person"},
    Exception{"SELECT id, status FROM disputes WHERE order_id", "USE TEMP B-TREE FOR ORDER BY",
              "the disputes of one order"},
    Exception{"SELECT id, number FROM (SELECT id, row_number()", "USE TEMP B-TREE FOR ORDER BY", "one page"},
};

bool is_excused(const std::string& sql, const std::string& line) {
  return std::any_of(exceptions.begin(), exceptions.end(), [&](const Exception& one) {
    return sql.starts_with(one.statement) && line.starts_with(one.line);
  });
}

bool goes_through_all(const std::string& line) {
  if (line.find("TEMP B-TREE") != std::string::npos) return true;
  constexpr std::string_view scan = "SCAN ";
  if (!line.starts_with(scan)) return false;
  const std::string what = line.substr(scan.size(), line.find(' ', scan.size()) - scan.size());
  return std::find(of_its_own.begin(), of_its_own.end(), what) == of_its_own.end();
}

TEST(QueryPlans, NoStatementGoesThroughAGrowingTable) {
  SqliteDatabase database;
  database.factory()->migrate();
  SqliteOptions options;
  options.path = database.path();
  const sqlite::Connection connection(options, Access::read);
  const auto statements = all_statements(connection);
  EXPECT_GT(statements.size(), 100U);
  for (const std::string& sql : statements) {
    for (const std::string& line : plan_of(connection.handle(), sql))
      EXPECT_TRUE(!goes_through_all(line) || is_excused(sql, line)) << line << "\nin " << sql;
  }
}

TEST(QueryPlans, EveryExceptionIsStillOne) {
  SqliteDatabase database;
  database.factory()->migrate();
  SqliteOptions options;
  options.path = database.path();
  const sqlite::Connection connection(options, Access::read);
  for (const Exception& one : exceptions) {
    bool is_needed = false;
    for (const std::string& sql : all_statements(connection)) {
      if (!sql.starts_with(one.statement)) continue;
      for (const std::string& line : plan_of(connection.handle(), sql))
        is_needed |= line.starts_with(one.line);
    }
    EXPECT_TRUE(is_needed) << one.statement << ": " << one.reason;
  }
}

}  // namespace
}  // namespace rozmova::store::testing
