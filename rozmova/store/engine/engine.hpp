#pragma once

#include "rozmova/mapping.hpp"
#include "rozmova/model.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace rozmova::store {

enum class Access : std::uint8_t { write, read };

/// How a write went that may meet a constraint.
enum class Wrote : std::uint8_t { yes, unique_taken, parent_missing };

/// One statement, prepared on one connection of some SQL engine. Owned by a Statement, which is the face that
/// the store's code sees; that connection's thread only. Columns count from 0, parameters from 1. Every method
/// throws the StoreError that belongs to the engine's error.
class Prepared {
 public:
  virtual ~Prepared() = default;

  /// The bytes outlive the execution.
  virtual void bind_text(int at, std::string_view text) = 0;
  virtual void bind_number(int at, std::int64_t number) = 0;
  virtual void bind_uuid(int at, const Uuid& id) = 0;
  virtual void bind_time(int at, WallMs time) = 0;  ///< INT64_MAX: after every time there is
  /// µs since 1970, as `time_us` gave them; INT64_MAX: after every time there is. Engines that keep milliseconds cut.
  virtual void bind_time_us(int at, std::int64_t us) { bind_time(at, us == INT64_MAX ? us : us / 1'000); }
  virtual void bind_null(int at) = 0;

  /// The first call executes; true: there is a row, good until the next call.
  virtual bool step() = 0;
  /// Executes what gives no row; a unique or foreign key that stands against it is an answer, and the
  /// transaction goes on.
  virtual Wrote write() = 0;
  /// Forgets parameters and rows; ready for the next execution.
  virtual void reset() noexcept = 0;

  virtual bool is_null(int column) const = 0;
  virtual std::int64_t number(int column) const = 0;  ///< of booleans too: 0 or 1
  virtual std::string_view text(int column) const = 0;
  virtual Uuid uuid(int column) const = 0;
  virtual WallMs time(int column) const = 0;
  /// The same as exactly as the engine keeps it, for what is continued where it ended.
  virtual std::int64_t time_us(int column) const { return time(column) * 1'000; }
};

/// The statements that every engine has to have in its own way.
struct EngineWords {
  Dialect dialect;
  const char* begin_write;  ///< a transaction that may write
  const char* close_stale;  ///< connections of nodes that are no more are active no longer
  const char* news_up_to;   ///< the last number of access_changes that was given
  const char* forget_news;  ///< up to ?1, as far as everybody has read them

  const char* begin_migration;   ///< one process at a time
  const char* migrations_table;  ///< made if it is missing
  const char* has_own_orders;  ///< whether `messages` refers to a table of orders; no row without `messages`

  /// Where a trigger that has nothing to do is not free: before the first endpoint of webhooks is there, and after the last.
  const char* begin_webhooks = "";
  const char* end_webhooks = "";
};

/// One connection to a database of some SQL engine. Owned by its Store; used by one thread at a time.
class EngineConnection {
 public:
  virtual ~EngineConnection() = default;
  virtual std::unique_ptr<Prepared> prepare(const char* sql) = 0;
  /// Told of every statement that may be prepared one day; for tests, which look at them all.
  virtual void announce(const char*) {}
  /// Statements without parameters and without rows.
  virtual void exec(const char* sql) = 0;
  virtual bool in_transaction() const = 0;
  /// Rows that the last write has touched.
  virtual std::int64_t changes() const = 0;
  /// Begins a transaction in which every read sees the same moment.
  virtual void begin_moment() = 0;
  virtual const EngineWords& words() const = 0;
  /// Another number after anybody else has committed something. Nothing: the engine cannot tell, it has many
  /// writers.
  virtual std::optional<std::int64_t> changes_of_others() = 0;
  /// Called after each commit.
  virtual void committed() {}
  /// As Store::log_pages(), fold_log() and rest().
  virtual std::size_t log_pages() const { return 0; }
  virtual std::size_t fold_log() { return 0; }
  virtual void rest() {}
};

/// Holds one moment of the database for several reads: a read transaction, unless one is open already.
class Moment {
 public:
  explicit Moment(EngineConnection& connection);
  ~Moment();
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;

 private:
  EngineConnection* connection_ = nullptr;
};

}  // namespace rozmova::store
