// Statements as PostgreSQL has them: parameters and columns travel as text, and the server knows their types
// from where they stand. The one statement that has to be fast, the batch of messages, is written by itself
// (postgres_append.cpp).
#include "rozmova/store/postgres/connection.hpp"
#include "rozmova/store/store.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>
#include <string>
#include <vector>

namespace rozmova::store::postgres {
namespace {

constexpr std::string_view unique_violation = "23505";
constexpr std::string_view foreign_key_violation = "23503";
constexpr std::int64_t us_per_ms = 1'000;

class PostgresPrepared final : public Prepared {
 public:
  PostgresPrepared(Connection& connection, const char* sql)
      : connection_(connection), sql_(sql), name_(connection.next_name()) {
    connection_.check(connection.prepare_by_name(name_, with_dollars(sql)), sql);
  }

  void bind_text(int at, std::string_view text) override { put(at, text); }
  void bind_number(int at, std::int64_t number) override { put(at, std::to_string(number)); }
  void bind_uuid(int at, const Uuid& id) override { put(at, id.text()); }
  void bind_time(int at, WallMs time) override { put(at, time == INT64_MAX ? "infinity" : iso_time(time)); }
  void bind_time_us(int at, std::int64_t us) override {
    if (us == INT64_MAX) return put(at, "infinity");
    const std::int64_t part = (us % us_per_ms + us_per_ms) % us_per_ms;
    std::string text = iso_time((us - part) / us_per_ms);
    text.insert(text.size() - 1, fmt::format("{:03}", part));  // before the Z
    put(at, text);
  }
  void bind_null(int at) override { place(at).given = false; }

  bool step() override {
    if (!result_) {
      result_ = execute();
      connection_.check(result_, sql_);
    } else {
      ++row_;
    }
    return row_ < PQntuples(result_.get());
  }

  Wrote write() override {
    // An error ends a PostgreSQL transaction, so the answer that a constraint gives is asked for inside a
    // savepoint.
    const bool nested = connection_.in_transaction();
    if (nested) connection_.exec("SAVEPOINT attempt");
    const Answer result = execute();
    const char* const state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const std::string_view code = state != nullptr ? state : "";
    if (code != unique_violation && code != foreign_key_violation) {
      connection_.check(result, sql_);
      const std::int64_t touched = connection_.changes();
      if (nested) connection_.exec("RELEASE SAVEPOINT attempt");
      connection_.note_changes(touched);
      return Wrote::yes;
    }
    if (nested) connection_.exec("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt");
    connection_.note_changes(0);
    return code == unique_violation ? Wrote::unique_taken : Wrote::parent_missing;
  }

  void reset() noexcept override {
    parameters_used_ = 0;
    result_.reset();
    row_ = 0;
  }

  bool is_null(int column) const override { return PQgetisnull(result_.get(), row_, column) == 1; }
  std::int64_t number(int column) const override {
    const std::string_view digits = text(column);
    if (digits == "t") return 1;
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }
  std::string_view text(int column) const override {
    return {PQgetvalue(result_.get(), row_, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
  }
  Uuid uuid(int column) const override {
    const auto id = Uuid::parse(text(column));
    if (!id) bad_value(column, "a UUID");
    return *id;
  }
  WallMs time(int column) const override {
    const std::int64_t us = time_us(column);
    if (us == INT64_MAX || us == INT64_MIN) return us;
    return (us - (us % us_per_ms + us_per_ms) % us_per_ms) / us_per_ms;
  }
  std::int64_t time_us(int column) const override {
    std::int64_t us = 0;
    if (!parse_timestamp(text(column), us)) bad_value(column, "a time");
    return us;
  }

 private:
  struct Parameter {
    std::string text;
    bool given = false;
  };

  Parameter& place(int at) {
    const auto index = static_cast<std::size_t>(at - 1);
    if (parameters_.size() <= index) parameters_.resize(index + 1);
    if (parameters_used_ <= index) parameters_used_ = index + 1;
    return parameters_[index];
  }
  void put(int at, std::string_view text) {
    Parameter& parameter = place(at);
    parameter.text.assign(text);
    parameter.given = true;
  }
  Answer execute() {
    pointers_.clear();
    for (std::size_t i = 0; i < parameters_used_; ++i) {
      pointers_.push_back(parameters_[i].given ? parameters_[i].text.c_str() : nullptr);
    }
    return connection_.execute(name_, pointers_);
  }
  [[noreturn]] void bad_value(int column, std::string_view expected) const {
    throw StoreError(StoreError::Kind::broken, std::string("PostgreSQL: column '") +
                                                   PQfname(result_.get(), column) + "' should hold " +
                                                   std::string(expected));
  }

  Connection& connection_;
  const char* sql_;
  const std::string name_;
  std::vector<Parameter> parameters_;  ///< kept between executions for their buffers
  std::size_t parameters_used_ = 0;
  std::vector<const char*> pointers_;
  Answer result_;
  int row_ = 0;
};

}  // namespace

std::unique_ptr<Prepared> Connection::prepare(const char* sql) {
  return std::make_unique<PostgresPrepared>(*this, sql);
}

}  // namespace rozmova::store::postgres
