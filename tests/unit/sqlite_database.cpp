#include "tests/unit/sqlite_database.hpp"

#include "tests/contract/store_suite_workflow.hpp"

#include <sqlite3.h>

#include <stdexcept>

namespace rozmova::store::testing {

std::unique_ptr<StoreFactory> SqliteDatabase::factory() { return make_store("sqlite:" + path()); }

void SqliteDatabase::sql(const std::string& statement) { run_sql(path(), statement); }
std::string SqliteDatabase::ask(const std::string& query) { return run_sql(path(), query); }

std::string run_sql(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  std::string answer;
  bool answered = false;
  std::string problem;
  if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) problem = sqlite3_errmsg(db);
  sqlite3_busy_timeout(db, 10'000);
  sqlite3_exec(db, "PRAGMA foreign_keys = ON", nullptr, nullptr, nullptr);
  sqlite3_stmt* statement = nullptr;
  if (problem.empty() && sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    problem = sqlite3_errmsg(db);
  }
  if (problem.empty()) {
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
      if (!answered && text != nullptr) answer = text;
      answered = true;
    }
    if (code != SQLITE_DONE) problem = sqlite3_errmsg(db);
  }
  sqlite3_finalize(statement);
  sqlite3_close(db);
  if (!problem.empty()) throw std::runtime_error(sql + ": " + problem);
  return answer;
}

namespace {

const Engine sqlite{"sqlite", [] { return std::make_unique<SqliteDatabase>(); }};
std::string name_of(const ::testing::TestParamInfo<Engine>& engine) { return engine.param.name; }

}  // namespace

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSuite, ::testing::Values(sqlite), name_of);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreChanges, ::testing::Values(sqlite), name_of);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreWorkflow, ::testing::Values(sqlite), name_of);

}  // namespace rozmova::store::testing
