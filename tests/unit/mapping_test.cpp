#include "rozmova/mapping.hpp"
#include "rozmova/store/beside_sql.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rozmova {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Mapping shop() {
  Mapping mapping;
  mapping.users.from = "accounts";
  mapping.users.columns = {{"id", "uuid"}, {"name", "full_name"}};
  mapping.orders.from = "orders";
  mapping.orders.columns = {{"id", "id"},
                            {"client", "buyer"},
                            {"performer", "(SELECT seller FROM parts WHERE o = orders.id)"},
                            {"status", "state"},
                            {"updated_at", "changed"}};
  mapping.orders.words = {{"created", {"NEW"}}, {"in_progress", {"WORK", "it's"}}};
  return mapping;
}

TEST(Mapping, MakesASelectWithOurNames) {
  const Mapping mapping = shop();
  EXPECT_THAT(check_mapping(mapping), IsEmpty());
  EXPECT_EQ(mapped_select(mapping, Mapped::users, Dialect::sqlite),
            "SELECT `uuid` AS id, coalesce(`full_name`, '') AS name, 'client' AS role, '' AS locale, "
            "'1970-01-01T00:00:00.000Z' AS created_at FROM `main`.`accounts`");
  const std::string orders = mapped_select(mapping, Mapped::orders, Dialect::sqlite);
  EXPECT_THAT(
      orders,
      HasSubstr("CASE `state` WHEN 'NEW' THEN 'created' WHEN 'WORK' THEN 'in_progress' WHEN 'it''s' THEN "
                "'in_progress' ELSE `state` END AS status"));
  EXPECT_THAT(orders, HasSubstr("((SELECT seller FROM parts WHERE o = orders.id)) AS performer_id"));
  EXPECT_THAT(orders, HasSubstr("strftime('%Y-%m-%dT%H:%M:%fZ', `changed`) AS updated_at"));
  // Their table is not our view of the same name.
  EXPECT_THAT(orders, HasSubstr("FROM `main`.`orders`"));
  EXPECT_THAT(mapped_select(mapping, Mapped::disputes, Dialect::sqlite), HasSubstr("WHERE 1 = 0"));
}

TEST(Mapping, OtherFilesTimesAndEngines) {
  Mapping mapping = shop();
  mapping.attach = "shop.db";
  mapping.times = Mapping::Times::unix_ms;
  EXPECT_THAT(mapped_select(mapping, Mapped::orders, Dialect::sqlite),
              HasSubstr("FROM `marketplace`.`orders`"));
  EXPECT_THAT(mapped_select(mapping, Mapped::orders, Dialect::sqlite),
              HasSubstr("`changed` / 1000.0, 'unixepoch')"));
  mapping.times = Mapping::Times::text;
  EXPECT_THAT(mapped_select(mapping, Mapped::orders, Dialect::postgres),
              HasSubstr(R"(CAST("changed" AS timestamptz) AS updated_at)"));
  EXPECT_THAT(mapped_select(mapping, Mapped::orders, Dialect::postgres), HasSubstr(R"(FROM "orders")"));
}

TEST(Mapping, TheirStatementsTakeTheirWords) {
  const Mapping mapping = shop();
  const std::string sql =
      mapped_write(mapping.orders, "UPDATE main.orders SET state = :status, note = ':id' WHERE id = :id",
                   "id status now", "?1, ?2, ?3");
  EXPECT_EQ(
      sql,
      "WITH rozmova_values (id, status, now) AS (SELECT ?1, ?2, ?3) UPDATE main.orders SET state = (SELECT CASE status "
      "WHEN 'created' THEN 'NEW' WHEN 'in_progress' THEN 'WORK' ELSE status END FROM rozmova_values), note = ':id' WHERE id "
      "= (SELECT id FROM rozmova_values)");
  EXPECT_EQ(mapped_write(mapping.orders, "", "id", "?1"), "");
  EXPECT_EQ(with_values("SELECT a::text, :by, :unknown, \":by\"", {{"by", "X"}}),
            "SELECT a::text, X, :unknown, \":by\"");
}

TEST(Mapping, NamesWhatIsWrong) {
  Mapping mapping = shop();
  mapping.users.from.clear();
  mapping.orders.columns.erase("client");
  mapping.orders.columns["colour"] = "c";
  mapping.orders.words.push_back({"frozen", {"FROZEN"}});
  mapping.disputes.from = "claims";
  mapping.disputes.columns = {{"id", "id"}, {"order", "o"}, {"opened_by", "b"}, {"status", "s"}};
  mapping.disputes.set_status = "UPDATE claims SET s = :status";
  EXPECT_THAT(
      check_mapping(mapping),
      ElementsAre(HasSubstr("marketplace.users.from"), HasSubstr("marketplace.orders.client is missing"),
                  HasSubstr("no marketplace.orders.colour"), HasSubstr("\"frozen\""),
                  HasSubstr("needs marketplace.orders.set_status")));
}

TEST(Mapping, EachNameIsAskedForByItself) {
  const auto all = probes(shop(), Dialect::sqlite);
  ASSERT_EQ(all.size(), 9u);
  EXPECT_EQ(all[0].setting, "marketplace.users.from");
  EXPECT_EQ(all[1].setting, "marketplace.users.id");
  EXPECT_EQ(all[1].sql, "SELECT `uuid` FROM `main`.`accounts` LIMIT 1");
}

TEST(BesideSql, KnowsTheFunctionsOfPostgreSQL) {
  const std::string sql = store::beside_sql(R"(
CREATE FUNCTION told() RETURNS trigger AS $$
BEGIN
    INSERT INTO news VALUES (1);
    RETURN NULL;
END $$;
CREATE TRIGGER orders_told AFTER UPDATE OF a, b ON orders
    FOR EACH ROW WHEN (OLD.a <> NEW.a) EXECUTE FUNCTION told('order');
CREATE TRIGGER messages_told AFTER INSERT ON messages FOR EACH ROW EXECUTE FUNCTION told();
CREATE TABLE more (id UUID);
)");
  EXPECT_THAT(sql, HasSubstr("INSERT INTO news VALUES (1);\n    RETURN NULL;\nEND $$;"));
  EXPECT_THAT(sql, Not(HasSubstr("orders_told")));
  EXPECT_THAT(sql, HasSubstr("messages_told"));
  EXPECT_THAT(sql, HasSubstr("CREATE TABLE more"));
}

TEST(BesideSql, LeavesOutWhatIsTheirs) {
  const std::string sql = store::beside_sql(R"(
-- orders; a comment with a semicolon
CREATE TABLE orders (id TEXT PRIMARY KEY, note TEXT DEFAULT ';');
CREATE TABLE messages (
    id TEXT, order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    sender_id TEXT NOT NULL REFERENCES users (id), reply TEXT REFERENCES messages (id) ON DELETE SET NULL);
CREATE INDEX orders_by_client ON orders (client_id);
CREATE UNIQUE INDEX messages_in_order ON messages (order_id, seq);
CREATE TRIGGER orders_forget AFTER DELETE ON orders BEGIN
    DELETE FROM chat_reads WHERE chat_id = OLD.id;
    DELETE FROM chat_reads WHERE 1;
END;
CREATE TRIGGER messages_told AFTER INSERT ON messages WHEN EXISTS (SELECT 1 FROM orders) BEGIN
    INSERT INTO queue VALUES (NEW.id);
    UPDATE queue SET a = 1;
END;
ALTER TABLE orders ADD COLUMN x TEXT;
ALTER TABLE messages ADD COLUMN y TEXT;
INSERT INTO users VALUES (1);
)");
  EXPECT_THAT(sql, Not(HasSubstr("CREATE TABLE orders")));
  EXPECT_THAT(sql, Not(HasSubstr("REFERENCES orders")));
  EXPECT_THAT(sql, Not(HasSubstr("REFERENCES users")));
  EXPECT_THAT(sql, Not(HasSubstr("orders_by_client")));
  EXPECT_THAT(sql, Not(HasSubstr("orders_forget")));
  EXPECT_THAT(sql, Not(HasSubstr("chat_reads")));
  EXPECT_THAT(sql, Not(HasSubstr("ALTER TABLE orders")));
  EXPECT_THAT(sql, Not(HasSubstr("INSERT INTO users")));
  EXPECT_THAT(sql, HasSubstr("REFERENCES messages (id) ON DELETE SET NULL"));
  EXPECT_THAT(sql, HasSubstr("order_id TEXT NOT NULL,"));
  EXPECT_THAT(sql, HasSubstr("messages_in_order"));
  EXPECT_THAT(sql, HasSubstr("UPDATE queue SET a = 1;\nEND;"));
  EXPECT_THAT(sql, HasSubstr("ALTER TABLE messages ADD COLUMN y TEXT;"));
}

}  // namespace
}  // namespace rozmova
