#pragma once

#include <string>
#include <string_view>

namespace rozmova::store {

/// A migration as it is run beside a marketplace, whose `users`, `orders` and `disputes` are not ours: without what
/// creates, changes or fills these three, and with our own tables not referring to them. Pure; for every engine.
std::string beside_sql(std::string_view migration);

}  // namespace rozmova::store
