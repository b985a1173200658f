#include "rozmova/store/postgres/connection.hpp"
#include "rozmova/store/sqlite.hpp"

namespace rozmova::store {

std::unique_ptr<StoreFactory> make_store(std::string_view database_url, std::shared_ptr<const Mapping> beside,
                                         std::string_view schema) {
  constexpr std::string_view sqlite = "sqlite:";
  if (database_url.starts_with(sqlite)) {
    std::string_view path = database_url.substr(sqlite.size());
    if (path.starts_with("//")) path.remove_prefix(2);  // sqlite:///var/lib/rozmova.db
    SqliteOptions options;
    options.path = std::string(path);
    options.beside = std::move(beside);
    return make_sqlite(std::move(options));
  }
  if (database_url.starts_with("postgres://") || database_url.starts_with("postgresql://")) {
    PostgresOptions options;
    options.url = std::string(database_url);
    options.schema = std::string(schema);
    options.beside = std::move(beside);
    return make_postgres(std::move(options));
  }
  // Only the scheme is named: what follows may hold a password.
  const std::string_view scheme = database_url.substr(0, database_url.find(':'));
  const bool has_scheme = scheme.size() < database_url.size();
  throw StoreError(
      StoreError::Kind::broken,
      has_scheme
          ? "DATABASE_URL: unknown scheme '" + std::string(scheme) + "', use sqlite:PATH or postgres://…"
          : std::string("DATABASE_URL: a scheme is missing, use sqlite:PATH or postgres://…"));
}

}  // namespace rozmova::store
