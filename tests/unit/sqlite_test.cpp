// What is SQLite's own: the tables as other programs see them, and a clear word for each way in which a file
// is unusable.
#include "rozmova/store/migrate.hpp"
#include "rozmova/store/sqlite/connection.hpp"
#include "tests/unit/sqlite_database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>

namespace rozmova::store::testing {
namespace {

using ::testing::HasSubstr;

struct Column {
  std::string name, type;
  bool not_null, primary_key;
};

std::vector<Column> columns(const std::string& path, const std::string& table) {
  std::vector<Column> all;
  sqlite3* db = nullptr;
  sqlite3_open(path.c_str(), &db);
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(db, ("PRAGMA table_info(" + table + ")").c_str(), -1, &statement, nullptr);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    const auto text = [&](int column) {
      return reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    };
    all.push_back(
        {text(1), text(2), sqlite3_column_int(statement, 3) != 0, sqlite3_column_int(statement, 5) != 0});
  }
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return all;
}

void expect_begins_with(const std::vector<Column>& got, const std::vector<Column>& promised) {
  ASSERT_GE(got.size(), promised.size());
  for (std::size_t i = 0; i < promised.size(); ++i) {
    EXPECT_EQ(got[i].name, promised[i].name);
    EXPECT_EQ(got[i].type, promised[i].type) << promised[i].name;
    EXPECT_EQ(got[i].not_null, promised[i].not_null) << promised[i].name;
    EXPECT_EQ(got[i].primary_key, promised[i].primary_key) << promised[i].name;
  }
}

class SqliteTables : public ::testing::Test {
 protected:
  void SetUp() override {
    database_.factory()->migrate();
    database_.sql("INSERT INTO users (id, name) VALUES ('" + alice_ + "', 'Alice'), ('" + bob_ + "', 'Bob')");
    database_.sql("INSERT INTO orders (id, number, title, client_id, performer_id) VALUES ('" + order_ +
                  "', 1, 'x', '" + alice_ + "', '" + bob_ + "')");
  }

  SqliteDatabase database_;
  const std::string alice_ = "0191d3a0-7c1e-7abc-8def-00000000000a";
  const std::string bob_ = "0191d3a0-7c1e-7abc-8def-00000000000b";
  const std::string order_ = "0191d3a0-7c1e-7abc-8def-00000000000c";
};

TEST_F(SqliteTables, BeginWithThePromisedColumns) {
  const std::string path = database_.path();
  expect_begins_with(columns(path, "messages"), {{"id", "TEXT", true, true},
                                                 {"order_id", "TEXT", true, false},
                                                 {"sender_id", "TEXT", true, false},
                                                 {"receiver_id", "TEXT", false, false},
                                                 {"content", "TEXT", true, false},
                                                 {"type", "TEXT", true, false},
                                                 {"file_url", "TEXT", false, false},
                                                 {"file_name", "TEXT", false, false},
                                                 {"read_at", "TEXT", false, false},
                                                 {"created_at", "TEXT", false, false}});
  expect_begins_with(columns(path, "dispute_messages"), {{"id", "TEXT", true, true},
                                                         {"dispute_id", "TEXT", true, false},
                                                         {"sender_id", "TEXT", true, false},
                                                         {"content", "TEXT", true, false},
                                                         {"created_at", "TEXT", false, false}});
  const auto connections = columns(path, "websocket_connections");
  expect_begins_with(connections, {{"id", "TEXT", true, true},
                                   {"user_id", "TEXT", true, false},
                                   {"socket_id", "TEXT", true, false},
                                   {"connected_at", "TEXT", false, false},
                                   {"last_seen", "TEXT", false, false},
                                   {"is_active", "INTEGER", false, false}});
}

TEST_F(SqliteTables, FillDefaultsForAProgramThatKnowsOnlyThePromisedColumns) {
  database_.sql("INSERT INTO messages (order_id, sender_id, content, file_url, file_name, seq) VALUES ('" +
                order_ + "', '" + alice_ + "', 'from outside', '/f', 'f.txt', 1)");
  database_.sql("INSERT INTO websocket_connections (user_id, socket_id) VALUES ('" + alice_ + "', 's')");
  const auto reader = database_.factory()->open_reader();
  const auto page = reader->messages({ChatKind::order, *Uuid::parse(order_)}, {});
  ASSERT_EQ(page.messages.size(), 1U);
  const Message& message = page.messages[0];
  EXPECT_EQ(message.id.text()[14], '4');
  EXPECT_GT(message.created_at, 1'700'000'000'000);
  ASSERT_EQ(message.attachments.size(), 1U);
  EXPECT_EQ(message.attachments[0].file_url, "/f");
  EXPECT_EQ(message.attachments[0].file_name, "f.txt");
  EXPECT_TRUE(reader->last_seen(*Uuid::parse(alice_)));
  EXPECT_EQ(database_.ask("SELECT is_active FROM websocket_connections"), "1");
}

TEST_F(SqliteTables, HoldWhatTheirTypesHold) {
  const std::string insert =
      "INSERT INTO messages (order_id, sender_id, content, type, file_url, seq) VALUES ('" + order_ + "', '" +
      alice_ + "', 'x', ";
  EXPECT_ANY_THROW(database_.sql(insert + "'" + std::string(21, 't') + "', NULL, 1)"));
  EXPECT_ANY_THROW(database_.sql(insert + "'text', '" + std::string(256, 'u') + "', 1)"));
  EXPECT_ANY_THROW(database_.sql(insert + "'text', NULL, 0)"));
  EXPECT_ANY_THROW(database_.sql(insert + "'text', NULL, 'one')"));
  EXPECT_NO_THROW(database_.sql(insert + "'text', '" + std::string(255, 'u') + "', 1)"));
  EXPECT_ANY_THROW(database_.sql(insert + "'text', NULL, 1)"));  // (order, seq) is taken
  EXPECT_ANY_THROW(
      database_.sql("INSERT INTO websocket_connections (user_id, socket_id) VALUES ('nobody', 's')"));
  EXPECT_ANY_THROW(database_.sql("UPDATE orders SET status = 'lost'"));
}

TEST_F(SqliteTables, AnswerHistoryAndRepetitionsFromAnIndex) {
  EXPECT_THAT(database_.ask("SELECT group_concat(detail) FROM (SELECT 1) JOIN (SELECT '' AS detail)"), "");
  const auto plan = [&](const std::string& query) {
    sqlite3* db = nullptr;
    sqlite3_open(database_.path().c_str(), &db);
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(db, ("EXPLAIN QUERY PLAN " + query).c_str(), -1, &statement, nullptr);
    std::string all;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      all += reinterpret_cast<const char*>(sqlite3_column_text(statement, 3));
      all += '\n';
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return all;
  };
  EXPECT_THAT(plan("SELECT * FROM messages WHERE order_id = 'x' AND seq > 5 ORDER BY seq LIMIT 50"),
              HasSubstr("messages_in_order (order_id=? AND seq>?)"));
  EXPECT_THAT(
      plan("SELECT * FROM messages WHERE order_id = 'x' AND sender_id = 'y' AND client_message_id = 'z'"),
      HasSubstr("messages_once (order_id=? AND sender_id=? AND client_message_id=?)"));
  EXPECT_THAT(plan("SELECT id FROM orders WHERE client_id = 'x' OR performer_id = 'x'"),
              HasSubstr("orders_by_performer"));
}

// ----------------------------------------------------------------------------------------------------
// unusable files

class SqliteFile : public ::testing::Test {
 protected:
  std::string path() const { return directory_.file("x.db"); }
  std::unique_ptr<StoreFactory> factory(int busy_timeout_ms = 50) const {
    SqliteOptions options;
    options.path = path();
    options.busy_timeout_ms = busy_timeout_ms;
    options.migration_timeout_ms = busy_timeout_ms;
    return make_sqlite(options);
  }
  template <class Deed>
  StoreError error_of(Deed deed) {
    try {
      deed();
    } catch (const StoreError& error) {
      return error;
    }
    ADD_FAILURE() << "no StoreError";
    return {StoreError::Kind::broken, ""};
  }

  TemporaryDirectory directory_;
};

TEST_F(SqliteFile, UrlsNameAFileOrAreRefusedWithoutShowingPasswords) {
  EXPECT_EQ(make_store("sqlite:./data/x.db")->describe(), "sqlite ./data/x.db");
  EXPECT_EQ(make_store("sqlite:///var/lib/x.db")->describe(), "sqlite /var/lib/x.db");
  EXPECT_THAT(error_of([] { make_store("mysql://root:hunter2@localhost/x"); }).what(),
              ::testing::AllOf(HasSubstr("mysql"), ::testing::Not(HasSubstr("hunter2"))));
  EXPECT_THAT(error_of([] { make_store("data.db"); }).what(), HasSubstr("scheme"));
  EXPECT_THAT(error_of([] { make_store("sqlite:"); }).what(), HasSubstr("file"));
  EXPECT_THAT(error_of([] { make_store("sqlite::memory:"); }).what(), HasSubstr("file"));
}

TEST_F(SqliteFile, AnEmptyFileIsAFreshDatabase) {
  std::ofstream(path()).close();
  factory()->migrate();
  EXPECT_EQ(factory()->open_writer()->users(10).size(), 0U);
}

TEST_F(SqliteFile, AMigrationThatArrivesLateIsStillRun) {
  std::filesystem::create_directories(std::filesystem::path(path()).parent_path());
  SqliteOptions options;
  options.path = path();
  sqlite::Connection connection(options, sqlite::Access::write);
  const Migration first{1, "first", "CREATE TABLE a (x)"}, late{2, "late", "CREATE TABLE b (x)"},
      last{3, "last", "CREATE TABLE c (x)"};
  migrate(connection, std::array{first, last});
  migrate(connection, std::array{first, late, last});
  migrate(connection, std::array{first, late, last});
  EXPECT_EQ(run_sql(path(), "SELECT group_concat(version) FROM schema_migrations"), "1,2,3");
  EXPECT_EQ(run_sql(path(), "SELECT count(*) FROM b"), "0");
  EXPECT_THAT(error_of([&] {
                migrate(connection, std::array{first, last});
              }).what(),
              HasSubstr("newer Rozmova"));
}

TEST_F(SqliteFile, SomethingElseIsNotOverwritten) {
  std::ofstream(path()) << std::string(10'000, 'x');
  const StoreError error = error_of([&] { factory()->migrate(); });
  EXPECT_EQ(error.kind(), StoreError::Kind::broken);
  EXPECT_THAT(error.what(), ::testing::AllOf(HasSubstr("not a database"), HasSubstr(path())));
  EXPECT_EQ(std::filesystem::file_size(path()), 10'000U);
}

TEST_F(SqliteFile, ADamagedPageIsSaid) {
  {
    factory()->migrate();
    auto writer = factory()->open_writer();
    writer->begin();
    for (int i = 0; i < 500; ++i)
      writer->ensure_user({Uuid::v7(i), std::string(100, 'n'), Role::client, ""}, i);
    writer->commit();
  }
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path()) - 10 * 4'096));
  file << std::string(10 * 4'096, '\x5a');  // the rows came last, so they are at the end
  file.close();
  const auto reader = factory()->open_reader();
  const StoreError error = error_of([&] { reader->users(1'000); });
  EXPECT_EQ(error.kind(), StoreError::Kind::broken);
  EXPECT_THAT(error.what(), HasSubstr("backup"));
}

TEST_F(SqliteFile, ADirectoryThatCannotBeMadeIsNamed) {
  std::ofstream(directory_.file("file")).close();
  SqliteOptions options;
  options.path = directory_.file("file/sub/x.db");
  const StoreError error = error_of([&] { make_sqlite(options)->migrate(); });
  EXPECT_THAT(error.what(), HasSubstr("file/sub"));
}

TEST_F(SqliteFile, AReaderDoesNotMakeAFile) {
  const StoreError error = error_of([&] { factory()->open_reader(); });
  EXPECT_EQ(error.kind(), StoreError::Kind::lost);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(SqliteFile, AReaderCannotWrite) {
  factory()->migrate();
  const auto reader = factory()->open_reader();
  EXPECT_EQ(error_of([&] {
              reader->begin();
              reader->ensure_user({Uuid::v7(1), "x", Role::client, ""}, 1);
            }).kind(),
            StoreError::Kind::broken);
}

TEST_F(SqliteFile, ALockedFileIsBusyAfterTheTimeout) {
  factory()->migrate();
  const auto holder = factory()->open_writer();
  const auto writer = factory()->open_writer();
  holder->begin();
  const StoreError error = error_of([&] { writer->begin(); });
  EXPECT_EQ(error.kind(), StoreError::Kind::busy);
  EXPECT_THAT(error.what(), HasSubstr("another process"));
  EXPECT_EQ(error_of([&] { factory()->migrate(); }).kind(), StoreError::Kind::busy);
  EXPECT_EQ(factory()->open_reader()->users(1).size(), 0U);  // readers go on
  holder->rollback();
  writer->begin();
  writer->commit();
}

TEST_F(SqliteFile, ALongLogIsFoldedWithoutTheDatabaseThreads) {
  SqliteOptions options;
  options.path = path();
  options.log_pages_max = 50;
  const auto small = make_sqlite(options);
  small->migrate();
  const auto writer = small->open_writer();
  std::size_t longest = 0;
  for (int i = 0; i < 300; ++i) {
    writer->begin();
    writer->ensure_user({Uuid::v7(i), std::string(100, 'n'), Role::client, ""}, i);
    writer->commit();
    longest = std::max(longest, writer->log_pages());
  }
  EXPECT_GE(longest, 50U);
  EXPECT_LT(longest, 60U);
}

}  // namespace
}  // namespace rozmova::store::testing
