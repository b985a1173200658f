#include "rozmova/store/beside.hpp"

#include "rozmova/store/engine/engine.hpp"
#include "rozmova/store/engine/statement.hpp"
#include "rozmova/store/store.hpp"

#include <fmt/format.h>

#include <string_view>

namespace rozmova::store {
namespace {

constexpr int words_told_max = 5;

std::string_view words_of(Mapped which) {
  if (which == Mapped::users) return "'client', 'performer', 'moderator', 'admin'";
  if (which == Mapped::orders)
    return "'created', 'accepted', 'in_progress', 'delivered', 'completed', 'cancelled', 'disputed'";
  return "'open', 'under_review', 'resolved', 'rejected', 'closed'";
}

}  // namespace

std::vector<std::string> names_that_are_wrong(EngineConnection& connection, const Mapping& mapping) {
  std::vector<std::string> problems;
  for (const Probe& probe : probes(mapping, connection.words().dialect)) {
    try {
      Statement asked(connection, probe.sql.c_str());
      asked.run().row();
    } catch (const StoreError& error) {
      problems.push_back(fmt::format("{}: {}", probe.setting, error.what()));
    }
  }
  return problems;
}

std::vector<std::string> words_that_are_unknown(EngineConnection& connection) {
  std::vector<std::string> problems;
  for (const Mapped which : {Mapped::users, Mapped::orders, Mapped::disputes}) {
    const bool is_user = which == Mapped::users;
    const std::string unknown = fmt::format(
        "SELECT {0}, count(*) FROM {1} WHERE {0} IS NULL OR {0} NOT IN ({2}) GROUP BY 1 LIMIT {3}",
        is_user ? "role" : "status", text(which), words_of(which), words_told_max);
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

}  // namespace rozmova::store
