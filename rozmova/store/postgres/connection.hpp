#pragma once

#include "rozmova/store/engine/engine.hpp"
#include "rozmova/store/engine/statement.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct pg_conn;
struct pg_result;

namespace rozmova::store {

/// How a connection to PostgreSQL is made and how long it waits for anything.
struct PostgresOptions {
  std::string url;  ///< postgres://…, with everything that libpq understands behind it (sslmode, host lists)
  int connect_timeout_s = 5;
  int statement_timeout_ms = 10'000;
  int lock_timeout_ms = 5'000;
  int lost_after_ms = 10'000;  ///< unanswered bytes: the other machine is gone
};

namespace postgres {

struct ResultFree {
  void operator()(pg_result* result) const;
};
using Result = std::unique_ptr<pg_result, ResultFree>;

/// One connection to PostgreSQL by libpq. Every call waits for its answer, at most as long as the options say;
/// so it belongs on a thread of the store's. Owned by its Store; used by one thread at a time.
class Connection final : public EngineConnection {
 public:
  /// Connects to a server that takes writes (or to any, for reading). Throws StoreError, whose text never
  /// shows the password.
  Connection(const PostgresOptions& options, Access access);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  pg_conn* handle() const { return connection_; }
  std::unique_ptr<Prepared> prepare(const char* sql) override;
  void exec(const char* sql) override;
  bool in_transaction() const override;
  std::int64_t changes() const override { return changes_; }
  void begin_moment() override { exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); }

  /// Throws unless the result is a good one; notes how many rows it has touched.
  void check(const Result& result, std::string_view doing);
  void note_changes(std::int64_t rows) { changes_ = rows; }
  [[noreturn]] void fail(const pg_result* result, std::string_view doing) const;
  std::string next_name() { return "s" + std::to_string(++statements_); }

 private:
  pg_conn* connection_ = nullptr;
  std::int64_t changes_ = 0;
  unsigned statements_ = 0;
};

/// SQLite's marks for parameters (`?`, `?3`) as PostgreSQL's (`$1`, `$3`); what stands in quotes is left alone.
std::string with_dollars(std::string_view sql);
/// `2026-03-01 09:30:00.123456+00`, as a session in UTC prints it.
bool parse_timestamp(std::string_view text, WallMs& time);
/// Host, port and database of a URL, for logs: no user, no password.
std::string without_secrets(std::string_view url);

}  // namespace postgres
}  // namespace rozmova::store
