#pragma once

#include "rozmova/store/store.hpp"

#include <string>
#include <string_view>

namespace rozmova::store::postgres {

/// What an error means for whoever meets it. `state` is SQLSTATE (PostgreSQL's manual, appendix A: classes are its
/// first two characters), empty when libpq itself has found the error; `alive`: the connection can be used further.
StoreError::Kind kind_of(std::string_view state, bool alive);

/// One line for an operator: what was being done, what PostgreSQL or libpq said of it, and what to do.
std::string sentence(std::string_view doing, std::string_view message, std::string_view state);

}  // namespace rozmova::store::postgres
