// Beside a marketplace on PostgreSQL: other names, other words, keys of its own; its schema stays as it is.
#include "rozmova/marketplace_triggers.hpp"
#include "rozmova/store/postgres/connection.hpp"
#include "tests/unit/postgres_database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rozmova::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr WallMs now = 1'772'357'400'000;

class PostgresBeside : public ::testing::Test {
 protected:
  void SetUp() override {
    // As unlike ours as may be, and with tables of our names in its way.
    database_.sql(R"(
      CREATE TYPE deal_state AS ENUM ('NEW', 'AGREED', 'WORK', 'SENT', 'DONE', 'OFF', 'CLAIMED');
      CREATE TABLE accounts (pk SERIAL PRIMARY KEY, uuid UUID UNIQUE DEFAULT gen_random_uuid(), full_name TEXT, kind TEXT);
      CREATE TABLE orders (uuid UUID PRIMARY KEY DEFAULT gen_random_uuid(), what TEXT, state deal_state NOT NULL DEFAULT 'NEW',
          buyer UUID, seller INTEGER REFERENCES accounts (pk), changed TIMESTAMP DEFAULT now());
      CREATE TABLE claims (uuid UUID PRIMARY KEY, deal UUID, author UUID, judge UUID, state TEXT DEFAULT 'OPENED');
      CREATE TABLE messages (theirs TEXT);
      CREATE TABLE schema_migrations (version VARCHAR PRIMARY KEY);
      INSERT INTO accounts (full_name, kind) VALUES ('Аліса', 'BUYER'), ('Богдан', 'SELLER'), ('Мира', 'SUPPORT');
      INSERT INTO orders (what, buyer, seller) VALUES ('Кран', (SELECT uuid FROM accounts WHERE pk = 1), 2);)");
    auto mapping = std::make_shared<Mapping>();
    mapping->users.from = "accounts";
    mapping->users.columns = {{"id", "uuid"}, {"name", "full_name"}, {"role", "kind"}};
    mapping->users.words = {{"client", {"BUYER"}}, {"performer", {"SELLER"}}, {"moderator", {"SUPPORT"}}};
    mapping->orders.from = "orders d";
    mapping->orders.columns = {{"id", "d.uuid"},
                               {"title", "d.what"},
                               {"status", "d.state"},
                               {"client", "d.buyer"},
                               {"performer", "(SELECT a.uuid FROM accounts a WHERE a.pk = d.seller)"},
                               {"updated_at", "d.changed"}};
    mapping->orders.words = {{"created", {"NEW"}},     {"accepted", {"AGREED"}}, {"in_progress", {"WORK"}},
                             {"delivered", {"SENT"}},  {"completed", {"DONE"}},  {"cancelled", {"OFF"}},
                             {"disputed", {"CLAIMED"}}};
    mapping->orders.set_status =
        "UPDATE public.orders SET state = CAST(:status AS deal_state), changed = :now WHERE uuid = :id";
    mapping->disputes.from = "claims";
    mapping->disputes.columns = {{"id", "uuid"},
                                 {"order", "deal"},
                                 {"opened_by", "author"},
                                 {"moderator", "judge"},
                                 {"status", "state"}};
    mapping->disputes.words = {{"open", {"OPENED"}}, {"under_review", {"LOOKED"}}, {"resolved", {"RIGHT"}}};
    mapping->disputes.set_status = "UPDATE claims SET state = :status WHERE uuid = :id";
    mapping->disputes.insert =
        "INSERT INTO claims (uuid, deal, author, state) VALUES (:id, :order, :by, :status)";
    mapping_ = mapping;
    factory_ = make_store(database_.url(), mapping_, "chat");
    before_ = schema();
    factory_->migrate();
    client_ = *Uuid::parse(database_.ask("SELECT uuid FROM accounts WHERE pk = 1"));
    performer_ = *Uuid::parse(database_.ask("SELECT uuid FROM accounts WHERE pk = 2"));
    order_ = *Uuid::parse(database_.ask("SELECT uuid FROM public.orders"));
  }
  std::string schema() {
    return database_.ask(
        "SELECT string_agg(table_name || column_name || data_type, ',' ORDER BY table_name, ordinal_position) "
        "FROM information_schema.columns WHERE table_schema = 'public'");
  }

  PostgresDatabase database_;
  std::shared_ptr<const Mapping> mapping_;
  std::unique_ptr<StoreFactory> factory_;
  std::string before_;
  Uuid client_, performer_, order_;
};

TEST_F(PostgresBeside, TheirOrdersHaveChatsAndTheirSchemaStays) {
  EXPECT_THAT(factory_->look_at_marketplace(), IsEmpty());
  const auto writer = factory_->open_writer(), reader = factory_->open_reader();
  const ChatKey chat{ChatKind::order, order_};
  NewMessage message;
  message.chat = chat;
  message.sender_id = client_;
  message.content = "Привіт";
  message.client_message_id = "1";
  const NewMessage* const messages[] = {&message};
  writer->begin();
  writer->expect(std::span(&chat, 1), messages);
  const auto sent = writer->append_all(messages, now);
  ASSERT_TRUE(sent[0]) << sent[0].refusal().message;
  EXPECT_EQ(sent[0]->message.receiver_id, performer_);
  ASSERT_TRUE(writer->change_status({chat, "accepted", performer_, Role::performer, "", {}}, now));
  ASSERT_TRUE(writer->open_dispute({Uuid::v7(now), order_, client_, Role::client, "why"}, now));
  writer->commit();
  EXPECT_EQ(database_.ask("SELECT state FROM public.orders"), "CLAIMED");
  EXPECT_EQ(database_.ask("SELECT state FROM claims"), "OPENED");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM public.messages"), "0") << "theirs";
  EXPECT_EQ(database_.ask("SELECT count(*) FROM chat.messages"), "3");
  const auto snapshot = reader->snapshot(chat, {});
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->participants.at(1).name, "Богдан");
  EXPECT_EQ(snapshot->facts.status, "disputed");
  EXPECT_EQ(reader->order(order_, client_)->order.title, "Кран");
  EXPECT_THAT(reader->orders(performer_, false, 10, {}).orders, SizeIs(1));
  EXPECT_THAT(reader->disputes(client_, false, {}, 10, {}).disputes, SizeIs(1));
  EXPECT_EQ(reader->unread(performer_).chats.size(), 2U);
  EXPECT_EQ(schema(), before_);
}

TEST_F(PostgresBeside, MistakesOfTheMappingAreNamed) {
  Mapping wrong = *mapping_;
  wrong.orders.columns["title"] = "d.tilte";
  const auto names =
      make_store(database_.url(), std::make_shared<const Mapping>(wrong), "chat")->look_at_marketplace();
  EXPECT_THAT(names, ElementsAre(HasSubstr("marketplace.orders.title")));
  database_.sql(
      "UPDATE claims SET state = 'X'; INSERT INTO claims (uuid, state) VALUES (gen_random_uuid(), 'FROZEN')");
  EXPECT_THAT(factory_->look_at_marketplace(), ElementsAre(HasSubstr("'FROZEN'")));
  EXPECT_THROW(make_store(database_.url())->migrate(), StoreError) << "schema_migrations is theirs";
}

TEST_F(PostgresBeside, TriggersTellWhatAnyProgramChanges) {
  const std::string triggers = marketplace_triggers(*mapping_, "chat");
  EXPECT_THAT(triggers, HasSubstr("marketplace.orders.performer is an expression"));
  database_.sql(triggers);
  database_.sql(triggers);  // installing twice is no mistake
  database_.sql("CREATE ROLE stranger; GRANT UPDATE, SELECT ON public.orders TO stranger");
  const auto reader = factory_->open_reader();
  const std::int64_t seen = reader->access_news(0, 1'000).up_to;
  database_.sql("SET ROLE stranger; UPDATE public.orders SET state = 'WORK'; RESET ROLE");
  const auto rows = reader->outbox(10);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].kind, "order_status");
  EXPECT_EQ(rows[0].payload, "{\"orderId\": \"" + order_.text() + "\"}");
  database_.sql("UPDATE public.orders SET what = 'Інше'");
  EXPECT_THAT(reader->outbox(10), SizeIs(1)) << "nothing that a chat tells";
  database_.sql("UPDATE public.orders SET buyer = (SELECT uuid FROM accounts WHERE pk = 3)");
  database_.sql("UPDATE accounts SET kind = 'SELLER' WHERE pk = 1");
  const AccessNews news = reader->access_news(seen, 1'000);
  EXPECT_THAT(news.chats, ElementsAre(ChatKey{ChatKind::order, order_}));
  EXPECT_THAT(news.users, ElementsAre(client_));
  database_.sql("INSERT INTO claims (uuid, deal, author) VALUES (gen_random_uuid(), '" + order_.text() +
                "', '" + client_.text() + "')");
  EXPECT_EQ(reader->outbox(10).back().kind, "dispute_status");
  database_.sql("TRUNCATE public.orders");
  EXPECT_THAT(reader->access_news(news.up_to, 1'000).chats,
              ::testing::Contains(ChatKey{ChatKind::order, order_}));
}

}  // namespace
}  // namespace rozmova::store::testing
