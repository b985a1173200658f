#pragma once

#include "sioxx/socket/event.hpp"
#include "sioxx/socket/namespace.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace sioxx::socket {

/// The events of one socket on their way through the middleware: the first one is being looked at, the others wait
/// for it, so their order stays. Bounded by Limits::events_waiting_max and events_waiting_bytes_max. Owned by the
/// Socket while there are any; that shard's thread.
///
///   idle -> asked (a middleware has the first event and a Next) -> idle with the next step or the next event
struct EventQueue {
  struct Waiting {
    Event event;
    std::size_t bytes;
  };
  std::deque<Waiting> events;
  std::size_t bytes = 0;
  std::size_t step = 0;          ///< which middleware has, or gets, the first event
  std::uint64_t question = 0;    ///< counts the questions, so that a late answer is told from the right one
  bool asked = false;            ///< a middleware has not answered
  bool inside = false;           ///< it is still on the stack
  std::optional<EventError> no;  ///< it refused

  void push(Event event, std::size_t size) {
    events.push_back({std::move(event), size});
    bytes += size;
  }
  Event pop() {
    Event event = std::move(events.front().event);
    bytes -= events.front().bytes;
    events.pop_front();
    step = 0;
    return event;
  }
};

/// About what an event takes while it waits.
std::size_t bytes_of(const Event& event);

}  // namespace sioxx::socket
