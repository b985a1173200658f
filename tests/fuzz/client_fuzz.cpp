#include "tests/unit/socket_world.hpp"

#include "sioxx/engine/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace sioxx;

constexpr sioxx::engine::Revision revisions[] = {engine::Revision::v4, engine::Revision::v3,
                                                 engine::Revision::v3_base64};

void fill(test::SocketWorld& world) {
  world.of("/").on("message", [](Socket& socket, Event& event) {
    socket.emit_array("message-back", event.args(), event.attachments());
  });
  world.tables[0]->on("ask", [](Socket& socket, Event& event) {
    event.ack().send(event.args(), event.attachments());
    socket.emit_with_ack(
        "q", event.args(), 100, [](std::optional<Answer>) {}, event.attachments());
  });
  world.tables[0]->on("join", [](Socket& socket, Event&) { socket.join("room"); });
  world.tables[0]->on("tell", [](Socket& socket, Event& event) {
    socket.to("room").emit_array("told", event.args(), event.attachments());
  });
  world.of("/custom").on_connect([](Socket& socket) { socket.emit("auth", socket.auth()); });
  world.start();
}

}  // namespace

/// Two clients driven by bytes, in every dialect. First byte: their revisions; then messages:
///
///   message = head [length] bytes     head bit 7: binary, bit 6: from the second client, bit 5: the clock goes on
///                                     before it, bits 0–4: length, 31: the next byte is it
///
/// Whatever they say, what they are told is valid UTF-8, and when they have gone nothing of them is left.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  test::SocketWorld world;
  fill(world);
  {
    test::Person first(world, revisions[data[0] % 3]), second(world, revisions[data[0] / 3 % 3]);
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    while (!rest.empty()) {
      const auto head = static_cast<unsigned char>(rest.front());
      rest.remove_prefix(1);
      std::size_t length = head & 31;
      if (length == 31 && !rest.empty()) {
        length = static_cast<unsigned char>(rest.front());
        rest.remove_prefix(1);
      }
      const std::string_view message = rest.substr(0, length);
      rest.remove_prefix(message.size());
      if ((head & 32) != 0) {
        world.now += 50;
        world.turn();
      }
      if ((head & 128) == 0 && !engine::is_utf8(message)) continue;  // refused before it comes here
      test::Person& who = (head & 64) != 0 ? second : first;
      who.session->receive(message, (head & 128) != 0, who.wire);
      for (test::Person* one : {&first, &second}) {
        for (const std::string& told : one->wire.take()) {
          if (!told.starts_with('b') && !engine::is_utf8(told)) std::abort();
        }
      }
    }
  }
  world.now += 20'000;
  world.turn();
  if (world.sessions.size() != 0 || world.local.counters().sockets != 0) std::abort();
  return 0;
}
