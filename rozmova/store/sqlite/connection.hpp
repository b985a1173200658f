#pragma once

#include "rozmova/model.hpp"
#include "rozmova/store/sqlite.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace rozmova::store::sqlite {

enum class Access : std::uint8_t { write, read };

/// One open database file. Owned by its Store; used by one thread at a time.
class Connection {
 public:
  /// Opens (creating the file for a writer) and sets WAL, synchronous=FULL, foreign keys and the rest.
  Connection(const SqliteOptions& options, Access access);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  sqlite3* handle() const { return db_; }
  void exec(const char* sql);
  bool in_transaction() const;
  std::int64_t changes() const;
  /// Frames in the write-ahead log after this connection's last commit.
  std::size_t log_frames() const { return log_frames_; }
  /// A passive checkpoint: never waits, never makes others wait. Returns the frames that are in the main file
  /// now.
  std::size_t checkpoint();
  /// Throws the StoreError that belongs to SQLite's code; `doing` goes in front of its message.
  [[noreturn]] void fail(int code, std::string_view doing) const;

 private:
  void open(const SqliteOptions& options, Access access);

  sqlite3* db_ = nullptr;
  std::string path_;
  std::size_t log_frames_ = 0;
};

/// How a write went that may meet a constraint.
enum class Wrote : std::uint8_t { yes, unique_taken, parent_missing };

/// One SQL statement, prepared at its first use and kept as long as its connection.
class Statement {
 public:
  Statement(Connection& connection, const char* sql) : connection_(connection), sql_(sql) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// One execution: bind, then row() until it says no, or done(). Resets the statement when it goes. Texts
  /// that are bound must outlive it.
  class Run {
   public:
    explicit Run(Statement& statement);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    Run& bind(std::string_view text);
    Run& bind(std::int64_t number);
    Run& bind(const Uuid& id);
    Run& bind_time(WallMs time);
    Run& bind_time(const std::optional<WallMs>& time) { return time ? bind_time(*time) : bind_null(); }
    Run& bind_null();
    template <class Value>
    Run& bind(const std::optional<Value>& value) {
      return value ? bind(*value) : bind_null();
    }

    bool row();
    void done();    ///< expects no row
    Wrote write();  ///< as done(), but a unique or foreign key that stands against it is an answer

    bool is_null(int column) const;
    std::int64_t number(int column) const;
    std::string_view text(int column) const;  ///< until the next row
    std::string string(int column) const { return std::string(text(column)); }
    Uuid uuid(int column) const;
    std::optional<Uuid> uuid_or_null(int column) const;
    WallMs time(int column) const;
    std::optional<WallMs> time_or_null(int column) const;
    std::optional<std::int64_t> number_or_null(int column) const;

   private:
    static constexpr std::size_t scratch_bytes = 8 * Uuid::text_bytes;

    void check_bound(int code);
    Run& bind_copy(const char* text, std::size_t size);
    [[noreturn]] void bad_value(int column, std::string_view expected) const;

    Statement& statement_;
    sqlite3_stmt* handle_;
    int next_ = 1;
    std::size_t scratch_used_ = 0;
    char scratch_[scratch_bytes];  ///< ids and times in text, until the statement is reset
  };

  Run run() { return Run(*this); }

 private:
  Connection& connection_;
  const char* sql_;
  sqlite3_stmt* handle_ = nullptr;
};

/// Holds one moment of the database for several reads: a read transaction, unless one is open already.
class Moment {
 public:
  explicit Moment(Connection& connection);
  ~Moment();
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;

 private:
  Connection* connection_ = nullptr;
};

}  // namespace rozmova::store::sqlite
