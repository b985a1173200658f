// People, orders and their lists, connections, migrations.
#include "tests/contract/store_suite.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace rozmova::store::testing {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

namespace {

std::vector<Uuid> ids(const OrderList& list) {
  std::vector<Uuid> all;
  for (const OrderSummary& row : list.orders) all.push_back(row.order.id);
  return all;
}

}  // namespace

TEST_P(StoreSuite, AKnownUserStaysAsHeIs) {
  in_transaction([&](Store& store) {
    const User known = store.ensure_user({alice_.id, "Mallory", Role::admin, "en"}, now_);
    EXPECT_EQ(known.name, "Аліса");
    EXPECT_EQ(known.role, Role::client);
    const Uuid id = Uuid::v7(now_);
    EXPECT_EQ(store.ensure_user({id, "", Role::moderator, ""}, now_).role, Role::moderator);
    EXPECT_EQ(store.user(id)->name, "");
    const User named =
        store.ensure_user({id, "Марта", Role::admin, "uk"}, now_);  // only the missing name is added
    EXPECT_EQ(named.name, "Марта");
    EXPECT_EQ(named.role, Role::moderator);
    EXPECT_EQ(store.user(id)->name, "Марта");
    EXPECT_EQ(store.ensure_user({id, "", Role::moderator, ""}, now_).name, "Марта");
  });
  EXPECT_EQ(reader_->user(alice_.id)->locale, "uk");
  EXPECT_FALSE(reader_->user(Uuid::v7(now_)));
  EXPECT_THAT(reader_->users(100), SizeIs(3));
  EXPECT_THAT(reader_->users(2), SizeIs(2));
  EXPECT_THAT(reader_->users(-1), IsEmpty());
}

TEST_P(StoreSuite, OrdersAreNumberedAndCheckedWhenMade) {
  NewOrder order;
  order.title = "Переклад";
  order.client_id = alice_.id;
  order.performer_id = bob_.id;
  order.amount_minor = 99;
  order.currency = "EUR";
  order.deadline_at = now_ + 86'400'000;
  order.id = Uuid::v7(now_);
  in_transaction([&](Store& store) {
    const auto made = store.create_order(order, now_);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->id, *order.id);
    EXPECT_EQ(made->number, store.order(order_id_, alice_.id)->order.number + 1);
    EXPECT_EQ(store.create_order(order, now_).refusal().code, ErrorCode::conflict);
    order.id.reset();
    order.performer_id = Uuid::v7(now_);
    EXPECT_EQ(store.create_order(order, now_).refusal().code, ErrorCode::not_found);
    order.performer_id = alice_.id;
    EXPECT_EQ(store.create_order(order, now_).refusal().code, ErrorCode::invalid_payload);
    order.performer_id = bob_.id;
    order.currency = "euros";
    EXPECT_EQ(store.create_order(order, now_).refusal().code, ErrorCode::invalid_payload);
    order.currency = "";
    EXPECT_TRUE(store.create_order(order, now_));
    order.status = OrderStatus::completed;
    order.title = "from another system";
    EXPECT_EQ(store.order(store.create_order(order, now_)->id, bob_.id)->order.status,
              OrderStatus::completed);
  });
  const auto list = reader_->orders(alice_.id, false, 100, {});
  ASSERT_THAT(list.orders, SizeIs(4));
  const auto found = std::find_if(list.orders.begin(), list.orders.end(),
                                  [](const OrderSummary& row) { return row.order.currency == "EUR"; });
  ASSERT_NE(found, list.orders.end());
  EXPECT_EQ(found->order.title, "Переклад");
  EXPECT_EQ(found->order.status, OrderStatus::created);
  EXPECT_EQ(found->order.amount_minor, 99);
  EXPECT_EQ(found->order.created_at, now_);
  EXPECT_EQ(found->order.deadline_at, now_ + 86'400'000);
  EXPECT_EQ(found->client_name, "Аліса");
  EXPECT_EQ(found->performer_name, "Bob");
  EXPECT_FALSE(found->last_message);
}

TEST_P(StoreSuite, UnreadCountsWhatOthersSaidAfterTheReadPosition) {
  const auto unread = [&](const Person& who) { return reader_->order(order_id_, who.id)->unread; };
  EXPECT_EQ(unread(alice_), 0);
  for (int i = 0; i < 4; ++i) said(say(bob_, order_, "m"));
  said(say(alice_, order_, "mine"));
  said(say(bob_, order_, "last"));
  EXPECT_EQ(unread(alice_), 5);
  EXPECT_EQ(unread(bob_), 1);
  read(alice_, order_, 3);
  EXPECT_EQ(unread(alice_), 2);
  const auto row = *reader_->order(order_id_, alice_.id);
  EXPECT_EQ(row.last_seq, 6);
  EXPECT_EQ(row.last_read_seq, 3);
  EXPECT_EQ(row.last_message->content, "last");
  read(alice_, order_, 6);
  EXPECT_EQ(unread(alice_), 0);
  const Person admin = person(Role::admin, "admin");
  EXPECT_EQ(unread(admin), 0);  // never in it: nothing waits for him
  read(admin, order_, 1);
  EXPECT_EQ(unread(admin), 5);
  EXPECT_FALSE(reader_->order(Uuid::v7(now_), alice_.id));
}

TEST_P(StoreSuite, TheListOfOrdersHasTheLatestActivityFirst) {
  std::vector<Uuid> orders = {order_id_};
  for (int i = 0; i < 4; ++i) {
    now_ += 1'000;
    orders.push_back(order_between(alice_, bob_));
  }
  const auto own = [&] { return ids(reader_->orders(alice_.id, false, 100, {})); };
  EXPECT_THAT(own(), ElementsAre(orders[4], orders[3], orders[2], orders[1], orders[0]));
  now_ += 1'000;
  said(say(bob_, {ChatKind::order, orders[1]}, "up"));
  EXPECT_THAT(own(), ElementsAre(orders[1], orders[4], orders[3], orders[2], orders[0]));
  const Person carol = person(Role::performer, "Carol");
  const Uuid hers = order_between(carol, bob_);
  EXPECT_THAT(own(), SizeIs(5));
  EXPECT_THAT(ids(reader_->orders(bob_.id, false, 100, {})), SizeIs(6));
  EXPECT_THAT(ids(reader_->orders(carol.id, false, 100, {})), ElementsAre(hers));
  EXPECT_THAT(ids(reader_->orders(carol.id, true, 100, {})), SizeIs(6));
}

TEST_P(StoreSuite, CursorsWalkTheWholeListInPagesOfAnySize) {
  for (int i = 0; i < 8; ++i) {
    if (i % 3 == 0) now_ += 1'000;  // several rows with the same time
    order_between(alice_, bob_);
  }
  const std::vector<Uuid> whole = ids(reader_->orders(alice_.id, false, 100, {}));
  for (const bool all : {false, true}) {
    for (int limit = 1; limit <= 10; ++limit) {
      std::vector<Uuid> walked;
      std::optional<std::string> cursor;
      do {
        const OrderList page = reader_->orders(alice_.id, all, limit, cursor);
        ASSERT_LE(static_cast<int>(page.orders.size()), limit);
        ASSERT_FALSE(page.orders.empty());
        for (const Uuid& id : ids(page)) walked.push_back(id);
        cursor = page.next_cursor;
        ASSERT_TRUE(!cursor || valid_cursor(*cursor));
      } while (cursor);
      EXPECT_EQ(walked, whole) << limit;
    }
  }
  EXPECT_THAT(reader_->orders(alice_.id, false, 10, "nonsense").orders, IsEmpty());
}

TEST_P(StoreSuite, AWalkIsNotDisturbedByNewActivity) {
  for (int i = 0; i < 5; ++i) {
    now_ += 1'000;
    order_between(alice_, bob_);
  }
  const OrderList first = reader_->orders(alice_.id, false, 3, {});
  now_ += 1'000;
  said(say(bob_, {ChatKind::order, first.orders[1].order.id}, "moves up"));
  order_between(alice_, bob_);
  const OrderList second = reader_->orders(alice_.id, false, 3, first.next_cursor);
  EXPECT_THAT(second.orders, SizeIs(3));
  for (const Uuid& id : ids(second)) EXPECT_THAT(ids(first), ::testing::Not(::testing::Contains(id)));
}

TEST_P(StoreSuite, ChatsOfAPersonAreThoseOfOrdersAndDisputes) {
  const Person moderator = person(Role::moderator, "moderator");
  const Uuid other = order_between(alice_, person(Role::performer, "Carol"));
  const Uuid dispute = dispute_about(order_id_);
  database_->sql("UPDATE disputes SET moderator_id = '" + moderator.id.text() + "'");
  const ChatKey order{ChatKind::order, order_id_};
  const ChatKey about{ChatKind::dispute, dispute};
  EXPECT_THAT(reader_->chats_of(alice_.id, 100),
              UnorderedElementsAre(order, about, ChatKey{ChatKind::order, other}));
  EXPECT_THAT(reader_->chats_of(bob_.id, 100), UnorderedElementsAre(order, about));
  EXPECT_THAT(reader_->chats_of(moderator.id, 100), ElementsAre(about));
  EXPECT_THAT(reader_->chats_of(alice_.id, 1), SizeIs(1));
  EXPECT_THAT(reader_->chats_of(Uuid::v7(now_), 100), IsEmpty());
}

TEST_P(StoreSuite, ADeletedOrderTakesItsChatAlong) {
  NewMessage files = message(alice_, order_, "x");
  files.attachments.push_back({{}, "/u/1", "1", {}, "", {}, {}});
  said(say(files));
  read(bob_, order_, 1);
  const ChatKey dispute{ChatKind::dispute, dispute_about(order_id_)};
  said(say(bob_, dispute, "y"));
  read(alice_, dispute, 1);
  database_->sql("DELETE FROM orders");
  for (const char* table : {"messages", "disputes", "dispute_messages", "attachments", "chat_reads"}) {
    EXPECT_EQ(database_->ask(std::string("SELECT count(*) FROM ") + table), "0") << table;
  }
  EXPECT_EQ(refused(say(alice_, order_, "gone")), ErrorCode::not_found);
}

// ----------------------------------------------------------------------------------------------------
// connections

TEST_P(StoreSuite, ConnectionsAreKeptWithWhenTheyWereSeen) {
  const Uuid first = Uuid::v7(now_);
  const Uuid second = Uuid::v7(now_);
  const WallMs opened = now_;
  in_transaction([&](Store& store) {
    store.connection_opened({first, alice_.id, "socket-1", opened});
    store.connection_opened({second, alice_.id, "socket-2", opened});
    store.connection_opened({Uuid::v7(now_), bob_.id, "socket-3", opened});
  });
  EXPECT_EQ(reader_->last_seen(alice_.id), opened);
  EXPECT_EQ(reader_->last_seen(Uuid::v7(now_)), std::nullopt);
  in_transaction([&](Store& store) {
    const Uuid both[] = {first, second};
    store.connections_seen(both, opened + 5'000);
    store.connection_closed(first, opened + 7'000);
    store.connections_seen(both, opened + 6'000);  // late news do not turn time back
  });
  EXPECT_EQ(reader_->last_seen(alice_.id), opened + 7'000);
  EXPECT_EQ(database_->ask("SELECT count(*) FROM websocket_connections WHERE is_active"), "2");
  in_transaction([&](Store& store) { EXPECT_EQ(store.close_stale_connections(), 2); });
  in_transaction([&](Store& store) { EXPECT_EQ(store.close_stale_connections(), 0); });
  EXPECT_EQ(reader_->last_seen(bob_.id), opened);
  EXPECT_EQ(database_->ask("SELECT count(*) FROM websocket_connections WHERE is_active"), "0");
}

TEST_P(StoreSuite, LiveConnectionsOfAUserAreListedWithTheirNodes) {
  const Uuid first = Uuid::v7(now_), second = Uuid::v7(now_ + 1), third = Uuid::v7(now_ + 2);
  in_transaction([&](Store& store) {
    store.connection_opened({second, alice_.id, "socket-2", now_, "there"});
    store.connection_opened({first, alice_.id, "socket-1", now_, "here"});
    store.connection_opened({third, alice_.id, "socket-3", now_, "there"});
    store.connection_opened({Uuid::v7(now_), bob_.id, "socket-4", now_, "here"});
    store.connection_closed(third, now_);
  });
  const auto places = reader_->connections_of(alice_.id);
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[0].id, first);
  EXPECT_EQ(places[0].node, "here");
  EXPECT_EQ(places[1].id, second);
  EXPECT_EQ(places[1].node, "there");
  EXPECT_EQ(reader_->connections_elsewhere(alice_.id, "here"), 1);
}

TEST_P(StoreSuite, ConnectionsLongOverAreForgottenPieceByPiece) {
  const WallMs day = 24 * 3'600'000;
  std::vector<Uuid> ids;
  in_transaction([&](Store& store) {
    for (int i = 0; i < 5; ++i) {
      ids.push_back(Uuid::v7(now_ + i));
      store.connection_opened({ids.back(), alice_.id, "socket", now_});
      if (i != 4) store.connection_closed(ids.back(), now_ + i * day);
    }
    store.connection_opened({Uuid::v7(now_ + 5), bob_.id, "socket", now_});
  });
  in_transaction([&](Store& store) { store.close_stale_connections(); });
  in_transaction([&](Store& store) { store.connection_opened({ids[0], alice_.id, "socket", now_}); });
  const auto rows = [&] { return database_->ask("SELECT count(*) FROM websocket_connections"); };
  // 0 is open again, 2 and 3 ended too late to go, and Bob has but one: 1 and 4 go.
  Uuid place;
  in_transaction([&](Store& store) { place = store.forget_connections({}, now_ + 2 * day, 2); });
  EXPECT_EQ(place, ids[1]);
  EXPECT_EQ(rows(), "5");
  in_transaction([&](Store& store) { place = store.forget_connections(place, now_ + 2 * day, 100); });
  EXPECT_TRUE(place.is_nil()) << "the end";
  EXPECT_EQ(rows(), "4");
  EXPECT_EQ(reader_->last_seen(alice_.id), now_ + 3 * day);
  EXPECT_EQ(reader_->last_seen(bob_.id), now_);
}

// ----------------------------------------------------------------------------------------------------
// migrations

TEST_P(StoreSuite, MigratingAgainChangesNothing) {
  said(say(alice_, order_, "kept"));
  const std::string when = database_->ask("SELECT max(applied_at) FROM schema_migrations");
  database_->factory()->migrate();
  factory_->migrate();
  EXPECT_EQ(database_->ask("SELECT max(applied_at) FROM schema_migrations"), when);
  EXPECT_EQ(contents(reader_->messages(order_, {})), std::vector<std::string>{"kept"});
}

TEST_P(StoreSuite, ThreadsMayMigrateAtOnce) {
  const auto fresh = GetParam().make();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_NO_THROW(fresh->factory()->migrate()); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(fresh->ask("SELECT count(*) FROM schema_migrations"),
            fresh->ask("SELECT count(DISTINCT version) FROM schema_migrations"));
}

TEST_P(StoreSuite, ProcessesMayMigrateAtOnce) {
  const auto fresh = GetParam().make();
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      try {
        fresh->factory()->migrate();
        _exit(0);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        _exit(1);
      }
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(fresh->ask("SELECT count(*) FROM schema_migrations"),
            fresh->ask("SELECT count(DISTINCT version) FROM schema_migrations"));
}

TEST_P(StoreSuite, ADatabaseOfANewerProgramIsLeftAlone) {
  database_->sql(
      "INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'from the future', 'x')");
  try {
    factory_->migrate();
    FAIL() << "should have refused";
  } catch (const StoreError& error) {
    EXPECT_NE(std::string(error.what()).find("newer"), std::string::npos) << error.what();
  }
}

TEST_P(StoreSuite, AnEditedMigrationIsNoticed) {
  database_->sql("UPDATE schema_migrations SET checksum = 'edited' WHERE version = 2");
  EXPECT_THROW(factory_->migrate(), StoreError);
}

}  // namespace rozmova::store::testing
