#pragma once

#include "rozmova/store/engine/engine.hpp"
#include "rozmova/store/engine/statement.hpp"
#include "rozmova/store/sqlite.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;

namespace rozmova::store::sqlite {

using store::Access;
using store::Moment;
using store::Statement;
using store::Wrote;

/// One open database file. Owned by its Store; used by one thread at a time.
class Connection final : public EngineConnection {
 public:
  /// Opens (creating the file for a writer) and sets WAL, synchronous=FULL, foreign keys and the rest.
  Connection(const SqliteOptions& options, Access access);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  sqlite3* handle() const { return db_; }
  std::unique_ptr<Prepared> prepare(const char* sql) override;
  void exec(const char* sql) override;
  bool in_transaction() const override;
  std::int64_t changes() const override;
  void begin_moment() override { exec("BEGIN"); }
  const EngineWords& words() const override;
  std::optional<std::int64_t> changes_of_others() override;
  /// Folds the log when nobody else did.
  void committed() override;
  /// Frames in the write-ahead log after this connection's last commit.
  std::size_t log_pages() const override { return log_frames_; }
  /// A passive checkpoint: never waits, never makes others wait. Returns the frames that are in the main file
  /// now.
  std::size_t fold_log() override;
  /// Empties the page cache; what it held is in the operating system's.
  void rest() override;
  /// Throws the StoreError that belongs to SQLite's code; `doing` goes in front of its message.
  [[noreturn]] void fail(int code, std::string_view doing) const;

 private:
  void open(const SqliteOptions& options, Access access);

  sqlite3* db_ = nullptr;
  std::string path_;
  const std::size_t log_pages_max_;
  std::size_t log_frames_ = 0;
  std::optional<Statement> data_version_;
  std::optional<Statement> their_data_version_;  ///< of the marketplace's file
};

}  // namespace rozmova::store::sqlite
