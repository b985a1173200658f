#include "rozmova/store/sqlite/connection.hpp"

#include "rozmova/store/sqlite/beside.hpp"

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

/// The later of two times, as other engines call it.
void greatest(sqlite3_context* context, int, sqlite3_value** given) {
  const auto text = [&](int at) -> std::string_view {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(given[at]));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(given[at]))};
  };
  sqlite3_result_value(context, given[text(0) < text(1) ? 1 : 0]);
}

/// Where the second text begins in the first, from 1; 0: nowhere. Of bytes: asked only whether it is there.
void strpos(sqlite3_context* context, int, sqlite3_value** given) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(given[0]));
  const auto* word = reinterpret_cast<const char*>(sqlite3_value_text(given[1]));
  if (text == nullptr || word == nullptr) return sqlite3_result_null(context);
  const char* const found = std::strstr(text, word);
  sqlite3_result_int64(context, found == nullptr ? 0 : found - text + 1);
}

/// Times have milliseconds here, so there is nothing to cut.
void date_trunc(sqlite3_context* context, int, sqlite3_value** given) {
  sqlite3_result_value(context, given[1]);
}

/// The triggers of 0007_webhooks_and_outbox.sql on what is written most. A table with a trigger makes SQLite keep each row's
/// pages as they were, in case the row is undone by halves: a quarter of the insert, whatever the trigger's WHEN says.
constexpr const char* begin_webhooks = R"(
CREATE TRIGGER IF NOT EXISTS messages_to_webhooks AFTER INSERT ON messages WHEN NEW.type <> 'system' BEGIN
    INSERT INTO webhook_queue (endpoint, lane, type, chat_kind, chat_id, seq)
    SELECT url, 'order:' || NEW.order_id, 'message.created', 'order', NEW.order_id, NEW.seq FROM webhook_endpoints
    WHERE events = '*' OR instr(events, ',message.created,') > 0;
END;
CREATE TRIGGER IF NOT EXISTS dispute_messages_to_webhooks AFTER INSERT ON dispute_messages WHEN NEW.type <> 'system' BEGIN
    INSERT INTO webhook_queue (endpoint, lane, type, chat_kind, chat_id, seq)
    SELECT url, 'dispute:' || NEW.dispute_id, 'message.created', 'dispute', NEW.dispute_id, NEW.seq FROM webhook_endpoints
    WHERE events = '*' OR instr(events, ',message.created,') > 0;
END;
)";

/// Words of SQL that SQLite has under another name or not at all.
void teach(sqlite3* db) {
  constexpr int pure = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  sqlite3_create_function_v2(db, "greatest", 2, pure, nullptr, greatest, nullptr, nullptr, nullptr);
  sqlite3_create_function_v2(db, "date_trunc", 2, pure, nullptr, date_trunc, nullptr, nullptr, nullptr);
  sqlite3_create_function_v2(db, "strpos", 2, pure, nullptr, strpos, nullptr, nullptr, nullptr);
}

}  // namespace

Connection::Connection(const SqliteOptions& options, Access access)
    : path_(options.path), log_pages_max_(static_cast<std::size_t>(options.log_pages_max)) {
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
  const int flags = SQLITE_OPEN_READWRITE | (options.beside != nullptr ? SQLITE_OPEN_URI : 0) |
                    (access == Access::write ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX;
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
  teach(db_);
  if (options.beside != nullptr) {
    live_beside(*this, *options.beside);
    if (!options.beside->attach.empty())
      their_data_version_.emplace(*this, "PRAGMA marketplace.data_version");
  }
  if (access == Access::read) exec("PRAGMA query_only = ON");
}

Connection::~Connection() {
  data_version_.reset();
  their_data_version_.reset();
  sqlite3_close(db_);
}

void Connection::exec(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(sqlite3_extended_errcode(db_), sql);
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

std::int64_t Connection::changes() const { return sqlite3_changes64(db_); }

const EngineWords& Connection::words() const {
  static constexpr EngineWords words{
      .dialect = Dialect::sqlite,
      .begin_write = "BEGIN IMMEDIATE",
      .close_stale = "UPDATE websocket_connections SET is_active = 0 WHERE is_active = 1",
      .news_up_to = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'access_changes'), 0)",
      .forget_news = "DELETE FROM access_changes WHERE id <= ?",
      .begin_migration = "BEGIN IMMEDIATE",
      .migrations_table =
          "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
          "checksum TEXT NOT NULL, "
          "applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))) STRICT",
      .has_own_orders =
          "SELECT sql LIKE '%REFERENCES orders%' FROM main.sqlite_master WHERE name = 'messages'",
      .begin_webhooks = begin_webhooks,
      .end_webhooks =
          "DROP TRIGGER IF EXISTS messages_to_webhooks;"
          "DROP TRIGGER IF EXISTS dispute_messages_to_webhooks",
  };
  return words;
}

/// Counted by SQLite for our file and for the marketplace's.
std::optional<std::int64_t> Connection::changes_of_others() {
  std::int64_t version = -1;
  {
    if (!data_version_) data_version_.emplace(*this, "PRAGMA data_version");
    auto row = data_version_->run();
    if (row.row()) version = row.number(0);
  }
  if (!their_data_version_) return version;
  auto row = their_data_version_->run();
  return row.row() ? version + (row.number(0) << 32) : version;
}

void Connection::committed() {
  if (log_frames_ < log_pages_max_) return;
  try {
    fold_log();
  } catch (const StoreError&) {
    // The commit has happened and is durable; the log only stays long, and the next commit tries again.
  }
}

std::size_t Connection::fold_log() {
  int in_log = 0;
  int done = 0;
  const int code = sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return 0;  // another one is at it
  if (code != SQLITE_OK) fail(code, "folding the write-ahead log");
  return done > 0 ? static_cast<std::size_t>(done) : 0;
}

void Connection::rest() { sqlite3_db_release_memory(db_); }

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

}  // namespace rozmova::store::sqlite
