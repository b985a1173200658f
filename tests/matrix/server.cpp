// What every client of the matrix talks to. No authentication; patient heartbeats, so that a slow machine fails no test.
//
//   matrix_server PORT THREADS
//
//   "/"         echo(…args)            -> echo(…args)
//               ask(…args)             -> ack(…args)
//               ask-me(…args)          -> question(…args) with an ack, whose arguments come back as answer(…args)
//               join(room), tell(room, …args) -> told(…args) to everybody in the room
//               go                     -> disconnected by the server
//   "/guarded"  lets in whose auth (or query) says token=t; says hello(token)
#include "sioxx/server.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <utility>

namespace {

constexpr std::int64_t ack_timeout_ms = 5'000;

void serve(sioxx::Namespace& main) {
  main.on("echo", [](sioxx::Socket& socket, sioxx::Event& event) {
    socket.emit_array("echo", event.args(), event.attachments());
  });
  main.on("ask",
          [](sioxx::Socket&, sioxx::Event& event) { event.ack().send(event.args(), event.attachments()); });
  main.on("ask-me", [](sioxx::Socket& socket, sioxx::Event& event) {
    const auto answered = [ref = socket.ref()](std::optional<sioxx::Answer> answer) {
      sioxx::Socket* const who = ref.get();
      if (who == nullptr) return;
      if (!answer) return who->emit("answer", "none came");
      who->emit_array("answer", answer->args, answer->attachments);
    };
    socket.emit_with_ack("question", event.args(), ack_timeout_ms, answered, event.attachments());
  });
  main.on("join", [](sioxx::Socket& socket, sioxx::Event& event) {
    const bool joined =
        event.arg(0) != nullptr && event.arg(0)->is_string() && socket.join(event.arg(0)->get_string());
    event.ack()(joined);
  });
  main.on("tell", [&main](sioxx::Socket&, sioxx::Event& event) {
    if (event.arg(0) == nullptr || !event.arg(0)->is_string()) return;
    const std::string room(event.arg(0)->get_string());
    event.args().erase(event.args().begin());
    main.to(room).emit_array("told", event.args(), event.attachments());
  });
  main.on("go", [](sioxx::Socket& socket, sioxx::Event&) { socket.disconnect(true); });
}

void guard(sioxx::Namespace& guarded) {
  guarded.use([](sioxx::Socket& socket, sioxx::Next next) {
    const auto* token = socket.auth().if_contains("token");
    if (token == nullptr || *token != "t") return next.refuse({"no token", {{"code", "WHO"}}});
    next();
  });
  guarded.on_connect([](sioxx::Socket& socket) { socket.emit("hello", socket.auth().at("token")); });
}

}  // namespace

int main(int argc, char** argv) {
  sioxx::Options options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  options.threads = static_cast<unsigned>(argc > 2 ? std::atoi(argv[2]) : 1);
  options.allow_eio3 = true;
  options.connections_per_ip_max = 0;
  options.log = [](const sioxx::LogLine& line) {
    if (line.level != sioxx::LogLine::Level::info)
      std::cerr << line.event << ": " << line.detail << std::endl;
  };
  sioxx::Server io(options);
  serve(io.of("/"));
  guard(io.of("/guarded"));
  io.listen();
  std::cout << "listening on " << io.port() << std::endl;
  io.run();
}
