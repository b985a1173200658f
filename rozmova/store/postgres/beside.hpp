#pragma once

#include "rozmova/mapping.hpp"

#include <string>
#include <vector>

namespace rozmova::store::postgres {

class Connection;

/// Makes `users`, `orders` and `disputes` out of a marketplace's own tables: views of this connection alone (TEMP), so
/// that nothing of theirs is altered and every statement of the store reads them like tables of ours. Once, at opening.
void live_beside(Connection& connection, const Mapping& mapping);

/// What is wrong with the mapping as these tables are: wrong names, words that nobody mapped.
std::vector<std::string> look_at_marketplace(Connection& connection, const Mapping& mapping);

}  // namespace rozmova::store::postgres
