// Handlers, middleware, rooms and broadcasts as an application sees them.
#include "namespace_world.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

using namespace sioxx;
using namespace sioxx::test;
namespace json = boost::json;

TEST_F(NamespaceTest, ToARoomReachesOthersInIt) {
  world.start();
  Person alice(world), bob(world), carol(world);
  for (Person* person : {&alice, &bob, &carol}) person->joins();
  alice.says(R"(21["enter","kitchen"])");
  bob.says(R"(22["enter","kitchen"])");
  EXPECT_EQ(alice.hears(), Packets{"31[true]"});
  bob.hears();
  alice.says(R"(2["say","kitchen","soup?"])");
  EXPECT_EQ(bob.hears(), Packets{R"(2["said","soup?"])"});
  EXPECT_TRUE(alice.hears().empty());
  EXPECT_TRUE(carol.hears().empty());
  bob.says(R"(2["leave","kitchen"])");
  alice.says(R"(2["say","kitchen","nobody?"])");
  EXPECT_TRUE(bob.hears().empty());
  EXPECT_EQ(world.adapter.changes, Packets{"+/ kitchen"});
  alice.vanishes();
  EXPECT_EQ(world.adapter.changes, (Packets{"+/ kitchen", "-/ kitchen"}));
}

TEST_F(NamespaceTest, TargetsAreTheUnionWithoutTheExcepted) {
  world.start();
  Person alice(world), bob(world), carol(world), dave(world);
  std::vector<std::string> ids;
  for (Person* person : {&alice, &bob, &carol, &dave}) ids.push_back(person->joins());
  for (std::size_t n : {0u, 1u, 2u}) socket(n).join("a");
  for (std::size_t n : {1u, 2u, 3u}) socket(n).join("b");
  socket(2).join("quiet");
  const auto heard = [&] {
    std::string who;
    for (Person* person : {&alice, &bob, &carol, &dave}) who += std::to_string(person->hears().size());
    return who;
  };
  chat.emit("x");
  EXPECT_EQ(heard(), "1111");
  chat.to("a").to("b").emit("x");
  EXPECT_EQ(heard(), "1111");  // each once
  chat.to("a").except("quiet").emit("x");
  EXPECT_EQ(heard(), "1100");
  chat.to("a").to("b").except("quiet").except(ids[3]).emit("x");
  EXPECT_EQ(heard(), "1100");
  chat.to(ids[1]).emit("x");  // a socket's id is a room of its own
  EXPECT_EQ(heard(), "0100");
  chat.to(ids[1]).to("a").emit("x");
  EXPECT_EQ(heard(), "1110");
  chat.to("empty").emit("x");
  EXPECT_EQ(heard(), "0000");
  socket(0).to("b").emit("x");
  EXPECT_EQ(heard(), "0111");
  chat.broadcast(encode_event("/", "x", "1"), {.rooms = {"a"}, .except = {"a"}});
  EXPECT_EQ(heard(), "0000");
  world.local.find("/")->deliver(encode_event("/", "x", ""), {.rooms = {}, .except = {"quiet"}});
  EXPECT_EQ(heard(), "1101");
}

TEST_F(NamespaceTest, AnIdOfSomebodyWhoLeftReachesNobody) {
  world.start();
  Person alice(world);
  const std::string id = alice.joins();
  alice.vanishes();
  world.turn();
  Person bob(world);  // takes the same slot
  EXPECT_NE(bob.joins(), id);
  chat.to(id).emit("x");
  EXPECT_TRUE(bob.hears().empty());
}

TEST_F(NamespaceTest, BinaryReachesARoom) {
  chat.on("send", [](Socket& socket, Event&) {
    const std::string file = "bytes";
    socket.to("a").emit_array("file", {placeholder(0)}, std::span(&file, 1));
  });
  world.start();
  Person alice(world), bob(world);
  alice.joins();
  bob.joins();
  socket(1).join("a");
  alice.says(R"(2["send"])");
  EXPECT_EQ(bob.hears(), (Packets{R"(51-["file",{"_placeholder":true,"num":0}])", "bbytes"}));
}

TEST_F(NamespaceTest, RoomsPerSocketAreBounded) {
  world.limits.rooms_per_socket_max = 3;
  world.start();
  Person alice(world);
  alice.joins();
  for (const char* room : {"a", "b", "c"}) EXPECT_TRUE(socket(0).join(room));
  EXPECT_FALSE(socket(0).join("d"));
  EXPECT_TRUE(socket(0).join("a"));
  socket(0).leave("b");
  EXPECT_TRUE(socket(0).join_held("d"));
  EXPECT_FALSE(socket(0).join(std::string(2'000, 'r')));
  EXPECT_TRUE(socket(0).in("d"));
  EXPECT_FALSE(socket(0).in("b"));
  EXPECT_EQ(socket(0).rooms().size(), 3u);
}

// ---- middleware --------------------------------------------------------------------------------------------------------

TEST_F(NamespaceTest, MiddlewareMayAnswerLater) {
  std::vector<Next> waiting;
  Packets order;
  chat.use([&](Socket&, Next next) {
    order.push_back("first");
    waiting.push_back(std::move(next));
  });
  chat.use([&](Socket&, Next next) {
    order.push_back("second");
    next();
  });
  chat.on_connect([&](Socket&) { order.push_back("connected"); });
  world.start();
  Person alice(world);
  alice.says(R"(0{"token":"t"})");
  EXPECT_TRUE(alice.hears().empty());
  EXPECT_EQ(order, Packets{"first"});
  world.pass(5'000);
  waiting.at(0)();
  EXPECT_EQ(order, (Packets{"first", "second", "connected"}));
  EXPECT_EQ(alice.hears().size(), 1u);
  waiting.at(0).refuse({"too late", {}});
  EXPECT_TRUE(alice.hears().empty());
  world.pass(10'000);
  EXPECT_FALSE(alice.cut_off());
}

TEST_F(NamespaceTest, MiddlewareRefuses) {
  chat.use([](Socket& socket, Next next) {
    if (socket.auth().contains("drop")) return;  // lets its Next die
    if (socket.auth().contains("throw")) throw std::runtime_error("oops");
    if (socket.auth().contains("in")) return next();
    next.refuse({"no", {{"code", "UNAUTHORIZED"}}});
  });
  int left = 0;
  chat.on_disconnect([&](Socket&, CloseReason) { ++left; });
  world.start();
  Person alice(world);
  alice.says("0");
  EXPECT_EQ(alice.hears(), Packets{R"(4{"message":"no","data":{"code":"UNAUTHORIZED"}})"});
  alice.says(R"(0{"drop":1})");
  EXPECT_EQ(alice.hears(), Packets{R"(4{"message":"Connection refused"})"});
  alice.says(R"(0{"throw":1})");
  EXPECT_EQ(alice.hears(), Packets{R"(4{"message":"Connection refused"})"});
  EXPECT_EQ(world.log_lines, Packets{"handler_error|middleware|oops"});
  EXPECT_NE(alice.joins("/", R"({"in":1})"), "");
  EXPECT_EQ(left, 0);
  EXPECT_EQ(world.local.counters().refused, 3u);
}

TEST_F(NamespaceTest, ClientMayLeaveWhileMiddlewareThinks) {
  std::vector<Next> waiting;
  SocketRef ref;
  chat.use([&](Socket& socket, Next next) {
    socket.join("early");
    ref = socket.ref();
    waiting.push_back(std::move(next));
  });
  world.start();
  {
    Person alice(world);
    alice.says("0");
    EXPECT_NE(ref.get(), nullptr);
    alice.vanishes();
  }
  EXPECT_EQ(ref.get(), nullptr);
  world.turn();
  waiting.at(0)();
  EXPECT_TRUE(refs.empty());
  EXPECT_EQ(world.adapter.changes, (Packets{"+/ early", "-/ early"}));
}

TEST_F(NamespaceTest, AnEventBeforeTheAnswerEndsTheConnection) {
  std::vector<Next> waiting;
  chat.use([&](Socket&, Next next) { waiting.push_back(std::move(next)); });
  world.start();
  Person alice(world);
  alice.says("0");
  alice.says(R"(2["say","a",1])");
  EXPECT_TRUE(alice.cut_off());
}

// ---- order, faults and traps -------------------------------------------------------------------------------------------

TEST_F(NamespaceTest, DisconnectHandlersStillSeeTheRooms) {
  Packets rooms;
  bool connected = true;
  chat.on_disconnect([&](Socket& socket, CloseReason) {
    rooms = socket.rooms();
    connected = socket.connected();
    socket.emit("nobody hears this");
    EXPECT_FALSE(socket.join("more"));
    socket.to("a").emit("left");
  });
  world.start();
  Person alice(world), bob(world);
  alice.joins();
  bob.joins();
  socket(0).join("a");
  socket(1).join("a");
  alice.vanishes();
  EXPECT_EQ(rooms, Packets{"a"});
  EXPECT_FALSE(connected);
  EXPECT_EQ(bob.hears(), Packets{R"(2["left"])"});
}

TEST_F(NamespaceTest, HandlersThatThrowCostNobodyTheConnection) {
  chat.on("throw", [](Socket&, Event&) { throw std::runtime_error("boom"); });
  chat.on("throw a number", [](Socket&, Event&) { throw 7; });
  chat.on_disconnect([](Socket&, CloseReason) { throw std::runtime_error("bye"); });
  world.start();
  Person alice(world);
  alice.joins();
  alice.says(R"(2["throw"])");
  alice.says(R"(2["throw a number"])");
  alice.says(R"(21["enter","a"])");
  EXPECT_EQ(alice.hears(), Packets{"31[true]"});
  alice.vanishes();
  EXPECT_EQ(world.local.counters().handler_errors, 3u);
  EXPECT_EQ(world.local.counters().sockets, 0u);
  EXPECT_EQ(world.log_lines[1], "handler_error|throw|boom");
  EXPECT_EQ(world.adapter.changes, (Packets{"+/ a", "-/ a"}));
}

TEST_F(NamespaceTest, AHandlerMayDisconnectItself) {
  chat.on("leave me", [](Socket& socket, Event& event) {
    socket.disconnect();
    EXPECT_FALSE(socket.connected());
    socket.emit("too late");
    socket.join("too late");
    event.ack()("too late");
    socket.disconnect(true);
    EXPECT_EQ(socket.handshake().address, "");
  });
  Packets reasons;
  chat.on_disconnect([&](Socket&, CloseReason reason) { reasons.emplace_back(text(reason)); });
  world.start();
  Person alice(world);
  alice.joins();
  alice.says(R"(25["leave me"])");
  EXPECT_EQ(alice.hears(), Packets{"1"});
  EXPECT_FALSE(alice.cut_off());
  EXPECT_EQ(reasons, Packets{"server namespace disconnect"});
  world.turn();
  EXPECT_EQ(refs[0].get(), nullptr);
  EXPECT_NE(alice.joins(), "");
}

TEST_F(NamespaceTest, AHandlerMayCloseItsConnectionAndOthers) {
  world.of("/more");
  chat.on("close all", [this](Socket& socket, Event&) {
    for (const SocketRef& ref : refs) {
      if (Socket* const other = ref.get(); other != nullptr && other != &socket) other->disconnect(true);
    }
    socket.disconnect(true);
  });
  // Whoever goes takes the next one with him.
  chat.on_disconnect([this](Socket&, CloseReason) {
    for (const SocketRef& ref : refs) {
      if (Socket* const other = ref.get()) return other->disconnect(true);
    }
  });
  world.start();
  std::vector<std::unique_ptr<Person>> people;
  for (int i = 0; i < 10; ++i) {
    people.push_back(std::make_unique<Person>(world));
    people.back()->joins();
    people.back()->joins("/more");
    socket(static_cast<std::size_t>(i)).join("a");
  }
  people[3]->says(R"(2["close all"])");
  for (const auto& person : people) EXPECT_TRUE(person->cut_off());
  EXPECT_EQ(world.local.counters().sockets, 0u);
  world.turn();
  EXPECT_EQ(world.sessions.size(), 0u);
  EXPECT_EQ(world.local.find("/")->rooms().size(), 0u);
}

TEST_F(NamespaceTest, SlowReadersGoOnlyAfterTheBroadcast) {
  world.settings.send_queue_bytes_max = 1'000;
  std::vector<CloseReason> left;
  chat.on_disconnect([&](Socket& socket, CloseReason reason) {
    socket.to("a").emit("left");
    left.push_back(reason);
  });
  world.start();
  std::vector<std::unique_ptr<Person>> people;
  for (std::size_t i = 0; i < 6; ++i) {
    people.push_back(std::make_unique<Person>(world));
    people.back()->joins();
    socket(i).join("a");
    people.back()->wire.stuck = i % 2 == 0;
  }
  for (int i = 0; i < 10; ++i) chat.to("a").emit("news", std::string(200, 'n'));
  EXPECT_TRUE(left.empty());
  world.turn();
  EXPECT_EQ(left, std::vector<CloseReason>(3, CloseReason::slow_consumer));
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(people[i]->cut_off(), i % 2 == 0);
    if (i % 2 == 1) {
      EXPECT_EQ(people[i]->hears().size(), 13u);
    }
  }
}

TEST_F(NamespaceTest, EachSocketMayBeVisitedWhileTheyGo) {
  world.start();
  std::vector<std::unique_ptr<Person>> people;
  for (std::size_t i = 0; i < 5; ++i) {
    people.push_back(std::make_unique<Person>(world));
    people.back()->joins();
    if (i != 4) socket(i).join("a");
  }
  int met = 0;
  world.local.find("/")->each_socket("a", [&](Socket&) {
    ++met;
    for (std::size_t i = 0; i < 4; ++i) {
      if (Socket* const one = refs[i].get()) one->disconnect();
    }
  });
  EXPECT_EQ(met, 1);
  met = 0;
  world.local.find("/")->each_socket("", [&](Socket&) { ++met; });
  EXPECT_EQ(met, 1);
  world.local.find("/")->each_socket("nowhere", [&](Socket&) { ++met; });
  EXPECT_EQ(met, 1);
}

TEST_F(NamespaceTest, CatchAllHearsWhatNobodyElseDoes) {
  Packets names;
  chat.on_unknown([&](Socket&, Event& event) { names.emplace_back(event.name()); });
  world.start();
  Person alice(world);
  alice.joins();
  alice.says(R"(2["enter","a"])");
  alice.says(R"(2["what's this",1])");
  EXPECT_EQ(names, Packets{"what's this"});
}

TEST_F(NamespaceTest, ArgumentsMovedOutLive) {
  std::vector<json::value> kept;
  std::vector<Ack> acks;
  chat.on("keep", [&](Socket&, Event& event) {
    kept.push_back(std::move(event.args()[0]));
    acks.push_back(std::move(event.ack()));
  });
  world.start();
  Person alice(world);
  alice.joins();
  for (int i = 0; i < 100; ++i) {
    alice.says("2" + std::to_string(i) +
               R"(["keep",{"text":"a text that does not fit into a small string","n":)" + std::to_string(i) +
               "}]");
  }
  alice.says(R"(2["enter",")" + std::string(5'000, 'r') + R"("])");
  for (std::size_t i = 0; i < kept.size(); ++i)
    EXPECT_EQ(kept[i].at("n").as_int64(), static_cast<std::int64_t>(i));
  alice.hears();
  acks[7].send_raw(R"([{"ok":true}])");
  acks[7].send_raw("[]");
  EXPECT_FALSE(acks[7]);
  EXPECT_EQ(alice.hears(), Packets{R"(37[{"ok":true}])"});
  alice.vanishes();
  world.turn();
  acks[8](1);
  EXPECT_TRUE(alice.hears().empty());
}

TEST_F(NamespaceTest, TablesCloseWhenTheServerRuns) {
  world.start();
  EXPECT_THROW(chat.on("late", [](Socket&, Event&) {}), std::logic_error);
  EXPECT_THROW(chat.use([](Socket&, Next) {}), std::logic_error);
  Namespace other("/other");
  EXPECT_THROW(other.on("disconnect", [](Socket&, Event&) {}), std::logic_error);
}

// ---- answers from clients ------------------------------------------------------------------------------------------------

TEST_F(NamespaceTest, ClientsAnswer) {
  std::vector<std::optional<Answer>> answers;
  const auto note = [&](std::optional<Answer> answer) { answers.push_back(std::move(answer)); };
  world.start();
  Person alice(world);
  alice.joins();
  socket(0).emit_with_ack("q", {1}, 1'000, note);
  socket(0).emit_with_ack("q", {2}, 500, note);
  socket(0).emit_with_ack("q", {3}, 2'000, note);
  EXPECT_EQ(alice.hears(), (Packets{R"(20["q",1])", R"(21["q",2])", R"(22["q",3])"}));
  alice.says("30[\"yes\"]");
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0]->args.at(0).as_string(), "yes");
  alice.says("30[\"again\"]");
  EXPECT_EQ(answers.size(), 1u);
  world.pass(499);
  EXPECT_EQ(answers.size(), 1u);
  world.pass(1);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_FALSE(answers[1]);
  alice.says(R"(61-2[{"_placeholder":true,"num":0}])");
  alice.says_binary("bin");
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[2]->attachments.at(0), "bin");
  socket(0).emit_with_ack("q", {4}, 2'000, [&](std::optional<Answer> answer) {
    note(std::move(answer));
    throw std::runtime_error("in an answer");
  });
  alice.vanishes();
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_FALSE(answers[3]);
  EXPECT_EQ(world.local.counters().handler_errors, 1u);
}

TEST_F(NamespaceTest, NothingIsKeptOfQuestionsThatAreOver) {
  int nothing = 0;
  const auto count = [&](const std::optional<Answer>& answer) { nothing += answer ? 0 : 1; };
  world.start();
  Person alice(world);
  alice.joins();
  EXPECT_TRUE(socket::LocalNamespace::is_lean(socket(0)));
  socket(0).emit_with_ack("q", {1}, 100, count);
  socket(0).emit_with_ack("q", {2}, 200, [&](const std::optional<Answer>& answer) {
    count(answer);
    socket(0).emit_with_ack("q", {3}, 200, count);  // whoever is told that time is up may ask again
  });
  world.pass(100);
  EXPECT_FALSE(socket::LocalNamespace::is_lean(socket(0)));
  world.pass(100);
  EXPECT_FALSE(socket::LocalNamespace::is_lean(socket(0)));
  world.pass(200);
  EXPECT_EQ(nothing, 3);
  EXPECT_TRUE(socket::LocalNamespace::is_lean(socket(0)));
  socket(0).emit_with_ack("q", {4}, 100, [&](const std::optional<Answer>& answer) {
    count(answer);
    socket(0).disconnect(true);
  });
  world.pass(100);
  EXPECT_EQ(nothing, 4);
}

TEST_F(NamespaceTest, OutstandingAnswersAreBounded) {
  int refused = 0;
  world.settings.send_queue_bytes_max = 100'000'000;
  world.start();
  Person alice(world);
  alice.joins();
  for (int i = 0; i < 1'010; ++i) {
    socket(0).emit_with_ack("q", {}, 60'000, [&](std::optional<Answer>) { ++refused; });
  }
  EXPECT_EQ(refused, 10);
  EXPECT_EQ(alice.hears().size(), 1'000u);
}
