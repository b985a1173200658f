#pragma once

#include "engine_world.hpp"

#include <memory>

namespace sioxx::test {

/// A session brought into each phase of the table in session.cpp.
enum class Phase { polling, waiting, probing, probed, websocket, closing, closed };

struct Scene {
  explicit Scene(Phase phase, bool echo = false) : world({}, echo), session(world.polling()) {
    switch (phase) {
      case Phase::polling: break;
      case Phase::waiting: waiting = EngineWorld::get(*session); break;
      case Phase::probing: session->attach(socket); break;
      case Phase::probed:
        session->attach(socket);
        session->receive("2probe", false, socket);
        break;
      case Phase::websocket: EngineWorld::upgrade(*session, socket); break;
      case Phase::closing: session->close(CloseReason::forced_close); break;
      case Phase::closed: session->post("1"); break;
    }
    socket.written.clear();
  }
  bool gone() const { return world.sessions.find(session->sid()) == nullptr; }

  FakeTransport socket, another;  // outlive the sessions
  EngineWorld world;
  std::shared_ptr<engine::Session> session;
  std::shared_ptr<PollAnswer> waiting;
};

}  // namespace sioxx::test
