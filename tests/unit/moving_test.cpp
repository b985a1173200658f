// Sessions that come back on another shard than they left.
#include "cluster_world.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace sioxx;
using namespace sioxx::test;

namespace {

using Packets = std::vector<std::string>;

/// Sessions that come back on another shard than they left.
class MovingTest : public ShardsTest {
 protected:
  MovingTest() : ShardsTest(60'000) {
    table.recover_as([](const Socket& socket) { return std::string(socket.auth().at("user").as_string()); });
    table.on_connect([this](Socket& socket) { recovered.push_back(socket.recovered()); });
  }
  /// Comes as alice with what she remembers. `meanwhile` runs between the steps of the shards.
  Packets comes(unsigned shard, const std::function<void()>& meanwhile = {}) {
    {
      const socket::Local::Presence presence(homes[shard]->local);
      wires.push_back(std::make_unique<FakeTransport>());
      sessions.push_back(homes[shard]->sessions.open_websocket(a_handshake(), *wires.back()));
      wires.back()->written.clear();
      std::string auth = R"({"user":"alice")";
      if (!pid.empty()) auth += R"(,"pid":")" + pid + R"(")";
      if (!offset.empty()) auth += R"(,"offset":")" + offset + R"(")";
      sessions.back()->receive("40" + auth + "}", false, *wires.back());
    }
    for (int i = 0; i < 8; ++i) {
      if (meanwhile) meanwhile();
      turn();
    }
    Packets heard = wires.back()->take();
    for (std::string& packet : heard) {
      if (packet.starts_with(R"(40{"sid":")")) {
        sid = packet.substr(10, 20);
        pid = packet.substr(39, 20);
        packet = "CONNECT";
      } else {
        packet = reads(packet);
      }
    }
    return heard;
  }
  std::string reads(const std::string& packet) {
    const std::size_t at = packet.rfind(",\"");
    offset = packet.substr(at + 2, packet.size() - at - 4);
    return packet.substr(0, at) + "]";
  }
  Packets hears() {
    Packets heard = wires.back()->take();
    for (std::string& packet : heard) packet = reads(packet);
    return heard;
  }
  void enters(const std::string& room) {
    const unsigned shard = sessions.back()->home().shard();
    const socket::Local::Presence presence(homes[shard]->local);
    refs.back().get()->join(room);
  }
  std::string sid, pid, offset;
  std::vector<bool> recovered;
};

}  // namespace

TEST_F(MovingTest, FromShardToShardNothingIsLostOrDoubled) {
  EXPECT_EQ(comes(0), Packets{"CONNECT"});
  enters("kitchen");
  table.to("kitchen").emit("n", 0);
  turn();
  EXPECT_EQ(hears(), Packets{R"(42["n",0])"});
  const std::string first_sid = sid, first_pid = pid;
  int n = 1;
  for (const unsigned shard : {2u, 1u, 0u, 0u, 2u}) {
    vanishes(sessions.size() - 1);
    const int before = n;
    table.to("kitchen").emit("n", n++);
    turn();
    Packets heard = comes(shard, [&] {
      table.to("kitchen").emit("n", n++);  // while the shards talk about her
      table.to(first_sid).emit("n", n++);
    });
    for (const std::string& packet : hears()) heard.push_back(packet);
    Packets expected;
    for (int i = before; i < n; ++i) expected.push_back("42[\"n\"," + std::to_string(i) + "]");
    const auto answer = std::find(heard.begin(), heard.end(), "CONNECT");
    ASSERT_NE(answer, heard.end());
    EXPECT_GT(answer - heard.begin(), 0);
    heard.erase(answer);
    EXPECT_EQ(heard, expected) << "shard " << shard;
    EXPECT_EQ(sid, first_sid);
    EXPECT_EQ(pid, first_pid);
    EXPECT_TRUE(recovered.back());
  }
  // Only the shard where she is has her room and her id.
  EXPECT_EQ(adapter.directory().find("/", "kitchen"), 0b100u);
  EXPECT_EQ(adapter.directory().find("/", first_sid), 0b100u);
  says(sessions.size() - 1, "1");
  turn();
  EXPECT_EQ(adapter.directory().size(), 0u);
  EXPECT_EQ(comes(1), Packets{"CONNECT"});
  EXPECT_NE(pid, first_pid);
}

TEST_F(MovingTest, TakesOverOnAnotherShard) {
  comes(1);
  enters("kitchen");
  FakeTransport& old_wire = *wires.back();
  table.to("kitchen").emit("n", 1);
  turn();
  EXPECT_EQ(comes(2), (Packets{R"(42["n",1])", "CONNECT"}));
  EXPECT_TRUE(old_wire.closed);
  EXPECT_EQ(*old_wire.closed, CloseReason::forced_close);
}

TEST_F(MovingTest, WhoGoesAgainOnTheWayFindsItsSessionWhereItWas) {
  comes(0);
  enters("kitchen");
  const std::string first_sid = sid, first_pid = pid;
  // Gone again at each step of the way.
  for (const int turns : {0, 1, 2}) {
    vanishes(sessions.size() - 1);
    table.to("kitchen").emit("n", turns);
    turn();
    int turned = 0;
    const Packets heard = comes(1, [&] {
      if (turned++ == turns) vanishes(sessions.size() - 1);
    });
    EXPECT_TRUE(heard.empty()) << "after " << turns;
    EXPECT_EQ(comes(2), (Packets{"42[\"n\"," + std::to_string(turns) + "]", "CONNECT"})) << "after " << turns;
    EXPECT_EQ(sid, first_sid);
    EXPECT_EQ(pid, first_pid);
    EXPECT_EQ(adapter.directory().find("/", "kitchen"), 0b100u);
    EXPECT_EQ(adapter.directory().find("/", first_sid), 0b100u);
  }
}

TEST_F(MovingTest, NobodyRemembersWhereASessionWentThatIsOver) {
  comes(0);
  vanishes(0);
  comes(1);
  const std::string was = pid;
  EXPECT_EQ(homes[0]->local.recoveries().whereabouts(was), 1u);
  vanishes(1);
  comes(0);
  EXPECT_EQ(homes[0]->local.recoveries().whereabouts(was), std::nullopt) << "it is here";
  vanishes(2);
  comes(1);
  EXPECT_EQ(homes[0]->local.recoveries().whereabouts(was), 1u);
  says(sessions.size() - 1, "1");
  turn();
  EXPECT_EQ(homes[0]->local.recoveries().whereabouts(was), std::nullopt);
  EXPECT_EQ(pid, was);
}

TEST_F(MovingTest, AShardThatIsGoneCostsTheSessionOnly) {
  comes(1);
  vanishes(0);
  shards[1]->stop();
  const std::string was = pid;
  EXPECT_EQ(comes(0), Packets{"CONNECT"});
  EXPECT_NE(pid, was);
}
