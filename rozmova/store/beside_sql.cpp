// A migration is taken apart into statements (a semicolon outside of quotes, comments, $$ … $$ and a trigger's
// BEGIN … END ends one). Then
//
//   CREATE TABLE | ALTER TABLE | DROP TABLE | INSERT INTO | UPDATE | DELETE FROM  theirs  ->  left out
//   CREATE [UNIQUE] INDEX … ON theirs, CREATE TRIGGER … ON theirs                        ->  left out
//   REFERENCES theirs (…) [ON DELETE …]                                                  ->  taken out of the others

#include "rozmova/store/beside_sql.hpp"

#include <regex>
#include <vector>

namespace rozmova::store {

namespace {

constexpr const char* theirs = "(?:users|orders|disputes)";

std::string without_comments(std::string_view sql) {
  std::string out;
  char quote = 0;
  for (std::size_t at = 0; at < sql.size(); ++at) {
    const char c = sql[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (sql.substr(at, 2) == "--") {
      at = sql.find('\n', at);
      if (at == std::string_view::npos) break;
      out += '\n';
      continue;
    }
    out += c;
  }
  return out;
}

/// In SQLite the body of a trigger stands in it; elsewhere it calls a function.
bool has_body(const std::string& statement) {
  static const std::regex begin(R"(^\s*CREATE\s+(?:TEMP\s+)?TRIGGER\b[^]*\bBEGIN\b)", std::regex::icase);
  return std::regex_search(statement, begin);
}

std::vector<std::string> statements_of(std::string_view sql) {
  static const std::regex end_word(R"(\bEND\s*$)", std::regex::icase);
  std::vector<std::string> all;
  std::string one;
  char quote = 0;
  bool in_function = false;
  for (const char c : without_comments(sql)) {
    if (c == '$' && one.ends_with('$')) in_function = !in_function;
    if (in_function) {
      one += c;
      continue;
    }
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == ';' && (!has_body(one) || std::regex_search(one, end_word))) {
      all.push_back(one);
      one.clear();
      continue;
    }
    one += c;
  }
  if (one.find_first_not_of(" \t\r\n") != std::string::npos) all.push_back(one);
  return all;
}

}  // namespace

std::string beside_sql(std::string_view migration) {
  static const std::regex of_theirs(
      std::string(
          R"(^\s*(?:CREATE\s+TABLE|ALTER\s+TABLE|DROP\s+TABLE|INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+)") +
          theirs + R"(\b)",
      std::regex::icase);
  static const std::regex on_theirs(
      std::string(R"(^\s*CREATE\s+(?:UNIQUE\s+)?(?:INDEX|TRIGGER)\b[^(]*?\bON\s+)") + theirs + R"(\b)",
      std::regex::icase);
  static const std::regex reference(
      std::string(R"(\s*\bREFERENCES\s+)") + theirs +
          R"(\s*\([^)]*\)(?:\s+ON\s+(?:DELETE|UPDATE)\s+(?:CASCADE|SET\s+NULL|RESTRICT))*)",
      std::regex::icase);
  std::string out;
  for (const std::string& statement : statements_of(migration)) {
    if (std::regex_search(statement, of_theirs) || std::regex_search(statement, on_theirs)) continue;
    out += std::regex_replace(statement, reference, "") + ";\n";
  }
  return out;
}

}  // namespace rozmova::store
