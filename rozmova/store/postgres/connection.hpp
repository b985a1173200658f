#pragma once

#include "rozmova/store/engine/engine.hpp"
#include "rozmova/store/engine/statement.hpp"
#include "rozmova/store/store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct pg_conn;
struct pg_result;

namespace rozmova::store {

/// How a connection to PostgreSQL is made and how long it waits for anything.
struct PostgresOptions {
  std::string url;  ///< postgres://…, with everything that libpq understands behind it (sslmode, host lists)
  std::string schema = {};  ///< of our own tables; made if it is missing. Empty: where search_path says
  int connect_timeout_s = 3;
  int statement_timeout_ms = 5'000;
  int lock_timeout_ms = 3'000;
  int answer_timeout_ms = 6'000;  ///< a server that says nothing at all is as good as gone
  int lost_after_ms = 6'000;      ///< unanswered bytes: the other machine is gone
  int migration_timeout_ms = 60'000;
  std::shared_ptr<const Mapping> beside = nullptr;  ///< whose users, orders and disputes; null: our own
};

/// The Store over one PostgreSQL database. Throws StoreError when the URL cannot be understood.
std::unique_ptr<StoreFactory> make_postgres(PostgresOptions options);

namespace postgres {

struct ResultFree {
  void operator()(pg_result* result) const;
};
using Answer = std::unique_ptr<pg_result, ResultFree>;

/// One execution of a statement, all parameters in PostgreSQL's binary form, the answer in text.
struct Question {
  const char* sql = nullptr;
  std::vector<std::string_view> parameters = {};
};

/// One connection to PostgreSQL by libpq. Every call waits for its answer, at most as long as the options say;
/// so it belongs on a thread of the store's. One that did not answer in time is lost for good: the next call
/// says so at once. Owned by its Store; used by one thread at a time.
class Connection final : public EngineConnection {
 public:
  /// Connects to the first server of the URL that takes writes. Throws StoreError, whose text never shows the
  /// password.
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
  const EngineWords& words() const override;
  /// There are other writers at all times.
  std::optional<std::int64_t> changes_of_others() override { return std::nullopt; }

  /// Something without rows (BEGIN, a batch of messages), asked with the next question, in the same journey; if
  /// it fails, that one throws. The transaction counts as begun.
  void ask_later(const char* sql, std::vector<std::string> parameters);
  /// What waits is not asked at all.
  void forget_waiting() { waiting_.clear(); }
  /// Asks all of them in one journey; each sees what was committed before itself began. Throws for the first
  /// that fails; those behind it are not carried out.
  std::vector<Answer> ask_all(std::span<const Question> questions);
  /// One of them; kept prepared under the address of its text.
  Answer ask(const char* sql, std::vector<std::string_view> parameters);
  Answer prepare_by_name(const std::string& name, const std::string& sql);
  Answer execute(const std::string& name, std::span<const char* const> parameters);

  /// Throws unless the result is a good one; notes how many rows it has touched.
  void check(const Answer& result, std::string_view doing);
  void note_changes(std::int64_t rows) { changes_ = rows; }
  [[noreturn]] void fail(const pg_result* result, std::string_view doing) const;
  std::string next_name() { return "s" + std::to_string(++statements_); }

 private:
  struct Waiting {
    const char* sql;
    std::vector<std::string> parameters;
  };

  void ask_what_waits();
  /// Waits for the answer to what was sent: the last result of it, or the one that failed.
  Answer answer(int sent, std::string_view doing);
  void flush(std::string_view doing);
  Answer next_result(std::string_view doing);
  void wait(bool for_writing, std::string_view doing);
  void set_deadline();
  const std::string& name_of(const char* sql);

  pg_conn* connection_ = nullptr;
  const int answer_timeout_ms_;
  std::int64_t deadline_ms_ = 0;  ///< of the answer that is being waited for, on the steady clock
  bool lost_ = false;             ///< it did not answer in time
  std::vector<Waiting> waiting_;
  std::unordered_map<const char*, std::string> names_;  ///< of statements asked by ask_all()
  std::int64_t changes_ = 0;
  unsigned statements_ = 0;
};

/// SQLite's marks for parameters (`?`, `?3`) as PostgreSQL's (`$1`, `$3`); what stands in quotes is left alone.
std::string with_dollars(std::string_view sql);
/// `2026-03-01 09:30:00.123456+00`, as a session in UTC prints it, in µs since 1970.
bool parse_timestamp(std::string_view text, std::int64_t& us);
/// Host, port and database of a URL, for logs: no user, no password.
std::string without_secrets(std::string_view url);

}  // namespace postgres
}  // namespace rozmova::store
