#pragma once

#include "rozmova/mapping.hpp"
#include "rozmova/store/store.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace rozmova::store {

/// How the embedded engine is set up; the defaults are measured (bench/store_bench.cpp).
struct SqliteOptions {
  std::string path;                   ///< the file; its directory is created
  std::string vfs;                    ///< empty: the system's; tests put one that fails in its place
  int busy_timeout_ms = 1'500;        ///< how long one attempt waits for another process's write lock
  int migration_timeout_ms = 60'000;  ///< how long to wait while another process migrates
  int log_pages_max = 65'536;         ///< folded by the writer itself when nobody else did (256 MB)
  int writer_cache_kb = 64 * 1'024;
  int reader_cache_kb = 1'024;                      ///< little: every commit of the writer empties a reader's
  std::shared_ptr<const Mapping> beside = nullptr;  ///< whose users, orders and disputes; null: our own
};

/// The Store over one SQLite file in WAL mode with synchronous=FULL: a commit that returned survives power
/// loss. Throws StoreError when the path cannot be one of a database.
std::unique_ptr<StoreFactory> make_sqlite(SqliteOptions options);

}  // namespace rozmova::store
