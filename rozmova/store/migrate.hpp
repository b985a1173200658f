#pragma once

#include "rozmova/store/engine/engine.hpp"
#include "rozmova/store/migration.hpp"

#include <span>

namespace rozmova::store {

/// Runs, in one transaction that no other process can enter at the same time, the migrations that this database
/// has not seen. Throws StoreError when it was made by a newer program, or by a different text of the same
/// migration. `beside` a marketplace our own tables alone are made (beside_sql.hpp).
void migrate(EngineConnection& connection, std::span<const Migration> migrations, bool beside = false);

}  // namespace rozmova::store
