// What the protocol suite talks to where examples/conformance is too impatient or has too little: the same echoes, with
// quiet heartbeats, small limits, doors, questions to the client, and sessions that can be recovered.
//
//   protocol_server PORT THREADS [strict|beating]
//
//   /engine.io/   every message goes back
//   "/", "/custom"  auth(payload) on connecting; "/" also has
//                 message(…args) -> message-back(…args), message-with-ack(…args) -> ack, order_message likewise
//                 plainly(…args) -> plain(…args), not compressed
//                 ask-me(…args)  -> question(…args) with an ack, whose arguments come back as answer(…args)
//                 join(room), leave(room), tell(room, …args) -> told(…args) to everybody in the room
//                 go(close)      -> disconnected by the server
//   "/guarded"    lets in whose auth says token=t; refuses with data
//   "/lasting"    sessions belong to auth.user and can be recovered; tell, whisper (ephemeral), drop (the connection)
//   HTTP          GET /healthz -> ok; POST /echo -> its body
//
// `strict`: protocol 3, other origins and upgrades are refused. `beating`: heartbeats that a test can wait for.
#include "sioxx/server.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

constexpr std::int64_t question_timeout_ms = 300;

std::string text_of(const boost::json::value* value) {
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

void tell(sioxx::Namespace& where, sioxx::Event& event) {
  const std::string room = text_of(event.arg(0));
  if (!event.args().empty()) event.args().erase(event.args().begin());
  where.to(room).emit_array("told", event.args(), event.attachments());
}

void ask(sioxx::Socket& socket, sioxx::Event& event) {
  const auto answered = [ref = socket.ref()](std::optional<sioxx::Answer> answer) {
    sioxx::Socket* const who = ref.get();
    if (who == nullptr) return;
    if (!answer) return who->emit("answer", "none came");
    who->emit_array("answer", answer->args, answer->attachments);
  };
  socket.emit_with_ack("question", event.args(), question_timeout_ms, answered, event.attachments());
}

void serve_main(sioxx::Namespace& main) {
  const auto answer = [](sioxx::Socket&, sioxx::Event& event) {
    event.ack().send(event.args(), event.attachments());
  };
  main.on("message",
          [](sioxx::Socket& socket, sioxx::Event& event) {
            socket.emit_array("message-back", event.args(), event.attachments());
          })
      .on("plainly", [](sioxx::Socket& socket,
                        sioxx::Event& event) { socket.compress(false).emit_array("plain", event.args()); })
      .on("message-with-ack", answer)
      .on("order_message", answer)
      .on("ask-me", ask)
      .on("join",
          [](sioxx::Socket& socket, sioxx::Event& event) { event.ack()(socket.join(text_of(event.arg(0)))); })
      .on("leave", [](sioxx::Socket& socket, sioxx::Event& event) { socket.leave(text_of(event.arg(0))); })
      .on("tell", [&main](sioxx::Socket&, sioxx::Event& event) { tell(main, event); })
      .on("go", [](sioxx::Socket& socket, sioxx::Event& event) {
        socket.disconnect(event.arg(0) != nullptr && *event.arg(0) == true);
      });
}

void serve_guarded(sioxx::Namespace& guarded) {
  guarded.use([](sioxx::Socket& socket, sioxx::Next next) {
    const auto* token = socket.auth().if_contains("token");
    if (token == nullptr || *token != "t") return next.refuse({"no token", {{"code", "WHO"}}});
    next();
  });
}

void serve_lasting(sioxx::Namespace& lasting) {
  lasting.recover_as([](const sioxx::Socket& socket) { return text_of(socket.auth().if_contains("user")); })
      .use([](sioxx::Socket& socket, sioxx::Next next) {
        if (text_of(socket.auth().if_contains("user")).empty()) return next.refuse({"who?", {}});
        next();
      })
      .on("join",
          [](sioxx::Socket& socket, sioxx::Event& event) { event.ack()(socket.join(text_of(event.arg(0)))); })
      .on("tell", [&lasting](sioxx::Socket&, sioxx::Event& event) { tell(lasting, event); })
      .on("me", [](sioxx::Socket& socket, sioxx::Event& event) { socket.emit_array("told", event.args()); })
      .on("whisper",
          [&lasting](sioxx::Socket&, sioxx::Event& event) {
            lasting.to(text_of(event.arg(0))).ephemeral().emit("whispered");
          })
      .on("ask-me", ask)
      .on("go", [](sioxx::Socket& socket, sioxx::Event&) { socket.disconnect(false); });
}

void serve_http(sioxx::http::Request&& request, sioxx::http::Reply reply) {
  sioxx::http::Response response;
  response.headers.emplace_back("Content-Type", "text/plain; charset=UTF-8");
  if (request.path == "/healthz") {
    response.body = "ok";
  } else if (request.path == "/echo") {
    response.body = std::move(request.body);
  } else {
    return reply.error(404, "NOT_FOUND", "There is no such page.");
  }
  reply.send(std::move(response));
}

sioxx::Options options_for(int argc, char** argv) {
  const std::string_view mode = argc > 3 ? argv[3] : "";
  const bool strict = mode == "strict";
  sioxx::Options options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  options.threads = static_cast<unsigned>(argc > 2 ? std::atoi(argv[2]) : 1);
  if (mode == "beating") {
    options.ping_interval_ms = 300;
    options.ping_timeout_ms = 1'500;
    options.connect_timeout_ms = 1'000;
  }
  options.max_payload_bytes = 100'000;
  options.upgrade_timeout_ms = 400;
  options.attachments_timeout_ms = 400;
  options.http_header_timeout_ms = 1'500;
  options.http_body_timeout_ms = 1'500;
  options.connections_per_ip_max = 0;
  options.recovery_window_ms = 60'000;
  options.recovery_packets_max = 500;
  options.allow_eio3 = !strict;
  options.allow_upgrades = !strict;
  if (!strict) options.cors_origins = {"https://shop.example", "https://desk.example"};
  options.log = [](const sioxx::LogLine& line) {
    if (line.event == "handler_error") std::cerr << line.event << ": " << line.detail << std::endl;
  };
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  sioxx::Server io(options_for(argc, argv));
  const auto greet = [](sioxx::Socket& socket) { socket.emit("auth", socket.auth()); };
  io.of("/").on_connect(greet);
  io.of("/custom").on_connect(greet);
  serve_main(io.of("/"));
  serve_guarded(io.of("/guarded"));
  serve_lasting(io.of("/lasting"));
  io.engine("/engine.io/", [](sioxx::engine::Session& session, std::string_view data, bool binary) {
    if (binary) return session.send(sioxx::engine::Encoded::binary(data));
    session.send_text(data);
  });
  io.http(serve_http);
  io.listen();
  std::cout << "listening on " << io.port() << std::endl;
  io.run();
}
