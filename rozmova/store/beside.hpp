#pragma once

#include "rozmova/mapping.hpp"

#include <string>
#include <vector>

namespace rozmova::store {

class EngineConnection;

/// What is wrong with a mapping as a marketplace's tables are, one sentence each; the same for every engine. How
/// `users`, `orders` and `disputes` become views of them is the engine's own (beside.cpp there).

/// Tables, columns and expressions that are not there or cannot be read.
std::vector<std::string> names_that_are_wrong(EngineConnection& connection, const Mapping& mapping);
/// Roles and statuses that nobody mapped. On a connection that has the views.
std::vector<std::string> words_that_are_unknown(EngineConnection& connection);

}  // namespace rozmova::store
