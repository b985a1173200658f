// A chat of many rooms. A client says who it is when it connects, joins rooms, writes; everybody in the room
// hears it.
//
//   chat [PORT] [REDIS_URL]        with a Redis, any number of these are one chat
//
//   const socket = io("http://localhost:3000", { auth: { name: "Олена" } });
//   socket.emit("join", "kitchen", (answer) => …);          answer: {ok: true}
//   socket.emit("say", "kitchen", "hello");
//   socket.emit("who", "kitchen", (names) => …);
//   socket.on("said", (room, name, text) => …);
#include "sioxx/server.hpp"

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

struct Person {
  std::string name;
};

std::string_view text(const boost::json::value* value) {
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

}  // namespace

int main(int argc, char** argv) {
  sioxx::Options options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 3000);
  if (argc > 2) options.redis_url = argv[2];
  options.cors_origins = {"*"};
  sioxx::Server io(options);
  sioxx::Namespace& chat = io.of("/");

  chat.use([](sioxx::Socket& socket, sioxx::Next next) {
    const std::string_view name = text(socket.auth().if_contains("name"));
    if (name.empty() || name.size() > 100) return next.refuse({"say your name", {}});
    socket.data(std::make_shared<Person>(Person{std::string(name)}));
    next();
  });
  chat.on("join", [](sioxx::Socket& socket, sioxx::Event& event) {
    const std::string_view room = text(event.arg(0));
    const bool ok = !room.empty() && room.size() <= 100 && socket.join(room);
    if (ok) socket.to(room).emit("joined", room, socket.data<Person>()->name);
    event.ack()(boost::json::object{{"ok", ok}});
  });
  chat.on("say", [](sioxx::Socket& socket, sioxx::Event& event) {
    const std::string_view room = text(event.arg(0));
    if (!socket.in(room) || event.arg(1) == nullptr) return;
    socket.to(room).emit("said", room, socket.data<Person>()->name, *event.arg(1));
  });
  chat.describe([](const sioxx::Socket& socket) { return boost::json::value(socket.data<Person>()->name); });
  chat.on("who", [&chat](sioxx::Socket& socket, sioxx::Event event) -> sioxx::Task {
    const std::string room(text(event.arg(0)));
    boost::json::array names;
    if (socket.in(room)) {
      const auto fetched = co_await chat.in(room).fetch_sockets();
      for (const sioxx::RemoteSocket& one : fetched->sockets) names.push_back(one.data);
    }
    event.ack()(names);
  });
  chat.on("typing", [](sioxx::Socket& socket, sioxx::Event& event) {
    const std::string_view room = text(event.arg(0));
    if (socket.in(room)) socket.to(room).ephemeral().emit("typing", room, socket.data<Person>()->name);
  });
  chat.on_disconnect([&chat](sioxx::Socket& socket, sioxx::CloseReason reason) {
    for (const std::string& room : socket.rooms()) {
      chat.to(room)
          .except(socket.id().view())
          .emit("left", room, socket.data<Person>()->name, sioxx::text(reason));
    }
  });
  io.run();
}
