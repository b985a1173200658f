#include "rozmova/store/postgres/beside.hpp"

#include "rozmova/store/beside.hpp"
#include "rozmova/store/postgres/connection.hpp"

#include <fmt/format.h>

namespace rozmova::store::postgres {

void live_beside(Connection& connection, const Mapping& mapping) {
  // Their tables are found as they were before there were views of the same names.
  for (const Mapped which : {Mapped::disputes, Mapped::orders, Mapped::users}) {
    const std::string view = fmt::format("CREATE TEMP VIEW {} AS {}", text(which),
                                         mapped_select(mapping, which, Dialect::postgres));
    try {
      connection.exec(view.c_str());
    } catch (const StoreError& error) {
      std::string what = std::string("marketplace: ") + error.what();
      if (what.find(" to uuid") != std::string::npos)
        what += "; docs/operations.md, \"Beside a marketplace\", tells how keys that are no UUIDs are mapped";
      throw StoreError(error.kind(), what);
    }
  }
}

std::vector<std::string> look_at_marketplace(Connection& connection, const Mapping& mapping) {
  std::vector<std::string> problems = names_that_are_wrong(connection, mapping);
  if (!problems.empty()) return problems;
  live_beside(connection, mapping);
  return words_that_are_unknown(connection);
}

}  // namespace rozmova::store::postgres
