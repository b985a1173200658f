#pragma once

#include "rozmova/store/migration.hpp"
#include "rozmova/store/sqlite/connection.hpp"

#include <span>

namespace rozmova::store::sqlite {

/// Runs, in one transaction that no other process can enter at the same time, the migrations that this file
/// has not seen. Throws StoreError when the file was made by a newer program, or by a different text of the
/// same migration.
void migrate(Connection& connection, std::span<const Migration> migrations);

}  // namespace rozmova::store::sqlite
