#include "sioxx/socket/local.hpp"

#include "sioxx/socket/client.hpp"
#include "sioxx/socket/rare.hpp"

#include <utility>

namespace sioxx::socket {
namespace {

thread_local Local* current = nullptr;

// A socket id: shard letter, the process's tag, four letters of slot, twelve random ones.
constexpr std::size_t slot_at = 1 + engine::NodeTag::length;
constexpr std::size_t slot_letters = 4;
constexpr unsigned bits_a_letter = 6;
constexpr std::uint32_t slots_in_ids_max = 1u << (slot_letters * bits_a_letter);

engine::Id with_slot(const engine::Id& id, std::uint32_t slot) {
  std::array<char, engine::Id::length> text;
  id.view().copy(text.data(), text.size());
  for (std::size_t i = 0; i < slot_letters; ++i) {
    text[slot_at + i] = engine::Id::letters[slot >> (bits_a_letter * i) & 63];
  }
  return engine::Id(text);
}

std::uint32_t slot_in(std::string_view id) {
  std::uint32_t slot = 0;
  for (std::size_t i = 0; i < slot_letters; ++i) {
    slot |= engine::Id::value(id[slot_at + i]).value_or(0) << (bits_a_letter * i);
  }
  return slot;
}

}  // namespace

// ---- Local
// -----------------------------------------------------------------------------------------------------------

Local::Local(unsigned shard, loop::Shard* home, Adapter& adapter, const Limits& limits, const Log& log,
             Clock clock, PostHome post)
    : shard_(shard),
      home_(home),
      adapter_(adapter),
      limits_(limits),
      log_(log),
      clock_(std::move(clock)),
      post_(std::move(post)),
      json_(limits.json_depth_max) {}

Local::~Local() = default;

void Local::add(const Namespace& table) {
  if (table.is_pattern()) {
    patterns_.push_back(&table);
  } else {
    spaces_.push_back(std::make_unique<LocalNamespace>(*this, table, table.name()));
  }
}

LocalNamespace* Local::find(std::string_view nsp) {
  for (const auto& space : spaces_) {
    if (space->name() == nsp) return space.get();
  }
  if (patterns_.empty()) return nullptr;
  const auto found = children_.find(nsp);
  return found == children_.end() ? nullptr : found->second.get();
}

LocalNamespace* Local::open(std::string_view nsp, bool& full) {
  if (LocalNamespace* const known = find(nsp)) return known;
  for (const Namespace* pattern : patterns_) {
    try {
      if (!pattern->filter_(nsp)) continue;
    } catch (const std::exception& error) {
      handler_failed("namespace filter", {}, error.what());
      continue;
    } catch (...) {
      handler_failed("namespace filter", {}, "not a std::exception");
      continue;
    }
    full = children_.size() >= limits_.dynamic_namespaces_max;
    if (full) return nullptr;
    std::string name(nsp);
    auto child = std::make_unique<LocalNamespace>(*this, *pattern, name);
    return children_.emplace(std::move(name), std::move(child)).first->second.get();
  }
  return nullptr;
}

void Local::each_of(std::string_view nsp, bool children, const std::function<void(LocalNamespace&)>& visit) {
  if (!children) {
    if (LocalNamespace* const space = find(nsp)) visit(*space);
    return;
  }
  std::vector<std::string> names;
  for (const auto& [name, child] : children_) {
    if (child->table().name() == nsp) names.push_back(name);
  }
  for (const std::string& name : names) {
    if (LocalNamespace* const child = find(name)) visit(*child);
  }
}

const Namespace* Local::table(std::string_view name) const {
  for (const auto& space : spaces_) {
    if (space->name() == name) return &space->table();
  }
  for (const Namespace* pattern : patterns_) {
    if (pattern->name() == name) return pattern;
  }
  return nullptr;
}

std::size_t Local::rooms() const {
  std::size_t rooms = 0;
  for (const auto& space : spaces_) rooms += space->rooms().size();
  for (const auto& [name, child] : children_) rooms += child->rooms().size();
  return rooms;
}

void Local::handler_failed(std::string_view what, std::string_view socket_id, std::string_view why) {
  ++counters_.handler_errors;
  LogLine line;
  line.level = LogLine::Level::error;
  line.event = "handler_error";
  line.socket = socket_id;
  line.reason = what;
  line.detail = why;
  log(line);
}

Transcoder& Local::transcoder() {
  if (transcoder_ == nullptr) transcoder_ = std::make_unique<Transcoder>();
  return *transcoder_;
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

void LocalNamespace::failed(std::string_view what, const Socket& socket, std::string_view why) {
  local_.handler_failed(what, socket.id(), why);
}

void LocalNamespace::let_go() {
  if (--sockets_alive_ == 0 && table_.is_pattern()) local_.drop(*this);
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
  if (step == table_.middleware_.size()) {
    const bool may_come_back = recovers() && socket->client_->session().revision() == engine::Revision::v4;
    if (may_come_back) return local_.recoveries().admit(socket);
    return socket->client_->connected(*socket);
  }
  Next next(
      [&local = local_, waiting = std::weak_ptr<Socket>(socket), step](std::optional<ConnectError> error) {
        if (Local::here() == &local) return settle(waiting, step, std::move(error));
        local.post([waiting, step, error = std::move(error)] { settle(waiting, step, error); });
      });
  guarded("middleware", *socket, [&] { table_.middleware_[step](*socket, std::move(next)); });
}

/// An answer may come when socket and namespace have gone: only the socket knows whether there still is one.
void LocalNamespace::settle(const std::weak_ptr<Socket>& waiting, std::size_t step,
                            std::optional<ConnectError> error) {
  const auto socket = waiting.lock();
  if (socket == nullptr || socket->stage_ != Socket::Stage::connecting) return;
  if (error) return socket->client_->refused(*socket, *error);
  socket->nsp_->admit(socket, step + 1);
}

void LocalNamespace::run_connect_handlers(Socket& socket) {
  for (const auto& handler : table_.connect_) {
    if (!socket.connected()) return;
    guarded("connect", socket, [&] { handler(socket); });
  }
}

void LocalNamespace::exit(Socket& socket, CloseReason reason, bool was_connected) {
  const bool parked = socket.stage_ == Socket::Stage::parked;
  if (parked && table_.describe_) {
    guarded("describe", socket, [&] { socket.rare_->recovery->data = table_.describe_(socket); });
  }
  if (was_connected) {
    for (const auto& handler : table_.disconnect_) {
      guarded("disconnect", socket, [&] { handler(socket, reason); });
    }
  }
  if (!parked) {
    local_.recoveries().forget(socket);
    return vacate(socket);
  }
  // Whoever waited for a snapshot asks for another one when he is back.
  std::vector<std::string> held;
  for (const Member::Seat& seat : socket.seats()) {
    if (seat.held != 0) held.emplace_back(seat.room->name());
  }
  for (const std::string& room : held) leave(socket, room);
}

void LocalNamespace::vacate(Socket& socket) {
  socket.stage_ = Socket::Stage::gone;
  rooms_.leave_all(
      socket, [this](std::string_view room) { local_.adapter().room_closed(local_.shard(), name(), room); });
  if (socket.rare_ != nullptr) {
    socket.rare_->gates.clear();
    if (socket.rare_->recovery != nullptr) socket.rare_->recovery->kept.clear();
  }
  slots_[socket.slot_] = nullptr;
  free_slots_.push_back(socket.slot_);
}

// ---- sessions that come back

bool LocalNamespace::recovers() const {
  return local_.limits().recovery_window_ms > 0 && table_.identity_ != nullptr;
}

std::string LocalNamespace::identity(const Socket& socket) {
  std::string identity = socket.id();  // if the application cannot say: nobody else's
  guarded("recover_as", socket, [&] { identity = table_.identity_(socket); });
  return identity;
}

std::vector<std::string> LocalNamespace::become(Socket& socket, engine::Id id,
                                                const std::vector<std::string>& rooms) {
  // Its new id does not name its place here, so it is found like a room (Shards::targets, by_id).
  std::vector<std::string> fresh;
  const auto enter = [&](std::string_view room) {
    const Rooms::Joined joined = rooms_.join(socket, room);
    if (joined.fresh) fresh.emplace_back(room);
    if (joined.opened) local_.adapter().room_opened(local_.shard(), name(), room);
  };
  socket.id_ = id;
  enter(id);
  for (const std::string& room : rooms) enter(room);
  return fresh;
}

void LocalNamespace::restore(Socket& socket, const boost::json::value& data) {
  if (table_.restore_) guarded("restore", socket, [&] { table_.restore_(socket, data); });
}

// ---- rooms
// -----------------------------------------------------------------------------------------------------------

bool LocalNamespace::join(Socket& socket, std::string_view room, bool held) {
  if (!socket.present() || room.size() > local_.limits().room_name_bytes_max) return false;
  Member::Seat* seat = Rooms::seat(socket, room);
  if (seat == nullptr) {
    if (socket.seats().size() >= local_.limits().rooms_per_socket_max) return false;
    if (rooms_.join(socket, room).opened) local_.adapter().room_opened(local_.shard(), name(), room);
    seat = Rooms::seat(socket, room);
  }
  if (!held || seat->held != 0) return true;
  Rooms::hold(*seat);
  socket.rare().gates.push_back(std::make_unique<Gate>(*seat->room));
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

}  // namespace sioxx::socket
