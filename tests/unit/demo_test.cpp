#include "rozmova/chat/demo.hpp"

#include "rozmova/store/store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include <unistd.h>

namespace rozmova::chat {
namespace {

constexpr WallMs now = 1'772'377'445'678;

struct DemoTest : ::testing::Test {
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("rozmova-demo-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    factory = store::make_store("sqlite:" + (folder / "demo.db").string());
    factory->migrate();
    writer = factory->open_writer();
  }
  void TearDown() override {
    writer.reset();
    factory.reset();
    std::filesystem::remove_all(folder);
  }
  store::OrderList all_orders() { return writer->orders(Uuid{}, true, 100, std::nullopt); }

  std::filesystem::path folder;
  std::unique_ptr<store::StoreFactory> factory;
  std::unique_ptr<store::Store> writer;
};

TEST_F(DemoTest, ThereArePeopleOfEveryRoleAndTongue) {
  std::set<Role> roles;
  std::set<std::string_view> locales;
  for (const auto& person : demo_people()) {
    roles.insert(person.role);
    locales.insert(person.locale);
    ASSERT_TRUE(Uuid::parse(person.id));
    EXPECT_EQ(demo_person(*Uuid::parse(person.id))->name, person.name);
  }
  EXPECT_EQ(roles.size(), 4U);
  EXPECT_EQ(locales, (std::set<std::string_view>{"en", "uk"}));
  EXPECT_FALSE(demo_person(Uuid{}));
}

TEST_F(DemoTest, OrdersHaveStatesHistoryAndUnreadMessages) {
  seed_demo(*writer, now);
  const auto list = all_orders();
  ASSERT_GE(list.orders.size(), 4U);
  std::set<OrderStatus> states;
  for (const auto& summary : list.orders) {
    states.insert(summary.order.status);
    EXPECT_LT(summary.order.created_at, now);
    ASSERT_TRUE(summary.last_message);
    const auto page = writer->messages({ChatKind::order, summary.order.id}, {});
    EXPECT_EQ(static_cast<std::int64_t>(page.messages.size()), summary.last_seq);
    WallMs before = summary.order.created_at;
    for (const auto& message : page.messages) {
      EXPECT_GT(message.created_at, before) << message.content;
      EXPECT_LT(message.created_at, now);
      before = message.created_at;
    }
  }
  EXPECT_GE(states.size(), 4U);
  std::int64_t unread = 0;
  for (const auto& person : demo_people()) {
    for (const auto& summary : writer->orders(*Uuid::parse(person.id), false, 100, std::nullopt).orders)
      unread += summary.unread;
  }
  EXPECT_GT(unread, 0);
}

TEST_F(DemoTest, DisputesStandInSeveralStates) {
  seed_demo(*writer, now);
  const auto disputes = writer->disputes(Uuid{}, true, {}, 100, std::nullopt).disputes;
  ASSERT_EQ(disputes.size(), 3U);
  EXPECT_EQ(disputes[0].dispute.status, DisputeStatus::open);
  EXPECT_FALSE(disputes[0].dispute.moderator_id);
  EXPECT_EQ(disputes[0].order_status, OrderStatus::disputed);
  EXPECT_EQ(disputes[1].dispute.status, DisputeStatus::under_review);
  EXPECT_EQ(disputes[1].moderator_name, "Марія Бондаренко");
  EXPECT_EQ(disputes[1].order_status, OrderStatus::disputed);
  EXPECT_EQ(writer->notes(disputes[1].dispute.id, {}).notes.size(), 2U);
  EXPECT_EQ(disputes[2].dispute.status, DisputeStatus::closed);
  EXPECT_EQ(disputes[2].order_status, OrderStatus::completed);
  for (const auto& summary : disputes) {
    WallMs before = 0;
    const auto page = writer->messages({ChatKind::dispute, summary.dispute.id}, {});
    EXPECT_EQ(static_cast<std::int64_t>(page.messages.size()), summary.last_seq);
    for (const auto& message : page.messages) {
      EXPECT_GE(message.created_at, before) << message.content;
      EXPECT_LT(message.created_at, now);
      before = message.created_at;
    }
  }
}

TEST_F(DemoTest, SomeMessagesWereEditedDeletedOrAnswerOthersAndSomePeopleHaveNews) {
  seed_demo(*writer, now);
  int edited = 0, deleted = 0, answers = 0;
  for (const auto& summary : all_orders().orders) {
    for (const auto& message : writer->messages({ChatKind::order, summary.order.id}, {}).messages) {
      edited += message.edited_at ? 1 : 0;
      deleted += message.deleted_at ? 1 : 0;
      answers += message.reply_to ? 1 : 0;
      EXPECT_EQ(message.content.empty(), message.deleted_at.has_value());
    }
  }
  EXPECT_GE(edited, 1);
  EXPECT_GE(deleted, 1);
  EXPECT_GE(answers, 2);
  std::size_t told = 0;
  for (const auto& person : demo_people())
    told += writer->notifications(*Uuid::parse(person.id), {true, 10, {}}).notifications.size();
  EXPECT_GE(told, 3U);
}

TEST_F(DemoTest, SeedingAgainChangesNothing) {
  seed_demo(*writer, now);
  const auto before = all_orders();
  seed_demo(*writer, now + 86'400'000);
  const auto after = all_orders();
  ASSERT_EQ(after.orders.size(), before.orders.size());
  for (std::size_t i = 0; i < before.orders.size(); ++i) {
    EXPECT_EQ(after.orders[i].order.id, before.orders[i].order.id);
    EXPECT_EQ(after.orders[i].last_seq, before.orders[i].last_seq);
    EXPECT_EQ(after.orders[i].order.updated_at, before.orders[i].order.updated_at);
  }
  EXPECT_EQ(writer->users(100).size(), demo_people().size());
}

}  // namespace
}  // namespace rozmova::chat
