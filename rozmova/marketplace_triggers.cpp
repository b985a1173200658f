#include "rozmova/marketplace_triggers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace rozmova {

namespace {

bool is_plain_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::all_of(text.begin(), text.end(), fits);
}

std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

/// `schema.table`, `table alias`, `table AS alias`: one table, quoted.
std::optional<std::string> table_of(std::string_view from) {
  const std::size_t end = from.find(' ');
  const std::string_view table = from.substr(0, end);
  if (end != std::string_view::npos) {
    std::string_view alias = from.substr(end + 1);
    for (const std::string_view as : {"AS ", "as "}) {
      if (alias.starts_with(as)) alias.remove_prefix(as.size());
    }
    if (!is_plain_name(alias)) return std::nullopt;
  }
  const std::size_t dot = table.find('.');
  if (dot == std::string_view::npos)
    return is_plain_name(table) ? std::optional(quoted(table)) : std::nullopt;
  if (!is_plain_name(table.substr(0, dot)) || !is_plain_name(table.substr(dot + 1))) return std::nullopt;
  return quoted(table.substr(0, dot)) + '.' + quoted(table.substr(dot + 1));
}

/// `column`, `alias.column`: one column of the row, quoted.
std::optional<std::string> column_of(const Mapping::Relation& relation, std::string_view ours) {
  const auto mapped = relation.columns.find(ours);
  if (mapped == relation.columns.end()) return std::nullopt;
  std::string_view name = mapped->second;
  if (const std::size_t dot = name.find('.'); dot != std::string_view::npos) name.remove_prefix(dot + 1);
  return is_plain_name(name) ? std::optional(quoted(name)) : std::nullopt;
}

/// One relation: the statement for a changed status, and what else says that access may have changed.
struct Watched {
  std::string_view name;    ///< "order"
  std::string_view status;  ///< our key of what is told: a status, or a role
  std::vector<std::string_view> access;
};

std::string triggers_of(const Mapping::Relation& relation, const Watched& watched, std::string_view setting) {
  if (relation.from.empty()) return {};
  const auto table = table_of(relation.from);
  const auto id = column_of(relation, "id");
  if (!table || !id)
    return fmt::format(
        "-- marketplace.{}: no trigger, because it is more than one table or its id is an expression.\n\n",
        setting);
  const bool is_user = watched.name == "user";
  const std::string news =
      fmt::format("INSERT INTO access_changes (subject_kind, subject_id) VALUES ('{}', ", watched.name);
  std::string body;
  std::string left_out;
  if (const auto status = column_of(relation, watched.status)) {
    const std::string told = is_user ? fmt::format("{}NEW.{});", news, *id)
                                     : fmt::format(
                                           "INSERT INTO rozmova_outbox (kind, payload) VALUES ('{0}_status', "
                                           "jsonb_build_object('{0}Id', NEW.{1})::text);",
                                           watched.name, *id);
    // A new order is told by nobody; a new dispute is news for its parties.
    const bool also_new = watched.name == "dispute";
    body += fmt::format(
        "    IF TG_OP = 'UPDATE' AND NEW.{0} IS DISTINCT FROM OLD.{0}{1} THEN\n        {2}\n    END IF;\n",
        *status, also_new ? " OR TG_OP = 'INSERT'" : "", told);
  } else {
    left_out += fmt::format("-- marketplace.{}.{} is an expression: its changes are not seen.\n", setting,
                            watched.status);
  }
  std::string changed;
  for (const std::string_view key : watched.access) {
    if (const auto column = column_of(relation, key))
      changed += fmt::format("{0}NEW.{1} IS DISTINCT FROM OLD.{1}", changed.empty() ? "" : " OR ", *column);
    else
      left_out += fmt::format("-- marketplace.{}.{} is an expression: its changes are noticed by looking.\n",
                              setting, key);
  }
  if (!changed.empty())
    body += fmt::format("    IF TG_OP = 'UPDATE' AND ({}) THEN\n        {}NEW.{});\n    END IF;\n", changed,
                        news, *id);
  body += fmt::format("    IF TG_OP = 'DELETE' THEN\n        {}OLD.{});\n    END IF;\n", news, *id);
  // Before it happens, the rows are still there to be named.
  body += fmt::format(
      "    IF TG_OP = 'TRUNCATE' THEN\n        INSERT INTO access_changes (subject_kind, subject_id) "
      "SELECT '{}', {} FROM {};\n    END IF;\n",
      watched.name, *id, *table);
  return fmt::format(
      "{0}CREATE OR REPLACE FUNCTION rozmova_{1}_changed_there() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER\n"
      "    SET search_path FROM CURRENT AS $$\nBEGIN\n{2}    RETURN NULL;\nEND $$;\n"
      "DROP TRIGGER IF EXISTS rozmova_{1}_changed ON {3};\n"
      "CREATE TRIGGER rozmova_{1}_changed AFTER INSERT OR UPDATE OR DELETE ON {3}\n"
      "    FOR EACH ROW EXECUTE FUNCTION rozmova_{1}_changed_there();\n"
      "DROP TRIGGER IF EXISTS rozmova_{1}_all_gone ON {3};\n"
      "CREATE TRIGGER rozmova_{1}_all_gone BEFORE TRUNCATE ON {3}\n"
      "    FOR EACH STATEMENT EXECUTE FUNCTION rozmova_{1}_changed_there();\n\n",
      left_out, watched.name, body, *table);
}

}  // namespace

std::string marketplace_triggers(const Mapping& mapping, std::string_view schema) {
  std::string out =
      "-- For the owner of the marketplace's tables, in the database of DATABASE_URL, after `rozmova migrate`:\n"
      "--   rozmova --print-triggers | psql \"$DATABASE_URL\"\n"
      "-- A status, a party or a role that any program changes is then heard at once. To take them away:\n"
      "--   DROP FUNCTION rozmova_order_changed_there, rozmova_dispute_changed_there, rozmova_user_changed_there CASCADE;\n"
      "BEGIN;\n";
  if (!schema.empty())
    out +=
        fmt::format("SELECT set_config('search_path', '{}, ' || current_setting('search_path'), true);\n\n",
                    quoted(schema));
  out += triggers_of(mapping.orders, {"order", "status", {"client", "performer"}}, "orders");
  out += triggers_of(mapping.disputes, {"dispute", "status", {"status", "order"}}, "disputes");
  out += triggers_of(mapping.users, {"user", "role", {}}, "users");
  return out + "COMMIT;\n";
}

}  // namespace rozmova
