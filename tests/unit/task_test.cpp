// Handlers that are coroutines: what keeps alive while they wait, what wakes them, how they end.
#include "socket_world.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace sioxx;
using namespace sioxx::test;
namespace json = boost::json;

namespace {

using Packets = std::vector<std::string>;

TaskOf<int> twice(int number) {
  co_await sioxx::sleep(10);
  if (number < 0) throw std::runtime_error("negative");
  co_return number * 2;
}

struct TaskTest : ::testing::Test {
  TaskTest() : chat(world.of("/")) {}
  std::unique_ptr<SocketWorld> owned = std::make_unique<SocketWorld>();
  SocketWorld& world = *owned;
  Namespace& chat;
};

}  // namespace

TEST_F(TaskTest, SleepsAndAnswers) {
  chat.on("later", [](Socket& socket, Event event) -> Task {
    co_await sioxx::sleep(100);
    event.ack()(*event.arg(0), std::string(event.name()), std::string(socket.nsp()));
  });
  world.start();
  Person alice(world);
  alice.joins();
  alice.says(R"(21["later","x"])");
  alice.says(R"(22["later","a name longer than fifteen"])");
  EXPECT_TRUE(alice.hears().empty());
  world.pass(99);
  EXPECT_TRUE(alice.hears().empty());
  world.pass(1);
  EXPECT_EQ(alice.hears(),
            (Packets{R"(31["x","later","/"])", R"(32["a name longer than fifteen","later","/"])"}));
}

TEST_F(TaskTest, AwaitsTasksOfItsOwn) {
  Packets heard;
  chat.on("sum", [&heard](Socket& socket, Event event) -> Task {
    const std::int64_t number = event.arg(0)->as_int64();
    try {
      const int one = co_await twice(static_cast<int>(number));
      const int two = co_await twice(one);
      socket.emit("sum", two);
    } catch (const std::runtime_error& error) {
      heard.emplace_back(error.what());
    }
  });
  world.start();
  Person alice(world);
  alice.joins();
  alice.says(R"(2["sum",4])");
  alice.says(R"(2["sum",-1])");
  world.pass(20);
  EXPECT_EQ(alice.hears(), Packets{R"(2["sum",16])"});
  EXPECT_EQ(heard, Packets{"negative"});
}

TEST_F(TaskTest, AsksItsClient) {
  Packets heard;
  chat.on("ask", [&heard](Socket& socket, Event) -> Task {
    const std::optional<Answer> answer = co_await socket.timeout(500).emit_with_ack("sure?", 1, "two");
    heard.push_back(answer ? json::serialize(answer->args) : "nothing");
  });
  world.start();
  auto alice = std::make_unique<Person>(world);
  alice->joins();
  alice->says(R"(2["ask"])");
  EXPECT_EQ(alice->hears(), Packets{R"(20["sure?",1,"two"])"});
  alice->says(R"(30["yes"])");
  EXPECT_EQ(heard, Packets{R"(["yes"])"});
  alice->says(R"(2["ask"])");
  world.pass(500);
  EXPECT_EQ(heard.back(), "nothing");
  alice->says(R"(2["ask"])");
  alice.reset();  // goes without an answer
  EXPECT_EQ(heard.size(), 3u);
  EXPECT_EQ(heard.back(), "nothing");
}

TEST_F(TaskTest, TheSocketStaysReadableAfterItWent) {
  std::string id;
  bool sent = true, ended = false;
  chat.on("wait", [&](Socket& socket, Event event) -> Task {
    co_await sioxx::sleep(50);
    id = socket.id();
    sent = socket.connected();
    socket.emit("too late");
    event.ack()("too late");
    EXPECT_FALSE(socket.join("r"));
    ended = true;
  });
  world.start();
  std::string was;
  {
    Person alice(world);
    was = alice.joins();
    alice.says(R"(21["wait"])");
  }
  world.pass(50);
  EXPECT_TRUE(ended);
  EXPECT_EQ(id, was);
  EXPECT_FALSE(sent);
}

TEST_F(TaskTest, AnExceptionIsLoggedAndCostsNothingElse) {
  chat.on("now", [](Socket&, Event) -> Task {
    throw std::runtime_error("at once");
    co_return;
  });
  chat.on("later", [](Socket&, Event) -> Task {
    co_await sioxx::sleep(1);
    throw 7;
  });
  chat.on_connect([](Socket& socket) -> Task {
    co_await sioxx::sleep(1);
    socket.emit("welcome");
  });
  world.start();
  Person alice(world);
  alice.joins();
  alice.says(R"(2["now"])");
  alice.says(R"(2["later"])");
  world.pass(1);
  EXPECT_EQ(world.errors(), (Packets{"now|at once", "later|not a std::exception"}));
  EXPECT_EQ(alice.hears(), Packets{R"(2["welcome"])"});
  EXPECT_FALSE(alice.cut_off());
}

TEST_F(TaskTest, WaitsForSomebodyElse) {
  std::vector<Resolver<std::string>> asked;
  Packets heard;
  chat.on("read", [&](Socket&, Event) -> Task {
    Later<std::string> row;
    asked.push_back(row.resolver());
    const std::optional<std::string> found = co_await row;
    heard.push_back(found.value_or("nothing"));
  });
  chat.on("at once", [&](Socket&, Event) -> Task {
    Later<std::string> row;
    row.resolver()("before the wait");
    heard.push_back((co_await row).value_or("nothing"));
    Later<std::string> nobody;
    heard.push_back((co_await nobody).value_or("nobody was asked"));
  });
  world.start();
  Person alice(world);
  alice.joins();
  alice.says(R"(2["read"])");
  alice.says(R"(2["read"])");
  asked.at(0)("first");
  asked.at(0)("again");  // once
  EXPECT_EQ(heard, Packets{"first"});
  asked.clear();  // dropped
  EXPECT_EQ(heard, (Packets{"first", "nothing"}));
  alice.says(R"(2["at once"])");
  EXPECT_EQ(heard.at(2), "before the wait");
  EXPECT_EQ(heard.at(3), "nobody was asked");
}

TEST_F(TaskTest, OneSocketRunsSoManyAtATime) {
  world.limits.tasks_per_socket_max = 2;
  chat.on("wait", [](Socket&, Event event) -> Task {
    co_await sioxx::sleep(10);
    event.ack()("done");
  });
  world.start();
  Person alice(world);
  alice.joins();
  for (int i = 0; i < 3; ++i) alice.says("2" + std::to_string(i) + R"(["wait"])");
  EXPECT_EQ(alice.hears(), Packets{R"(32[{"error":{"message":"Too many handlers are running"}}])"});
  world.pass(10);
  EXPECT_EQ(alice.hears().size(), 2u);
  alice.says(R"(25["wait"])");
  world.pass(10);
  EXPECT_EQ(alice.hears(), Packets{R"(35["done"])"});
}

TEST_F(TaskTest, WhatStillWaitsEndsWithTheShard) {
  auto witness = std::make_shared<int>(0);
  std::vector<Resolver<int>> kept;
  chat.on("wait", [&](Socket& socket, Event event) -> Task {
    const auto held = witness;
    if (event.arg(0) != nullptr) {
      co_await sioxx::sleep(1'000'000);
    } else if (kept.empty()) {
      Later<int> later;
      kept.push_back(later.resolver());
      co_await later;
    } else {
      co_await socket.emit_with_ack("answer");
    }
    ADD_FAILURE() << "nobody woke it";
  });
  world.start();
  auto alice = std::make_unique<Person>(world);
  alice->joins();
  alice->says(R"(2["wait",1])");
  alice->says(R"(2["wait"])");
  alice->says(R"(2["wait"])");
  EXPECT_EQ(witness.use_count(), 4);
  world.local.end_tasks();
  EXPECT_EQ(witness.use_count(), 1);
  alice.reset();
  kept.clear();
}

TEST(Task, AnEventByReferenceDoesNotCompile) {
  const auto by_reference = [](Socket&, Event&) -> Task { co_return; };
  const auto by_value = [](Socket&, Event) -> Task { co_return; };
  const auto plain = [](Socket&, Event&) {};
  static_assert(CoroutineByReference<decltype(by_reference)>);
  static_assert(CoroutineEventHandler<decltype(by_value)> && !CoroutineByReference<decltype(by_value)>);
  static_assert(!CoroutineEventHandler<decltype(plain)> && !CoroutineByReference<decltype(plain)>);
}

TEST(Task, OutsideOfAShardNobodyCanWait) { EXPECT_THROW(Later<int> later, std::logic_error); }
