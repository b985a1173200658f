// Two processes upon one bus: everything in this program's memory, turned by hand.
#include "cluster_world.hpp"

#include "sioxx/cluster/carrier.hpp"
#include "sioxx/cluster/exchange.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace sioxx;
using namespace sioxx::test;
namespace json = boost::json;

namespace {

using Packets = std::vector<std::string>;

class HubCarrier;

/// What Redis is to a carrier: channels, and who listens. It can be away.
struct Hub {
  std::vector<HubCarrier*> carriers;
  std::deque<std::function<void()>> todo;
  std::vector<std::string> published;  ///< channels
  void pump() {
    while (!todo.empty()) {
      const auto next = std::move(todo.front());
      todo.pop_front();
      next();
    }
  }
};

class HubCarrier final : public cluster::Carrier {
 public:
  explicit HubCarrier(Hub& hub) : hub_(hub) { hub.carriers.push_back(this); }
  void start(loop::Shard&, Ear& ear) override { ear_ = &ear; }
  void stop() override { ear_ = nullptr; }
  bool publish(std::string_view channel, std::string_view bytes) override {
    if (!up || full) return false;
    hub_.published.emplace_back(channel);
    for (HubCarrier* const one : hub_.carriers) {
      hub_.todo.push_back([one, name = std::string(channel), text = std::string(bytes)] {
        if (one->up && one->ear_ != nullptr && one->channels.contains(name)) one->ear_->on_heard(name, text);
      });
    }
    return true;
  }
  void subscribe(std::string_view channel) override {
    hub_.todo.push_back([this, name = std::string(channel)] {
      if (!up || ear_ == nullptr) return;
      channels.insert(name);
      ear_->on_subscribed(name);
    });
  }
  void unsubscribe(std::string_view channel) override { channels.erase(std::string(channel)); }
  bool echoes() const override { return true; }

  void come() {
    up = true;
    ear_->on_ready();
  }
  void go() {
    up = false;
    channels.clear();
    ear_->on_lost("pulled out");
  }
  bool up = false, full = false;
  std::set<std::string> channels;

 private:
  Hub& hub_;
  Ear* ear_ = nullptr;
};

/// One process: three shards, and a bus turned with them.
struct Process : ShardsTest {
  Process(Hub& hub, std::uint64_t id, cluster::ExchangeLimits bus_limits)
      : carrier(new HubCarrier(hub)),
        bus(bus_shard, adapter, std::unique_ptr<cluster::Carrier>(carrier), engine::ProcessId(id), bus_limits,
            {[this](std::string_view nsp, std::string_view room) {
               heard.push_back("subscribed " + std::string(nsp) + " " + std::string(room));
             },
             [this] { heard.emplace_back("back"); },
             [this](std::string_view why) { heard.push_back("lost " + std::string(why)); }},
            log) {
    adapter.attach(bus);
    bus.start();
  }
  /// Whoever leaves his rooms when everything ends tells nobody.
  struct Nowhere final : cluster::Bus {
    engine::ProcessId self() const override { return {}; }
    void publish(const std::shared_ptr<const cluster::Message>&) override {}
    void answer(engine::ProcessId, const std::shared_ptr<const cluster::Message>&) override {}
    void room_changed(std::string_view, std::string_view) override {}
  };
  ~Process() override {
    static Nowhere nowhere;
    adapter.attach(nowhere);
  }
  void TestBody() override {}
  cluster::BusStats stats() {
    cluster::BusStats now;
    bus.stats([&](const cluster::BusStats& stats) { now = stats; });
    bus_shard.turn(0);
    return now;
  }
  std::vector<std::string> heard;
  loop::Shard bus_shard{64};
  HubCarrier* carrier;
  cluster::Exchange bus;
};

class ExchangeTest : public ::testing::Test {
 protected:
  static cluster::ExchangeLimits quick() {
    cluster::ExchangeLimits limits;
    limits.beat_ms = 10;
    limits.silent_ms = 60;
    limits.gather_ms = 30;
    limits.linger_ms = 20;
    limits.queue_bytes_max = 3'000;
    limits.rooms_of_a_message_max = 3;
    return limits;
  }
  void settle() {
    for (int i = 0; i < 6; ++i) {
      for (Process* const one : {&a, &b}) {
        one->turn();
        one->bus_shard.turn(0);
      }
      hub.pump();
    }
  }
  /// Turns both until it has happened; every wait is for something that a timer of some milliseconds does.
  void until(const std::function<bool()>& happened) {
    for (int i = 0; i < 5'000 && !happened(); ++i) {
      settle();
      a.bus_shard.turn(1);
    }
    ASSERT_TRUE(happened());
  }
  void join_both() {
    a.carrier->come();
    b.carrier->come();
    settle();
  }
  std::size_t published_on(const std::string& part) const {
    return static_cast<std::size_t>(
        std::count_if(hub.published.begin(), hub.published.end(),
                      [&](const std::string& channel) { return channel.find(part) != channel.npos; }));
  }
  Hub hub;
  Process a{hub, 1, quick()}, b{hub, 2, quick()};
};

}  // namespace

TEST_F(ExchangeTest, ABroadcastReachesThoseWithMembersAndEachOnce) {
  FakeTransport& alice = a.person(0, {"r"});
  FakeTransport& bob = b.person(2, {"r", "s"});
  join_both();
  EXPECT_TRUE(b.carrier->channels.contains("sioxx:/:room:s"));
  EXPECT_FALSE(a.carrier->channels.contains("sioxx:/:room:s"));
  a.table.to("r").emit("x", 1);
  a.table.to("r").to("s").except("nobody").emit("y");
  a.table.to("s").local().emit("only here");
  a.table.emit("all");
  a.table.to("r").elsewhere().emit("over there");
  a.table.to("1").to("2").to("3").to("r").emit("to many");
  settle();
  EXPECT_EQ(alice.take(), (Packets{R"(42["x",1])", R"(42["y"])", R"(42["all"])", R"(42["to many"])"}));
  EXPECT_EQ(bob.take(), (Packets{R"(42["x",1])", R"(42["y"])", R"(42["all"])", R"(42["over there"])",
                                 R"(42["to many"])"}));
  EXPECT_EQ(published_on("room:s"), 1u);
}

TEST_F(ExchangeTest, OneSocketIsFoundByItsId) {
  FakeTransport& bob = b.person(1, {});
  join_both();
  std::string sid;
  {
    const socket::Local::Presence presence(b.homes[1]->local);
    sid = b.refs.back().get()->id();
  }
  // These worlds make ids without a process's tag; a server puts its own there.
  EXPECT_EQ(engine::Id::node_of(sid), engine::NodeTag{});
  b.carrier->channels.insert("sioxx:node:AAA");
  a.table.to(sid).emit("you");
  settle();
  EXPECT_EQ(bob.take(), Packets{R"(42["you"])"});
}

TEST_F(ExchangeTest, CommandsActOverThere) {
  FakeTransport& bob = b.person(0, {"r"});
  FakeTransport& carol = b.person(1, {"r", "quiet"});
  join_both();
  a.table.to("r").except("quiet").sockets_join("new");
  settle();
  EXPECT_EQ(b.adapter.directory().find("/", "new"), 1u);
  EXPECT_TRUE(b.carrier->channels.contains("sioxx:/:room:new"));
  a.table.to("new").emit("x");
  settle();
  EXPECT_EQ(bob.take(), Packets{R"(42["x"])"});
  a.table.to("r").sockets_leave("new");
  settle();
  EXPECT_EQ(b.adapter.directory().find("/", "new"), 0u);
  until([&] { return !b.carrier->channels.contains("sioxx:/:room:new"); });
  a.table.to("r").disconnect_sockets(true);
  settle();
  EXPECT_TRUE(bob.closed && carol.closed);
}

TEST_F(ExchangeTest, QuestionsAreAnsweredByEveryProcess) {
  a.person(0, {"r"});
  FakeTransport& bob = b.person(2, {"r"});
  b.table.describe([](const Socket&) { return json::value("bob"); });
  b.table.on_server_side("how many", [](const json::array& args, ServerSideReply reply) { reply(args); });
  join_both();
  std::optional<Fetched> fetched;
  std::optional<Answers> answers, nodes, nobody;
  a.table.to("r").fetch_sockets([&](Fetched all) { fetched = std::move(all); });
  a.table.to("r").timeout(60'000).emit_array_with_ack("q", {1},
                                                      [&](Answers all) { answers = std::move(all); });
  a.table.to("r").server_side_emit_with_ack("how many", {7}, [&](Answers all) { nodes = std::move(all); });
  a.table.to("void").timeout(60'000).emit_array_with_ack("q", {},
                                                         [&](Answers all) { nobody = std::move(all); });
  settle();
  ASSERT_TRUE(fetched);
  ASSERT_EQ(fetched->sockets.size(), 2u);
  EXPECT_EQ(fetched->missing, 0u);
  EXPECT_EQ(std::max(fetched->sockets[0].data.is_string(), fetched->sockets[1].data.is_string()), true);
  ASSERT_TRUE(nodes);
  EXPECT_EQ(texts(*nodes), "[[7]] missing 1") << "the shard of this process has no such handler";
  ASSERT_TRUE(nobody);
  EXPECT_EQ(texts(*nobody), " missing 0");
  EXPECT_FALSE(answers);
  EXPECT_EQ(bob.take(), Packets{R"(420["q",1])"});
  a.says(0, R"(30["a"])");
  b.says(0, R"(30["b"])");
  settle();
  ASSERT_TRUE(answers);
  EXPECT_EQ(texts(*answers), R"(["a"]["b"] missing 0)");
}

TEST_F(ExchangeTest, WhoGoesOrFallsSilentHoldsNobodyUp) {
  b.person(0, {"r"});
  join_both();
  std::vector<Answers> answers;
  const auto ask = [&] {
    a.table.to("r").timeout(3'600'000).emit_array_with_ack(
        "q", {}, [&](Answers all) { answers.push_back(std::move(all)); });
    settle();
  };
  ask();
  EXPECT_TRUE(answers.empty());
  b.carrier->up = false;  // without a word, as when its machine dies
  until([&] { return answers.size() == 1; });
  EXPECT_EQ(texts(answers[0]), " missing 1");
  EXPECT_EQ(a.stats().processes, 0u);
  ask();
  ASSERT_EQ(answers.size(), 2u) << "nobody is waited for who is known to be gone";
  b.carrier->up = true;
  until([&] { return a.stats().processes == 1; });
  ask();
  b.bus.leave();
  until([&] { return answers.size() == 3; });
  EXPECT_EQ(texts(answers[2]), " missing 1");
}

TEST_F(ExchangeTest, WhileTheBusIsAwayTheHouseGoesOn) {
  FakeTransport& alice = a.person(0, {"r"});
  FakeTransport& bob = b.person(0, {"r"});
  join_both();
  EXPECT_EQ(a.heard, Packets{"back"});
  std::optional<Answers> pending, later;
  a.table.to("r").timeout(3'600'000).emit_array_with_ack("q", {},
                                                         [&](Answers all) { pending = std::move(all); });
  settle();
  alice.take();
  bob.take();
  a.says(0, "30[1]");
  a.carrier->go();
  b.carrier->go();
  settle();
  ASSERT_TRUE(pending) << "what cannot come is not waited for";
  EXPECT_EQ(texts(*pending), "[1] missing 1");
  a.table.to("r").emit("one");
  a.table.to("r").ephemeral().emit("typing");
  a.table.to("r").emit("two");
  a.table.fetch_sockets([](const Fetched& fetched) { EXPECT_EQ(fetched.missing, 3u); });
  settle();
  EXPECT_EQ(alice.take(), (Packets{R"(42["one"])", R"(42["typing"])", R"(42["two"])"}));
  EXPECT_GT(a.stats().queue_bytes, 0u);
  a.carrier->come();
  settle();
  EXPECT_TRUE(bob.take().empty());
  b.carrier->come();
  until([&] { return a.stats().queue_bytes == 0; });
  settle();
  EXPECT_EQ(bob.take(), (Packets{R"(42["one"])", R"(42["two"])"})) << "what waited came when both were back";
  EXPECT_EQ(a.heard, (Packets{"back", "lost pulled out", "back"}));
  EXPECT_EQ(a.stats().losses, 1u);
}

TEST_F(ExchangeTest, WhatWasOnItsWayWhenTheBusWentIsSaidAgainAndHeardOnce) {
  FakeTransport& bob = b.person(0, {"r", "s"});
  join_both();
  a.table.to("r").emit("heard");
  settle();
  EXPECT_EQ(bob.take(), (Packets{R"(42["heard"])"}));
  a.table.to("r").to("s").emit("lost");
  a.turn();
  a.bus_shard.turn(0);
  hub.todo.clear();  // the engine took it and died
  a.carrier->go();
  b.carrier->go();
  a.table.to("s").emit("waited");
  settle();
  a.carrier->come();
  settle();
  // A question overtakes what waits, and what waits is heard all the same.
  a.table.fetch_sockets([](const Fetched&) {});
  settle();
  b.carrier->come();
  until([&] { return a.stats().queue_bytes == 0; });
  settle();
  EXPECT_EQ(bob.take(), (Packets{R"(42["lost"])", R"(42["waited"])"}));
  EXPECT_GE(a.stats().resent, 2u);
  a.table.to("r").to("s").emit("now");
  settle();
  EXPECT_EQ(bob.take(), (Packets{R"(42["now"])"}));
}

TEST_F(ExchangeTest, WhoHasHeardItPassesOverWhatIsSaidAgain) {
  FakeTransport& bob = b.person(0, {"r"});
  join_both();
  for (int i = 0; i < 3; ++i) a.table.to("r").emit("n", i);
  settle();
  EXPECT_EQ(bob.take().size(), 3u);
  a.carrier->go();  // its own connection alone
  a.carrier->come();
  until([&] { return a.stats().queue_bytes == 0; });
  settle();
  EXPECT_GE(a.stats().resent, 3u);
  EXPECT_TRUE(bob.take().empty());
  a.table.to("r").emit("next");
  settle();
  EXPECT_EQ(bob.take(), (Packets{R"(42["next"])"}));
}

TEST_F(ExchangeTest, WhatIsPatientWaitsThoughItIsEphemeral) {
  FakeTransport& bob = b.person(0, {"r"});
  join_both();
  a.carrier->go();
  b.carrier->go();
  BroadcastOptions target;
  target.rooms = {"r"};
  target.delivery = engine::Delivery::ephemeral;
  a.table.broadcast(encode_event("/", "gone", "1"), target);
  target.patient = true;
  a.table.broadcast(encode_event("/", "waits", "1"), target);
  settle();
  a.carrier->come();
  b.carrier->come();
  until([&] { return a.stats().queue_bytes == 0; });
  settle();
  EXPECT_EQ(bob.take(), (Packets{R"(42["waits",1])"}));
}

TEST_F(ExchangeTest, TellsHowLongAGreetingTakesAndHowQuietTheOthersAre) {
  join_both();
  until([&] { return a.stats().silence_ms >= 5; });
  EXPECT_LT(a.stats().silence_ms, quick().silent_ms);
  a.carrier->full = true;
  b.carrier->full = true;
  until([&] { return a.stats().silence_ms >= quick().silent_ms / 2; });
}

TEST_F(ExchangeTest, WhatWaitsIsBoundedAndTheOldestGo) {
  FakeTransport& bob = b.person(0, {"r"});
  join_both();
  a.carrier->full = true;
  for (int i = 0; i < 100; ++i) a.table.to("r").emit("n", i);
  settle();
  EXPECT_LE(a.stats().queue_bytes, 3'000u);
  EXPECT_GT(a.stats().dropped, 80u);
  a.table.to("r").emit("huge", std::string(5'000, 'x'));
  settle();
  a.carrier->full = false;
  until([&] { return a.stats().queue_bytes == 0; });
  settle();
  const Packets heard = bob.take();
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(heard.back(), R"(42["n",99])");
  EXPECT_LT(heard.size(), 20u);
}

TEST_F(ExchangeTest, RoomsAreListenedToWhileTheyHaveMembers) {
  join_both();
  b.person(0, {"r"});
  b.person(1, {"r"});
  settle();
  EXPECT_EQ(b.heard, (Packets{"back", "subscribed / r"}));
  b.vanishes(0);
  settle();
  EXPECT_TRUE(b.carrier->channels.contains("sioxx:/:room:r"));
  b.vanishes(1);
  settle();
  b.person(2, {"r"});  // somebody comes before the delay is over
  until([&] { return b.stats().rooms == 1; });
  const loop::TimeMs end = b.bus_shard.now() + 100;
  until([&] { return b.bus_shard.now() > end; });
  EXPECT_TRUE(b.carrier->channels.contains("sioxx:/:room:r"));
  b.vanishes(2);
  until([&] { return b.stats().rooms == 0; });
  EXPECT_FALSE(b.carrier->channels.contains("sioxx:/:room:r"));
  EXPECT_EQ(b.heard, (Packets{"back", "subscribed / r"}));
}

TEST_F(ExchangeTest, NamesOfNamespacesAndRoomsDoNotRunTogether) {
  b.pattern.on_connect([](Socket& socket) { socket.join(socket.nsp() == "/order-1" ? "b:room:c" : "x"); });
  b.person(0, {}, "40/order-1,");
  join_both();
  EXPECT_TRUE(b.carrier->channels.contains("sioxx:/order-1:room:b:room:c"));
  FakeTransport& odd = b.person(0, {}, "40/order-1:room:b,");
  settle();
  EXPECT_TRUE(b.carrier->channels.contains("sioxx:/order-1%3Aroom%3Ab:room:x"));
  a.pattern.to("x").emit("to all orders");
  settle();
  EXPECT_EQ(odd.take(), Packets{R"(42/order-1:room:b,["to all orders"])"});
}

TEST_F(ExchangeTest, WhatIsNotUnderstoodIsCounted) {
  FakeTransport& bob = b.person(0, {"r"});
  join_both();
  const std::string channel = "sioxx:all";
  std::string broken =
      cluster::encode(cluster::Message(cluster::Broadcast{"/", {}, engine::Encoded::text("2[\"x\"]")}));
  cluster::put_front(broken, {engine::ProcessId(77), 1});
  a.carrier->publish(channel, "hello");
  a.carrier->publish(channel, "");
  a.carrier->publish(channel, broken.substr(0, broken.size() - 1));
  a.carrier->publish(channel, broken + "!");
  settle();
  EXPECT_EQ(b.stats().garbage, 4u);
  EXPECT_TRUE(bob.take().empty());
  a.carrier->publish(channel, broken);
  a.carrier->publish(channel, broken);
  settle();
  EXPECT_EQ(bob.take(), Packets{R"(42["x"])"}) << "whole, and once";
}
