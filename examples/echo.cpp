// Whatever a client sends as "message" comes back to it.
#include "sioxx/server.hpp"

#include <cstdlib>

int main(int argc, char** argv) {
  sioxx::Server io({.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 3000)});
  io.of("/").on("message", [](sioxx::Socket& socket, sioxx::Event& event) {
    socket.emit_array("message", event.args(), event.attachments());
  });
  io.run();
}
