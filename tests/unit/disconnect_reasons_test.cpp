// Every way in which a socket can end, and what its disconnect handlers are told: the field's words.
#include "socket_world.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

using namespace sioxx;
using namespace sioxx::test;

namespace {

struct Way {
  const char* name;
  const char* reason;
  bool may_recover;
  std::function<void(SocketWorld&, Person&, Socket&)> end;
};

const std::vector<Way> ways = {
    {"the client leaves the namespace", "client namespace disconnect", false,
     [](SocketWorld&, Person& alice, Socket&) { alice.says("1"); }},
    {"the server disconnects it", "server namespace disconnect", false,
     [](SocketWorld&, Person&, Socket& socket) { socket.disconnect(); }},
    {"the server closes its connection", "server namespace disconnect", false,
     [](SocketWorld&, Person&, Socket& socket) { socket.disconnect(true); }},
    {"the server disconnects everybody", "server namespace disconnect", false,
     [](SocketWorld& world, Person&, Socket&) { world.tables.front()->disconnect_sockets(); }},
    {"the connection closes", "transport close", true,
     [](SocketWorld&, Person& alice, Socket&) { alice.vanishes(); }},
    {"the client closes the engine", "transport close", true,
     [](SocketWorld&, Person& alice, Socket&) { alice.session->receive("1", false, alice.wire); }},
    {"the connection breaks", "transport error", true,
     [](SocketWorld&, Person& alice, Socket&) {
       alice.session->transport_closed(alice.wire, CloseReason::transport_error);
     }},
    {"no pong", "ping timeout", true, [](SocketWorld& world, Person&, Socket&) { world.pass(45'000); }},
    {"a packet that is none", "parse error", false,
     [](SocketWorld&, Person& alice, Socket&) { alice.says("2{"); }},
    {"an engine packet that is none", "parse error", false,
     [](SocketWorld&, Person& alice, Socket&) { alice.session->receive("x", false, alice.wire); }},
    {"a binary part that does not come", "parse error", false,
     [](SocketWorld& world, Person& alice, Socket&) {
       alice.says(R"(51-["file",{"_placeholder":true,"num":0}])");
       world.pass(world.limits.binary_timeout_ms);
     }},
    {"the engine is closed from here", "forced close", true,
     [](SocketWorld&, Person& alice, Socket&) { alice.session->close(CloseReason::forced_close); }},
    {"the server goes", "server shutting down", false,
     [](SocketWorld& world, Person&, Socket&) {
       world.sessions.close_all(CloseReason::server_shutting_down);
     }},
    {"it does not read", "slow consumer", true,
     [](SocketWorld& world, Person& alice, Socket& socket) {
       alice.wire.waiting = world.settings.send_queue_bytes_max;
       socket.emit("more");
       world.turn();
     }},
};

}  // namespace

TEST(DisconnectReasons, AreTheFieldsWords) {
  for (const Way& way : ways) {
    SocketWorld world;
    std::vector<std::string> heard;
    std::vector<CloseReason> reasons;
    SocketRef ref;
    world.of("/")
        .on_connect([&](Socket& socket) { ref = socket.ref(); })
        .on_disconnect([&](Socket&, CloseReason reason) {
          heard.emplace_back(text(reason));
          reasons.push_back(reason);
        });
    world.start();
    Person alice(world);
    alice.joins();
    way.end(world, alice, *ref.get());
    EXPECT_EQ(heard, std::vector<std::string>{way.reason}) << way.name;
    ASSERT_EQ(reasons.size(), 1u);
    EXPECT_EQ(may_recover(reasons[0]), way.may_recover) << way.name;
  }
}
