#include "rozmova/store/sqlite/beside.hpp"

#include "rozmova/store/beside.hpp"
#include "rozmova/store/sqlite/connection.hpp"

#include <fmt/format.h>

namespace rozmova::store::sqlite {

namespace {

std::string view_of(const Mapping& mapping, Mapped which) {
  return fmt::format("CREATE TEMP VIEW {} AS {}", text(which),
                     mapped_select(mapping, which, Dialect::sqlite));
}

void attach(Connection& connection, const std::string& path) {
  std::string uri = "file:";
  constexpr char hex[] = "0123456789ABCDEF";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/._-~").find(c) != std::string_view::npos;
    if (plain)
      uri += c;
    else
      uri += {'%', hex[byte >> 4], hex[byte & 15]};
  }
  connection.exec(fmt::format("ATTACH DATABASE '{}?mode=ro' AS marketplace", uri).c_str());
}

}  // namespace

void live_beside(Connection& connection, const Mapping& mapping) {
  if (!mapping.attach.empty()) attach(connection, mapping.attach);
  for (const Mapped which : {Mapped::users, Mapped::orders, Mapped::disputes}) {
    try {
      connection.exec(view_of(mapping, which).c_str());
    } catch (const StoreError& error) {
      throw StoreError(error.kind(), std::string("marketplace: ") + error.what());
    }
  }
}

std::vector<std::string> look_at_marketplace(Connection& connection, const Mapping& mapping) {
  std::vector<std::string> problems = names_that_are_wrong(connection, mapping);
  if (!problems.empty()) return problems;
  problems = words_that_are_unknown(connection);
  for (const Mapped which : {Mapped::users, Mapped::orders, Mapped::disputes}) {
    const std::string keys = fmt::format(
        "SELECT id FROM {} WHERE id IS NULL OR length(id) <> 36 OR id <> lower(id) LIMIT 1", text(which));
    Statement bad_keys(connection, keys.c_str());
    auto key = bad_keys.run();
    if (key.row())
      problems.push_back(
          fmt::format("marketplace.{}.id: '{}' is no UUID in lower case with hyphens; docs/operations.md, "
                      "\"Beside a marketplace\", tells how other keys are mapped",
                      text(which), key.text(0)));
  }
  return problems;
}

}  // namespace rozmova::store::sqlite
