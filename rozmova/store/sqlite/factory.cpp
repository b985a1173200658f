#include "rozmova/store/migrate.hpp"
#include "rozmova/store/sql_store/sql_store.hpp"
#include "rozmova/store/sqlite.hpp"
#include "rozmova/store/sqlite/beside.hpp"
#include "rozmova/store/sqlite/connection.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace rozmova::store {
namespace {

/// Makes the names in `directory` survive power loss; the file system decides whether it can.
void sync_directory(const std::filesystem::path& directory) {
  const int fd = open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

/// Makes and reads the one file. Immutable, so any thread may use it.
class SqliteFactory final : public StoreFactory {
 public:
  explicit SqliteFactory(SqliteOptions options) : options_(std::move(options)) {}

  void migrate() override {
    make_directory();
    SqliteOptions patient = options_;
    patient.busy_timeout_ms = options_.migration_timeout_ms;
    sqlite::Connection connection(patient, sqlite::Access::write);
    store::migrate(connection, sqlite_migrations(), options_.beside != nullptr);
    std::string all;
    if (options_.beside != nullptr) {
      for (const std::string& problem : sqlite::look_at_marketplace(connection, *options_.beside))
        all += (all.empty() ? "" : "; ") + problem;
    }
    if (!all.empty()) throw StoreError(StoreError::Kind::broken, all);
  }

  std::unique_ptr<Store> open_writer() override { return open(Access::write); }
  std::unique_ptr<Store> open_reader() override { return open(Access::read); }
  std::vector<std::string> look_at_marketplace() override {
    if (options_.beside == nullptr) return {};
    sqlite::Connection connection(options_, sqlite::Access::read);
    return sqlite::look_at_marketplace(connection, *options_.beside);
  }
  std::string describe() const override { return "sqlite " + options_.path; }

 private:
  std::unique_ptr<Store> open(Access access) const {
    return std::make_unique<SqlStore>(std::make_unique<sqlite::Connection>(options_, access),
                                      options_.beside);
  }
  void make_directory() const {
    const std::filesystem::path directory = std::filesystem::path(options_.path).parent_path();
    if (directory.empty()) return;
    std::error_code error;
    if (std::filesystem::create_directories(directory, error)) sync_directory(directory.parent_path());
    if (error) {
      throw StoreError(StoreError::Kind::lost, "cannot make the directory " + directory.string() +
                                                   " for the database: " + error.message());
    }
  }

  SqliteOptions options_;
};

}  // namespace

std::unique_ptr<StoreFactory> make_sqlite(SqliteOptions options) {
  // SQLite's memory statistics put one lock around every allocation of all threads; nobody reads them. Has no
  // effect, and does no harm, once SQLite is in use.
  static const int without_statistics = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(without_statistics);
  if (options.path.empty()) {
    throw StoreError(StoreError::Kind::broken, "DATABASE_URL: a file is missing after sqlite:");
  }
  if (options.path.starts_with(":memory:")) {
    throw StoreError(StoreError::Kind::broken,
                     "DATABASE_URL: sqlite::memory: would forget everything, name a file");
  }
  return std::make_unique<SqliteFactory>(std::move(options));
}

}  // namespace rozmova::store
