// Where the chat says no, and where a join is outrun: on a running server.
#include "sioxx/engine/sessions.hpp"
#include "tests/unit/chat_scene.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace rozmova::testing {
namespace {

class LimitsTest : public ChatTest {
 protected:
  void SetUp() override {}
  /// Goes on sending until something is different.
  std::string code_when_it_changes(Device& device) {
    while (true) {
      const std::string code = code_of(sends(device, "still in time?"));
      if (code != "ok") return code;
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Shards, LimitsTest, ::testing::Values(1U, 3U),
                         [](const auto& shards) { return "x" + std::to_string(shards.param); });

TEST_P(LimitsTest, ARefusedBurstIsAnsweredAndTheConnectionLives) {
  auto options = usual(GetParam());
  options.chat.messages_per_10s = options.chat.messages_burst = 20;
  open(options);
  Device& a = joined(alice);
  Device& phone = joined(alice);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(ok(sends(i % 2 ? a : phone, std::to_string(i))));
  int over = 0;
  for (const auto id : a.begins("order_message", {{"orderId", order}, {"content", "too much"}}, 100)) {
    const auto ack = a.answer(id);
    if (ok(ack)) continue;
    ++over;
    EXPECT_EQ(code_of(ack), "RATE_LIMITED");
    EXPECT_GT(ack.at("error").at("retryAfterMs").as_int64(), 0);
  }
  EXPECT_GT(over, 50);
  EXPECT_EQ(a.heard("chat_error"), 0U);
  EXPECT_TRUE(ok(a.asks("order_read", {{"orderId", order}, {"seq", 1}})));
}

TEST_P(LimitsTest, WithoutTriggersASweepFindsWhoMayNotHearAnyMore) {
  auto options = usual(GetParam());
  options.chat.access_sweep_ms = 20;
  open(options);
  world->sql("DROP TRIGGER orders_parties_changed");
  const Person carol = world->person(Role::performer, "Карина");
  Device& a = joined(alice);
  Device& b = joined(bob);
  world->sql("UPDATE orders SET performer_id = '" + carol.id.text() + "' WHERE id = '" + order + "'");
  const auto lost = b.hears("chat_error");
  EXPECT_EQ(text_at(lost, "code"), "FORBIDDEN");
  EXPECT_EQ(text_at(lost, "orderId"), order);
  EXPECT_TRUE(ok(sends(a, "not for Bob")));
  EXPECT_EQ(code_of(sends(b, "x")), "FORBIDDEN");
  EXPECT_EQ(b.heard("order_message"), 0U);
  EXPECT_EQ(a.heard("chat_error"), 0U);
}

TEST_P(LimitsTest, WhoIgnoresTheWaitAgainAndAgainIsSentAway) {
  auto options = usual(GetParam());
  options.chat.messages_per_10s = options.chat.messages_burst = 20;
  options.chat.refused_burst_ms = 0;
  options.chat.over_rate_per_minute_max = 2;
  open(options);
  Device& a = joined(alice);
  Device& phone = joined(alice);
  Device& b = joined(bob);
  const auto deadline = std::chrono::steady_clock::now() + testing_clients::patience;
  bool is_here = true;
  while (is_here && std::chrono::steady_clock::now() < deadline) {
    try {
      sends(a, "on and on");
    } catch (const std::runtime_error&) {
      is_here = false;  // sent away before the answer
    }
  }
  EXPECT_EQ(text_at(a.hears("chat_error"), "code"), "RATE_LIMITED");
  a.is_sent_away();
  EXPECT_TRUE(ok(sends(b, "not my fault")));
  EXPECT_TRUE(ok(phone.asks("join_order_chat", {{"orderId", order}}))) << "the other device stays";
}

TEST_P(LimitsTest, SomebodyWithManyChatsComesBackToAllOfThemInAWhile) {
  auto options = usual(GetParam());
  const chat::ChatOptions as_delivered;
  options.chat.joins_per_s = as_delivered.joins_per_s;
  options.chat.joins_burst = as_delivered.joins_burst;
  open(options);
  Device& a = device(alice);
  std::size_t left = 60;
  while (left > 0) {  // at once whatever is left, as a client does that knows nothing of rates
    std::size_t refused = 0;
    for (const auto id : a.begins("join_order_chat", {{"orderId", order}}, static_cast<int>(left))) {
      refused += ok(a.answer(id)) ? 0u : 1u;
    }
    left = refused;
  }
  EXPECT_TRUE(ok(a.asks("order_typing", {{"orderId", order}, {"isTyping", true}}))) << "nobody was sent away";
}

TEST_P(LimitsTest, InvalidAndUnknownEventsHaveARateAndFewLinesInTheLog) {
  auto options = usual(GetParam());
  options.chat.events_per_s = 1;
  options.chat.events_burst = 40;
  options.chat.refused_burst_ms = 600'000;
  open(options);
  Device& a = device(alice);
  int invalid = 0, over = 0;
  const auto count = [&](const json::value& ack) {
    invalid += code_of(ack) == "INVALID_PAYLOAD" || code_of(ack) == "NOT_FOUND";
    over += code_of(ack) == "RATE_LIMITED";
  };
  for (const char* event : {"order_message", "no_such_event", "join_order_chat", "auth_refresh"}) {
    for (const auto id : a.begins(event, json::object{}, 50)) count(a.answer(id));
  }
  EXPECT_EQ(invalid + over, 200);
  EXPECT_GE(invalid, 40);
  EXPECT_GE(over, 100);
  devices.clear();
  world->close();
  const std::string log = world->log_text();
  std::size_t lines = 0;
  for (auto at = log.find("\"refusal\""); at != std::string::npos; at = log.find("\"refusal\"", at + 1))
    ++lines;
  EXPECT_GE(lines, 10U);
  EXPECT_LE(lines, 60U);
  EXPECT_NE(log.find("left_out"), std::string::npos);
}

TEST_P(LimitsTest, LeavingIsRatedWithTheRest) {
  auto options = usual(GetParam());
  options.chat.events_per_s = 1;
  options.chat.events_burst = 10;
  open(options);
  Device& a = device(alice);
  std::string last;
  for (const auto id : a.begins("leave_order_chat", {{"orderId", order}}, 30)) last = code_of(a.answer(id));
  EXPECT_EQ(last, "RATE_LIMITED");
}

TEST_P(LimitsTest, SignInsOfOneUserAreRated) {
  auto options = usual(GetParam());
  options.chat.sign_ins_per_s = 1;
  options.chat.sign_ins_burst = 3;
  open(options);
  for (int i = 0; i < 3; ++i) device(alice);
  const Device fourth(world->port(), {{"token", world->token(alice)}});
  ASSERT_FALSE(fourth.connected());
  EXPECT_EQ(text_at(fourth.refusal().at("data"), "code"), "RATE_LIMITED");
  EXPECT_GT(fourth.refusal().at("data").at("retryAfterMs").as_int64(), 0);
  device(bob);
}

TEST_P(LimitsTest, ConnectionsOfOneUserAreLimited) {
  auto options = usual(GetParam());
  options.chat.connections_per_user_max = 3;
  open(options);
  for (int i = 0; i < 3; ++i) device(alice);
  const Device fourth(world->port(), {{"token", world->token(alice)}});
  ASSERT_FALSE(fourth.connected());
  EXPECT_EQ(text_at(fourth.refusal().at("data"), "code"), "RATE_LIMITED");
  EXPECT_GT(fourth.refusal().at("data").at("retryAfterMs").as_int64(), 0);
  device(bob);
  Device& watcher = joined(bob);
  devices[0]->leaves();
  // The seat is free once the server has seen the connection go; others can tell when all of them have.
  devices[1]->leaves();
  devices[2]->leaves();
  watcher.hears("user_presence", [this](const json::value& p) {
    return text_at(p, "userId") == alice.id.text() && !p.at("isOnline").as_bool();
  });
  for (int i = 0; i < 3; ++i) device(alice);
}

TEST_P(LimitsTest, ATokenEndsDuringTheVisit) {
  auto options = usual(GetParam());
  options.leeway_ms = 0;
  options.chat.token_grace_ms = 500;
  open(options);
  Device a(world->port(), {{"token", world->token(alice, 2'000)}});
  ASSERT_TRUE(a.connected());
  const auto warning = a.hears("token_expiring");
  const WallMs end = *parse_iso_time(text_at(warning, "expiresAt"));
  EXPECT_LE(std::abs(end - World::now()), 3'000);
  EXPECT_EQ(code_when_it_changes(a), "TOKEN_EXPIRED");
  EXPECT_GE(World::now(), end);
  const auto last = a.hears("chat_error");
  EXPECT_EQ(text_at(last, "code"), "TOKEN_EXPIRED");
  a.is_sent_away();
  EXPECT_GE(World::now(), end + 500);
}

TEST_P(LimitsTest, ANewTokenOfTheSameUserKeepsTheConnection) {
  auto options = usual(GetParam());
  options.leeway_ms = 0;
  options.chat.token_grace_ms = 60'000;
  open(options);
  Device a(world->port(), {{"token", world->token(alice, 2'000)}});
  const WallMs end = *parse_iso_time(text_at(a.hears("token_expiring"), "expiresAt"));
  EXPECT_EQ(code_of(a.asks("auth_refresh", {{"token", "x"}})), "UNAUTHORIZED");
  EXPECT_EQ(code_of(a.asks("auth_refresh", {{"token", world->token(bob)}})), "FORBIDDEN");
  EXPECT_EQ(code_of(a.asks("auth_refresh", json::object{})), "INVALID_PAYLOAD");
  EXPECT_EQ(code_when_it_changes(a), "TOKEN_EXPIRED");
  EXPECT_GE(World::now(), end);
  const auto renewed = a.asks("auth_refresh", {{"token", world->token(alice)}});
  ASSERT_TRUE(ok(renewed)) << json::serialize(renewed);
  EXPECT_GT(*parse_iso_time(text_at(renewed, "expiresAt")), World::now() + 3'000'000);
  EXPECT_TRUE(ok(sends(a, "in time again")));
}

TEST_P(LimitsTest, ChatsAreCountedAndNotTheRoomsBesideThem) {
  auto options = usual(GetParam());
  options.chat.chats_per_connection_max = 3;
  open(options);
  const Person mod = world->person(Role::moderator, "Марко");
  std::vector<std::string> orders{order}, disputes;
  for (int i = 0; i < 3; ++i) orders.push_back(world->order(alice, bob));
  for (const std::string& one : orders) {
    const auto opened =
        world->ask(world->token(alice), "POST", "/v1/orders/" + one + "/disputes", {{"reason", "тече"}});
    ASSERT_EQ(opened.status, 201) << opened.body;
    disputes.push_back(text_at(opened.json(), "id"));
  }
  const auto fills = [](Device& device, const std::string& join, const std::string& leave, const char* key,
                        const std::vector<std::string>& chats) {
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(ok(device.asks(join, {{key, chats[i]}})));
    EXPECT_EQ(code_of(device.asks(join, {{key, chats[3]}})), "CONFLICT");
    EXPECT_TRUE(ok(device.asks(join, {{key, chats[0]}}))) << "in it already";
    EXPECT_TRUE(ok(device.asks(leave, {{key, chats[0]}})));
    EXPECT_TRUE(ok(device.asks(join, {{key, chats[3]}})));
  };
  fills(device(alice), "join_order_chat", "leave_order_chat", "orderId", orders);
  Device& m = device(mod);
  fills(m, "join_dispute_chat", "leave_dispute_chat", "disputeId", disputes);
  for (std::size_t i = 1; i < 4; ++i) {
    const std::string notes = "/v1/disputes/" + disputes[i] + "/notes";
    ASSERT_EQ(world->ask(world->token(mod), "POST", notes, {{"content", "між нами"}}).status, 201);
    m.hears("dispute_note", with("disputeId", disputes[i]));
  }
}

/// A shard that does nothing until it is let go.
class StandingShard {
 public:
  explicit StandingShard(sioxx::loop::Shard& shard) {
    std::promise<void> stands;
    shard.post([gone = go_.get_future().share(), &stands] {
      stands.set_value();
      gone.wait();
    });
    stands.get_future().wait();
  }
  void go() { go_.set_value(); }

 private:
  std::promise<void> go_;
};

/// Three shards, of which one is Bob's: his presence and his rates are there, and nobody else's.
struct BobsShard {
  static std::size_t home(const Person& person) { return std::hash<Uuid>{}(person.id) % 3; }
  static std::size_t shard_of(const Device& device) {
    return *sioxx::engine::Sessions::home_of(device.sid());
  }
  sioxx::loop::Shard& shard() { return world.server().shard(static_cast<unsigned>(home(bob))); }
  Person elsewhere(Role role) {
    while (true) {
      const Person person = world.person(role, "Хтось");
      if (home(person) != home(bob)) return person;
    }
  }
  /// A device of somebody, served by Bob's shard or by another one.
  std::unique_ptr<Device> device(const Person& person, bool on_his) {
    while (true) {
      auto device = world.device(person);
      if ((shard_of(*device) == home(bob)) == on_his) return device;
      others.push_back(std::move(device));
    }
  }
  World world{usual(3)};
  Person bob = world.person(Role::performer, "Богдан");
  std::vector<std::unique_ptr<Device>> others;
};

TEST(FullMailboxTest, CostsNoAnswerAndWhatIsNotHeardIsFoundBySeq) {
  BobsShard scene;
  World& world = scene.world;
  const Person alice = scene.elsewhere(Role::client);
  const std::string order = world.order(alice, scene.bob);
  const auto a = scene.device(alice, false), b = scene.device(scene.bob, true);
  for (Device* one : {a.get(), b.get()}) ASSERT_TRUE(ok(one->asks("join_order_chat", {{"orderId", order}})));

  StandingShard standing(scene.shard());
  while (scene.shard().post([] {})) {
  }
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(ok(a->asks("order_message", {{"orderId", order}, {"content", "x"}})));
  standing.go();

  const auto ack = b->asks("join_order_chat", {{"orderId", order}, {"afterSeq", 0}});
  ASSERT_TRUE(ok(ack));
  EXPECT_EQ(seqs(ack.at("messages")), from_to(1, 5));
  EXPECT_EQ(b->heard("order_message"), 0U) << "there was no room for a broadcast";
  ASSERT_TRUE(ok(a->asks("order_message", {{"orderId", order}, {"content", "x"}})));
  b->hears("order_message", with("seq", 6));
}

TEST(FullMailboxTest, WhatIsStoredIsAnsweredAsStored) {
  World world(usual(1));
  const Person alice = world.person(Role::client, "Аліса"), bob = world.person(Role::performer, "Богдан");
  const std::string order = world.order(alice, bob);
  const std::string target = "/v1/orders/" + order + "/messages";
  const auto sends = [&] { return world.ask(world.token(alice), "POST", target, {{"content", "x"}}).status; };
  const auto arrived = [&world](Count what, std::uint64_t count) {
    const auto deadline = std::chrono::steady_clock::now() + testing_clients::patience;
    while (world.count(what) < count && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    return world.count(what);
  };
  std::optional<StandingShard> standing;
  std::vector<std::future<int>> answers;
  const auto before = world.count(Count::http_requests);
  // Both are asked for, and the shard of their connections stands with a full mailbox, before either is stored.
  world.behind_the_scenes([&](store::Store&) {
    for (int i = 0; i < 2; ++i) answers.push_back(std::async(std::launch::async, sends));
    EXPECT_EQ(arrived(Count::http_requests, before + 2), before + 2);
    // The one reading thread works in order: it has told by then who the two are, and the shard has asked for the writes.
    EXPECT_EQ(world.ask(world.token(bob), "GET", "/v1/orders/" + order).status, 200);
    standing.emplace(world.server().shard(0));
    while (world.server().shard(0).post([] {})) {
    }
  });
  // The first one's answer is on its way once the second one is told.
  EXPECT_EQ(arrived(Count::messages_stored, 2), 2U);
  standing->go();
  EXPECT_EQ(answers[0].get(), 201);
  EXPECT_EQ(answers[1].get(), 201);
}

TEST(JoinTest, AJoinThatIsOutrunByItsRoomMissesNothingEither) {
  BobsShard scene;
  World& world = scene.world;
  const Person alice = scene.elsewhere(Role::client), carol = scene.elsewhere(Role::performer),
               admin = scene.elsewhere(Role::admin);
  const std::string order = world.order(alice, scene.bob), fence = world.order(alice, carol);
  const auto a = scene.device(alice, false);
  const auto writer = scene.device(admin, false);
  const json::object first{{"orderId", order}, {"content", "before"}};
  ASSERT_TRUE(ok(writer->asks("order_message", first)));

  StandingShard standing(scene.shard());
  const auto join = a->begins("join_order_chat", {{"orderId", order}});
  // The one reading thread works in order: once the second chat is joined, the snapshot of the first has been
  // taken.
  EXPECT_TRUE(ok(a->asks("order_typing", {{"orderId", fence}, {"isTyping", false}})));
  EXPECT_TRUE(ok(a->asks("join_order_chat", {{"orderId", fence}})));
  constexpr int messages = 1'300;
  static_assert(messages > static_cast<int>(sioxx::Socket::hold_messages_max));
  for (const auto id : writer->begins("order_message", {{"orderId", order}, {"content", "x"}}, messages)) {
    ASSERT_TRUE(ok(writer->answer(id)));
  }
  standing.go();

  const auto ack = a->answer(join);
  ASSERT_TRUE(ok(ack));
  a->hears("order_message", with("seq", messages + 1));
  auto all = seqs(ack.at("messages"));
  EXPECT_EQ(all, from_to(1, 1));
  for (const auto& message : a->all("order_message")) all.push_back(message.at("seq").as_int64());
  EXPECT_EQ(all, from_to(1, messages + 1));
  ASSERT_TRUE(ok(writer->asks("order_message", first)));
  a->hears("order_message", with("seq", messages + 2));
  scene.others.clear();
  world.close();
  EXPECT_NE(world.log_text().find("join_outrun"), std::string::npos);
}

}  // namespace
}  // namespace rozmova::testing
