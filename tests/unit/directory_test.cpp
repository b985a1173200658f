// The cluster's inside: which shards hear a broadcast, and in which order. Shards are turned by hand, on one thread.
#include "socket_world.hpp"

#include "sioxx/cluster/directory.hpp"
#include "sioxx/cluster/shards.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

using namespace sioxx;
using namespace sioxx::test;
using cluster::Directory;

TEST(Directory, KeepsOneBitAShard) {
  Directory directory;
  EXPECT_EQ(directory.find("/", "r"), 0u);
  directory.set(3, "/", "r");
  directory.set(63, "/", "r");
  directory.set(3, "/n", "r");
  EXPECT_EQ(directory.find("/", "r"), Directory::Mask{1} << 3 | Directory::Mask{1} << 63);
  EXPECT_EQ(directory.find("/n", "r"), Directory::Mask{1} << 3);
  directory.clear(3, "/", "r");
  directory.clear(5, "/", "r");
  EXPECT_EQ(directory.find("/", "r"), Directory::Mask{1} << 63);
  directory.clear(63, "/", "r");
  directory.clear(63, "/", "r");
  EXPECT_EQ(directory.size(), 1u);
}

TEST(Directory, NamesDoNotRunIntoEachOther) {
  Directory directory;
  directory.set(0, "/a", "b");
  EXPECT_EQ(directory.find("/", "ab"), 0u);
  EXPECT_EQ(directory.find("/ab", ""), 0u);
  directory.set(1, "/", "");
  EXPECT_EQ(directory.find("/", ""), 2u);
}

TEST(Directory, ThreadsAgreeInTheEnd) {
  Directory directory;
  std::vector<std::thread> threads;
  std::atomic<bool> wrong{false};
  for (unsigned shard = 0; shard < 4; ++shard) {
    threads.emplace_back([&, shard] {
      for (int i = 0; i < 20'000; ++i) {
        const std::string room = "r" + std::to_string(i % 100);
        directory.set(shard, "/", room);
        if ((directory.find("/", room) >> shard & 1) == 0) wrong = true;
        directory.clear(shard, "/", room);
        if ((directory.find("/", room) >> shard & 1) != 0) wrong = true;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(wrong);
  EXPECT_EQ(directory.size(), 0u);
}

namespace {

/// Real shards and mailboxes, no sockets of the operating system.
class ShardsTest : public ::testing::Test {
 protected:
  static constexpr unsigned count = 3;

  struct Home {
    Home(unsigned index, loop::Shard& its_shard, Adapter& adapter, const socket::Limits& limits,
         const Log& log, const engine::Settings& settings)
        : shard(its_shard),
          local(index, &shard, adapter, limits, log,
                {shard.timers(), [&its_shard] { return its_shard.now(); }}),
          sessions(
              index, settings, shard.timers(), [this] { return shard.now(); },
              [this](unsigned char* out, std::size_t n) {
                for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<unsigned char>(random());
              },
              [this](engine::Session& session) -> std::unique_ptr<engine::SessionHandler> {
                return std::make_unique<socket::Client>(session, local);
              }) {}
    loop::Shard& shard;
    socket::Local local;
    std::mt19937 random{shard.index() + 1};
    engine::Sessions sessions;
  };

  ShardsTest() {
    std::vector<socket::Local*> locals;
    table.attach(adapter);
    table.on_connect([this](Socket& socket) { refs.push_back(socket.ref()); });
    for (unsigned i = 0; i < count; ++i) {
      homes.push_back(std::make_unique<Home>(i, *shards[i], adapter, limits, log, settings));
      homes.back()->local.add(table);
      locals.push_back(&homes.back()->local);
    }
    adapter.settle(locals);
  }

  /// Somebody on a shard, in some rooms; what he hears stands in his transport.
  FakeTransport& person(unsigned shard, std::vector<std::string> rooms) {
    const socket::Local::Presence presence(homes[shard]->local);
    FakeTransport& wire = *wires.emplace_back(std::make_unique<FakeTransport>());
    const auto session = homes[shard]->sessions.open_websocket(a_handshake(), wire);
    session->receive("40", false, wire);
    for (const std::string& room : rooms) refs.back().get()->join(room);
    wire.written.clear();
    return wire;
  }
  void turn() {
    for (const auto& home : homes) {
      const socket::Local::Presence presence(home->local);
      home->shard.turn(0);
    }
  }

  std::vector<std::unique_ptr<FakeTransport>> wires;
  engine::Settings settings;
  socket::Limits limits;
  std::vector<std::string> lost;
  Log log = [this](const LogLine& line) {
    if (line.event == "broadcast_lost") lost.emplace_back(line.detail);
  };
  std::vector<std::unique_ptr<loop::Shard>> shards = [] {
    std::vector<std::unique_ptr<loop::Shard>> all;
    for (unsigned i = 0; i < count; ++i) all.push_back(std::make_unique<loop::Shard>(i));
    return all;
  }();
  cluster::Shards adapter{{shards[0].get(), shards[1].get(), shards[2].get()}, log};
  Namespace table{"/"};
  std::vector<SocketRef> refs;
  std::vector<std::unique_ptr<Home>> homes;
};

}  // namespace

TEST_F(ShardsTest, ReachesMembersOnEveryShard) {
  FakeTransport& alice = person(0, {"r"});
  FakeTransport& bob = person(2, {"r", "s"});
  FakeTransport& carol = person(1, {"s"});
  EXPECT_EQ(adapter.directory().find("/", "r"), 0b101u);
  table.to("r").emit("x");
  turn();
  EXPECT_EQ(alice.take().size() + bob.take().size(), 2u);
  EXPECT_TRUE(carol.take().empty());
  table.to("r").to("s").emit("x");
  turn();
  EXPECT_EQ(alice.take().size(), 1u);
  EXPECT_EQ(bob.take().size(), 1u);
  EXPECT_EQ(carol.take().size(), 1u);
  table.emit("x");
  turn();
  EXPECT_EQ(alice.take().size() + bob.take().size() + carol.take().size(), 3u);
}

TEST_F(ShardsTest, ASocketIsFoundByItsIdFromAnywhere) {
  FakeTransport& alice = person(1, {});
  FakeTransport& bob = person(1, {});
  std::string id;
  {
    const socket::Local::Presence presence(homes[1]->local);
    id = refs[0].get()->id();
  }
  table.to(id).emit("x");
  turn();
  EXPECT_EQ(alice.take().size(), 1u);
  EXPECT_TRUE(bob.take().empty());
}

TEST_F(ShardsTest, RefsOpenOnlyAtHome) {
  person(1, {});
  EXPECT_EQ(refs[0].get(), nullptr);
  {
    const socket::Local::Presence presence(homes[0]->local);
    EXPECT_EQ(refs[0].get(), nullptr);
  }
  const socket::Local::Presence presence(homes[1]->local);
  EXPECT_NE(refs[0].get(), nullptr);
}

TEST_F(ShardsTest, OneThreadsCallsArriveInOrderOnEveryShard) {
  FakeTransport& alice = person(0, {"r"});
  FakeTransport& bob = person(1, {"r"});
  const auto expect_in_order = [](FakeTransport& wire, int messages) {
    const auto heard = wire.take();
    ASSERT_EQ(heard.size(), static_cast<std::size_t>(messages));
    for (int i = 0; i < messages; ++i)
      EXPECT_EQ(heard[static_cast<std::size_t>(i)], "42[\"n\"," + std::to_string(i) + "]");
  };
  for (int i = 0; i < 500; ++i) table.to("r").emit("n", i);  // from outside
  turn();
  expect_in_order(alice, 500);
  expect_in_order(bob, 500);
  {
    const socket::Local::Presence presence(homes[0]->local);  // from shard 0: at once there
    for (int i = 0; i < 500; ++i) table.to("r").emit("n", i);
    expect_in_order(alice, 500);
    EXPECT_TRUE(bob.written.empty());
  }
  turn();
  expect_in_order(bob, 500);
}

TEST_F(ShardsTest, AnEmptyRoomCostsNobodyALetter) {
  person(0, {"r"});
  shards[1]->stop();
  shards[2]->stop();
  table.to("nobody").emit("x");
  table.to("r").emit("x");
  EXPECT_TRUE(lost.empty());
  table.emit("x");  // to all: two mailboxes refuse
  EXPECT_EQ(lost, (std::vector<std::string>{"/", "/"}));
}

TEST_F(ShardsTest, RoomsLeaveTheDirectoryWithTheLastMember) {
  FakeTransport& alice = person(2, {"r", "s"});
  EXPECT_EQ(adapter.directory().size(), 2u);
  const socket::Local::Presence presence(homes[2]->local);
  refs[0].get()->leave("s");
  EXPECT_EQ(adapter.directory().size(), 1u);
  homes[2]->sessions.close_all(CloseReason::forced_close);
  EXPECT_EQ(adapter.directory().size(), 0u);
  EXPECT_TRUE(alice.closed);
}
