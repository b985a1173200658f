// The server that the public protocol suites of the Socket.IO project expect.
//
//   conformance [--port 3000] [--threads 1] [--eio3] [--autobahn-port 9001]
//
//   /engine.io/   every message goes back on the same session, unchanged and in order
//   /socket.io/   namespaces "/" and "/custom": `auth` with the CONNECT payload; on "/" also `message`
//                 -> `message-back` and `message-with-ack` -> ack with the same arguments
//
// At the Autobahn port, path "/", is the bare WebSocket beneath all that: RFC 6455 and permessage-deflate, every message
// of up to 16 MiB sent back as it came.
#include "sioxx/server.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string_view>
#include <thread>

#include <pthread.h>

namespace {

std::unique_ptr<sioxx::Server> autobahn_echo(std::uint16_t port, unsigned threads) {
  sioxx::Options options;
  options.port = port;
  options.threads = threads;
  options.max_payload_bytes = 16 * 1'048'576;
  options.send_queue_bytes_max = 2 * options.max_payload_bytes;
  options.websocket_compression = true;
  options.compression_bytes_max = options.max_payload_bytes;
  options.connections_per_ip_max = 0;
  auto echo = std::make_unique<sioxx::Server>(options);
  echo->raw_websocket(
      "/", [](sioxx::RawWebSocket& peer, std::string_view data, bool binary) { peer.send(data, binary); });
  return echo;
}

}  // namespace

int main(int argc, char** argv) {
  sioxx::Options options;
  options.ping_interval_ms = 300;
  options.ping_timeout_ms = 200;
  options.max_payload_bytes = 1'000'000;
  options.connect_timeout_ms = 1'000;
  options.cors_origins = {"*"};
  options.connections_per_ip_max = 0;
  options.threads = 1;
  int autobahn_port = -1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--eio3") {
      options.allow_eio3 = true;
      continue;
    }
    const int value = i + 1 < argc ? std::atoi(argv[++i]) : 0;
    if (flag == "--port") options.port = static_cast<std::uint16_t>(value);
    if (flag == "--autobahn-port") autobahn_port = value;
    if (flag == "--threads") options.threads = static_cast<unsigned>(value);
  }

  // Signals are taken by one thread of our own; every other thread, started later, inherits the mask.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  sioxx::Server io(options);
  const auto greet = [](sioxx::Socket& socket) { socket.emit("auth", socket.auth()); };
  io.of("/custom").on_connect(greet);
  io.of("/")
      .on_connect(greet)
      .on("message",
          [](sioxx::Socket& socket, sioxx::Event& event) {
            socket.emit_array("message-back", event.args(), event.attachments());
          })
      .on("message-with-ack",
          [](sioxx::Socket&, sioxx::Event& event) { event.ack().send(event.args(), event.attachments()); });
  io.engine("/engine.io/", [](sioxx::engine::Session& session, std::string_view data, bool binary) {
    if (binary) {
      session.send(sioxx::engine::Encoded::binary(data));
    } else {
      session.send_text(data);
    }
  });

  io.listen();
  std::unique_ptr<sioxx::Server> autobahn;
  std::thread autobahn_thread;
  if (autobahn_port >= 0) {
    autobahn = autobahn_echo(static_cast<std::uint16_t>(autobahn_port), options.threads);
    autobahn->listen();
    autobahn_thread = std::thread([&autobahn] { autobahn->run(); });
    std::cout << "autobahn on " << autobahn->port() << std::endl;
  }
  std::cout << "listening on " << io.port() << std::endl;
  std::thread([&io, &autobahn, signals]() mutable {
    int signal = 0;
    sigwait(&signals, &signal);
    if (autobahn != nullptr) autobahn->stop();
    io.stop();
  }).detach();
  io.run();
  if (autobahn_thread.joinable()) autobahn_thread.join();
}
