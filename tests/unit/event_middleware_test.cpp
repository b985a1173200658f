// The way of an event: listeners, middleware that may take its time, handlers; and what goes out past listeners.
#include "socket_world.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace sioxx;
using namespace sioxx::test;
namespace json = boost::json;

namespace {

using Packets = std::vector<std::string>;

/// Events are written down by the handlers that they reach.
struct EventMiddlewareTest : ::testing::Test {
  EventMiddlewareTest() : chat(world.of("/")) {
    chat.on("say", [this](Socket&, Event& event) {
      std::string text = "say";
      for (const json::value& arg : event.args()) text += " " + json::serialize(arg);
      reached.push_back(text);
      event.ack()("ok");
    });
    chat.on_connect([this](Socket& socket) { refs.push_back(socket.ref()); });
  }
  SocketWorld world;
  Namespace& chat;
  Packets reached;
  std::vector<SocketRef> refs;
};

}  // namespace

TEST_F(EventMiddlewareTest, EachMayPassChangeOrRefuse) {
  chat.use_event([](Socket&, Event& event, Next next) {
    if (event.name() == "forbidden") return next.refuse({"no", {{"code", 7}}});
    next();
  });
  chat.use_event([](Socket&, Event& event, Next next) {
    event.args().emplace_back("seen");
    next();
  });
  world.start();
  Person alice(world);
  alice.joins();
  alice.says(R"(20["say",1])");
  EXPECT_EQ(reached, Packets{R"(say 1 "seen")"});
  alice.says(R"(21["forbidden"])");
  alice.says(R"(2["forbidden"])");
  EXPECT_EQ(alice.hears(), (Packets{R"(30["ok"])", R"(31[{"error":{"message":"no","data":{"code":7}}}])"}));
}

TEST_F(EventMiddlewareTest, OrderIsKeptWhileOneIsThoughtAbout) {
  std::vector<Next> thinking;
  chat.use_event([&](Socket&, Event& event, Next next) {
    if (event.arg(1) != nullptr) {
      thinking.push_back(std::move(next));
    } else {
      next();
    }
  });
  world.start();
  Person alice(world), bob(world);
  alice.joins();
  bob.joins();
  alice.says(R"(2["say",1])");
  alice.says(R"(2["say",2,"think"])");
  alice.says(R"(2["say",3])");
  alice.says(R"(2["say",4,"think"])");
  alice.says(R"(2["say",5])");
  bob.says(R"(2["say","bob"])");  // others do not wait
  EXPECT_EQ(reached, (Packets{"say 1", R"(say "bob")"}));
  reached.clear();
  ASSERT_EQ(thinking.size(), 1u);
  thinking[0]();
  EXPECT_EQ(reached, (Packets{R"(say 2 "think")", "say 3"}));
  ASSERT_EQ(thinking.size(), 2u);
  thinking[0]();  // once
  EXPECT_EQ(reached.size(), 2u);
  thinking[1].refuse({"no", {}});
  EXPECT_EQ(reached, (Packets{R"(say 2 "think")", "say 3", "say 5"}));
}

TEST_F(EventMiddlewareTest, WhatWaitsIsBounded) {
  world.limits.events_waiting_max = 3;
  world.limits.events_waiting_bytes_max = 100'000;
  std::vector<Next> thinking;
  chat.use_event([&](Socket&, Event&, Next next) { thinking.push_back(std::move(next)); });
  Packets refused;
  chat.on_refused([&](Socket&, Event& event, const EventError& error) {
    refused.push_back(std::string(event.name()) + ": " + error.message);
    event.ack()("refused");
  });
  world.start();
  Person alice(world);
  alice.joins();
  for (int i = 0; i < 4; ++i) alice.says(R"(2)" + std::to_string(i) + R"(["say"])");
  EXPECT_EQ(refused, Packets{"say: Too many events are waiting"});
  EXPECT_EQ(alice.hears(), Packets{R"(33["refused"])"});
  for (std::size_t i = 0; i < 3; ++i) thinking.at(i)();
  EXPECT_EQ(reached.size(), 3u);
  alice.says(R"(2["say"])");  // never too large for an empty queue
  alice.says(R"(2["say",")" + std::string(200'000, 'x') + R"("])");
  EXPECT_EQ(refused.size(), 2u);
  thinking.back()();
  EXPECT_EQ(reached.size(), 4u);
}

TEST_F(EventMiddlewareTest, DroppedAndThrowingMiddlewareRefuses) {
  chat.use_event([](Socket&, Event& event, Next next) {
    if (event.arg(0) == nullptr) return;
    if (event.arg(0)->is_bool()) throw std::runtime_error("oops");
    next();
  });
  world.start();
  Person alice(world);
  alice.joins();
  alice.says(R"(20["say"])");
  alice.says(R"(21["say",true])");
  alice.says(R"(22["say",1])");
  const std::string refused = R"([{"error":{"message":"Event refused"}}])";
  EXPECT_EQ(alice.hears(), (Packets{"30" + refused, "31" + refused, R"(32["ok"])"}));
  EXPECT_EQ(reached, Packets{"say 1"});
  EXPECT_EQ(world.errors(), Packets{"event middleware|oops"});
}

TEST_F(EventMiddlewareTest, TheClientMayGoMeanwhile) {
  std::vector<Next> thinking;
  chat.use_event([&](Socket& socket, Event& event, Next next) {
    if (event.arg(0) != nullptr) {
      socket.disconnect();
      EXPECT_EQ(event.name(), "say");  // still there
      return next();
    }
    thinking.push_back(std::move(next));
  });
  world.start();
  {
    Person alice(world);
    alice.joins();
    alice.says(R"(2["say"])");
    alice.says(R"(2["say"])");
  }
  world.turn();
  thinking.at(0)();
  Person bob(world);
  bob.joins();
  bob.says(R"(2["say",1])");
  EXPECT_TRUE(reached.empty());
}

TEST_F(EventMiddlewareTest, CatchAllSeesEverythingFirst) {
  chat.on_any([&](Socket&, const Event& event) { reached.push_back("second " + std::string(event.name())); });
  chat.prepend_any(
      [&](Socket&, const Event& event) { reached.push_back("first " + std::string(event.name())); });
  chat.on_any([](Socket&, const Event& event) {
    if (event.name() == "bad") throw std::runtime_error("oops");
  });
  chat.use_event([&](Socket&, Event&, Next next) {
    reached.push_back("middleware");
    next();
  });
  chat.on_unknown([&](Socket&, Event& event) { reached.push_back("unknown " + std::string(event.name())); });
  world.start();
  Person alice(world);
  alice.joins();
  alice.says(R"(2["say"])");
  EXPECT_EQ(reached, (Packets{"first say", "second say", "middleware", "say"}));
  reached.clear();
  alice.says(R"(2["bad"])");
  EXPECT_EQ(reached, (Packets{"first bad", "second bad", "middleware", "unknown bad"}));
  EXPECT_EQ(world.errors(), Packets{"any|oops"});
}

TEST_F(EventMiddlewareTest, OutgoingListenersSeeEventsOnly) {
  Packets out;
  chat.on_any_outgoing([&](const Socket& socket, const Outgoing& outgoing) {
    EXPECT_EQ(socket.id().size(), 20u);
    out.push_back(json::serialize(outgoing.event()));
  });
  chat.prepend_any_outgoing([&](const Socket&, const Outgoing& outgoing) {
    out.push_back(std::string(outgoing.packet()));
    if (outgoing.packet().find("bad") != std::string_view::npos) throw std::runtime_error("oops");
  });
  world.start();
  Person alice(world);
  alice.joins();
  alice.says(R"(20["say"])");  // an ack is no event
  EXPECT_TRUE(out.empty());
  Socket& socket = *refs.at(0).get();
  socket.emit("direct", 1);
  chat.emit("broadcast", "x");
  socket.emit_with_ack("ask", json::array{}, 100, [](std::optional<Answer>) {});
  EXPECT_EQ(out, (Packets{R"(2["direct",1])", R"(["direct",1])", R"(2["broadcast","x"])",
                          R"(["broadcast","x"])", R"(20["ask"])", R"(["ask"])"}));
  out.clear();
  const std::string bytes = "b";
  socket.emit_array("file", {placeholder(0)}, std::span(&bytes, 1));
  EXPECT_EQ(out.at(0), R"(51-["file",{"_placeholder":true,"num":0}])");
  socket.emit("bad");
  EXPECT_EQ(world.errors(), Packets{"any outgoing|oops"});
  EXPECT_EQ(alice.hears().size(), 7u);
}

TEST_F(EventMiddlewareTest, OneSocketIsSpokenToInSeveralWays) {
  world.start();
  Person alice(world), bob(world), carol(world);
  for (Person* person : {&alice, &bob, &carol}) person->joins();
  Socket& socket = *refs.at(0).get();
  refs.at(1).get()->join("quiet");
  socket.broadcast().emit("x");
  socket.except("quiet").emit("y");
  socket.local().to("quiet").emit("z");
  EXPECT_TRUE(alice.hears().empty());
  EXPECT_EQ(bob.hears(), (Packets{R"(2["x"])", R"(2["z"])"}));
  EXPECT_EQ(carol.hears(), (Packets{R"(2["x"])", R"(2["y"])"}));
  socket.compress(false).emit("quick", 1);
  socket.ephemeral().emit("typing");
  EXPECT_EQ(alice.hears(), (Packets{R"(2["quick",1])", R"(2["typing"])"}));
  alice.wire.waiting = 200'000;  // behind
  socket.ephemeral().emit("typing");
  EXPECT_TRUE(alice.hears().empty());
  EXPECT_FALSE(alice.cut_off());
}
