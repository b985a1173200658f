#include "rozmova/store/migrate.hpp"

#include "rozmova/store/beside_sql.hpp"
#include "rozmova/store/engine/statement.hpp"
#include "rozmova/store/store.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>

namespace rozmova::store {
namespace {

/// FNV-1a, 64 bits: enough to notice that a file was edited after it had been run; no secret depends on it.
std::string checksum(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  std::array<char, 16> out{};
  const auto end = std::to_chars(out.data(), out.data() + out.size(), hash, 16).ptr;
  return {out.data(), end};
}

/// Our tables refer to `orders` or they do not: a file that was made one way cannot be used the other way.
void refuse_other_mode(EngineConnection& connection, bool beside) {
  Statement made(connection, connection.words().has_own_orders);
  auto row = made.run();
  if (!row.row() || (row.number(0) != 0) != beside) return;
  throw StoreError(
      StoreError::Kind::broken,
      beside ? "this database has Rozmova's own orders; beside a marketplace use its database, or a new one"
             : "this database was made beside a marketplace: give the config file with [marketplace]");
}

void run_missing(EngineConnection& connection, std::span<const Migration> migrations, bool beside) {
  connection.exec(connection.words().migrations_table);
  Statement known(connection, "SELECT version, checksum FROM schema_migrations ORDER BY version");
  std::set<int> done;
  {
    auto row = known.run();
    while (row.row()) {
      const std::int64_t version = row.number(0);
      const auto found = std::find_if(migrations.begin(), migrations.end(),
                                      [&](const Migration& one) { return one.version == version; });
      if (found == migrations.end()) {
        throw StoreError(StoreError::Kind::broken, "the database was made by a newer Rozmova (schema " +
                                                       std::to_string(version) +
                                                       "): start that version, or a newer one");
      }
      if (row.text(1) != checksum(found->sql)) {
        throw StoreError(StoreError::Kind::broken,
                         "migration " + std::to_string(version) + " (" + std::string(found->name) +
                             ") is not the one that made this database: put the original back");
      }
      done.insert(found->version);
    }
  }
  // Not only what comes after the last one: a number that was given early may arrive late.
  Statement note(connection, "INSERT INTO schema_migrations (version, name, checksum) VALUES (?, ?, ?)");
  for (const Migration& migration : migrations) {
    if (done.contains(migration.version)) continue;
    connection.exec((beside ? beside_sql(migration.sql) : std::string(migration.sql)).c_str());
    const std::string sum = checksum(migration.sql);
    note.run().bind(std::int64_t{migration.version}).bind(migration.name).bind(sum).done();
  }
}

}  // namespace

void migrate(EngineConnection& connection, std::span<const Migration> migrations, bool beside) {
  connection.exec(connection.words().begin_migration);
  try {
    refuse_other_mode(connection, beside);
    run_missing(connection, migrations, beside);
    connection.exec("COMMIT");
  } catch (...) {
    if (connection.in_transaction()) {
      try {
        connection.exec("ROLLBACK");
      } catch (const StoreError&) {
        // The first error is the one to tell; closing the connection rolls back.
      }
    }
    throw;
  }
}

}  // namespace rozmova::store
