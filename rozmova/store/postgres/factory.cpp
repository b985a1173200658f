#include "rozmova/store/beside_sql.hpp"
#include "rozmova/store/migrate.hpp"
#include "rozmova/store/postgres/among.hpp"
#include "rozmova/store/postgres/beside.hpp"
#include "rozmova/store/postgres/store.hpp"

#include <libpq-fe.h>

namespace rozmova::store {
namespace {

using postgres::Connection;

/// Makes and reads one PostgreSQL database. Immutable, so any thread may use it.
class PostgresFactory final : public StoreFactory {
 public:
  explicit PostgresFactory(PostgresOptions options) : options_(std::move(options)) {}

  void migrate() override {
    PostgresOptions patient = options_;
    patient.answer_timeout_ms = options_.migration_timeout_ms;
    patient.beside = nullptr;  // views of the same names would stand in the way
    Connection connection(patient, Access::write);
    if (!options_.schema.empty()) make_schema(connection);
    store::migrate(connection, postgres_migrations(), options_.beside != nullptr);
    std::string all;
    if (options_.beside != nullptr) {
      for (const std::string& problem : postgres::look_at_marketplace(connection, *options_.beside))
        all += (all.empty() ? "" : "; ") + problem;
    }
    if (!all.empty()) throw StoreError(StoreError::Kind::broken, all);
  }

  std::unique_ptr<Store> open_writer() override {
    return std::make_unique<postgres::PostgresStore>(options_, Access::write);
  }
  std::unique_ptr<Store> open_reader() override {
    return std::make_unique<postgres::PostgresStore>(options_, Access::read);
  }
  std::vector<std::string> look_at_marketplace() override {
    if (options_.beside == nullptr) return {};
    PostgresOptions bare = options_;
    bare.beside = nullptr;
    Connection connection(bare, Access::write);
    return postgres::look_at_marketplace(connection, *options_.beside);
  }
  std::unique_ptr<Membership> join(const NodeRow& self, MembershipHooks hooks) override {
    return postgres::make_membership(options_, self, std::move(hooks));
  }
  std::unique_ptr<Wire> wire(WireHooks hooks) override {
    return postgres::make_wire(options_, std::move(hooks));
  }
  std::string describe() const override { return postgres::without_secrets(options_.url); }

 private:
  void make_schema(Connection& connection) const {
    // Two at once may both find it missing.
    connection.exec("BEGIN; SELECT pg_advisory_xact_lock(8243105718375)");
    Statement make(connection, "SELECT quote_ident(CAST(? AS TEXT))");
    std::string name;
    {
      auto row = make.run();
      if (row.bind(std::string_view(options_.schema)).row()) name = row.string(0);
    }
    connection.exec(("CREATE SCHEMA IF NOT EXISTS " + name).c_str());
    connection.exec("COMMIT");
  }

  PostgresOptions options_;
};

}  // namespace

std::unique_ptr<StoreFactory> make_postgres(PostgresOptions options) {
  char* trouble = nullptr;
  PQconninfoOption* const parsed = PQconninfoParse(options.url.c_str(), &trouble);
  PQconninfoFree(parsed);
  PQfreemem(trouble);  // it may quote the password
  if (parsed == nullptr) {
    throw StoreError(
        StoreError::Kind::broken,
        "DATABASE_URL: not a URL of PostgreSQL: use postgres://USER:PASSWORD@HOST:PORT/DATABASE; "
        "special characters of a password are written as %40 and the like");
  }
  return std::make_unique<PostgresFactory>(std::move(options));
}

}  // namespace rozmova::store
