#include "rozmova/mapping.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace rozmova {

namespace {

enum class Kind : std::uint8_t { plain, word, time };

/// A column that the store reads: its name in the config file, in our SQL, and what it is when they have none.
struct Column {
  std::string_view key;
  std::string_view ours;
  Kind kind = Kind::plain;
  std::string_view absent = {};  ///< SQL; empty: it must be mapped
};

constexpr std::string_view long_ago = "'1970-01-01T00:00:00.000Z'";

constexpr std::array<Column, 5> user_columns{{
    {"id", "id"},
    {"name", "name", Kind::plain, "''"},
    {"role", "role", Kind::word, "'client'"},
    {"locale", "locale", Kind::plain, "''"},
    {"created_at", "created_at", Kind::time, long_ago},
}};
constexpr std::array<Column, 11> order_columns{{
    {"id", "id"},
    {"number", "number", Kind::plain, "0"},
    {"title", "title", Kind::plain, "''"},
    {"status", "status", Kind::word},
    {"amount_minor", "amount_minor", Kind::plain, "0"},
    {"currency", "currency", Kind::plain, "''"},
    {"client", "client_id"},
    {"performer", "performer_id"},
    {"created_at", "created_at", Kind::time, long_ago},
    {"updated_at", "updated_at", Kind::time, long_ago},
    {"deadline_at", "deadline_at", Kind::time, "NULL"},
}};
constexpr std::array<Column, 8> dispute_columns{{
    {"id", "id"},
    {"order", "order_id"},
    {"opened_by", "opened_by"},
    {"moderator", "moderator_id", Kind::plain, "NULL"},
    {"reason", "reason", Kind::plain, "''"},
    {"status", "status", Kind::word},
    {"created_at", "created_at", Kind::time, long_ago},
    {"updated_at", "updated_at", Kind::time, long_ago},
}};

constexpr std::array<std::string_view, 4> role_words = {"client", "performer", "moderator", "admin"};
constexpr std::array<std::string_view, 7> order_words = {"created",   "accepted",  "in_progress", "delivered",
                                                         "completed", "cancelled", "disputed"};
constexpr std::array<std::string_view, 5> dispute_words = {"open", "under_review", "resolved", "rejected",
                                                           "closed"};

std::span<const Column> columns_of(Mapped which) {
  if (which == Mapped::users) return user_columns;
  if (which == Mapped::orders) return order_columns;
  return dispute_columns;
}
std::span<const std::string_view> words_of(Mapped which) {
  if (which == Mapped::users) return role_words;
  if (which == Mapped::orders) return order_words;
  return dispute_words;
}
const Mapping::Relation& relation_of(const Mapping& mapping, Mapped which) {
  return which == Mapped::users ? mapping.users : which == Mapped::orders ? mapping.orders : mapping.disputes;
}

bool is_name_char(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

/// `name`, `table.name`: not an expression.
bool is_name(std::string_view text) {
  bool first = true;
  for (const char c : text) {
    if (c == '.' && !first) {
      first = true;
      continue;
    }
    if (!is_name_char(c, first)) return false;
    first = false;
  }
  return !first;
}

/// Names are quoted, so that `order` may be a table. Not with double quotes in SQLite: there a name that does not
/// exist would silently become a text.
std::string quoted(std::string_view name, Dialect dialect) {
  const char quote = dialect == Dialect::sqlite ? '`' : '"';
  std::string out(1, quote);
  for (const char c : name) out += c == '.' ? std::string{quote, '.', quote} : std::string(1, c);
  return out + quote;
}

/// Their table is not our view of the same name.
std::string source(const Mapping& mapping, const Mapping::Relation& relation, Dialect dialect) {
  if (!is_name(relation.from)) return relation.from;
  if (dialect == Dialect::postgres || relation.from.find('.') != std::string::npos)
    return quoted(relation.from, dialect);
  return quoted((mapping.attach.empty() ? "main." : "marketplace.") + relation.from, dialect);
}

std::string sql_of(std::string_view text, Dialect dialect) {
  return is_name(text) ? quoted(text, dialect) : "(" + std::string(text) + ")";
}

/// PostgreSQL compares values of one type alone, so each column has the one that our own table would have. A cast to
/// the type that it has already costs nothing and hinders no index.
std::string typed(const std::string& sql, const Column& column, Dialect dialect) {
  if (dialect == Dialect::sqlite) return sql;
  const bool is_id = column.ours.ends_with("id") || column.ours == "opened_by";
  const bool is_number = column.ours == "number" || column.ours == "amount_minor";
  const char* const type = is_id                       ? "uuid"
                           : is_number                 ? "bigint"
                           : column.kind == Kind::time ? "timestamptz"
                                                       : "text";
  return "CAST(" + sql + " AS " + type + ")";
}

std::string literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

std::string time_of(const std::string& sql, Mapping::Times times, Dialect dialect) {
  if (dialect == Dialect::postgres) {
    if (times == Mapping::Times::text) return sql;
    return "to_timestamp(" + sql + (times == Mapping::Times::unix_ms ? " / 1000.0)" : ")");
  }
  constexpr std::string_view format = "strftime('%Y-%m-%dT%H:%M:%fZ', ";
  if (times == Mapping::Times::text) return std::string(format) + sql + ")";
  return std::string(format) + sql + (times == Mapping::Times::unix_ms ? " / 1000.0" : "") + ", 'unixepoch')";
}

std::string word_of(const Mapping::Relation& relation, const std::string& sql) {
  if (relation.words.empty()) return sql;
  std::string out = "CASE " + sql;
  for (const auto& [ours, theirs] : relation.words) {
    for (const std::string& one : theirs) out += " WHEN " + literal(one) + " THEN " + literal(ours);
  }
  return out + " ELSE " + sql + " END";
}

}  // namespace

std::string_view text(Mapped which) {
  constexpr std::array<std::string_view, 3> names = {"users", "orders", "disputes"};
  return names[static_cast<std::size_t>(which)];
}

std::string mapped_select(const Mapping& mapping, Mapped which, Dialect dialect) {
  const Mapping::Relation& relation = relation_of(mapping, which);
  std::string select;
  for (const Column& column : columns_of(which)) {
    const auto mapped = relation.columns.find(column.key);
    std::string sql(column.absent.empty() ? "NULL" : column.absent);
    if (mapped != relation.columns.end()) {
      sql = sql_of(mapped->second, dialect);
      if (column.kind == Kind::word) sql = word_of(relation, typed(sql, column, dialect));
      if (column.kind == Kind::time) sql = time_of(sql, mapping.times, dialect);
      if (column.absent == "''") sql = "coalesce(" + sql + ", '')";
    }
    select +=
        (select.empty() ? "SELECT " : ", ") + typed(sql, column, dialect) + " AS " + std::string(column.ours);
  }
  if (relation.from.empty()) return select + " WHERE 1 = 0";
  return select + " FROM " + source(mapping, relation, dialect);
}

std::string with_values(std::string_view statement,
                        const std::map<std::string, std::string, std::less<>>& values) {
  std::string out;
  char quote = 0;
  for (std::size_t at = 0; at < statement.size(); ++at) {
    const char c = statement[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (c == ':' && at + 1 < statement.size() && is_name_char(statement[at + 1], true) &&
               (at == 0 || statement[at - 1] != ':')) {
      std::size_t end = at + 1;
      while (end < statement.size() && is_name_char(statement[end], false)) ++end;
      const auto value = values.find(statement.substr(at + 1, end - at - 1));
      if (value != values.end()) {
        out += value->second;
        at = end - 1;
        continue;
      }
    }
    out += c;
  }
  return out;
}

std::string mapped_write(const Mapping::Relation& relation, std::string_view statement,
                         std::string_view parameters, std::string_view values) {
  if (statement.empty()) return {};
  std::map<std::string, std::string, std::less<>> places;
  std::string names;
  for (std::string_view rest = parameters; !rest.empty();) {
    const std::size_t space = rest.find(' ');
    const std::string name(rest.substr(0, space));
    rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
    names += (names.empty() ? "" : ", ") + name;
    std::string value = "(SELECT " + name + " FROM rozmova_values)";
    if (name == "status" && !relation.words.empty()) {
      std::string word = "(SELECT CASE status";
      for (const auto& [ours, theirs] : relation.words)
        word += " WHEN " + literal(ours) + " THEN " + literal(theirs.front());
      value = word + " ELSE status END FROM rozmova_values)";
    }
    places.emplace(name == "by_whom" ? "by" : name == "order_id" ? "order" : name, std::move(value));
  }
  return "WITH rozmova_values (" + names + ") AS (SELECT " + std::string(values) + ") " +
         with_values(statement, places);
}

std::vector<Probe> probes(const Mapping& mapping, Dialect dialect) {
  std::vector<Probe> all;
  for (const Mapped which : {Mapped::users, Mapped::orders, Mapped::disputes}) {
    const Mapping::Relation& relation = relation_of(mapping, which);
    if (relation.from.empty()) continue;
    const std::string section = "marketplace." + std::string(text(which));
    const std::string from = source(mapping, relation, dialect);
    all.push_back({section + ".from", "SELECT 1 FROM " + from + " LIMIT 1"});
    for (const auto& [key, theirs] : relation.columns)
      all.push_back(
          {section + "." + key, "SELECT " + sql_of(theirs, dialect) + " FROM " + from + " LIMIT 1"});
  }
  return all;
}

std::vector<std::string> check_mapping(const Mapping& mapping) {
  std::vector<std::string> problems;
  for (const Mapped which : {Mapped::users, Mapped::orders, Mapped::disputes}) {
    const Mapping::Relation& relation = relation_of(mapping, which);
    const std::string section = "marketplace." + std::string(text(which));
    if (relation.from.empty()) {
      if (which != Mapped::disputes || !relation.columns.empty())
        problems.push_back(section + ".from is missing: the table, or tables joined.");
      continue;
    }
    const auto known = columns_of(which);
    for (const Column& column : known) {
      if (column.absent.empty() && !relation.columns.contains(column.key))
        problems.push_back(section + "." + std::string(column.key) +
                           " is missing: the column, or an SQL expression.");
    }
    for (const auto& [key, theirs] : relation.columns) {
      if (std::none_of(known.begin(), known.end(), [&key = key](const Column& c) { return c.key == key; }))
        problems.push_back("There is no " + section + "." + key + ".");
      if (theirs.empty()) problems.push_back(section + "." + key + " is empty.");
    }
    const auto words = words_of(which);
    for (const auto& [ours, theirs] : relation.words) {
      if (std::find(words.begin(), words.end(), ours) == words.end())
        problems.push_back(section + " names \"" + ours + "\", which is no word of ours.");
      if (theirs.empty()) problems.push_back(section + ": \"" + ours + "\" has no word of theirs.");
    }
  }
  if (mapping.may_set_dispute_status() && !mapping.may_set_order_status()) {
    problems.emplace_back(
        "marketplace.disputes.set_status needs marketplace.orders.set_status, because a decision changes the order.");
  }
  if (!mapping.disputes.insert.empty() && !mapping.may_set_order_status()) {
    problems.emplace_back(
        "marketplace.disputes.insert needs marketplace.orders.set_status, because a dispute changes the order.");
  }
  const bool writes = mapping.may_set_order_status() || mapping.may_set_dispute_status() ||
                      !mapping.disputes.set_moderator.empty() || !mapping.disputes.insert.empty();
  if (!mapping.attach.empty() && writes)
    problems.emplace_back(
        "marketplace.attach opens the file for reading alone; set_status, set_moderator and insert need DATABASE_URL to name it.");
  return problems;
}

}  // namespace rozmova
