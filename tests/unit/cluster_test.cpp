// What shards ask of each other: join, leave, go, be listed, answer. Shards are turned by hand, on one thread.
#include "cluster_world.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace sioxx;
using namespace sioxx::test;
namespace json = boost::json;

namespace {

using Packets = std::vector<std::string>;

class ClusterTest : public ShardsTest {
 protected:
  /// Until every letter that those who answer have sent is opened.
  void settle() {
    for (int i = 0; i < 4; ++i) turn();
  }
  std::size_t in_room(const std::string& room) {
    std::optional<std::size_t> found;
    table.to(room).fetch_sockets([&](const Fetched& fetched) { found = fetched.sockets.size(); });
    settle();
    return found.value_or(99);
  }
};

}  // namespace

TEST_F(ClusterTest, SocketsOfEveryShardJoinLeaveAndGo) {
  FakeTransport& alice = person(0, {"a"});
  FakeTransport& bob = person(1, {"a", "quiet"});
  FakeTransport& carol = person(2, {"b"});
  table.to("a").sockets_join({"c", "d"});
  EXPECT_EQ(in_room("c"), 2u);
  EXPECT_EQ(adapter.directory().find("/", "c"), 0b011u);
  table.to("b").sockets_join("c");
  table.in("c").except("quiet").sockets_leave("c");
  EXPECT_EQ(in_room("c"), 1u);
  EXPECT_EQ(in_room("d"), 2u);
  table.except("a").except("b").sockets_join("nobody");
  settle();
  EXPECT_EQ(adapter.directory().find("/", "nobody"), 0u);
  table.sockets_join("all");
  table.to("all").emit("x");  // in the order of the calls
  settle();
  EXPECT_EQ(alice.take().size() + bob.take().size() + carol.take().size(), 3u);
  table.to("a").disconnect_sockets();
  settle();
  EXPECT_EQ(alice.take(), Packets{"41"});
  EXPECT_FALSE(alice.closed);
  EXPECT_EQ(in_room("all"), 1u);
  table.disconnect_sockets(true);
  settle();
  EXPECT_TRUE(carol.closed);
  EXPECT_EQ(adapter.directory().size(), 0u);
}

TEST_F(ClusterTest, SocketsAreListedAsValues) {
  table.describe([](const Socket& socket) { return json::value{{"rooms", socket.rooms().size()}}; });
  person(0, {"a"});
  person(2, {"a", "b"});
  person(1, {"b"});
  std::optional<Fetched> fetched;
  {
    const socket::Local::Presence presence(homes[1]->local);
    table.to("a").fetch_sockets([&](Fetched all) { fetched = std::move(all); });
  }
  EXPECT_FALSE(fetched);
  settle();
  ASSERT_TRUE(fetched);
  ASSERT_EQ(fetched->sockets.size(), 2u);
  EXPECT_EQ(fetched->missing, 0u);
  for (const RemoteSocket& one : fetched->sockets) {
    EXPECT_EQ(one.id.size(), 20u);
    EXPECT_EQ(one.nsp, "/");
    EXPECT_EQ(one.rooms.front(), "a");
    EXPECT_EQ(one.data.at("rooms").to_number<std::size_t>(), one.rooms.size());
    EXPECT_FALSE(one.handshake.address.empty());
    table.to(one.id).emit("you");  // its id is a room
  }
  settle();
  EXPECT_EQ(wires[0]->take(), Packets{R"(42["you"])"});
  EXPECT_EQ(wires[1]->take(), Packets{R"(42["you"])"});
  EXPECT_TRUE(wires[2]->take().empty());
}

TEST_F(ClusterTest, EveryReceiverIsAskedAndCounted) {
  FakeTransport& alice = person(0, {"a"});
  FakeTransport& bob = person(0, {"a"});
  FakeTransport& carol = person(2, {"a"});
  person(1, {});
  std::optional<Answers> answers;
  table.to("a").emit_array_with_ack("q", {1}, [&](Answers all) { answers = std::move(all); });
  settle();
  EXPECT_EQ(alice.take(), Packets{R"(420["q",1])"});
  EXPECT_EQ(bob.take(), Packets{R"(420["q",1])"});
  EXPECT_EQ(carol.take(), Packets{R"(420["q",1])"});
  EXPECT_TRUE(wires[3]->take().empty());
  says(0, R"(30["alice"])");
  says(0, R"(30["again"])");
  says(2, R"(30["carol"])");
  settle();
  EXPECT_FALSE(answers);
  says(1, R"(30["bob"])");
  settle();
  ASSERT_TRUE(answers);
  EXPECT_EQ(texts(*answers), R"(["alice"]["bob"]["carol"] missing 0)");
}

TEST_F(ClusterTest, WhoGoesOrIsLateIsMissing) {
  person(0, {"a"});
  person(1, {"a"});
  person(2, {"a"});
  std::vector<std::string> heard;
  const auto done = [&](const Answers& all) { heard.push_back(texts(all)); };
  table.to("a").emit_array_with_ack("q", {}, done);
  settle();
  says(0, R"(30[0])");
  says(1, R"(30[1])");
  vanishes(2);
  settle();
  EXPECT_EQ(heard, Packets{"[0][1] missing 1"});
  table.to("a").timeout(1).emit_array_with_ack("q", {}, done);
  settle();
  says(0, R"(31[0])");
  for (const auto start = shards[0]->now(); shards[0]->now() < start + 10;) turn();  // the shards' own clock
  settle();
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[1], "[0] missing 1");
  says(1, R"(31["late"])");
  settle();
  table.to("nobody").emit_array_with_ack("q", {}, done);
  settle();
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(heard[2], " missing 0");
}

TEST_F(ClusterTest, AShardThatCannotBeReachedIsMissing) {
  person(0, {"a"});
  shards[1]->stop();
  shards[2]->stop();
  std::optional<Fetched> fetched;
  {
    const socket::Local::Presence presence(homes[0]->local);
    table.fetch_sockets([&](Fetched all) { fetched = std::move(all); });
  }
  ASSERT_TRUE(fetched);
  EXPECT_EQ(fetched->sockets.size(), 1u);
  EXPECT_EQ(fetched->missing, 2u);
  shards[0]->stop();
  std::optional<Answers> answers;
  table.all().emit_array_with_ack("q", {}, [&](Answers all) { answers = std::move(all); });
  ASSERT_TRUE(answers);
  EXPECT_EQ(answers->missing, 3u);
}

TEST_F(ClusterTest, WhoCannotBeDescribedIsListedWithoutData) {
  table.describe([](const Socket&) -> boost::json::value { throw std::runtime_error("no idea"); });
  person(0, {"a"});
  person(1, {"a"});
  EXPECT_EQ(in_room("a"), 2u);
}

TEST_F(ClusterTest, ServerSideEventsReachTheOtherShards) {
  std::vector<std::string> heard;
  const auto where = [] { return std::to_string(socket::Local::here()->shard()); };
  table.on_server_side("hello", [&](const json::array& args, ServerSideReply reply) {
    heard.push_back(where() + json::serialize(args));
    if (args.size() > 1) throw std::runtime_error("oops");
    reply(where());
  });
  pattern.on_server_side("hello", [&](const json::array&, ServerSideReply) { heard.push_back("pattern"); });
  table.server_side_emit("hello", 1);
  table.server_side_emit("nobody hears this");
  settle();
  EXPECT_EQ(heard, (Packets{"0[1]", "1[1]", "2[1]"}));
  heard.clear();
  std::optional<Answers> answers;
  const auto done = [&](Answers all) { answers = std::move(all); };
  {
    const socket::Local::Presence presence(homes[1]->local);
    table.server_side_emit_with_ack("hello", {2}, 1'000, done);
  }
  settle();
  EXPECT_EQ(heard, (Packets{"0[2]", "2[2]"}));
  ASSERT_TRUE(answers);
  EXPECT_EQ(texts(*answers), R"(["0"]["2"] missing 0)");
  answers.reset();
  table.server_side_emit_with_ack("hello", {1, "throw"}, 1'000, done);
  settle();
  ASSERT_TRUE(answers);
  EXPECT_EQ(texts(*answers), " missing 3");
  heard.clear();
  pattern.server_side_emit("hello");
  settle();
  EXPECT_EQ(heard, Packets(3, "pattern"));
}

TEST_F(ClusterTest, ASignalReachesTheShardsWithMembersAlone) {
  std::vector<std::string> heard;
  table.on_server_side("stored", [&](const json::array& args, ServerSideReply reply) {
    heard.push_back(std::to_string(socket::Local::here()->shard()) + json::serialize(args));
    reply(1);
  });
  person(0, {"a"});
  person(2, {"a", "b"});
  table.to("a").server_side_emit("stored", 1);
  table.to("b").to("c").server_side_emit("stored", 2);
  table.to("c").server_side_emit("stored", 3);
  settle();
  EXPECT_EQ(heard, (Packets{"0[1]", "2[1]", "2[2]"}));
  heard.clear();
  {
    const socket::Local::Presence presence(homes[2]->local);
    table.to("a").to("b").server_side_emit("stored", 4);
  }
  settle();
  EXPECT_EQ(heard, Packets{"0[4]"}) << "the shard that says it knows";
  std::optional<Answers> answers;
  table.to("a").server_side_emit_with_ack("stored", {5}, [&](Answers all) { answers = std::move(all); });
  settle();
  ASSERT_TRUE(answers);
  EXPECT_EQ(texts(*answers), "[1][1] missing 0");
}

TEST_F(ClusterTest, WhatIsForOthersTouchesNobodyHere) {
  FakeTransport& alice = person(0, {"a"});
  person(1, {"a"});
  table.to("a").elsewhere().emit("x");
  table.elsewhere().server_side_emit("x");
  table.to("a").elsewhere().disconnect_sockets(true);
  settle();
  EXPECT_TRUE(alice.take().empty());
  EXPECT_EQ(in_room("a"), 2u);
}

TEST_F(ClusterTest, APatternIsSpokenToOnEveryShard) {
  FakeTransport& alice = person(0, {}, "40/order-1,");
  FakeTransport& bob = person(1, {}, "40/order-2,");
  FakeTransport& carol = person(2, {});
  std::optional<Answers> answers;
  std::optional<Fetched> fetched;
  pattern.all().emit_array_with_ack("q", {}, [&](Answers all) { answers = std::move(all); });
  pattern.fetch_sockets([&](Fetched all) { fetched = std::move(all); });
  settle();
  EXPECT_EQ(alice.take(), Packets{R"(42/order-1,0["q"])"});
  EXPECT_EQ(bob.take(), Packets{R"(42/order-2,0["q"])"});
  EXPECT_TRUE(carol.take().empty());
  ASSERT_TRUE(fetched);
  EXPECT_EQ(fetched->sockets.size(), 2u);
  says(0, "3/order-1,0[1]");
  says(1, "3/order-2,0[2]");
  settle();
  ASSERT_TRUE(answers);
  EXPECT_EQ(texts(*answers), "[1][2] missing 0");
}

TEST_F(ClusterTest, ATaskAsksTheWholeCluster) {
  Packets heard;
  table.on("count", [&](Socket&, Event) -> Task {
    const std::optional<Fetched> fetched = co_await table.fetch_sockets();
    heard.push_back(std::to_string(fetched->sockets.size()));
    const std::optional<Answers> answers = co_await table.to("a").timeout(60'000).emit_with_ack("q", "x");
    heard.push_back(texts(*answers));
    const json::array none;
    const std::optional<Answers> nodes = co_await table.server_side_emit_with_ack("nobody", none);
    heard.push_back(texts(*nodes));
  });
  person(0, {});
  person(1, {"a"});
  person(2, {"a"});
  says(0, R"(2["count"])");
  settle();
  EXPECT_EQ(heard, Packets{"3"});
  says(1, "30[1]");
  says(2, "30[2]");
  settle();
  EXPECT_EQ(heard, (Packets{"3", "[1][2] missing 0", " missing 2"}));
}

TEST_F(ClusterTest, ALaterIsAnsweredFromAnotherThread) {
  std::vector<Resolver<int>> asked;
  std::optional<int> got;
  table.on("read", [&](Socket& socket, Event) -> Task {
    Later<int> later;
    asked.push_back(later.resolver());
    got = co_await later;
    socket.emit("got", *got);
  });
  FakeTransport& alice = person(1, {});
  says(0, R"(2["read"])");
  asked.at(0)(7);  // this thread is no shard now
  EXPECT_FALSE(got);
  turn();
  EXPECT_EQ(got, 7);
  EXPECT_EQ(alice.take(), Packets{R"(42["got",7])"});
}

TEST_F(ClusterTest, OfCopiesThatAnswerAtOnceOneCounts) {
  std::optional<Resolver<int>> asked;
  std::vector<int> got;
  table.on("read", [&](Socket&, Event) -> Task {
    Later<int> later;
    asked.emplace(later.resolver());
    const std::optional<int> one = co_await later;
    got.push_back(one.value_or(-1));
  });
  person(1, {});
  for (std::size_t round = 1; round <= 200; ++round) {
    says(0, R"(2["read"])");
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([copy = *asked, i] { copy(i); });
    asked.reset();
    for (std::thread& thread : threads) thread.join();
    turn();
    ASSERT_EQ(got.size(), round);
    EXPECT_GE(got.back(), 0);
  }
}

TEST_F(ClusterTest, AFullMailboxTakesNoNewsAndEveryAnswer) {
  std::optional<Resolver<int>> asked;
  std::vector<std::optional<int>> got;
  table.on("read", [&](Socket&, Event) -> Task {
    Later<int> later;
    asked.emplace(later.resolver());
    const std::optional<int> one = co_await later;
    got.push_back(one);
  });
  std::optional<Next> waiting;
  table.use_event([&](Socket&, Event& event, Next next) {
    if (event.name() != "slow") return next();
    waiting.emplace(std::move(next));
  });
  FakeTransport& alice = person(1, {"a"});
  person(0, {"b"});
  says(0, R"(2["read"])");
  says(0, R"(27["slow"])");
  while (shards[1]->post([] {})) {
  }
  table.to("a").emit("news");
  EXPECT_EQ(lost, Packets{"/"});
  EXPECT_EQ(shards[1]->refused_letters(), 2u);
  (*asked)(7);
  waiting->refuse({"no", {}});
  std::optional<Fetched> fetched;
  table.in("b").fetch_sockets([&](Fetched answer) { fetched = std::move(answer); });
  turn();
  turn();
  EXPECT_EQ(got, std::vector<std::optional<int>>{7});
  EXPECT_EQ(alice.take(), Packets{R"(437[{"error":{"message":"no"}}])"});
  ASSERT_TRUE(fetched);
  EXPECT_EQ(fetched->sockets.size(), 1u);
}

TEST_F(ClusterTest, WhoIsToJoinIsFoundThoughTheLastMemberLeaves) {
  FakeTransport& leaver = person(1, {"kitchen"});
  FakeTransport& joiner = person(1, {"hall"});
  const auto at_home = [this](std::size_t n, auto deed) {
    const socket::Local::Presence presence(homes[1]->local);
    deed(*refs[n].get());
  };
  table.to("hall").sockets_join("kitchen");
  at_home(0, [](Socket& socket) { socket.leave("kitchen"); });  // before that shard has heard of it
  table.to("kitchen").emit("soup");
  settle();
  EXPECT_EQ(joiner.take(), Packets{R"(42["soup"])"});
  EXPECT_TRUE(leaver.take().empty());

  at_home(1, [](Socket& socket) { socket.leave("kitchen"); });
  EXPECT_EQ(adapter.where("/", "kitchen"), 0u);
  table.to("hall").sockets_join("kitchen");
  table.to("hall").sockets_join("kitchen");
  at_home(1, [](Socket& socket) { socket.leave("hall"); });  // the last one whom it is about
  EXPECT_EQ(adapter.where("/", "kitchen"), 2u);
  settle();
  EXPECT_EQ(adapter.where("/", "kitchen"), 0u);

  at_home(1, [](Socket& socket) { socket.join("hall"); });
  while (shards[1]->post([] {})) {
  }
  table.to("hall").sockets_join("kitchen");
  EXPECT_EQ(adapter.where("/", "kitchen"), 0u) << "it was not told";
}

TEST_F(ClusterTest, WhatIsStillAskedWhenAllEndsIsDropped) {
  auto witness = std::make_shared<int>(0);
  table.on("ask", [&](Socket&, Event) -> Task {
    const auto held = witness;
    co_await table.to("a").timeout(60'000).emit_with_ack("q");
    ADD_FAILURE() << "nobody answered";
  });
  person(0, {"a"});
  person(1, {"a"});
  says(0, R"(2["ask"])");
  settle();
  table.to("a").timeout(60'000).emit_array_with_ack("q", {}, [witness](const Answers&) { ADD_FAILURE(); });
  settle();
  EXPECT_EQ(witness.use_count(), 3);
  for (const auto& home : homes) home->local.end_tasks();
  adapter.drop_questions();
  EXPECT_EQ(witness.use_count(), 1);
}

namespace {

/// Another process, one call away.
struct WireToOther final : cluster::Bus {
  engine::ProcessId self() const override { return engine::ProcessId(1); }
  void answer(engine::ProcessId, const std::shared_ptr<const cluster::Message>&) override {}
  void room_changed(std::string_view, std::string_view) override {}
  void publish(const std::shared_ptr<const cluster::Message>& message) override {
    ++published;
    if (other != nullptr) other->receive(message);
  }
  cluster::Shards* other = nullptr;
  int published = 0;
};

}  // namespace

TEST_F(ClusterTest, ABusCarriesBroadcastsAndCommands) {
  // The "other process" is this one's own shards behind a second adapter.
  cluster::Shards other{{shards[0].get(), shards[1].get(), shards[2].get()}, log};
  Namespace far{"/"};
  far.attach(other);
  WireToOther wire;
  wire.other = &adapter;
  other.attach(wire);
  std::vector<std::unique_ptr<Home>> empty;
  std::vector<socket::Local*> locals;
  for (unsigned i = 0; i < count; ++i) {
    empty.push_back(std::make_unique<Home>(i, *shards[i], other, limits, log, settings));
    empty.back()->local.add(far);
    locals.push_back(&empty.back()->local);
  }
  other.settle(locals);
  FakeTransport& alice = person(0, {"a"});
  FakeTransport& bob = person(2, {"b"});
  far.to("a").emit("x");
  far.to("b").sockets_join("a");
  far.to("a").emit("y");
  settle();
  EXPECT_EQ(alice.take(), (Packets{R"(42["x"])", R"(42["y"])"}));
  EXPECT_EQ(bob.take(), Packets{R"(42["y"])"});
  const int before = wire.published;
  far.to("a").local().emit("z");
  EXPECT_EQ(wire.published, before);
  far.to("a").disconnect_sockets(true);
  settle();
  EXPECT_TRUE(alice.closed && bob.closed);
}
