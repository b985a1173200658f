#include "tests/unit/postgres_database.hpp"

#include "rozmova/store/postgres/connection.hpp"
#include "tests/contract/store_suite_workflow.hpp"

#include <libpq-fe.h>

namespace rozmova::store::testing {

PostgresDatabase::PostgresDatabase()
    : url_(PostgresServer::instance().new_database()),
      other_(std::make_unique<postgres::Connection>(PostgresOptions{.url = url_}, Access::write)) {}

PostgresDatabase::~PostgresDatabase() = default;

std::unique_ptr<StoreFactory> PostgresDatabase::factory() { return make_store(url_); }

postgres::Connection& PostgresDatabase::other() {
  try {
    other_->exec("SELECT 1");
  } catch (const StoreError&) {  // the test has ended the server meanwhile
    other_ = std::make_unique<postgres::Connection>(PostgresOptions{.url = url_}, Access::write);
  }
  return *other_;
}

void PostgresDatabase::sql(const std::string& statement) { other().exec(statement.c_str()); }

std::string PostgresDatabase::ask(const std::string& query) {
  Statement statement(other(), query.c_str());
  auto row = statement.run();
  return row.row() ? row.string(0) : std::string();
}

namespace {

const Engine postgres_engine{"postgres", [] { return std::make_unique<PostgresDatabase>(); }};
std::string name_of(const ::testing::TestParamInfo<Engine>& engine) { return engine.param.name; }

}  // namespace

INSTANTIATE_TEST_SUITE_P(Postgres, StoreSuite, ::testing::Values(postgres_engine), name_of);
INSTANTIATE_TEST_SUITE_P(Postgres, StoreChanges, ::testing::Values(postgres_engine), name_of);
INSTANTIATE_TEST_SUITE_P(Postgres, StoreWorkflow, ::testing::Values(postgres_engine), name_of);

Order some_order(Store& store, WallMs now) {
  NewOrder order;
  order.title = "x";
  order.client_id = store.ensure_user({Uuid::v7(now), "c", Role::client, ""}, now).id;
  order.performer_id = store.ensure_user({Uuid::v7(now), "p", Role::performer, ""}, now).id;
  return *store.create_order(order, now);
}

}  // namespace rozmova::store::testing
