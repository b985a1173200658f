#include "rozmova/store/postgres/connection.hpp"

#include "rozmova/store/store.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace rozmova::store::postgres {
namespace {

/// PostgreSQL's manual, appendix A: classes are the first two characters.
StoreError::Kind kind_of(std::string_view state, bool alive) {
  if (!alive || state.empty() || state.starts_with("08")) return StoreError::Kind::lost;
  for (const std::string_view gone : {"57P01", "57P02", "57P03", "25006", "53300"}) {
    if (state == gone) return StoreError::Kind::lost;  // shutting down, a standby now, full of others
  }
  for (const std::string_view later : {"40001", "40P01", "55P03", "57014"}) {
    if (state == later) return StoreError::Kind::busy;  // serialisation, deadlock, lock or statement timeout
  }
  if (state.starts_with("53")) return StoreError::Kind::full;
  return StoreError::Kind::broken;
}

std::string_view advice(std::string_view state) {
  if (state.starts_with("28")) return "; check the user and password of DATABASE_URL";
  if (state == "3D000") return "; create the database, or check its name in DATABASE_URL";
  if (state == "42501") return "; give this user the right";
  if (state == "53300") return "; raise max_connections or lower DATABASE_LANES and DATABASE_READERS";
  if (state.starts_with("53")) return "; free space or memory there";
  return "";
}

void say_nothing(void*, const char*) {}

}  // namespace

void ResultFree::operator()(pg_result* result) const { PQclear(result); }

Connection::Connection(const PostgresOptions& options, Access access) {
  const std::string connect_timeout = std::to_string(options.connect_timeout_s);
  const std::string lost_after = std::to_string(options.lost_after_ms);
  // What stands in the URL comes later in the list and so has the last word.
  const std::array keywords = {"connect_timeout",
                               "tcp_user_timeout",
                               "keepalives_idle",
                               "target_session_attrs",
                               "application_name",
                               "dbname",
                               static_cast<const char*>(nullptr)};
  const std::array values = {connect_timeout.c_str(),
                             lost_after.c_str(),
                             "5",
                             access == Access::write ? "read-write" : "any",
                             "rozmova",
                             options.url.c_str(),
                             static_cast<const char*>(nullptr)};
  connection_ = PQconnectdbParams(keywords.data(), values.data(), 1);
  try {
    if (connection_ == nullptr || PQstatus(connection_) != CONNECTION_OK) fail(nullptr, "connecting");
    PQsetNoticeProcessor(connection_, say_nothing, nullptr);
    const std::string settings =
        "SET TIME ZONE 'UTC'; SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; "
        "SET extra_float_digits = 1; SET DateStyle = 'ISO'; SET statement_timeout = " +
        std::to_string(options.statement_timeout_ms) +
        "; SET lock_timeout = " + std::to_string(options.lock_timeout_ms) +
        (access == Access::read ? "; SET default_transaction_read_only = on"
                                : "; SET idle_in_transaction_session_timeout = '60s'");
    exec(settings.c_str());
  } catch (...) {
    PQfinish(connection_);
    throw;
  }
}

Connection::~Connection() { PQfinish(connection_); }

void Connection::exec(const char* sql) { check(Result(PQexec(connection_, sql)), sql); }

bool Connection::in_transaction() const {
  const auto status = PQtransactionStatus(connection_);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
}

void Connection::check(const Result& result, std::string_view doing) {
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
    fail(result.get(), doing);
  }
  const std::string_view touched = PQcmdTuples(result.get());
  changes_ = 0;
  std::from_chars(touched.data(), touched.data() + touched.size(), changes_);
}

void Connection::fail(const pg_result* result, std::string_view doing) const {
  constexpr std::size_t doing_chars_max = 60;
  const char* const given = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  const std::string_view state = given != nullptr ? given : "";
  const bool alive = connection_ != nullptr && PQstatus(connection_) == CONNECTION_OK;
  std::string_view message;
  if (result != nullptr) {
    const char* const primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (primary != nullptr) message = primary;
  }
  if (message.empty() && connection_ != nullptr) message = PQerrorMessage(connection_);
  while (message.ends_with('\n')) message.remove_suffix(1);
  std::string what = "PostgreSQL: ";
  what.append(doing.substr(0, doing_chars_max)).append(": ").append(message);
  if (!state.empty()) what.append(" (").append(state).append(")");
  what.append(advice(state));
  throw StoreError(kind_of(state, alive), what);
}

std::string with_dollars(std::string_view sql) {
  std::string out;
  out.reserve(sql.size() + 16);
  int highest = 0;
  char quote = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
      out += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      out += c;
    } else if (c == '?') {
      int number = 0;
      const auto [end, error] = std::from_chars(sql.data() + i + 1, sql.data() + sql.size(), number);
      if (error == std::errc{}) {
        i = static_cast<std::size_t>(end - sql.data()) - 1;
      } else {
        number = highest + 1;  // as SQLite counts a bare ?
      }
      highest = std::max(highest, number);
      out.append("$").append(std::to_string(number));
    } else {
      out += c;
    }
  }
  return out;
}

bool parse_timestamp(std::string_view text, WallMs& time) {
  if (text == "-infinity" || text == "infinity") {
    time = text.starts_with('-') ? INT64_MIN : INT64_MAX;
    return true;
  }
  constexpr std::size_t seconds_end = 19;  // 2026-03-01 09:30:00
  if (text.size() < seconds_end + 3 || !text.ends_with("+00")) return false;
  std::string iso(text.substr(0, seconds_end));
  iso[10] = 'T';
  std::string_view fraction = text.substr(seconds_end, text.size() - seconds_end - 3);
  std::string milliseconds = "000";
  if (fraction.starts_with('.')) {
    fraction.remove_prefix(1);
    for (std::size_t i = 0; i < milliseconds.size() && i < fraction.size(); ++i)
      milliseconds[i] = fraction[i];
  }
  const auto parsed = parse_iso_time(iso + "." + milliseconds + "Z");
  if (parsed) time = *parsed;
  return parsed.has_value();
}

std::string without_secrets(std::string_view url) {
  char* trouble = nullptr;
  PQconninfoOption* const options = PQconninfoParse(std::string(url).c_str(), &trouble);
  PQfreemem(trouble);
  if (options == nullptr) return "postgres";
  std::string host = "localhost", port, database;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view keyword = option->keyword;
    if (keyword == "host") host = option->val;
    if (keyword == "port") port = std::string(":") + option->val;
    if (keyword == "dbname") database = std::string("/") + option->val;
  }
  PQconninfoFree(options);
  return "postgres " + host + port + database;
}

}  // namespace rozmova::store::postgres
