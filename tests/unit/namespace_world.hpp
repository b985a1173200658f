#pragma once

#include "socket_world.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sioxx::test {

using Packets = std::vector<std::string>;

inline std::string first_arg(Event& event) {
  const boost::json::string& text = event.arg(0)->as_string();
  return {text.data(), text.size()};
}

/// A chat of the simplest kind: enter, leave, say, whisper; everybody is known by a SocketRef.
struct NamespaceTest : ::testing::Test {
  NamespaceTest() : chat(world.of("/")) {
    chat.on("enter", [](Socket& socket, Event& event) { event.ack()(socket.join(first_arg(event))); });
    chat.on("leave", [](Socket& socket, Event& event) { socket.leave(first_arg(event)); });
    chat.on("say",
            [](Socket& socket, Event& event) { socket.to(first_arg(event)).emit("said", *event.arg(1)); });
    chat.on_connect([this](Socket& socket) { refs.push_back(socket.ref()); });
  }
  Socket& socket(std::size_t n) { return *refs.at(n).get(); }
  SocketWorld world;
  Namespace& chat;
  std::vector<SocketRef> refs;
};

}  // namespace sioxx::test
