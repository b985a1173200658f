// Connection state recovery (socketio-wire §3.7): who gets what back, and who does not.
#include "socket_world.hpp"

#include "sioxx/socket/recovery.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace sioxx;
using namespace sioxx::test;
namespace json = boost::json;

namespace {

using Packets = std::vector<std::string>;

/// What a client remembers.
struct Memory {
  std::string sid, pid, offset;
};

struct RecoveryTest : ::testing::Test {
  RecoveryTest() : chat(world.of("/")) {
    world.limits.recovery_window_ms = 120'000;
    chat.use([this](Socket& socket, Next next) {
      ++asked;
      const json::value* const user = socket.auth().if_contains("user");
      if (user == nullptr) return next.refuse({"who?", {}});
      socket.data(std::make_shared<std::string>(user->as_string()));
      next();
    });
    chat.recover_as([](const Socket& socket) { return *socket.data<std::string>(); });
    chat.on("enter",
            [](Socket& socket, Event& event) { socket.join(std::string_view(event.arg(0)->as_string())); });
    chat.on_connect([this](Socket& socket) {
      refs.push_back(socket.ref());
      recovered.push_back(socket.recovered());
    });
    chat.on_disconnect([this](Socket&, CloseReason reason) { left.emplace_back(text(reason)); });
  }

  /// CONNECT as somebody, with what he remembers; the packets before the answer are what he had missed.
  Packets connects(Person& person, const std::string& user, Memory& memory) {
    std::string auth = R"({"user":")" + user + '"';
    if (!memory.pid.empty()) auth += R"(,"pid":")" + memory.pid + '"';
    if (!memory.offset.empty()) auth += R"(,"offset":")" + memory.offset + '"';
    person.says("0" + auth + "}");
    Packets heard = person.hears();
    Packets missed;
    while (!heard.empty() && !heard.front().starts_with(R"(0{"sid":")")) {
      missed.push_back(heard.front());
      heard.erase(heard.begin());
    }
    if (heard.empty()) return {"no CONNECT"};
    memory.sid = heard.front().substr(9, 20);
    memory.pid = heard.front().substr(38, 20);
    EXPECT_EQ(heard.front(), R"(0{"sid":")" + memory.sid + R"(","pid":")" + memory.pid + R"("})");
    return missed;
  }
  /// Remembers the offset that ends an event, as the official client does; returns the rest of it.
  static std::string reads(const std::string& packet, Memory& memory) {
    const std::size_t at = packet.rfind(",\"");
    if (at == std::string::npos) return packet;
    memory.offset = packet.substr(at + 2, packet.size() - at - 4);
    return packet.substr(0, at) + "]";
  }
  static Packets texts(Packets packets, Memory& memory) {
    for (std::string& packet : packets) {
      if (packet.front() != 'b') packet = reads(packet, memory);
    }
    return packets;
  }

  SocketWorld world;
  Namespace& chat;
  int asked = 0;
  std::vector<SocketRef> refs;
  std::vector<bool> recovered;
  Packets left;
};

}  // namespace

TEST_F(RecoveryTest, WhatWasMissedComesBeforeTheAnswer) {
  world.start();
  Memory alice;
  {
    Person phone(world);
    EXPECT_TRUE(connects(phone, "alice", alice).empty());
    phone.says(R"(2["enter","kitchen"])");
    chat.to("kitchen").emit("said", "one");
    refs.at(0).get()->emit("direct", 1);
    EXPECT_EQ(texts(phone.hears(), alice), (Packets{R"(2["said","one"])", R"(2["direct",1])"}));
  }
  const std::string file = "bytes";
  chat.to("kitchen").emit("said", "two");
  chat.to("other").emit("said", "not for her");
  chat.to(alice.sid).emit("private");
  chat.except("kitchen").emit("not her either");
  chat.to("kitchen").ephemeral().emit("typing");
  chat.emit("everybody");
  chat.to("kitchen").emit_array("file", {placeholder(0)}, std::span(&file, 1));
  const Memory before = alice;
  Person phone(world);
  EXPECT_EQ(texts(connects(phone, "alice", alice), alice),
            (Packets{R"(2["said","two"])", R"(2["private"])", R"(2["everybody"])",
                     R"(51-["file",{"_placeholder":true,"num":0}])", "bbytes"}));
  EXPECT_EQ(alice.sid, before.sid);
  EXPECT_EQ(alice.pid, before.pid);
  EXPECT_EQ(recovered, (std::vector<bool>{false, true}));
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(left, Packets{"transport close"});
  // She is where she was: in her room, under her id.
  chat.to("kitchen").emit("said", "three");
  chat.to(alice.sid).emit("private");
  chat.to("kitchen").except(alice.sid).emit("said", "not to her");
  EXPECT_EQ(texts(phone.hears(), alice), (Packets{R"(2["said","three"])", R"(2["private"])"}));
  EXPECT_EQ(refs.at(1).get()->rooms(), Packets{"kitchen"});
}

TEST_F(RecoveryTest, WorksBeforeTheFirstEventAndAgainAndAgain) {
  world.start();
  Memory alice;
  const auto comes_and_goes = [&] {
    Person phone(world);
    const Packets missed = connects(phone, "alice", alice);
    phone.vanishes();  // before it has read any of it
    return missed.size();
  };
  EXPECT_EQ(comes_and_goes(), 0u);
  chat.emit("news", 1);
  EXPECT_EQ(comes_and_goes(), 1u);
  EXPECT_EQ(comes_and_goes(), 1u);
  chat.emit("news", 2);
  {
    Person phone(world);
    const Packets missed = connects(phone, "alice", alice);
    ASSERT_EQ(missed.size(), 2u);
    reads(missed[0], alice);  // the second one is lost again
  }
  EXPECT_EQ(comes_and_goes(), 1u);
  EXPECT_EQ(recovered, (std::vector<bool>{false, true, true, true, true}));
}

TEST_F(RecoveryTest, OnlyTheSameUserGetsItAndOnlyOnce) {
  world.start();
  Memory alice;
  {
    Person phone(world);
    connects(phone, "alice", alice);
    phone.says(R"(2["enter","kitchen"])");
  }
  chat.to("kitchen").emit("secret");
  Memory thief = alice;
  Person mallory(world);
  EXPECT_TRUE(connects(mallory, "mallory", thief).empty());
  EXPECT_NE(thief.pid, alice.pid);
  EXPECT_NE(thief.sid, alice.sid);
  chat.to("kitchen").emit("secret");
  EXPECT_TRUE(mallory.hears().empty());

  Memory copy = alice;
  Person phone(world), other(world);
  EXPECT_EQ(connects(phone, "alice", alice).size(), 2u);
  EXPECT_EQ(recovered.back(), true);
  phone.says("1");  // leaves for good
  EXPECT_TRUE(connects(other, "alice", copy).empty());
  EXPECT_NE(copy.pid, alice.pid);
  EXPECT_EQ(recovered.back(), false);

  Person nobody(world);  // the middleware decides first
  nobody.says(R"(0{"pid":")" + copy.pid + R"("})");
  EXPECT_EQ(nobody.hears(), Packets{R"(4{"message":"who?"})"});
}

TEST_F(RecoveryTest, TakesOverWhoeverIsStillThere) {
  world.start();
  Memory alice;
  Person old_phone(world), phone(world), mallory(world);
  connects(old_phone, "alice", alice);
  old_phone.says(R"(2["enter","kitchen"])");
  chat.to("kitchen").emit("said", "one");
  reads(old_phone.hears().at(0), alice);
  chat.to("kitchen").emit("said", "two");  // went into the void
  Memory thief = alice;
  EXPECT_TRUE(connects(mallory, "mallory", thief).empty());
  EXPECT_FALSE(old_phone.cut_off());
  EXPECT_EQ(texts(connects(phone, "alice", alice), alice), Packets{R"(2["said","two"])"});
  EXPECT_TRUE(old_phone.cut_off());
  EXPECT_EQ(left, Packets{"forced close"});
  world.turn();
  chat.to("kitchen").emit("said", "three");
  EXPECT_EQ(phone.hears().size(), 1u);
}

TEST_F(RecoveryTest, IsBoundedInTime) {
  world.limits.recovery_window_ms = 1'000;
  world.start();
  Memory alice, bob;
  {
    Person phone(world), laptop(world);
    connects(phone, "alice", alice);
    connects(laptop, "bob", bob);
    phone.says(R"(2["enter","kitchen"])");
  }
  EXPECT_EQ(world.local.recoveries().parked(), 2u);
  EXPECT_EQ(world.local.rooms(), 1u);
  world.pass(999);
  EXPECT_EQ(world.local.recoveries().parked(), 2u);
  {
    Person laptop(world);
    connects(laptop, "bob", bob);
    EXPECT_TRUE(recovered.back());
  }
  world.pass(1);
  EXPECT_EQ(world.local.rooms(), 1u);  // bob's id, in which he waits again
  Person phone(world);
  const std::string was = alice.pid;
  connects(phone, "alice", alice);
  EXPECT_NE(alice.pid, was);
  world.pass(2'000);
  EXPECT_EQ(world.local.recoveries().parked(), 0u);
  EXPECT_EQ(world.local.rooms(), 0u);
}

TEST_F(RecoveryTest, IsBoundedInPacketsBytesAndSessions) {
  world.limits.recovery_packets_max = 3;
  world.limits.recovery_bytes_max = 10'000;
  world.limits.recovery_sessions_max = 2;
  world.start();
  Memory alice;
  const auto missed_after = [&](int events, std::size_t bytes) {
    {
      Person phone(world);
      alice = {};
      connects(phone, "alice", alice);
      chat.emit("first");
      reads(phone.hears().at(0), alice);
    }
    for (int i = 0; i < events; ++i) chat.emit("x", std::string(bytes, 'x'));
    Person phone(world);
    const std::string was = alice.pid;
    const Packets missed = connects(phone, "alice", alice);
    return was == alice.pid ? static_cast<int>(missed.size()) : -1;
  };
  EXPECT_EQ(missed_after(3, 1), 3);  // exactly: the last one before them is known
  EXPECT_EQ(missed_after(4, 1), -1);
  EXPECT_EQ(missed_after(3, 4'000), -1);
  EXPECT_EQ(missed_after(2, 4'000), 2);
  for (int i = 0; i < 3; ++i) {
    Person phone(world);
    alice = {};
    connects(phone, "alice", alice);
  }
  EXPECT_EQ(world.local.recoveries().parked(), 2u);
}

TEST_F(RecoveryTest, WhoLeftOrWasSentAwayDoesNotComeBack) {
  world.start();
  for (const bool by_server : {false, true}) {
    Memory alice;
    {
      Person phone(world);
      connects(phone, "alice", alice);
      if (by_server) refs.back().get()->disconnect(true);
      if (!by_server) phone.says("1");
    }
    EXPECT_EQ(world.local.recoveries().parked(), 0u);
    Person phone(world);
    const std::string was = alice.pid;
    connects(phone, "alice", alice);
    EXPECT_NE(alice.pid, was);
    phone.says("abc");  // parse error
    EXPECT_EQ(world.local.recoveries().parked(), 0u);
  }
}

TEST_F(RecoveryTest, DataIsDescribedAndRestored) {
  chat.describe([](const Socket& socket) { return json::value{{"was", *socket.data<std::string>()}}; });
  Packets restored;
  chat.restore([&](Socket& socket, const json::value& data) {
    restored.push_back(std::string(data.at("was").as_string()) + (socket.connected() ? " late" : ""));
    if (restored.size() > 1) throw std::runtime_error("oops");
  });
  world.start();
  Memory alice;
  for (int i = 0; i < 3; ++i) {
    Person phone(world);
    connects(phone, "alice", alice);
  }
  EXPECT_EQ(restored, (Packets{"alice", "alice"}));
  EXPECT_EQ(world.errors(), Packets{"restore|oops"});
  EXPECT_EQ(recovered, (std::vector<bool>{false, true, true}));
}

TEST_F(RecoveryTest, NonsenseIsANewSession) {
  world.start();
  Memory alice;
  {
    Person phone(world);
    connects(phone, "alice", alice);
  }
  for (const char* auth :
       {R"("pid":"x")", R"("pid":7)", R"("pid":"____________________")", R"("pid":"HHHHHHHHHHHHHHHHHHHH")"}) {
    Person phone(world);
    phone.says(std::string(R"(0{"user":"alice",)") + auth + "}");
    EXPECT_TRUE(phone.hears().at(0).starts_with(R"(0{"sid":")")) << auth;
    EXPECT_FALSE(recovered.back());
  }
  for (const char* offset : {"!", "zzzz", "0", "99999999999999999999999999"}) {
    Memory copy = alice;
    copy.offset = offset;
    Person phone(world);
    connects(phone, "alice", copy);
    EXPECT_NE(copy.pid, alice.pid) << offset;
  }
  Person phone(world);  // none of that has cost her the session
  connects(phone, "alice", alice);
  EXPECT_TRUE(recovered.back());
}

TEST_F(RecoveryTest, WithoutAWordOfWhoseItIsThereIsNone) {
  Namespace& plain = world.of("/plain");
  world.start();
  Person alice(world);
  alice.says("0/plain,");
  EXPECT_EQ(alice.hears().at(0).find("pid"), std::string::npos);
  plain.emit("x", 1);
  EXPECT_EQ(alice.hears(), Packets{R"(2/plain,["x",1])"});
}

TEST_F(RecoveryTest, AnOldClientIsSpokenToAsEver) {
  Namespace& open = world.of("/open");
  open.recover_as([](const Socket&) { return std::string("anybody"); });
  world.start();
  FakeTransport wire;
  const auto session = world.sessions.open_websocket(a_handshake(engine::Revision::v3), wire);
  session->receive("40/open", false, wire);
  wire.written.clear();
  open.emit("x", 1);
  EXPECT_EQ(wire.take(), Packets{R"(42/open,["x",1])"});
  session->transport_closed(wire, CloseReason::transport_close);
  EXPECT_EQ(world.local.recoveries().parked(), 0u);
}

TEST_F(RecoveryTest, OffMeansNothingIsAdded) {
  world.limits.recovery_window_ms = 0;
  world.start();
  Person alice(world);
  EXPECT_NE(alice.joins("/", R"({"user":"alice","pid":"HHHHHHHHHHHHHHHHHHHH","offset":"1"})"), "");
  chat.emit("x");
  EXPECT_EQ(alice.hears(), Packets{R"(2["x"])"});
  alice.vanishes();
  EXPECT_EQ(world.local.recoveries().parked(), 0u);
}

TEST_F(RecoveryTest, AcksAndQuestionsCarryNoOffset) {
  chat.on("ask", [](Socket& socket, Event& event) {
    event.ack()("fine");
    socket.emit_with_ack("sure?", json::array{}, 1'000, [](std::optional<Answer>) {});
    socket.ephemeral().emit("typing");
  });
  world.start();
  Memory memory;
  Person alice(world);
  connects(alice, "alice", memory);
  alice.says(R"(27["ask"])");
  EXPECT_EQ(alice.hears(), (Packets{R"(37["fine"])", R"(20["sure?"])", R"(2["typing"])"}));
}

TEST_F(RecoveryTest, WhatOthersAreToldOfAHalfOpenPredecessorIsMissedToo) {
  chat.on_disconnect([this](Socket&, CloseReason) { chat.to("kitchen").emit("somebody left"); });
  world.start();
  Memory memory;
  Person old_phone(world), phone(world);
  connects(old_phone, "alice", memory);
  old_phone.says(R"(2["enter","kitchen"])");
  chat.to("kitchen").emit("said", "one");
  EXPECT_EQ(texts(connects(phone, "alice", memory), memory),
            (Packets{R"(2["said","one"])", R"(2["somebody left"])"}));
  EXPECT_TRUE(recovered.back());
}

TEST_F(RecoveryTest, AnIdleSessionKeepsNothingBeyondItsWindow) {
  world.start();
  Memory memory;
  Person alice(world), bob(world);
  connects(alice, "alice", memory);
  Memory other;
  connects(bob, "bob", other);
  engine::Encoded::Builder builder;
  builder << R"(2["said","a"])";
  engine::EncodedPtr message = std::move(builder.offset(10)).finish();
  const std::weak_ptr<const engine::Encoded> watched = message;
  refs.at(0).get()->send(std::exchange(message, nullptr));
  alice.hears();
  world.now += 60'000;
  refs.at(1).get()->emit("other");
  EXPECT_FALSE(watched.expired());
  for (int i = 0; i < 140; ++i) {
    world.now += 1'000;
    alice.session->receive("3", false, alice.wire);
    world.turn();
  }
  EXPECT_TRUE(watched.expired());
  memory.offset = "a";
  Person phone(world);
  alice.vanishes();
  EXPECT_TRUE(connects(phone, "alice", memory).empty());
  EXPECT_TRUE(recovered.back());
}

TEST(Offset, IsATextAndBack) {
  for (const std::uint64_t offset :
       {std::uint64_t{1}, std::uint64_t{35}, std::uint64_t{36}, ~std::uint64_t{0}}) {
    EXPECT_EQ(socket::offset_number(socket::offset_text(offset)), offset);
  }
  for (const char* none : {"", "0", "-1", "a b", "zzzzzzzzzzzzzzzz"}) {
    EXPECT_FALSE(socket::offset_number(none)) << none;
  }
}
