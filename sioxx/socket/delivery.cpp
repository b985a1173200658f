// Who gets what: broadcasts, questions, lists.
//
//   rooms empty: every socket of the namespace; else the union of the rooms, a socket's id being a room of its own;
//   minus whoever is in any `except` room; each socket once.

#include "sioxx/socket/client.hpp"
#include "sioxx/socket/local.hpp"
#include "sioxx/socket/rare.hpp"
#include "sioxx/socket/rewrite.hpp"

#include <utility>

namespace sioxx::socket {

void LocalNamespace::send_to(Member& member, const Room& room, const engine::EncodedPtr& message,
                             engine::Delivery delivery) {
  auto& socket = static_cast<Socket&>(member);
  const bool held = room.held() > 0 && Rooms::seat(member, room)->held != 0;
  if (!held) {
    if (!Rooms::knows(member, room, message->order())) socket.send(message, delivery);
    return;
  }
  socket.gate(room)->push(message, delivery, Socket::hold_messages_max, local_.limits().hold_bytes_max);
}

void LocalNamespace::mark_excepted(const BroadcastOptions& options) {
  for (const std::string& name : options.except) {
    if (const Room* room = rooms_.find(name)) {
      for (Member* member : room->members()) rooms_.first_time(*member);
    }
    if (name.size() != engine::Id::length) continue;
    if (Socket* socket = by_id(name)) rooms_.first_time(*socket);
  }
}

void LocalNamespace::deliver(const engine::EncodedPtr& message, const BroadcastOptions& options) {
  if (options.offset != 0 && options.delivery == engine::Delivery::durable && recovers()) {
    if (const auto own = with_offset(message, options.offset)) return deliver_as_is(own, options);
  }
  deliver_as_is(message, options);
}

void LocalNamespace::deliver_as_is(const engine::EncodedPtr& message, const BroadcastOptions& options) {
  rooms_.begin_visit();
  mark_excepted(options);
  if (options.rooms.empty()) {
    for (Socket* socket : slots_) {
      if (socket != nullptr && !rooms_.visited(*socket)) socket->send(message, options.delivery);
    }
    return;
  }
  // Who hears it in an open room hears it now; only then do gates get it, so that a socket that is in two of
  // the rooms and held in one has it once, and at once.
  bool gates = false;
  for (const std::string& name : options.rooms) {
    if (Room* const room = rooms_.find(name)) {
      for (Member* member : room->members()) {
        if (room->held() > 0 && Rooms::seat(*member, *room)->held != 0) {
          gates = true;
        } else if (rooms_.first_time(*member)) {
          send_to(*member, *room, message, options.delivery);
        }
      }
    }
    if (name.size() != engine::Id::length) continue;
    Socket* const socket = by_id(name);
    if (socket != nullptr && rooms_.first_time(*socket)) socket->send(message, options.delivery);
  }
  if (!gates) return;
  for (const std::string& name : options.rooms) {
    Room* const room = rooms_.find(name);
    if (room == nullptr || room->held() == 0) continue;
    for (Member* member : room->members()) {
      if (Rooms::seat(*member, *room)->held != 0 && rooms_.first_time(*member)) {
        send_to(*member, *room, message, options.delivery);
      }
    }
  }
}

std::vector<std::shared_ptr<Socket>> LocalNamespace::select(const BroadcastOptions& options) {
  std::vector<std::shared_ptr<Socket>> sockets;
  rooms_.begin_visit();
  mark_excepted(options);
  const auto meet = [&](Member* member) {
    if (member == nullptr || !rooms_.first_time(*member)) return;
    auto& socket = static_cast<Socket&>(*member);
    if (socket.connected()) sockets.push_back(socket.shared_from_this());
  };
  if (options.rooms.empty()) {
    for (Socket* socket : slots_) meet(socket);
  }
  for (const std::string& name : options.rooms) {
    if (const Room* const room = rooms_.find(name)) {
      for (Member* member : room->members()) meet(member);
    }
    if (name.size() == engine::Id::length) meet(by_id(name));
  }
  return sockets;
}

std::size_t LocalNamespace::ask(const engine::EncodedPtr& event, const BroadcastOptions& options,
                                loop::TimeMs timeout_ms, const OnAnswer& on_each) {
  const std::uint64_t id = next_ack_id();
  const engine::EncodedPtr question = with_ack_id(event, id);
  if (question == nullptr) return 0;
  const auto asked = select(options);
  for (const auto& socket : asked) {
    Socket::Rare& rare = socket->rare();
    if (rare.acks == nullptr) rare.acks = std::make_unique<Acks>(local_.timers(), *socket);
    if (!rare.acks->expect(id, local_.now() + timeout_ms, on_each)) on_each(std::nullopt);
  }
  deliver(question, options);  // calls nobody back, so it finds the same sockets
  return asked.size();
}

void LocalNamespace::each_socket(std::string_view room, const std::function<void(Socket&)>& visit) {
  std::vector<std::shared_ptr<Socket>> sockets;
  if (room.empty()) {
    for (Socket* socket : slots_) {
      if (socket != nullptr) sockets.push_back(socket->shared_from_this());
    }
  } else if (const Room* const found = rooms_.find(room)) {
    for (Member* member : found->members())
      sockets.push_back(static_cast<Socket*>(member)->shared_from_this());
  }
  for (const auto& socket : sockets) {
    if (socket->connected()) visit(*socket);
  }
}

// ---- one namespace, or all of a pattern: then the message was encoded under the pattern's label

void Local::deliver(std::string_view nsp, const engine::EncodedPtr& message,
                    const BroadcastOptions& options) {
  each_of(nsp, options.children, [&](LocalNamespace& space) {
    const auto own = options.children ? with_namespace(message, space.name()) : message;
    if (own != nullptr) space.deliver(own, options);
  });
}

std::size_t Local::ask(std::string_view nsp, const engine::EncodedPtr& event, const BroadcastOptions& options,
                       loop::TimeMs timeout_ms, const OnAnswer& on_each) {
  std::size_t asked = 0;
  each_of(nsp, options.children, [&](LocalNamespace& space) {
    const auto own = options.children ? with_namespace(event, space.name()) : event;
    if (own != nullptr) asked += space.ask(own, options, timeout_ms, on_each);
  });
  return asked;
}

RemoteSocket LocalNamespace::describe(const Socket& socket) {
  RemoteSocket seen;
  seen.id = socket.id();
  seen.nsp = name_;
  seen.rooms = socket.rooms();
  if (table_.describe_) guarded("describe", socket, [&] { seen.data = table_.describe_(socket); });
  seen.handshake = socket.handshake();
  return seen;
}

}  // namespace sioxx::socket
