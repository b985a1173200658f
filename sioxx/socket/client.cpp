#include "sioxx/socket/client.hpp"

#include "sioxx/socket/legacy.hpp"
#include "sioxx/socket/msgpack.hpp"
#include "sioxx/socket/packet.hpp"
#include "sioxx/socket/rare.hpp"

#include <algorithm>
#include <utility>

namespace json = boost::json;

namespace sioxx::socket {
namespace {

/// What of a sid may be written down.
constexpr std::size_t sid_letters_in_logs = 8;

std::string_view transport_name(engine::Link link) {
  return link == engine::Link::websocket ? "websocket" : "polling";
}

}  // namespace

/// A binary packet whose attachments have not all come.
struct Client::Assembly final : private loop::Timer {
  Assembly(Client& owner, Socket& whose, Packet&& header)
      : client(owner), socket(whose.weak_from_this()), packet(std::move(header)) {
    const auto& home = client.session_.home();
    client.session_.home().timers().arm(*this, home.now() + client.local_.limits().binary_timeout_ms);
  }
  void on_timer(loop::TimeMs) override { client.fail("attachments late"); }

  Client& client;
  std::weak_ptr<Socket> socket;
  Packet packet;
  Attachments attachments;
  std::size_t bytes = 0;
};

/// What few clients need, and only for a while.
struct Client::Extra final : private loop::Timer {
  explicit Extra(Client& owner) : client(owner) {}
  void start(loop::Timers& timers, loop::TimeMs due) { timers.arm(*this, due); }
  void stop() { disarm(); }
  bool waits_for_connect() const { return armed(); }
  void on_timer(loop::TimeMs) override { client.session_.close(CloseReason::forced_close); }

  Client& client;
  std::vector<std::shared_ptr<Socket>> more;
  std::unique_ptr<Assembly> assembly;
};

Client::Client(engine::Session& session, Local& local)
    : session_(session), local_(local), opened_(session.home().now()) {
  extra().start(session.home().timers(), opened_ + local.limits().connect_timeout_ms);
}

Client::~Client() = default;

Client::Extra& Client::extra() {
  if (extra_ == nullptr) extra_ = std::make_unique<Extra>(*this);
  return *extra_;
}

void Client::trim_extra() {
  if (extra_ != nullptr && !extra_->waits_for_connect() && extra_->more.empty() &&
      extra_->assembly == nullptr) {
    extra_.reset();
  }
}

// ---- packets in
// ------------------------------------------------------------------------------------------------------

/// Clients of Socket.IO 2 are let in to "/" without asking.
void Client::on_open() {
  if (session_.revision() == engine::Revision::v4) return;
  dialect(Dialect::json_v4);
  Packet packet;
  packet.type = PacketType::connect;
  connect(packet);
}

void Client::on_message(std::string_view data, bool binary) {
  if (dialect() == Dialect::undecided) dialect(binary ? Dialect::msgpack : Dialect::json);
  if (dialect() == Dialect::msgpack) return binary ? on_msgpack(data) : fail("text among msgpack");
  return binary ? on_attachment(data) : on_text(data);
}

void Client::on_text(std::string_view data) {
  if (extra_ != nullptr && extra_->assembly != nullptr) return fail("text while an attachment is due");
  PacketLimits limits = local_.limits().packet;
  const std::size_t namespace_bytes_max = limits.namespace_bytes_max;
  if (dialect() == Dialect::json_v4) limits.namespace_bytes_max += connect_query_bytes_max;
  Packet packet;
  const Defect defect = decode(data, local_.json(), limits, packet);
  packet.bytes = data.size();
  if (defect != Defect::none) return fail(text(defect));
  if (dialect() == Dialect::json_v4) {
    if (packet.type == PacketType::connect) take_connect_query(packet);
    if (packet.nsp.size() > namespace_bytes_max) return fail(text(Defect::nsp));
  }
  on_packet(packet);
}

void Client::on_msgpack(std::string_view data) {
  const Limits& limits = local_.limits();
  Packet packet;
  Attachments attachments;
  const Defect defect = decode_msgpack(data, limits.json_depth_max, limits.packet, packet, attachments);
  packet.bytes = data.size();
  if (defect != Defect::none) return fail(text(defect));
  on_packet(packet, std::move(attachments));
}

void Client::on_packet(Packet& packet, Attachments attachments) {
  if (packet.type == PacketType::connect) return connect(packet);
  LocalNamespace* const nsp = local_.find(packet.nsp);
  Socket* const socket = nsp != nullptr ? find(nsp) : nullptr;
  if (socket == nullptr || !socket->connected()) return fail("not connected to this namespace");
  switch (packet.type) {
    case PacketType::disconnect: return remove(take(*socket), CloseReason::client_namespace_disconnect);
    case PacketType::event:
    case PacketType::ack: return dispatch(*socket, packet, std::move(attachments));
    case PacketType::binary_event:
    case PacketType::binary_ack:
      extra().assembly = std::make_unique<Assembly>(*this, *socket, std::move(packet));
      return;
    case PacketType::connect:
    case PacketType::connect_error: return fail("packet type");
  }
}

void Client::on_attachment(std::string_view bytes) {
  if (extra_ == nullptr || extra_->assembly == nullptr) return fail("no attachment is due");
  Assembly& assembly = *extra_->assembly;
  assembly.bytes += bytes.size();
  if (assembly.bytes > local_.limits().binary_bytes_max) return fail("attachments too long");
  assembly.attachments.emplace_back(bytes);
  if (assembly.attachments.size() == assembly.packet.attachments) assembled();
}

void Client::assembled() {
  const auto assembly = std::move(extra_->assembly);
  trim_extra();
  const auto socket = assembly->socket.lock();
  if (socket != nullptr && socket->connected()) {
    dispatch(*socket, assembly->packet, std::move(assembly->attachments));
  }
}

void Client::dispatch(Socket& socket, Packet& packet, Attachments attachments) {
  json::array args = std::move(packet.data.get_array());
  if (packet.type == PacketType::ack || packet.type == PacketType::binary_ack) {
    if (socket.rare_ == nullptr || socket.rare_->acks == nullptr) return;
    socket.rare_->acks->answered(*packet.id, {std::move(args), std::move(attachments)});
    return socket.trim_acks();
  }
  std::string number;
  json::string name;
  if (json::string* const text = args.front().if_string())
    name = std::move(*text);
  else
    write_json(number, args.front());
  args.erase(args.begin());
  const std::string_view event_name = number.empty() ? std::string_view(name.data(), name.size()) : number;
  socket.nsp_->dispatch(socket, Event(event_name, std::move(args), std::move(attachments),
                                      packet.id ? Ack(socket.ref(), *packet.id) : Ack(), packet.bytes));
}

void Client::fail(std::string_view detail) {
  ++local_.counters().parse_errors;
  LogLine line;
  line.level = LogLine::Level::warning;
  line.event = "protocol_error";
  line.sid = session_.sid().view().substr(0, sid_letters_in_logs);
  line.address = session_.handshake().address;
  line.detail = detail;
  local_.log(line);
  session_.close(CloseReason::parse_error);
}

// ---- packets out
// ----------------------------------------------------------------------------------------------------

void Client::send(const engine::EncodedPtr& packet, engine::Delivery delivery) {
  if (dialect() != Dialect::msgpack) return session_.send(packet, delivery);
  send_translated(local_.transcoder().to_msgpack(packet), delivery);
}

void Client::send_text(std::string_view packet) {
  if (dialect() != Dialect::msgpack) return session_.send_text(packet);
  send_translated(local_.transcoder().to_msgpack(packet), engine::Delivery::durable);
}

void Client::send_translated(const engine::EncodedPtr& packet, engine::Delivery delivery) {
  if (packet != nullptr) return session_.send(packet, delivery);
  local_.handler_failed("emit", {}, "what is emitted is no JSON");
}

// ---- sockets come
// ----------------------------------------------------------------------------------------------------

void Client::connect(Packet& packet) {
  LocalNamespace* nsp = local_.find(packet.nsp);
  if (nsp != nullptr && find(nsp) != nullptr) return fail("second CONNECT");
  bool full = socket_count() >= local_.limits().namespaces_per_client_max;
  if (!full) nsp = local_.open(packet.nsp, full);
  if (full) return refuse(packet.nsp, {"Too many namespaces", {}});
  if (nsp == nullptr) return refuse(packet.nsp, {"Invalid namespace", {}});

  auto socket = std::make_shared<Socket>(*this, *nsp);
  nsp->enter(*socket, session_.home().mint());
  if (packet.data.is_object())
    socket->rare().auth = std::make_unique<json::object>(std::move(packet.data.get_object()));
  if (first_ == nullptr) {
    first_ = socket;
  } else {
    extra().more.push_back(socket);
  }
  nsp->admit(socket);
}

void Client::connected(Socket& socket) {
  socket.stage_ = Socket::Stage::connected;
  ++local_.counters().sockets;
  ++local_.counters().connected;
  std::string& out = local_.scratch();
  if (dialect() == Dialect::json_v4) {
    encode_connect_v4(out, socket.nsp());
  } else {
    const Recovery* const recovery = socket.rare_ != nullptr ? socket.rare_->recovery.get() : nullptr;
    encode_connect(out, socket.nsp(), socket.id(), recovery != nullptr ? recovery->pid.view() : "");
  }
  send_text(out);
  if (extra_ != nullptr) extra_->stop();
  trim_extra();

  LogLine line;
  line.event = "connection";
  line.sid = session_.sid().view().substr(0, sid_letters_in_logs);
  line.socket = socket.id();
  line.address = session_.handshake().address;
  line.transport = transport_name(session_.link());
  local_.log(line);

  socket.nsp_->run_connect_handlers(socket);
  if (socket.rare_ != nullptr) socket.rare_->auth.reset();
  socket.trim_rare();
  if (!local_.limits().keep_handshake) session_.trim_handshake();
}

void Client::refused(Socket& socket, const ConnectError& error) {
  ++local_.counters().refused;
  const auto gone = take(socket);
  refuse(gone->nsp(), error);
  remove(gone, CloseReason::server_namespace_disconnect);
}

void Client::refuse(std::string_view nsp, const ConnectError& error) {
  std::string& out = local_.scratch();
  if (dialect() == Dialect::json_v4) {
    encode_connect_error_v4(out, nsp, error.message, error.data);
  } else {
    encode_connect_error(out, nsp, error.message, error.data);
  }
  send_text(out);
}

// ---- sockets go
// ------------------------------------------------------------------------------------------------------

void Client::disconnect(Socket& socket, bool close) {
  const auto leave = [this](const std::shared_ptr<Socket>& gone) {
    if (gone->connected()) {
      std::string& out = local_.scratch();
      encode_disconnect(out, gone->nsp());
      send_text(out);
    }
    remove(gone, CloseReason::server_namespace_disconnect);
  };
  leave(take(socket));
  if (!close) return;
  while (const auto other = take_any()) leave(other);
  session_.close(CloseReason::forced_close);
}

void Client::on_close(CloseReason reason) {
  while (auto socket = take_any()) remove(std::move(socket), reason);
}

/// The socket is in no list any more, so whatever its handlers do finds it gone.
void Client::remove(std::shared_ptr<Socket> socket, CloseReason reason) {
  const bool was_connected = socket->connected();
  const bool comes_back =
      was_connected && may_recover(reason) && socket->rare_ != nullptr && socket->rare_->recovery != nullptr;
  if (comes_back) socket->rare_->recovery->collects = true;
  socket->stage_ = comes_back ? Socket::Stage::parked : Socket::Stage::gone;
  socket->nsp_->exit(*socket, reason, was_connected);
  if (socket->rare_ != nullptr && socket->rare_->acks != nullptr) socket->rare_->acks->give_up();
  if (was_connected) {
    --local_.counters().sockets;
    LogLine line;
    line.event = "disconnection";
    line.sid = session_.sid().view().substr(0, sid_letters_in_logs);
    line.socket = socket->id();
    line.address = session_.handshake().address;
    line.transport = transport_name(session_.link());
    line.reason = text(reason);
    line.duration_ms = session_.home().now() - opened_;
    local_.log(line);
  }
  socket->client_ = nullptr;
  if (comes_back) local_.recoveries().park(socket);
  session_.home().bury(std::move(socket));
}

Socket* Client::find(const LocalNamespace* nsp) {
  if (first_ != nullptr && first_->nsp_ == nsp) return first_.get();
  if (extra_ == nullptr) return nullptr;
  for (const auto& socket : extra_->more) {
    if (socket->nsp_ == nsp) return socket.get();
  }
  return nullptr;
}

std::size_t Client::socket_count() const {
  return (first_ != nullptr ? 1u : 0u) + (extra_ != nullptr ? extra_->more.size() : 0u);
}

std::shared_ptr<Socket> Client::take(Socket& socket) {
  if (first_.get() == &socket) return std::move(first_);
  const auto found = std::find_if(extra_->more.begin(), extra_->more.end(),
                                  [&](const auto& one) { return one.get() == &socket; });
  auto taken = std::move(*found);
  extra_->more.erase(found);
  return taken;
}

std::shared_ptr<Socket> Client::take_any() {
  if (first_ != nullptr) return std::move(first_);
  if (extra_ == nullptr || extra_->more.empty()) return nullptr;
  auto taken = std::move(extra_->more.back());
  extra_->more.pop_back();
  return taken;
}

}  // namespace sioxx::socket
