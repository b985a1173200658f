#include "rozmova/store/sqlite/connection.hpp"

#include <sqlite3.h>

#include <chrono>
#include <cstring>
#include <thread>

namespace rozmova::store::sqlite {
namespace {

/// Switching a fresh file to WAL needs it alone for a moment, and SQLite does not wait for that one by
/// itself.
constexpr int open_attempts_max = 100;
constexpr std::chrono::milliseconds open_retry{20};

StoreError::Kind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return StoreError::Kind::busy;
    case SQLITE_FULL: return StoreError::Kind::full;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL: return StoreError::Kind::lost;
    default: return StoreError::Kind::broken;
  }
}

std::string_view advice(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "; another process holds the database";
    case SQLITE_FULL: return "; free some disk space";
    case SQLITE_READONLY:
    case SQLITE_PERM: return "; give this user the right to write the file and its directory";
    case SQLITE_CANTOPEN: return "; does the directory exist, and may this user write into it?";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return "; restore it from a backup";
    default: return "";
  }
}

}  // namespace

Connection::Connection(const SqliteOptions& options, Access access) : path_(options.path) {
  for (int attempt = 1;; ++attempt) {
    try {
      open(options, access);
      return;
    } catch (const StoreError& error) {
      sqlite3_close(db_);
      db_ = nullptr;
      if (error.kind() != StoreError::Kind::busy || attempt == open_attempts_max) throw;
      std::this_thread::sleep_for(open_retry);
    } catch (...) {
      sqlite3_close(db_);
      throw;
    }
  }
}

void Connection::open(const SqliteOptions& options, Access access) {
  const int flags =
      SQLITE_OPEN_READWRITE | (access == Access::write ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX;
  const int code =
      sqlite3_open_v2(path_.c_str(), &db_, flags, options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (code != SQLITE_OK) fail(code, "opening");
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_busy_timeout(db_, options.busy_timeout_ms);
  if (access == Access::write && sqlite3_db_readonly(db_, "main") == 1)
    fail(SQLITE_READONLY, "opening for writing");
  exec("PRAGMA journal_mode = WAL");
  Statement mode(*this, "PRAGMA journal_mode");
  if (auto row = mode.run(); !row.row() || row.text(0) != "wal") {
    throw StoreError(StoreError::Kind::broken,
                     "SQLite " + path_ + ": no write-ahead log is possible here; use a local file system");
  }
  exec("PRAGMA synchronous = FULL");
  exec("PRAGMA foreign_keys = ON");
  exec("PRAGMA trusted_schema = OFF");
  exec("PRAGMA temp_store = MEMORY");
  // Takes the place of SQLite's own automatic checkpoint, which would make one batch of many wait for all of
  // them.
  const auto count_frames = [](void* self, sqlite3*, const char*, int frames) {
    static_cast<Connection*>(self)->log_frames_ = static_cast<std::size_t>(frames);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(db_, count_frames, this);
  const int cache_kb = access == Access::write ? options.writer_cache_kb : options.reader_cache_kb;
  exec(("PRAGMA cache_size = -" + std::to_string(cache_kb)).c_str());
  if (access == Access::read) exec("PRAGMA query_only = ON");
}

Connection::~Connection() { sqlite3_close(db_); }

void Connection::exec(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(sqlite3_extended_errcode(db_), sql);
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

std::int64_t Connection::changes() const { return sqlite3_changes64(db_); }

std::size_t Connection::checkpoint() {
  int in_log = 0;
  int done = 0;
  const int code = sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return 0;  // another one is at it
  if (code != SQLITE_OK) fail(code, "folding the write-ahead log");
  return done > 0 ? static_cast<std::size_t>(done) : 0;
}

void Connection::fail(int code, std::string_view doing) const {
  constexpr std::size_t doing_chars_max = 60;
  std::string what = "SQLite " + path_ + ": ";
  what += doing.substr(0, doing_chars_max);
  what += ": ";
  const bool of_this_call = db_ != nullptr && sqlite3_extended_errcode(db_) == code;
  what += of_this_call ? sqlite3_errmsg(db_) : sqlite3_errstr(code);
  what += " (code " + std::to_string(code);
  const int system_error = of_this_call ? sqlite3_system_errno(db_) : 0;
  if (system_error != 0) what += std::string(", ") + std::strerror(system_error);
  what += ")";
  what += advice(code);
  throw StoreError(kind_of(code), what);
}

// ----------------------------------------------------------------------------------------------------
// statements

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement::Run::Run(Statement& statement) : statement_(statement) {
  if (statement.handle_ == nullptr) {
    const int code = sqlite3_prepare_v3(statement.connection_.handle(), statement.sql_, -1,
                                        SQLITE_PREPARE_PERSISTENT, &statement.handle_, nullptr);
    if (code != SQLITE_OK) statement.connection_.fail(code, statement.sql_);
  }
  handle_ = statement.handle_;
}

Statement::Run::~Run() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

void Statement::Run::check_bound(int code) {
  if (code != SQLITE_OK) statement_.connection_.fail(code, statement_.sql_);
  ++next_;
}

Statement::Run& Statement::Run::bind(std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";  // a null pointer would mean NULL
  check_bound(sqlite3_bind_text64(handle_, next_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement::Run& Statement::Run::bind(std::int64_t number) {
  check_bound(sqlite3_bind_int64(handle_, next_, number));
  return *this;
}

Statement::Run& Statement::Run::bind_copy(const char* text, std::size_t size) {
  if (scratch_used_ + size > sizeof scratch_) {
    check_bound(sqlite3_bind_text64(handle_, next_, text, size, SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
  }
  char* const copy = scratch_ + scratch_used_;
  std::memcpy(copy, text, size);
  scratch_used_ += size;
  check_bound(sqlite3_bind_text64(handle_, next_, copy, size, SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement::Run& Statement::Run::bind(const Uuid& id) {
  char text[Uuid::text_bytes];
  id.write_to(text);
  return bind_copy(text, sizeof text);
}

Statement::Run& Statement::Run::bind_time(WallMs time) {
  const std::string text = iso_time(time);
  return bind_copy(text.data(), text.size());
}

Statement::Run& Statement::Run::bind_null() {
  check_bound(sqlite3_bind_null(handle_, next_));
  return *this;
}

bool Statement::Run::row() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  statement_.connection_.fail(code, statement_.sql_);
}

void Statement::Run::done() {
  if (row())
    throw StoreError(StoreError::Kind::broken,
                     std::string("SQLite: an unexpected row from ") + statement_.sql_);
}

Wrote Statement::Run::write() {
  const int code = sqlite3_step(handle_);
  switch (code) {
    case SQLITE_DONE: return Wrote::yes;
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY: return Wrote::unique_taken;
    case SQLITE_CONSTRAINT_FOREIGNKEY: return Wrote::parent_missing;
    default: statement_.connection_.fail(code, statement_.sql_);
  }
}

bool Statement::Run::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

std::int64_t Statement::Run::number(int column) const { return sqlite3_column_int64(handle_, column); }

std::string_view Statement::Run::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

Uuid Statement::Run::uuid(int column) const {
  const auto id = Uuid::parse(text(column));
  if (!id) bad_value(column, "a UUID");
  return *id;
}

std::optional<Uuid> Statement::Run::uuid_or_null(int column) const {
  if (is_null(column)) return std::nullopt;
  return uuid(column);
}

WallMs Statement::Run::time(int column) const {
  const auto time = parse_iso_time(text(column));
  if (!time) bad_value(column, "an ISO-8601 time");
  return *time;
}

std::optional<WallMs> Statement::Run::time_or_null(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

std::optional<std::int64_t> Statement::Run::number_or_null(int column) const {
  if (is_null(column)) return std::nullopt;
  return number(column);
}

void Statement::Run::bad_value(int column, std::string_view expected) const {
  const char* name = sqlite3_column_name(handle_, column);
  std::string what = "SQLite: column '";
  what += name != nullptr ? name : "?";
  what += "' should hold ";
  what += expected;
  throw StoreError(StoreError::Kind::broken, what);
}

// ----------------------------------------------------------------------------------------------------
// moments

Moment::Moment(Connection& connection) {
  if (connection.in_transaction()) return;
  connection.exec("BEGIN");
  connection_ = &connection;
}

Moment::~Moment() {
  // Nothing was written, so it does not matter which way it ends; an error that ended it already is no news.
  if (connection_ != nullptr) sqlite3_exec(connection_->handle(), "COMMIT", nullptr, nullptr, nullptr);
}

}  // namespace rozmova::store::sqlite
