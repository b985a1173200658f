#include "sioxx/socket/socket.hpp"

#include "sioxx/socket/client.hpp"
#include "sioxx/socket/gate.hpp"
#include "sioxx/socket/local.hpp"
#include "sioxx/socket/packet.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace sioxx {

// ---- broadcasts
// ------------------------------------------------------------------------------------------------------

BroadcastOperator& BroadcastOperator::to(std::string_view room) {
  options_.rooms.emplace_back(room);
  return *this;
}

BroadcastOperator& BroadcastOperator::except(std::string_view room) {
  options_.except.emplace_back(room);
  return *this;
}

BroadcastOperator& BroadcastOperator::ephemeral() {
  options_.delivery = engine::Delivery::ephemeral;
  return *this;
}

BroadcastOperator& BroadcastOperator::local() {
  options_.local = true;
  return *this;
}

BroadcastOperator& BroadcastOperator::compress(bool wanted) {
  options_.compress = wanted;
  return *this;
}

void BroadcastOperator::emit_array(std::string_view event, const boost::json::array& args,
                                   std::span<const std::string> attachments) {
  engine::Encoded::Builder builder;
  socket::encode_event(builder.buffer(), nsp_, event, args, attachments.size());
  builder.compress(options_.compress);
  send(std::move(builder).finish(0, socket::chain_attachments(attachments, options_.compress)));
}

void BroadcastOperator::send(engine::EncodedPtr encoded) {
  adapter_.broadcast(nsp_, std::move(encoded), std::move(options_));
}

engine::EncodedPtr encode_event(std::string_view nsp, std::string_view event, std::string_view json_args,
                                std::uint64_t order) {
  engine::Encoded::Builder builder(nsp.size() + event.size() + json_args.size() + 8);
  builder << '2';
  if (nsp != "/") builder << nsp << ',';
  builder << '[';
  socket::write_json(builder.buffer(), event);
  if (!json_args.empty()) builder << ',' << json_args;
  builder << ']';
  return std::move(builder).finish(order);
}

// ---- socket
// ----------------------------------------------------------------------------------------------------------

Socket::Socket(socket::Client& client, socket::LocalNamespace& nsp) : client_(&client), nsp_(&nsp) {}
Socket::~Socket() = default;

std::string_view Socket::nsp() const { return nsp_->name(); }

const engine::Handshake& Socket::handshake() const {
  static const engine::Handshake none;
  return client_ != nullptr ? client_->session().handshake() : none;
}

const boost::json::object& Socket::auth() const {
  static const boost::json::object none;
  return auth_ != nullptr ? *auth_ : none;
}

engine::Link Socket::link() const {
  return client_ != nullptr ? client_->session().link() : engine::Link::polling;
}

loop::Shard& Socket::shard() const { return *nsp_->local().home(); }
SocketRef Socket::ref() { return {nsp_->local().shard(), weak_from_this()}; }

void Socket::send(const engine::EncodedPtr& encoded, engine::Delivery delivery) {
  if (!connected()) return;
  ++nsp_->local().counters().events_out;
  client_->session().send(encoded, delivery);
}

void Socket::send_text(std::string_view payload) {
  if (connected()) client_->session().send_text(payload);
}

void Socket::emit_array(std::string_view event, const boost::json::array& args,
                        std::span<const std::string> attachments) {
  if (!connected()) return;
  if (!attachments.empty()) {
    engine::Encoded::Builder builder;
    socket::encode_event(builder.buffer(), nsp(), event, args, attachments.size());
    return send(std::move(builder).finish(0, socket::chain_attachments(attachments)));
  }
  std::string& out = nsp_->local().scratch();
  socket::encode_event(out, nsp(), event, args);
  ++nsp_->local().counters().events_out;
  send_text(out);
}

void Socket::emit_with_ack(std::string_view event, const boost::json::array& args, std::int64_t timeout_ms,
                           OnAnswer on_answer) {
  const auto guarded = [local = &nsp_->local(),
                        on_answer = std::move(on_answer)](std::optional<Answer> answer) {
    try {
      on_answer(std::move(answer));
    } catch (const std::exception& error) {
      ++local->counters().handler_errors;
      LogLine line;
      line.level = LogLine::Level::error;
      line.event = "handler_error";
      line.reason = "answer";
      line.detail = error.what();
      local->log(line);
    }
  };
  std::optional<std::uint64_t> id;
  if (connected()) {
    const auto& sessions = client_->session().home();
    if (acks_ == nullptr) acks_ = std::make_unique<socket::Acks>(client_->session().home().timers());
    id = acks_->expect(sessions.now() + timeout_ms, guarded);
  }
  if (!id) return guarded(std::nullopt);
  std::string& out = nsp_->local().scratch();
  socket::encode_event(out, nsp(), event, args, 0, id);
  ++nsp_->local().counters().events_out;
  send_text(out);
}

BroadcastOperator Socket::to(std::string_view room) {
  BroadcastOperator target(nsp_->local().adapter(), nsp());
  target.to(room).except(id_);
  return target;
}

bool Socket::join(std::string_view room) { return nsp_->join(*this, room, false); }
bool Socket::join_held(std::string_view room) { return nsp_->join(*this, room, true); }
void Socket::leave(std::string_view room) { nsp_->leave(*this, room); }
bool Socket::release(std::string_view room, std::uint64_t after) { return nsp_->release(*this, room, after); }

bool Socket::in(std::string_view room) const {
  return std::any_of(seats().begin(), seats().end(),
                     [&](const Seat& seat) { return seat.room->name() == room; });
}

std::vector<std::string> Socket::rooms() const {
  std::vector<std::string> names;
  for (const Seat& seat : seats()) names.emplace_back(seat.room->name());
  return names;
}

socket::Gate* Socket::gate(const socket::Room& room) {
  for (const auto& one : *gates_) {
    if (&one->room() == &room) return one.get();
  }
  return nullptr;
}

void Socket::drop_gate(const socket::Room& room) {
  std::erase_if(*gates_, [&](const auto& one) { return &one->room() == &room; });
  if (gates_->empty()) gates_.reset();
}

void Socket::disconnect(bool close) {
  if (client_ != nullptr && stage_ != Stage::gone) client_->disconnect(*this, close);
}

}  // namespace sioxx
