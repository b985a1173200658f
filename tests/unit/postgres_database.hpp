#pragma once

#include "tests/contract/store_suite.hpp"
#include "tests/unit/postgres_server.hpp"

#include <memory>
#include <string>

namespace rozmova::store::postgres {
class Connection;
}

namespace rozmova::store::testing {

/// A database of the tests' PostgreSQL.
class PostgresDatabase final : public TestDatabase {
 public:
  PostgresDatabase();
  ~PostgresDatabase() override;
  std::unique_ptr<StoreFactory> factory() override;
  void sql(const std::string& statement) override;
  std::string ask(const std::string& query) override;
  const std::string& url() const { return url_; }

 private:
  postgres::Connection& other();

  const std::string url_;
  std::unique_ptr<postgres::Connection> other_;  ///< what other programs would have
};

/// A new one between two new people, in the transaction that is open.
Order some_order(Store& store, WallMs now);

}  // namespace rozmova::store::testing
