#include "rozmova/store/postgres/beside.hpp"

#include "rozmova/store/postgres/connection.hpp"

#include <fmt/format.h>

namespace rozmova::store::postgres {

namespace {

constexpr int words_told_max = 5;

std::string listed(Mapped which) {
  if (which == Mapped::users) return "'client', 'performer', 'moderator', 'admin'";
  if (which == Mapped::orders)
    return "'created', 'accepted', 'in_progress', 'delivered', 'completed', 'cancelled', 'disputed'";
  return "'open', 'under_review', 'resolved', 'rejected', 'closed'";
}

}  // namespace

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
  std::vector<std::string> problems;
  for (const Probe& probe : probes(mapping, Dialect::postgres)) {
    try {
      Statement asked(connection, probe.sql.c_str());
      asked.run().row();
    } catch (const StoreError& error) {
      problems.push_back(fmt::format("{}: {}", probe.setting, error.what()));
    }
  }
  if (!problems.empty()) return problems;
  live_beside(connection, mapping);
  for (const Mapped which : {Mapped::users, Mapped::orders, Mapped::disputes}) {
    const bool is_user = which == Mapped::users;
    const std::string unknown = fmt::format(
        "SELECT {0}, count(*) FROM {1} WHERE {0} IS NULL OR {0} NOT IN ({2}) GROUP BY 1 LIMIT {3}",
        is_user ? "role" : "status", text(which), listed(which), words_told_max);
    Statement words(connection, unknown.c_str());
    auto row = words.run();
    while (row.row()) {
      problems.push_back(
          fmt::format("marketplace.{}.{}: {} rows have '{}', which is no word of ours and not mapped",
                      text(which), is_user ? "roles" : "statuses", row.number(1), row.text(0)));
    }
  }
  return problems;
}

}  // namespace rozmova::store::postgres
