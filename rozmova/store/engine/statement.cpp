#include "rozmova/store/engine/statement.hpp"

#include "rozmova/store/store.hpp"

namespace rozmova::store {

Prepared& Statement::prepared() {
  if (!prepared_) prepared_ = connection_.prepare(sql_);
  return *prepared_;
}

Statement::Run::Run(Statement& statement) : sql_(statement.sql_), prepared_(statement.prepared()) {}

void Statement::Run::done() {
  if (row()) throw StoreError(StoreError::Kind::broken, std::string("an unexpected row from ") + sql_);
}

std::optional<Uuid> Statement::Run::uuid_or_null(int column) const {
  if (is_null(column)) return std::nullopt;
  return uuid(column);
}

std::optional<WallMs> Statement::Run::time_or_null(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

std::optional<WallMs> Statement::Run::time_if_one(int column) const {
  try {
    return time_or_null(column);
  } catch (const StoreError&) {
    return std::nullopt;
  }
}

std::optional<std::int64_t> Statement::Run::number_or_null(int column) const {
  if (is_null(column)) return std::nullopt;
  return number(column);
}

Moment::Moment(EngineConnection& connection) {
  if (connection.in_transaction()) return;
  connection.begin_moment();
  connection_ = &connection;
}

Moment::~Moment() {
  if (connection_ == nullptr) return;
  try {
    connection_->exec("COMMIT");
  } catch (const StoreError&) {
    // Nothing was written, so it does not matter which way it ends; whatever is wrong is met again, and told,
    // by the next statement.
  }
}

}  // namespace rozmova::store
