#pragma once

#include "rozmova/store/sqlite.hpp"
#include "tests/contract/store_suite.hpp"
#include "tests/unit/temporary_directory.hpp"

namespace rozmova::store::testing {

/// SQLite in a temporary directory.
class SqliteDatabase final : public TestDatabase {
 public:
  std::unique_ptr<StoreFactory> factory() override;
  void sql(const std::string& statement) override;
  std::string ask(const std::string& query) override;

  std::string path() const { return directory_.file("data/rozmova.db"); }

 private:
  TemporaryDirectory directory_;
};

/// Runs SQL on a connection of its own, as another program would; the first column of the first row, as text.
std::string run_sql(const std::string& path, const std::string& sql);

}  // namespace rozmova::store::testing
