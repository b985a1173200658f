#include "rozmova/store/postgres/connection.hpp"

#include "rozmova/store/postgres/beside.hpp"
#include "rozmova/store/postgres/errors.hpp"
#include "rozmova/store/postgres/steady.hpp"
#include "rozmova/store/store.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace rozmova::store::postgres {
namespace {

void say_nothing(void*, const char*) {}

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

}  // namespace

void ResultFree::operator()(pg_result* result) const { PQclear(result); }

Connection::Connection(const PostgresOptions& options, Access access)
    : answer_timeout_ms_(options.answer_timeout_ms) {
  const std::string connect_timeout = std::to_string(options.connect_timeout_s);
  const std::string lost_after = std::to_string(options.lost_after_ms);
  // What stands in the URL comes later in the list and so has the last word. Readers, too, ask the server that takes
  // writes: a standby is a moment behind, and a client that has just been acknowledged would miss what it sent.
  const std::array keywords = {"connect_timeout",
                               "tcp_user_timeout",
                               "keepalives_idle",
                               "target_session_attrs",
                               "application_name",
                               "dbname",
                               static_cast<const char*>(nullptr)};
  const std::array values = {
      connect_timeout.c_str(),          lost_after.c_str(), "5", "read-write", "rozmova", options.url.c_str(),
      static_cast<const char*>(nullptr)};
  connection_ = PQconnectdbParams(keywords.data(), values.data(), 1);
  try {
    if (connection_ == nullptr || PQstatus(connection_) != CONNECTION_OK) fail(nullptr, "connecting");
    PQsetNoticeProcessor(connection_, say_nothing, nullptr);
    if (PQsetnonblocking(connection_, 1) != 0) fail(nullptr, "connecting");
    // A commit that returned is on the disk, whatever the server's default is.
    exec(
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') IN ('off', 'local')");
    const std::string settings =
        "SET TIME ZONE 'UTC'; SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; "
        "SET extra_float_digits = 1; SET DateStyle = 'ISO'; SET statement_timeout = " +
        std::to_string(options.statement_timeout_ms) +
        "; SET lock_timeout = " + std::to_string(options.lock_timeout_ms) +
        "; SET default_transaction_isolation = 'read committed'; SET client_min_messages = 'error'";
    exec(settings.c_str());
    if (!options.schema.empty()) {
      exec(("SELECT set_config('search_path', '" + quoted_name(options.schema) +
            ", ' || current_setting('search_path'), false)")
               .c_str());
    }
    if (options.beside != nullptr) live_beside(*this, *options.beside);
    exec(access == Access::read
             ? "SET default_transaction_read_only = on"
             : "SET idle_in_transaction_session_timeout = '60s'; "
               // A writer asks by keys alone: planning anew for each batch costs more than the batch. A plan
               // is made once, while a table may be empty, and has to be right when it is not; that goes for
               // the questions too by which PostgreSQL checks foreign keys.
               "SET plan_cache_mode = 'force_generic_plan'; SET enable_seqscan = off; SET jit = off");
  } catch (...) {
    PQfinish(connection_);
    throw;
  }
}

Connection::~Connection() { PQfinish(connection_); }

const EngineWords& Connection::words() const {
  static constexpr EngineWords words{
      .dialect = Dialect::postgres,
      .begin_write = "BEGIN",
      // Who has not said for a while that he is alive is dead; so is who never said it.
      .close_stale =
          "UPDATE websocket_connections SET is_active = FALSE WHERE is_active AND NOT EXISTS (SELECT 1 FROM "
          "rozmova_nodes n WHERE n.id = node AND n.heartbeat_at > clock_timestamp() - INTERVAL '20 s')",
      // A sequence that has given nothing yet stands at 1 too.
      .news_up_to = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM access_changes_id_seq",
      // Every node reads them for itself, and within a second.
      .forget_news =
          "DELETE FROM access_changes WHERE id <= ?1 AND at < clock_timestamp() - INTERVAL '15 min'",
      .begin_migration =
          "BEGIN; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; "
          "SELECT pg_advisory_xact_lock(8243105718374)",
      .migrations_table =
          "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
          "checksum TEXT NOT NULL, applied_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW())",
      .has_own_orders =
          "SELECT EXISTS (SELECT 1 FROM pg_constraint c JOIN pg_class o ON o.oid = c.confrelid "
          "WHERE c.conrelid = m.oid AND c.contype = 'f' AND o.relname = 'orders') FROM pg_class m "
          "WHERE m.relname = 'messages' AND m.relnamespace = current_schema()::regnamespace",
  };
  return words;
}

void Connection::exec(const char* sql) {
  ask_what_waits();
  set_deadline();
  check(answer(lost_ ? 0 : PQsendQuery(connection_, sql), sql), sql);
}

Answer Connection::prepare_by_name(const std::string& name, const std::string& sql) {
  ask_what_waits();
  set_deadline();
  return answer(lost_ ? 0 : PQsendPrepare(connection_, name.c_str(), sql.c_str(), 0, nullptr), sql);
}

Answer Connection::execute(const std::string& name, std::span<const char* const> parameters) {
  ask_what_waits();
  set_deadline();
  const int count = static_cast<int>(parameters.size());
  return answer(
      lost_ ? 0
            : PQsendQueryPrepared(connection_, name.c_str(), count, parameters.data(), nullptr, nullptr, 0),
      name);
}

void Connection::ask_later(const char* sql, std::vector<std::string> parameters) {
  waiting_.push_back({sql, std::move(parameters)});
}

void Connection::ask_what_waits() {
  if (!waiting_.empty()) ask_all({});
}

const std::string& Connection::name_of(const char* sql) {
  const auto known = names_.find(sql);
  if (known != names_.end()) return known->second;
  const std::string name = next_name();
  check(prepare_by_name(name, sql), sql);
  return names_.emplace(sql, name).first->second;
}

std::vector<Answer> Connection::ask_all(std::span<const Question> questions) {
  const std::vector<Waiting> waited = std::exchange(waiting_, {});
  std::vector<Question> all;
  for (const Waiting& one : waited) all.push_back({one.sql, {one.parameters.begin(), one.parameters.end()}});
  all.insert(all.end(), questions.begin(), questions.end());
  std::vector<const std::string*> names;
  for (const Question& question : all) names.push_back(&name_of(question.sql));
  set_deadline();
  if (lost_ || PQenterPipelineMode(connection_) != 1) fail(nullptr, "asking");
  bool sent = true;
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
  for (std::size_t i = 0; sent && i < all.size(); ++i) {
    values.clear();
    lengths.clear();
    for (const std::string_view bytes : all[i].parameters) {
      values.push_back(bytes.data());
      lengths.push_back(static_cast<int>(bytes.size()));
    }
    formats.assign(values.size(), 1);
    sent = PQsendQueryPrepared(connection_, names[i]->c_str(), static_cast<int>(values.size()), values.data(),
                               lengths.data(), formats.data(), 0) == 1;
  }
  if (!sent || PQpipelineSync(connection_) != 1) {
    lost_ = true;  // half a journey is sent: nobody can tell what comes back
    fail(nullptr, "asking");
  }
  flush("asking");
  std::vector<Answer> results;
  Answer failed;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Answer result = next_result("asking");
    if (result == nullptr) fail(nullptr, "asking");
    while (next_result("asking") != nullptr) {  // a NULL ends each answer
    }
    const auto status = PQresultStatus(result.get());
    if (failed == nullptr && status == PGRES_FATAL_ERROR)
      failed = std::move(result);
    else if (i >= waited.size())
      results.push_back(std::move(result));
  }
  while (const Answer end = next_result("asking")) {
    if (PQresultStatus(end.get()) == PGRES_PIPELINE_SYNC) break;
  }
  PQexitPipelineMode(connection_);
  if (failed != nullptr) fail(failed.get(), "asking");
  return results;
}

Answer Connection::ask(const char* sql, std::vector<std::string_view> parameters) {
  const Question question{sql, std::move(parameters)};
  return std::move(ask_all(std::span(&question, 1)).front());
}

Answer Connection::answer(int sent, std::string_view doing) {
  if (sent != 1) fail(nullptr, doing);
  flush(doing);
  Answer last;
  while (Answer result = next_result(doing)) {
    // Of several statements in one text the first that fails is the last that is executed.
    last = std::move(result);
  }
  if (last == nullptr) fail(nullptr, doing);
  return last;
}

void Connection::flush(std::string_view doing) {
  while (true) {
    const int left = PQflush(connection_);
    if (left == 0) return;
    if (left < 0) fail(nullptr, doing);
    wait(true, doing);
    if (PQconsumeInput(connection_) != 1) fail(nullptr, doing);
  }
}

Answer Connection::next_result(std::string_view doing) {
  while (PQisBusy(connection_) == 1) {
    wait(false, doing);
    if (PQconsumeInput(connection_) != 1) fail(nullptr, doing);
  }
  return Answer(PQgetResult(connection_));
}

void Connection::set_deadline() { deadline_ms_ = steady_ms() + answer_timeout_ms_; }

void Connection::wait(bool for_writing, std::string_view doing) {
  while (true) {
    pollfd socket{PQsocket(connection_), static_cast<short>(POLLIN | (for_writing ? POLLOUT : 0)), 0};
    const std::int64_t left = deadline_ms_ - steady_ms();
    const int ready = left > 0 ? ::poll(&socket, 1, static_cast<int>(left)) : 0;
    if (ready > 0) return;
    if (ready < 0 && errno == EINTR) continue;
    lost_ = true;
    fail(nullptr, doing);
  }
}

bool Connection::in_transaction() const {
  if (!waiting_.empty()) return true;
  if (lost_) return false;
  const auto status = PQtransactionStatus(connection_);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
}

void Connection::check(const Answer& result, std::string_view doing) {
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
    fail(result.get(), doing);
  }
  const std::string_view touched = PQcmdTuples(result.get());
  changes_ = 0;
  std::from_chars(touched.data(), touched.data() + touched.size(), changes_);
}

void Connection::fail(const pg_result* result, std::string_view doing) const {
  const char* const given = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  const std::string_view state = given != nullptr ? given : "";
  const bool alive = connection_ != nullptr && !lost_ && PQstatus(connection_) == CONNECTION_OK;
  std::string_view message;
  if (result != nullptr) {
    const char* const primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (primary != nullptr) message = primary;
  }
  if (lost_ && message.empty()) message = "no answer in time";
  if (message.empty() && connection_ != nullptr) message = PQerrorMessage(connection_);
  throw StoreError(kind_of(state, alive), sentence(doing, message, state));
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

bool parse_timestamp(std::string_view text, std::int64_t& us) {
  if (text == "-infinity" || text == "infinity") {
    us = text.starts_with('-') ? INT64_MIN : INT64_MAX;
    return true;
  }
  constexpr std::size_t seconds_end = 19;  // 2026-03-01 09:30:00
  if (text.size() < seconds_end + 3 || !text.ends_with("+00")) return false;
  std::string iso(text.substr(0, seconds_end));
  iso[10] = 'T';
  std::string_view fraction = text.substr(seconds_end, text.size() - seconds_end - 3);
  std::string micros = "000000";
  if (fraction.starts_with('.')) {
    fraction.remove_prefix(1);
    for (std::size_t i = 0; i < micros.size() && i < fraction.size(); ++i) micros[i] = fraction[i];
  }
  int parts = 0;
  const auto [end, error] = std::from_chars(micros.data(), micros.data() + micros.size(), parts);
  const auto parsed = parse_iso_time(iso + ".000Z");
  if (!parsed || error != std::errc{} || end != micros.data() + micros.size()) return false;
  us = *parsed * 1'000 + parts;
  return true;
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
