#include "rozmova/store/postgres/connection.hpp"

#include "rozmova/store/store.hpp"
#include "tests/unit/postgres_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rozmova::store::postgres {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::PostgresServer;

class PostgresConnection : public ::testing::Test {
 protected:
  static StoreError::Kind kind_of(const std::function<void()>& deed) {
    try {
      deed();
    } catch (const StoreError& error) {
      return error.kind();
    }
    ADD_FAILURE() << "should have thrown";
    return StoreError::Kind::broken;
  }
  const PostgresOptions options_{.url = PostgresServer::instance().new_database(), .lock_timeout_ms = 100};
  Connection connection_{options_, Access::write};
};

TEST_F(PostgresConnection, every_kind_of_value_comes_back) {
  connection_.exec("CREATE TABLE things (id UUID, words VARCHAR(20), n BIGINT, yes BOOLEAN, at TIMESTAMPTZ)");
  Statement insert(connection_, "INSERT INTO things (id, words, n, yes, at) VALUES (?, ?, ?, TRUE, ?)");
  const Uuid id = Uuid::v7(1'772'357'400'123);
  insert.run()
      .bind(id)
      .bind(std::string_view("де'що\n"))
      .bind(std::int64_t{-7})
      .bind_time(1'772'357'400'123)
      .done();
  insert.run().bind(id).bind_null().bind_null().bind_null().done();
  EXPECT_EQ(connection_.changes(), 1);
  Statement read(
      connection_,
      "SELECT id, words, n, yes, at FROM things WHERE id = ?1 AND (n = ?2 OR n IS NULL) ORDER BY n");
  auto row = read.run();
  row.bind(id).bind(std::int64_t{-7});
  ASSERT_TRUE(row.row());
  EXPECT_EQ(row.uuid(0), id);
  EXPECT_EQ(row.text(1), "де'що\n");
  EXPECT_EQ(row.number(2), -7);
  EXPECT_EQ(row.number(3), 1);
  EXPECT_EQ(row.time(4), 1'772'357'400'123);
  ASSERT_TRUE(row.row());
  EXPECT_TRUE(row.is_null(1));
  EXPECT_FALSE(row.time_or_null(4));
  EXPECT_FALSE(row.row());
}

TEST_F(PostgresConnection, a_constraint_is_an_answer_and_the_transaction_goes_on) {
  connection_.exec(
      "CREATE TABLE parents (id INT PRIMARY KEY); CREATE TABLE children (id INT PRIMARY KEY, parent INT REFERENCES parents)");
  connection_.exec("BEGIN; INSERT INTO parents VALUES (1)");
  Statement insert(connection_, "INSERT INTO children (id, parent) VALUES (?, ?)");
  const auto put = [&](std::int64_t id, std::int64_t parent) {
    return insert.run().bind(id).bind(parent).write();
  };
  EXPECT_EQ(put(1, 1), Wrote::yes);
  EXPECT_EQ(connection_.changes(), 1);
  EXPECT_EQ(put(1, 1), Wrote::unique_taken);
  EXPECT_EQ(put(2, 9), Wrote::parent_missing);
  EXPECT_EQ(put(3, 1), Wrote::yes);
  connection_.exec("COMMIT");
  Statement count(connection_, "SELECT count(*) FROM children");
  auto row = count.run();
  ASSERT_TRUE(row.row());
  EXPECT_EQ(row.number(0), 2);
}

TEST_F(PostgresConnection, a_moment_sees_nothing_that_others_commit_meanwhile) {
  connection_.exec("CREATE TABLE counted (n INT)");
  Connection reader(options_, Access::read);
  Statement count(reader, "SELECT count(*) FROM counted");
  const auto seen = [&] {
    auto row = count.run();
    return row.row() ? row.number(0) : -1;
  };
  {
    const Moment moment(reader);
    EXPECT_EQ(seen(), 0);
    connection_.exec("INSERT INTO counted VALUES (1)");
    EXPECT_EQ(seen(), 0);
  }
  EXPECT_EQ(seen(), 1);
  EXPECT_EQ(kind_of([&] { reader.exec("INSERT INTO counted VALUES (2)"); }), StoreError::Kind::lost)
      << "a reader writes nothing; a standby says the same";
}

TEST_F(PostgresConnection, what_went_wrong_has_a_kind) {
  EXPECT_EQ(kind_of([&] { connection_.exec("SELEKT"); }), StoreError::Kind::broken);
  connection_.exec("CREATE TABLE one (n INT)");
  Connection other(options_, Access::write);
  other.exec("BEGIN; LOCK TABLE one");
  EXPECT_EQ(kind_of([&] { connection_.exec("INSERT INTO one VALUES (1)"); }), StoreError::Kind::busy);
  other.exec("ROLLBACK");
  EXPECT_EQ(kind_of([] { Connection nowhere({.url = "postgres://me:secret@127.0.0.1:1/x"}, Access::write); }),
            StoreError::Kind::lost);
  PostgresServer::instance().crash();
  EXPECT_EQ(kind_of([&] { connection_.exec("SELECT"); }), StoreError::Kind::lost);
  PostgresServer::instance().start_again();
}

TEST(PostgresText, marks_of_parameters) {
  EXPECT_EQ(with_dollars("a = ? AND b = ? AND c = '?' AND \"?\" = ?"),
            "a = $1 AND b = $2 AND c = '?' AND \"?\" = $3");
  EXPECT_EQ(with_dollars("a = ?2 OR a = ?2 OR b = ?"), "a = $2 OR a = $2 OR b = $3");
}

TEST(PostgresText, times) {
  std::int64_t time = 0;
  EXPECT_TRUE(parse_timestamp("2026-03-01 09:30:00+00", time));
  EXPECT_EQ(time, 1'772'357'400'000'000);
  EXPECT_TRUE(parse_timestamp("2026-03-01 09:30:00.5+00", time));
  EXPECT_EQ(time, 1'772'357'400'500'000);
  EXPECT_TRUE(parse_timestamp("2026-03-01 09:30:00.123987+00", time));
  EXPECT_EQ(time, 1'772'357'400'123'987);
  EXPECT_TRUE(parse_timestamp("1969-12-31 23:59:59.999999+00", time));
  EXPECT_EQ(time, -1);
  EXPECT_FALSE(parse_timestamp("2026-03-01 09:30:00+02", time));
  EXPECT_FALSE(parse_timestamp("yesterday", time));
}

TEST(PostgresText, logs_show_no_secret) {
  EXPECT_EQ(without_secrets("postgres://me:secret@db.example:6000/chat"), "postgres db.example:6000/chat");
  EXPECT_THAT(without_secrets("postgres://%zz"), Not(HasSubstr("zz")));
  try {
    Connection nowhere({.url = "postgres://me:secret@127.0.0.1:1/x"}, Access::write);
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace rozmova::store::postgres
