// Statements as SQLite has them. Ids and times are text there, so they are written out into a scratch of the
// statement's own and bound from it without a copy.
#include "rozmova/store/sqlite/connection.hpp"

#include <sqlite3.h>

#include <cstring>
#include <string>

namespace rozmova::store::sqlite {
namespace {

class SqlitePrepared final : public Prepared {
 public:
  SqlitePrepared(Connection& connection, const char* sql) : connection_(connection), sql_(sql) {
    const int code =
        sqlite3_prepare_v3(connection.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
    if (code != SQLITE_OK) connection.fail(code, sql);
  }
  SqlitePrepared(const SqlitePrepared&) = delete;
  SqlitePrepared& operator=(const SqlitePrepared&) = delete;
  ~SqlitePrepared() override { sqlite3_finalize(handle_); }

  void bind_text(int at, std::string_view text) override {
    const char* data = text.data() != nullptr ? text.data() : "";  // a null pointer would mean NULL
    check(sqlite3_bind_text64(handle_, at, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  }
  void bind_number(int at, std::int64_t number) override { check(sqlite3_bind_int64(handle_, at, number)); }
  void bind_uuid(int at, const Uuid& id) override {
    char text[Uuid::text_bytes];
    id.write_to(text);
    bind_copy(at, text, sizeof text);
  }
  void bind_time(int at, WallMs time) override {
    if (time == INT64_MAX) return bind_text(at, "~");
    const std::string text = iso_time(time);
    bind_copy(at, text.data(), text.size());
  }
  void bind_null(int at) override { check(sqlite3_bind_null(handle_, at)); }

  bool step() override {
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    connection_.fail(code, sql_);
  }
  Wrote write() override {
    const int code = sqlite3_step(handle_);
    switch (code) {
      case SQLITE_DONE: return Wrote::yes;
      case SQLITE_CONSTRAINT_UNIQUE:
      case SQLITE_CONSTRAINT_PRIMARYKEY: return Wrote::unique_taken;
      case SQLITE_CONSTRAINT_FOREIGNKEY: return Wrote::parent_missing;
      default: connection_.fail(code, sql_);
    }
  }
  void reset() noexcept override {
    sqlite3_reset(handle_);
    sqlite3_clear_bindings(handle_);
    scratch_used_ = 0;
  }

  bool is_null(int column) const override { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
  std::int64_t number(int column) const override { return sqlite3_column_int64(handle_, column); }
  std::string_view text(int column) const override {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
  }
  Uuid uuid(int column) const override {
    const auto id = Uuid::parse(text(column));
    if (!id) bad_value(column, "a UUID");
    return *id;
  }
  WallMs time(int column) const override {
    const auto time = parse_iso_time(text(column));
    if (!time) bad_value(column, "an ISO-8601 time");
    return *time;
  }

 private:
  static constexpr std::size_t scratch_bytes = 8 * Uuid::text_bytes;

  void check(int code) {
    if (code != SQLITE_OK) connection_.fail(code, sql_);
  }
  void bind_copy(int at, const char* text, std::size_t size) {
    if (scratch_used_ + size > sizeof scratch_) {
      return check(sqlite3_bind_text64(handle_, at, text, size, SQLITE_TRANSIENT, SQLITE_UTF8));
    }
    char* const copy = scratch_ + scratch_used_;
    std::memcpy(copy, text, size);
    scratch_used_ += size;
    check(sqlite3_bind_text64(handle_, at, copy, size, SQLITE_STATIC, SQLITE_UTF8));
  }
  [[noreturn]] void bad_value(int column, std::string_view expected) const {
    const char* name = sqlite3_column_name(handle_, column);
    std::string what = "SQLite: column '";
    what += name != nullptr ? name : "?";
    what += "' should hold ";
    what += expected;
    throw StoreError(StoreError::Kind::broken, what);
  }

  Connection& connection_;
  const char* sql_;
  sqlite3_stmt* handle_ = nullptr;
  std::size_t scratch_used_ = 0;
  char scratch_[scratch_bytes];  ///< ids and times in text, until the statement is reset
};

}  // namespace

std::unique_ptr<Prepared> Connection::prepare(const char* sql) {
  return std::make_unique<SqlitePrepared>(*this, sql);
}

}  // namespace rozmova::store::sqlite
