// The cluster's inside: which shards hear a broadcast, and in which order. Shards are turned by hand, on one thread.
#include "cluster_world.hpp"

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
