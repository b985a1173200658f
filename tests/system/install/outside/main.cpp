// A program of somebody else, who has nothing but the installed package.
#include <cstdlib>
#include <sioxx/server.hpp>

int main(int argc, char** argv) {
  sioxx::Server io(
      {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 3000)});
  io.of("/").on("greet", [](sioxx::Socket& socket, sioxx::Event event) -> sioxx::Task {
    const auto name = co_await socket.emit_with_ack("name?");
    event.ack()("hello", name ? name->args.front() : boost::json::value("stranger"));
  });
  io.run();
}
