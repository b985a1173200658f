#include "sioxx/socket/local.hpp"

#include "sioxx/socket/client.hpp"
#include "sioxx/socket/gate.hpp"

#include <exception>
#include <utility>

namespace sioxx::socket {
namespace {

thread_local Local* current = nullptr;

// A socket id: shard letter, four letters of slot, fifteen random ones.
constexpr std::size_t slot_letters = 4;
constexpr unsigned bits_a_letter = 6;
constexpr std::uint32_t slots_in_ids_max = 1u << (slot_letters * bits_a_letter);

engine::Id with_slot(const engine::Id& id, std::uint32_t slot) {
  std::array<char, engine::Id::length> text;
  id.view().copy(text.data(), text.size());
  for (std::size_t i = 0; i < slot_letters; ++i) {
    text[1 + i] = engine::Id::letters[slot >> (bits_a_letter * i) & 63];
  }
  return engine::Id(text);
}

std::uint32_t slot_in(std::string_view id) {
  std::uint32_t slot = 0;
  for (std::size_t i = 0; i < slot_letters; ++i) {
    slot |= engine::Id::value(id[1 + i]).value_or(0) << (bits_a_letter * i);
  }
  return slot;
}

}  // namespace

// ---- Local
// -----------------------------------------------------------------------------------------------------------

Local::Local(unsigned shard, loop::Shard* home, Adapter& adapter, const Limits& limits, const Log& log,
             PostHome post)
    : shard_(shard),
      home_(home),
      adapter_(adapter),
      limits_(limits),
      log_(log),
      post_(std::move(post)),
      json_(limits.json_depth_max) {}

Local::~Local() = default;

void Local::add(const Namespace& table) { spaces_.push_back(std::make_unique<LocalNamespace>(*this, table)); }

LocalNamespace* Local::find(std::string_view nsp) {
  for (const auto& space : spaces_) {
    if (space->name() == nsp) return space.get();
  }
  return nullptr;
}

std::string& Local::scratch() {
  if (scratch_.capacity() > scratch_bytes_kept_max) {
    scratch_ = {};
  } else {
    scratch_.clear();
  }
  return scratch_;
}

Local* Local::here() { return current; }
Local::Presence::Presence(Local& local) : outer_(std::exchange(current, &local)) {}
Local::Presence::~Presence() { current = outer_; }

// ---- sockets come and go
// ---------------------------------------------------------------------------------------------

template <class F>
void LocalNamespace::guarded(std::string_view what, Socket& socket, F&& run) {
  const auto failed = [&](std::string_view why) {
    ++local_.counters().handler_errors;
    LogLine line;
    line.level = LogLine::Level::error;
    line.event = "handler_error";
    line.socket = socket.id();
    line.reason = what;
    line.detail = why;
    local_.log(line);
  };
  try {
    run();
  } catch (const std::exception& error) {
    failed(error.what());
  } catch (...) {
    failed("not a std::exception");
  }
}

void LocalNamespace::enter(Socket& socket, engine::Id id) {
  std::uint32_t slot;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(&socket);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    slots_[slot] = &socket;
  }
  socket.slot_ = slot;
  socket.id_ = with_slot(id, slot % slots_in_ids_max);
}

Socket* LocalNamespace::by_id(std::string_view id) const {
  const std::uint32_t slot = slot_in(id);
  if (slot >= slots_.size() || slots_[slot] == nullptr || slots_[slot]->id() != id) return nullptr;
  return slots_[slot];
}

void LocalNamespace::admit(const std::shared_ptr<Socket>& socket, std::size_t step) {
  if (step == table_.middleware_.size()) return socket->client_->connected(*socket);
  Next next([this, waiting = std::weak_ptr<Socket>(socket), step](std::optional<ConnectError> error) {
    if (Local::here() == &local_) return settle(waiting, step, std::move(error));
    local_.post([this, waiting, step, error = std::move(error)] { settle(waiting, step, error); });
  });
  guarded("middleware", *socket, [&] { table_.middleware_[step](*socket, std::move(next)); });
}

void LocalNamespace::settle(const std::weak_ptr<Socket>& waiting, std::size_t step,
                            std::optional<ConnectError> error) {
  const auto socket = waiting.lock();
  if (socket == nullptr || socket->stage_ != Socket::Stage::connecting) return;
  if (error) return socket->client_->refused(*socket, *error);
  admit(socket, step + 1);
}

void LocalNamespace::run_connect_handlers(Socket& socket) {
  for (const auto& handler : table_.connect_) {
    if (!socket.connected()) return;
    guarded("connect", socket, [&] { handler(socket); });
  }
}

void LocalNamespace::dispatch(Socket& socket, std::string_view name, Event& event) {
  ++local_.counters().events_in;
  const auto found = table_.handlers_.find(name);
  const EventHandler& handler = found != table_.handlers_.end() ? found->second : table_.any_;
  if (handler) guarded(name, socket, [&] { handler(socket, event); });
}

void LocalNamespace::exit(Socket& socket, CloseReason reason, bool was_connected) {
  if (was_connected) {
    for (const auto& handler : table_.disconnect_) {
      guarded("disconnect", socket, [&] { handler(socket, reason); });
    }
  }
  rooms_.leave_all(
      socket, [this](std::string_view room) { local_.adapter().room_closed(local_.shard(), name(), room); });
  socket.gates_.reset();
  slots_[socket.slot_] = nullptr;
  free_slots_.push_back(socket.slot_);
}

// ---- rooms
// -----------------------------------------------------------------------------------------------------------

bool LocalNamespace::join(Socket& socket, std::string_view room, bool held) {
  if (socket.stage_ == Socket::Stage::gone || room.size() > local_.limits().room_name_bytes_max) return false;
  Member::Seat* seat = Rooms::seat(socket, room);
  if (seat == nullptr) {
    if (socket.seats().size() >= local_.limits().rooms_per_socket_max) return false;
    if (rooms_.join(socket, room).opened) local_.adapter().room_opened(local_.shard(), name(), room);
    seat = Rooms::seat(socket, room);
  }
  if (!held || seat->held != 0) return true;
  Rooms::hold(*seat);
  if (socket.gates_ == nullptr) socket.gates_ = std::make_unique<std::vector<std::unique_ptr<Gate>>>();
  socket.gates_->push_back(std::make_unique<Gate>(*seat->room));
  return true;
}

void LocalNamespace::leave(Socket& socket, std::string_view room) {
  const Member::Seat* const seat = Rooms::seat(socket, room);
  if (seat == nullptr) return;
  if (seat->held != 0) socket.drop_gate(*seat->room);
  if (rooms_.leave(socket, room) == Rooms::Left::closed) {
    local_.adapter().room_closed(local_.shard(), name(), room);
  }
}

bool LocalNamespace::release(Socket& socket, std::string_view room, std::uint64_t after) {
  Member::Seat* const seat = Rooms::seat(socket, room);
  if (seat == nullptr || seat->held == 0) return true;
  Gate& gate = *socket.gate(*seat->room);
  if (!gate.complete(after)) return false;
  for (const Gate::Held& held : gate.messages()) {
    const std::uint64_t order = held.message->order();
    if (order == 0 || order > after) socket.send(held.message, held.delivery);
  }
  Rooms::release(*seat, after);
  socket.drop_gate(*seat->room);
  return true;
}

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

}  // namespace sioxx::socket
