// The routes of the chat, on a running server.
#include "tests/unit/chat_world.hpp"

#include "rozmova/chat/demo.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace rozmova::testing {
namespace {

std::string text_at(const json::value& value, const char* key) { return value.at(key).as_string().c_str(); }

class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WorldOptions options;
    options.threads = 2;
    options.demo = true;
    options.service_token = service;
    world = std::make_unique<World>(options);
    alice = world->person(Role::client, "Аліса");
    bob = world->person(Role::performer, "Богдан");
    order = world->order(alice, bob);
  }

  Answer as(const Person& person, std::string_view method, const std::string& path,
            const json::value& body = nullptr) {
    return world->ask(world->token(person), method, path, body);
  }
  void refused(const Answer& answer, int status, const char* code) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(text_at(answer.json().at("error"), "code"), code);
  }
  std::string messages() const { return "/v1/orders/" + order + "/messages"; }

  const std::string service = "service-token-0123456789-0123456789";
  std::unique_ptr<World> world;
  Person alice, bob;
  std::string order;
};

TEST_F(ApiTest, MeIsWhoTheTokenSays) {
  const auto me = as(alice, "GET", "/v1/me").json();
  EXPECT_EQ(me, (json::object{
                    {"id", alice.id.text()}, {"name", "Аліса"}, {"role", "client"}, {"locale", nullptr}}));
  refused(world->ask("", "GET", "/v1/me"), 401, "UNAUTHORIZED");
  refused(world->ask("x", "GET", "/v1/me"), 401, "UNAUTHORIZED");
}

TEST_F(ApiTest, WhoWritesFirstOfAllIsCreatedFromTheClaimsToo) {
  const Person newcomer{Uuid::v7(World::now()), "Нова адміністраторка", Role::admin};
  EXPECT_EQ(as(newcomer, "POST", messages(), {{"content", "x"}}).status, 201);
  const Person client{Uuid::v7(World::now()), "Новий", Role::client};
  EXPECT_EQ(as(client, "POST", "/v1/orders", {{"title", "x"}, {"performerId", bob.id.text()}}).status, 201);
}

TEST_F(ApiTest, ListsAndSingleOrdersAreThoseOfThePersonWhoAsks) {
  const Person carol = world->person(Role::client, "Карина"), admin = world->person(Role::admin, "Ірина");
  for (const Person& person : {alice, bob, admin}) {
    const auto list = as(person, "GET", "/v1/orders").json();
    ASSERT_EQ(list.at("orders").as_array().size(), 1U);
    EXPECT_EQ(text_at(list.at("orders").at(0), "id"), order);
    EXPECT_EQ(text_at(as(person, "GET", "/v1/orders/" + order).json(), "id"), order);
  }
  EXPECT_EQ(as(carol, "GET", "/v1/orders").json().at("orders").as_array().size(), 0U);
  refused(as(carol, "GET", "/v1/orders/" + order), 403, "FORBIDDEN");
  refused(as(carol, "GET", messages()), 403, "FORBIDDEN");
  refused(as(carol, "POST", messages(), {{"content", "x"}}), 403, "FORBIDDEN");
  refused(as(alice, "GET", "/v1/orders/" + Uuid::v7(World::now()).text()), 404, "NOT_FOUND");
  refused(as(alice, "GET", "/v1/orders/x"), 404, "NOT_FOUND");
}

TEST_F(ApiTest, ListsComeInPages) {
  for (int i = 0; i < 4; ++i) world->order(alice, bob);
  std::vector<std::string> seen;
  std::string cursor;
  do {
    const auto page =
        as(alice, "GET", "/v1/orders?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor)).json();
    for (const auto& one : page.at("orders").as_array()) seen.push_back(text_at(one, "id"));
    cursor = page.at("nextCursor").is_null() ? "" : text_at(page, "nextCursor");
  } while (!cursor.empty());
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 5U);
  refused(as(alice, "GET", "/v1/orders?limit=0"), 400, "INVALID_PAYLOAD");
  refused(as(alice, "GET", "/v1/orders?limit=201"), 400, "INVALID_PAYLOAD");
}

TEST_F(ApiTest, WhoMayCreateOrders) {
  const json::object for_self{
      {"title", "Лампа"}, {"performerId", bob.id.text()}, {"amount", 99.5}, {"currency", "UAH"}};
  const auto made = as(alice, "POST", "/v1/orders", for_self);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(text_at(made.json(), "clientId"), alice.id.text());
  EXPECT_EQ(made.json().at("amount").as_double(), 99.5);
  refused(as(bob, "POST", "/v1/orders", for_self), 403, "FORBIDDEN");
  json::object for_another = for_self;
  for_another["clientId"] = Uuid::v7(World::now()).text();
  refused(as(alice, "POST", "/v1/orders", for_another), 403, "FORBIDDEN");
  json::object introducing{{"title", "x"}, {"performer", {{"id", Uuid::v7(World::now()).text()}}}};
  refused(as(alice, "POST", "/v1/orders", introducing), 403, "FORBIDDEN");
  json::object with_self{{"title", "x"}, {"performerId", alice.id.text()}};
  refused(as(alice, "POST", "/v1/orders", with_self), 400, "INVALID_PAYLOAD");
  refused(as(alice, "POST", "/v1/orders", {{"title", 7}, {"performerId", bob.id.text()}}), 400,
          "INVALID_PAYLOAD");
}

TEST_F(ApiTest, TheServiceCreatesOrdersForPeopleWhoAreStillToCome) {
  const Person newcomer{Uuid::v7(World::now()), "Новенька", Role::client};
  const json::object unknown{
      {"title", "x"}, {"clientId", newcomer.id.text()}, {"performerId", bob.id.text()}};
  refused(world->ask(service, "POST", "/v1/orders", unknown), 404, "NOT_FOUND");
  const std::string id = Uuid::v7(World::now()).text();
  const json::object order_for_her{{"id", id},
                                   {"title", "Для новенької"},
                                   {"client", {{"id", newcomer.id.text()}}},
                                   {"performer", {{"id", bob.id.text()}, {"name", "Інший"}}}};
  const auto made = world->ask(service, "POST", "/v1/orders", order_for_her);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(text_at(made.json(), "id"), id);
  EXPECT_EQ(text_at(made.json().at("client"), "name"), "");
  EXPECT_EQ(text_at(made.json().at("performer"), "name"), "Богдан") << "who is known stays as he is";
  const auto again = world->ask(service, "POST", "/v1/orders", order_for_her);
  EXPECT_EQ(again.status, 200) << "as asked for, and there already";
  EXPECT_EQ(again.json(), made.json());
  for (const auto& [key, value] : json::object{{"title", "Інше"},
                                               {"performer", {{"id", alice.id.text()}}},
                                               {"client", {{"id", alice.id.text()}}},
                                               {"amount", 1},
                                               {"deadlineAt", "2030-01-01T00:00:00.000Z"}}) {
    json::object other = order_for_her;
    other[key] = value;
    other["currency"] = "UAH";
    refused(world->ask(service, "POST", "/v1/orders", other), 409, "CONFLICT");
  }
  // Her first token gives her the name.
  EXPECT_EQ(text_at(as(newcomer, "GET", "/v1/me").json(), "name"), "Новенька");
  EXPECT_EQ(text_at(as(bob, "GET", "/v1/orders/" + id).json().at("client"), "name"), "Новенька");
  EXPECT_EQ(world->ask(service, "GET", "/v1/orders").json().at("orders").as_array().size(), 2U);
  refused(world->ask(service, "POST", messages(), {{"content", "x"}}), 401, "UNAUTHORIZED");
  refused(world->ask(service + "x", "GET", "/v1/orders"), 401, "UNAUTHORIZED");
}

TEST_F(ApiTest, MessagesAreStoredOnceAndReadInPages) {
  const json::object first{{"content", "раз"}, {"clientMessageId", "c-1"}};
  const auto sent = as(alice, "POST", messages(), first);
  EXPECT_EQ(sent.status, 201) << sent.body;
  const auto again = as(alice, "POST", messages(), first);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json(), sent.json());
  for (int i = 2; i <= 10; ++i)
    EXPECT_EQ(as(bob, "POST", messages(), {{"content", std::to_string(i)}}).status, 201);
  const auto seqs = [&](const std::string& query) {
    std::string all;
    const auto page = as(alice, "GET", messages() + query).json();
    for (const auto& message : page.at("messages").as_array()) {
      all += std::to_string(message.at("seq").as_int64()) + " ";
    }
    return all;
  };
  EXPECT_EQ(seqs(""), "1 2 3 4 5 6 7 8 9 10 ");
  EXPECT_EQ(seqs("?after=7"), "8 9 10 ");
  EXPECT_EQ(seqs("?after=2&limit=3"), "3 4 5 ");
  EXPECT_EQ(seqs("?before=5&limit=2"), "3 4 ");
  EXPECT_EQ(seqs("?limit=2"), "9 10 ");
  const auto page = as(alice, "GET", messages() + "?after=2&limit=3").json();
  EXPECT_TRUE(page.at("hasMore").as_bool());
  EXPECT_EQ(page.at("lastSeq").as_int64(), 10);
  for (const char* wrong :
       {"?after=-1", "?after=x", "?limit=201", "?limit=0", "?after=1&before=5", "?before=1.5"}) {
    refused(as(alice, "GET", messages() + wrong), 400, "INVALID_PAYLOAD");
  }
  refused(as(alice, "POST", messages(), {{"content", ""}}), 400, "INVALID_PAYLOAD");
  refused(as(alice, "POST", messages(), {{"content", std::string(10'001, 'x')}}), 413, "PAYLOAD_TOO_LARGE");
}

TEST_F(ApiTest, RatesAreSharedWithTheEvents) {
  const auto device = world->device(alice);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(as(alice, "POST", messages(), {{"content", "x"}}).status, 201);
    EXPECT_TRUE(device->asks("order_message", {{"orderId", order}, {"content", "x"}}).at("ok").as_bool());
  }
  const auto over = as(alice, "POST", messages(), {{"content", "x"}});
  refused(over, 429, "RATE_LIMITED");
  EXPECT_GT(over.json().at("error").at("retryAfterMs").as_int64(), 0);
  EXPECT_NE(over.head.find("Retry-After: "), std::string::npos);
}

TEST_F(ApiTest, CursorsThatAreNoneAreRefused) {
  for (const char* wrong : {"?cursor=garbage", "?cursor="}) {
    const auto answer = as(alice, "GET", std::string("/v1/orders") + wrong);
    refused(answer, 400, "INVALID_PAYLOAD");
    EXPECT_NE(text_at(answer.json().at("error"), "message").find("cursor"), std::string::npos);
  }
}

TEST_F(ApiTest, WritesAndReadsHaveARate) {
  const auto codes = [&](const std::string& token, std::string_view method, const json::value& body,
                         int times) {
    std::set<int> all;
    for (int i = 0; i < times; ++i) all.insert(world->ask(token, method, "/v1/orders", body).status);
    return all;
  };
  const json::object for_self{{"title", "x"}, {"performerId", bob.id.text()}};
  EXPECT_EQ(codes(world->token(alice), "POST", for_self, 300), (std::set<int>{201, 429}));
  json::object by_another = for_self;
  by_another["clientId"] = alice.id.text();
  EXPECT_EQ(codes(service, "POST", by_another, 60), std::set<int>{201});
  EXPECT_EQ(codes(world->token({Uuid::v7(World::now()), "Ірина", Role::admin}), "POST", by_another, 60),
            std::set<int>{201});
  EXPECT_EQ(codes(service, "GET", nullptr, 10), std::set<int>{200});
}

TEST(ApiRates, ReadsAreRatedToo) {
  WorldOptions options;
  options.chat.rest_reads_per_s = 1;
  options.chat.rest_reads_burst = 5;
  World world(options);
  const Person carol = world.person(Role::client, "Карина"), dan = world.person(Role::client, "Данило");
  int over = 0;
  for (int i = 0; i < 20; ++i) over += world.ask(world.token(carol), "GET", "/v1/orders").status == 429;
  EXPECT_GT(over, 5);
  EXPECT_EQ(world.ask(world.token(carol), "GET", "/v1/me").status, 429);
  EXPECT_EQ(world.ask(world.token(dan), "GET", "/v1/orders").status, 200);
}

TEST_F(ApiTest, ReadPositionsAndUnreadCounts) {
  for (int i = 0; i < 3; ++i) as(alice, "POST", messages(), {{"content", "x"}});
  EXPECT_EQ(as(bob, "GET", "/v1/orders/" + order).json().at("unread").as_int64(), 3);
  EXPECT_EQ(as(alice, "GET", "/v1/orders/" + order).json().at("unread").as_int64(), 0);
  const auto read = as(bob, "POST", "/v1/orders/" + order + "/read", {{"seq", 2}});
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.json().at("seq").as_int64(), 2);
  EXPECT_EQ(as(bob, "GET", "/v1/orders/" + order).json().at("unread").as_int64(), 1);
  refused(as(bob, "POST", "/v1/orders/" + order + "/read", {{"seq", "2"}}), 400, "INVALID_PAYLOAD");
}

TEST_F(ApiTest, TheDemoSignsInWithoutAPassword) {
  const auto people = world->ask("", "GET", "/v1/demo/people").json();
  ASSERT_EQ(people.at("people").as_array().size(), chat::demo_people().size());
  const auto& first = people.at("people").at(0);
  const auto signed_in = world->ask("", "POST", "/v1/auth/demo", {{"userId", text_at(first, "id")}});
  ASSERT_EQ(signed_in.status, 200) << signed_in.body;
  EXPECT_EQ(text_at(signed_in.json().at("user"), "id"), text_at(first, "id"));
  EXPECT_GT(*parse_iso_time(text_at(signed_in.json(), "expiresAt")), World::now());
  const auto me = world->ask(text_at(signed_in.json(), "token"), "GET", "/v1/me").json();
  EXPECT_EQ(text_at(me, "name"), text_at(first, "name"));
  refused(world->ask("", "POST", "/v1/auth/demo", {{"userId", alice.id.text()}}), 404, "NOT_FOUND");
  refused(world->ask("", "POST", "/v1/auth/demo", json::object{}), 400, "INVALID_PAYLOAD");
}

TEST(ApiWithoutDemo, HasNoDemoRoutes) {
  World world({});
  EXPECT_EQ(world.ask("", "GET", "/v1/demo/people").status, 404);
  EXPECT_EQ(
      world.ask("", "POST", "/v1/auth/demo", {{"userId", "0197a1b2-0001-7000-8000-000000000001"}}).status,
      404);
}

}  // namespace
}  // namespace rozmova::testing
