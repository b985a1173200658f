#pragma once

#include "rozmova/store/migration.hpp"
#include "rozmova/store/sqlite/connection.hpp"

#include <span>

namespace rozmova::store::sqlite {

/// Runs, in one transaction that no other process can enter at the same time, the migrations that this file
/// has not seen. Throws StoreError when the file was made by a newer program, or by a different text of the
/// same migration.
/// `beside` a marketplace our own tables alone are made (beside_sql.hpp).
void migrate(Connection& connection, std::span<const Migration> migrations, bool beside = false);

}  // namespace rozmova::store::sqlite
