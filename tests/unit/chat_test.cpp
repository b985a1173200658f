// The events, on a running server: one shard, and several, where sessions, rooms and homes of users cross
// threads.
#include "tests/unit/chat_scene.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <cstdlib>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rozmova::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Shards, ChatTest, ::testing::Values(1U, 3U),
                         [](const auto& shards) { return "x" + std::to_string(shards.param); });

TEST_P(ChatTest, NobodyComesInWithoutAGoodToken) {
  for (const json::value& auth :
       std::initializer_list<json::value>{nullptr, json::object{}, json::object{{"token", "x"}},
                                          json::object{{"token", 7}}, json::object{{"token", nullptr}}}) {
    const Device stranger(world->port(), auth);
    EXPECT_FALSE(stranger.connected());
    EXPECT_EQ(text_at(stranger.refusal().at("data"), "code"), "UNAUTHORIZED") << json::serialize(auth);
  }
  EXPECT_TRUE(Device(world->port(), {{"token", "Bearer " + world->token(alice)}}).connected());
  EXPECT_TRUE(Device(world->port(), json::object{}, "Authorization: Bearer " + world->token(alice) + "\r\n")
                  .connected());
  EXPECT_FALSE(
      Device(world->port(), {{"token", "x"}}, "Authorization: Bearer " + world->token(alice) + "\r\n")
          .connected());
}

TEST_P(ChatTest, AJoinTellsWhoIsThereAndWhereTheChatStands) {
  joined(bob);
  const auto ack = device(alice).asks("join_order_chat", {{"orderId", order}});
  ASSERT_TRUE(ok(ack)) << json::serialize(ack);
  EXPECT_EQ(text_at(ack, "orderId"), order);
  EXPECT_EQ(text_at(ack, "status"), "created");
  EXPECT_EQ(text_at(ack, "role"), "client");
  EXPECT_EQ(ack.at("lastSeq").as_int64(), 0);
  EXPECT_EQ(ack.at("messages").as_array().size(), 0U);
  EXPECT_FALSE(ack.at("gap").as_bool());
  ASSERT_EQ(ack.at("participants").as_array().size(), 2U);
  for (const auto& person : ack.at("participants").as_array()) {
    EXPECT_TRUE(person.at("isOnline").as_bool());
    EXPECT_TRUE(person.at("lastSeenAt").is_string());
  }
}

TEST_P(ChatTest, OneMessageIsTheSameForEverybodyAndEverywhere) {
  Device& a = joined(alice);
  Device& phone = joined(alice);
  Device& b = joined(bob);
  const auto ack = sends(a, "Добрий день", {{"clientMessageId", "c-1"}});
  ASSERT_TRUE(ok(ack)) << json::serialize(ack);
  const auto message = ack.at("message");
  EXPECT_EQ(message.at("seq").as_int64(), 1);
  EXPECT_EQ(text_at(message, "receiverId"), bob.id.text());
  for (Device* device : {&a, &phone, &b}) EXPECT_EQ(device->hears("order_message"), message);
  const auto history = world->ask(world->token(bob), "GET", "/v1/orders/" + order + "/messages");
  EXPECT_EQ(history.json().at("messages").at(0), message);
  EXPECT_EQ(history.json().at("lastSeq").as_int64(), 1);
}

TEST_P(ChatTest, TenTimesTheSameAtOnceIsOneMessage) {
  Device& b = joined(bob);
  std::vector<std::future<json::value>> acks;
  for (int i = 0; i < 10; ++i) {
    Device& a = device(alice);
    acks.push_back(std::async(std::launch::async, [&a, this] {
      return sends(a, "once", {{"clientMessageId", "same"}});
    }));
  }
  const auto first = acks[0].get();
  ASSERT_TRUE(ok(first));
  for (int i = 1; i < 10; ++i) EXPECT_EQ(acks[static_cast<std::size_t>(i)].get(), first);
  sends(*devices.back(), "fence");
  b.hears("order_message", with("content", "fence"));
  EXPECT_EQ(b.heard("order_message", with("content", "once")), 1U);
  EXPECT_EQ(world->count(Count::messages_duplicate), 9U);
}

TEST_P(ChatTest, MembershipAuthorisesNotTheJoin) {
  Device& b = joined(bob);
  Device& fresh = device(alice);
  EXPECT_TRUE(ok(sends(fresh, "before joining")));
  b.hears("order_message", with("content", "before joining"));
  EXPECT_EQ(fresh.heard("order_message"), 0U);
}

TEST_P(ChatTest, AStrangerIsRefusedAndHearsNothing) {
  Device& a = joined(alice);
  Device& b = joined(bob);
  const Person carol = world->person(Role::client, "Карина");
  Device& c = device(carol);
  EXPECT_EQ(code_of(c.asks("join_order_chat", {{"orderId", order}})), "FORBIDDEN");
  EXPECT_EQ(code_of(sends(c, "let me in")), "FORBIDDEN");
  EXPECT_EQ(code_of(types(c)), "FORBIDDEN");
  EXPECT_EQ(code_of(c.asks("order_read", {{"orderId", order}, {"seq", 1}})), "FORBIDDEN");
  const std::string nowhere = Uuid::v7(World::now()).text();
  EXPECT_EQ(code_of(c.asks("join_order_chat", {{"orderId", nowhere}})), "NOT_FOUND");
  EXPECT_EQ(code_of(c.asks("order_message", {{"orderId", nowhere}, {"content", "x"}})), "NOT_FOUND");
  EXPECT_EQ(code_of(c.asks("order_typing", {{"orderId", nowhere}, {"isTyping", true}})), "NOT_FOUND");
  EXPECT_EQ(code_of(c.asks("join_dispute_chat", {{"disputeId", nowhere}})), "NOT_FOUND");
  sends(a, "between us");
  b.hears("order_message", with("content", "between us"));
  // The chat of her own comes after all that; so would have come what is not for her.
  const std::string own = world->order(carol, bob);
  ASSERT_TRUE(ok(c.asks("join_order_chat", {{"orderId", own}})));
  ASSERT_TRUE(ok(c.asks("order_message", {{"orderId", own}, {"content", "fence"}})));
  EXPECT_EQ(text_at(c.hears("order_message"), "content"), "fence");
}

TEST_P(ChatTest, WhoIsNoLongerAPartyStopsHearingAtHisNextAction) {
  const Person carol = world->person(Role::performer, "Карина");
  const std::string own = order;
  std::vector<std::pair<std::string, json::object>> actions{{"order_message", {{"content", "x"}}},
                                                            {"order_typing", {{"isTyping", true}}},
                                                            {"order_read", {{"seq", 1}}}};
  for (auto& [event, payload] : actions) {
    order = world->order(alice, bob);
    Device& a = joined(alice);
    Device& b = joined(bob);
    Device& tablet = joined(bob);
    EXPECT_TRUE(ok(sends(a, "before")));
    b.hears("order_message", with("content", "before"));
    tablet.hears("order_message", with("content", "before"));
    world->sql("UPDATE orders SET performer_id = '" + carol.id.text() + "' WHERE id = '" + order + "'");
    payload["orderId"] = order;
    // What is known for typing is up to a second old.
    std::string code = "ok";
    while (code == "ok") code = code_of(b.asks(event, payload));
    EXPECT_EQ(code, "FORBIDDEN") << event;
    EXPECT_TRUE(ok(sends(a, "after")));
    a.hears("order_message", with("content", "after"));
    order = own;
    EXPECT_TRUE(ok(b.asks("join_order_chat", {{"orderId", order}})));
    EXPECT_TRUE(ok(tablet.asks("join_order_chat", {{"orderId", order}})));
    EXPECT_TRUE(ok(sends(a, "fence")));
    b.hears("order_message", with("content", "fence"));
    tablet.hears("order_message", with("content", "fence"));
    EXPECT_EQ(b.heard("order_message", with("content", "after")), 0U) << event;
    EXPECT_EQ(tablet.heard("order_message", with("content", "after")), 0U) << event;
    devices.clear();
  }
}

TEST_P(ChatTest, AJoinThatTheStoreCannotAnswerLeavesTheSocketWhereItWas) {
  Device& a = joined(alice);
  Device& b = joined(bob);
  Device& outside = device(bob);
  world->sql("ALTER TABLE chat_reads RENAME TO hidden");
  for (Device* one : {&b, &outside}) {
    const std::string code = code_of(one->asks("join_order_chat", {{"orderId", order}}));
    EXPECT_TRUE(code == "UNAVAILABLE" || code == "INTERNAL") << code;
  }
  world->sql("ALTER TABLE hidden RENAME TO chat_reads");
  EXPECT_TRUE(ok(sends(a, "still there?")));
  b.hears("order_message", with("content", "still there?"));
  EXPECT_TRUE(ok(outside.asks("join_order_chat", {{"orderId", order}})));
  EXPECT_EQ(outside.heard("order_message"), 0U);
}

TEST_P(ChatTest, RefusalsWithoutAnAckAreEventsAndTheConnectionLives) {
  Device& a = joined(alice);
  a.tells("order_message", {{"orderId", order}});
  const auto wrong = a.hears("chat_error");
  EXPECT_EQ(text_at(wrong, "event"), "order_message");
  EXPECT_EQ(text_at(wrong, "code"), "INVALID_PAYLOAD");
  a.tells("no_such_event", {});
  EXPECT_EQ(text_at(a.hears("chat_error", with("event", "no_such_event")), "code"), "NOT_FOUND");
  EXPECT_EQ(code_of(a.asks("no_such_event", {})), "NOT_FOUND");
  EXPECT_EQ(code_of(a.asks("order_message", json::array{})), "INVALID_PAYLOAD");
  EXPECT_EQ(code_of(a.asks("order_message", {{"orderId", order}, {"content", std::string(10'001, 'x')}})),
            "PAYLOAD_TOO_LARGE");
  EXPECT_TRUE(ok(sends(a, "still here")));
}

TEST_P(ChatTest, SnapshotAndLiveStreamMeetWithoutAHoleOrADouble) {
  Device& a = device(alice);
  constexpr int messages = 60, rounds = 4;
  for (int round = 0; round < rounds; ++round) {
    Device& late = device(bob);
    std::thread writer([&] {
      for (int i = 0; i < messages; ++i) sends(a, std::to_string(i));
    });
    const auto ack = late.asks("join_order_chat", {{"orderId", order}, {"afterSeq", round * messages}});
    writer.join();
    auto all = seqs(ack.at("messages"));
    const std::int64_t end = (round + 1) * messages;
    if (all.empty() || all.back() != end) late.hears("order_message", with("seq", end));
    for (const auto& message : late.all("order_message")) all.push_back(message.at("seq").as_int64());
    EXPECT_EQ(all, from_to(round * messages + 1, end));
  }
}

TEST_P(ChatTest, HistoryByAfterSeqAndWhatCannotBeServedIsAGap) {
  Device& a = device(alice);
  for (const auto id : a.begins("order_message", {{"orderId", order}, {"content", "x"}}, 230))
    EXPECT_TRUE(ok(a.answer(id)));
  const auto join = [&](std::optional<std::int64_t> after) {
    json::object payload{{"orderId", order}};
    if (after) payload["afterSeq"] = *after;
    return a.asks("join_order_chat", payload);
  };
  EXPECT_EQ(seqs(join({}).at("messages")), from_to(181, 230));
  EXPECT_TRUE(join({}).at("hasMore").as_bool());
  EXPECT_EQ(seqs(join(225).at("messages")), from_to(226, 230));
  EXPECT_EQ(seqs(join(0).at("messages")), from_to(1, 200));
  EXPECT_TRUE(join(0).at("hasMore").as_bool());
  EXPECT_FALSE(join(200).at("hasMore").as_bool());
  EXPECT_EQ(seqs(join(230).at("messages")), from_to(1, 0));
  EXPECT_FALSE(join(230).at("gap").as_bool());
  const auto ahead = join(1'000);
  EXPECT_TRUE(ahead.at("gap").as_bool()) << "a client that knows more than the store";
  EXPECT_EQ(seqs(ahead.at("messages")), from_to(181, 230));
}

TEST_P(ChatTest, JoinsAndLeavesInOneBreathAreDoneInTheirOrder) {
  Device& a = device(alice);
  Device& b = joined(bob);
  std::vector<std::uint64_t> acks;
  for (int i = 0; i < 4; ++i) {
    acks.push_back(a.begins("join_order_chat", {{"orderId", order}}));
    acks.push_back(a.begins("leave_order_chat", {{"orderId", order}}));
  }
  for (const auto id : acks) EXPECT_TRUE(ok(a.answer(id)));
  sends(b, "to nobody");
  EXPECT_TRUE(ok(a.asks("join_order_chat", {{"orderId", order}, {"afterSeq", 1}})));
  sends(b, "to Alice");
  EXPECT_EQ(text_at(a.hears("order_message"), "content"), "to Alice");
  EXPECT_EQ(a.heard("order_message"), 1U);
  EXPECT_TRUE(ok(a.asks("leave_order_chat", {{"orderId", order}})));
  EXPECT_TRUE(ok(a.asks("leave_order_chat", {{"orderId", order}}))) << "twice is no mistake";
}

TEST_P(ChatTest, TypingIsForTheOthersAndEndsInEveryWay) {
  Device& b = joined(bob);
  Device& phone = joined(alice);
  const std::vector<std::pair<std::string, std::function<void(Device&)>>> endings = {
      {"by itself", [](Device&) {}},
      {"when said", [this](Device& a) { types(a, false); }},
      {"with the message", [this](Device& a) { sends(a, "said"); }},
      {"on leaving",
       [this](Device& a) {
         a.asks("leave_order_chat", {{"orderId", order}});
       }},
      {"on disconnecting", [](Device& a) { a.leaves(); }},
  };
  for (const auto& [how, end] : endings) {
    Device& a = joined(alice);
    EXPECT_TRUE(ok(types(a))) << how;
    const auto mark = b.hears("order_typing");
    EXPECT_EQ(mark, (json::object{{"orderId", order}, {"userId", alice.id.text()}, {"isTyping", true}}))
        << how;
    end(a);
    EXPECT_FALSE(b.hears("order_typing").at("isTyping").as_bool()) << how;
    EXPECT_EQ(a.heard("order_typing"), 0U);
  }
  sends(phone, "fence");
  b.hears("order_message", with("content", "fence"));
  EXPECT_EQ(b.heard("order_typing"), 2 * endings.size()) << "each end is told once";
  EXPECT_EQ(phone.heard("order_typing"), 0U) << "never to the typist's own devices";
}

TEST_P(ChatTest, PresenceIsToldToThoseWhoShareAChatAndToNobodyElse) {
  Device& b = joined(bob);
  const Person carol = world->person(Role::client, "Карина"), dan = world->person(Role::performer, "Данило");
  const std::string theirs = world->order(carol, dan);
  Device& c = device(carol);
  ASSERT_TRUE(ok(c.asks("join_order_chat", {{"orderId", theirs}})));

  Device& first = device(alice);
  EXPECT_TRUE(b.hears("user_presence", with("userId", alice.id.text())).at("isOnline").as_bool());
  Device& second = device(alice);
  first.leaves();
  second.leaves();
  const auto gone = b.hears("user_presence", with("userId", alice.id.text()));
  EXPECT_FALSE(gone.at("isOnline").as_bool());
  EXPECT_LE(std::abs(*parse_iso_time(text_at(gone, "lastSeenAt")) - World::now()), 10'000);
  const auto later = device(bob).asks("join_order_chat", {{"orderId", order}});
  for (const auto& person : later.at("participants").as_array()) {
    EXPECT_EQ(person.at("isOnline").as_bool(), text_at(person, "userId") == bob.id.text());
  }
  EXPECT_EQ(b.heard("user_presence", with("userId", alice.id.text())), 2U);
  ASSERT_TRUE(ok(c.asks("order_message", {{"orderId", theirs}, {"content", "fence"}})));
  c.hears("order_message");
  EXPECT_EQ(c.heard("user_presence", with("userId", alice.id.text())), 0U);
}

TEST_P(ChatTest, ReadPositionsMoveForwardAndAreTold) {
  Device& a = joined(alice);
  Device& b = joined(bob);
  for (int i = 0; i < 3; ++i) sends(a, std::to_string(i));
  const auto mark = [&](std::int64_t seq) {
    return b.asks("order_read", {{"orderId", order}, {"seq", seq}});
  };
  EXPECT_EQ(mark(2).at("seq").as_int64(), 2);
  const auto told = a.hears("order_read");
  EXPECT_EQ(told.at("seq").as_int64(), 2);
  EXPECT_EQ(text_at(told, "userId"), bob.id.text());
  EXPECT_EQ(mark(1).at("seq").as_int64(), 2) << "never back";
  EXPECT_EQ(mark(99).at("seq").as_int64(), 3) << "never beyond the last";
  EXPECT_EQ(a.hears("order_read").at("seq").as_int64(), 3);
  EXPECT_EQ(mark(3).at("seq").as_int64(), 3);
  EXPECT_EQ(mark(99).at("seq").as_int64(), 3);
  sends(a, "behind them");
  b.hears("order_message", with("content", "behind them"));
  a.hears("order_message", with("content", "behind them"));
  EXPECT_EQ(a.heard("order_read"), 2U) << "told again, with a time that is not stored";
  const auto again = b.asks("join_order_chat", {{"orderId", order}});
  EXPECT_EQ(again.at("lastReadSeq").as_int64(), 3);
  EXPECT_EQ(again.at("reads").at(bob.id.text()).as_int64(), 3);
}

TEST_P(ChatTest, EveryConnectionHasARowThatEndsWithIt) {
  Device& a = device(alice);
  device(alice);
  device(bob);
  a.leaves();
  devices.clear();
  world->close();
  world->behind_the_scenes([&](store::Store& store) {
    EXPECT_EQ(store.close_stale_connections(), 0);
    ASSERT_TRUE(store.last_seen(alice.id));
    EXPECT_LE(std::abs(*store.last_seen(alice.id) - World::now()), 30'000);
  });
  EXPECT_EQ(world->count(Count::connects), 3U);
}

TEST_P(ChatTest, TheLogNamesWhatHappenedAndNeverWhatWasSaid) {
  Device& a = joined(alice);
  joined(bob);
  sends(a, "Таємниця");
  sends(a, "");
  a.asks("leave_order_chat", {{"orderId", order}});
  a.leaves();
  const std::string token = world->token(alice);
  Device(world->port(), {{"token", token + "x"}});
  devices.clear();
  world->close();
  const std::string log = world->log_text();
  for (const char* event : {"connection", "disconnection", "join", "leave", "broadcast", "refusal",
                            "connection_refused", "presence"}) {
    EXPECT_NE(log.find('"' + std::string(event) + '"'), std::string::npos) << event << "\n" << log;
  }
  EXPECT_NE(log.find(alice.id.text()), std::string::npos);
  EXPECT_NE(log.find("order:" + order), std::string::npos);
  EXPECT_EQ(log.find("Таємниця"), std::string::npos);
  EXPECT_EQ(log.find(token.substr(0, 20)), std::string::npos);
}

}  // namespace
}  // namespace rozmova::testing
