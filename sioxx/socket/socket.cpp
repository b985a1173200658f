#include "sioxx/socket/socket.hpp"

#include "sioxx/socket/client.hpp"
#include "sioxx/socket/local.hpp"
#include "sioxx/socket/packet.hpp"
#include "sioxx/socket/rare.hpp"
#include "sioxx/socket/rewrite.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace sioxx {

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

void append_json(std::string& out, std::string_view utf8) { socket::write_json(out, utf8); }

// ---- socket
// ----------------------------------------------------------------------------------------------------------

Socket::Socket(socket::Client& client, socket::LocalNamespace& nsp) : client_(&client), nsp_(&nsp) {
  nsp.hold();
}

Socket::~Socket() {
  rare_.reset();  // what is in it may still look at the namespace
  nsp_->let_go();
}

Socket::Rare& Socket::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

void Socket::trim_acks() {
  if (rare_ != nullptr && rare_->acks != nullptr && rare_->acks->empty()) rare_->acks.reset();
  trim_rare();
}

void Socket::trim_rare() {
  if (rare_ != nullptr && rare_->empty()) rare_.reset();
}

std::string_view Socket::nsp() const { return nsp_->name(); }

const engine::Handshake& Socket::handshake() const {
  static const engine::Handshake none;
  return client_ != nullptr ? client_->session().handshake() : none;
}

const boost::json::object& Socket::auth() const {
  static const boost::json::object none;
  return rare_ != nullptr && rare_->auth != nullptr ? *rare_->auth : none;
}

engine::Link Socket::link() const {
  return client_ != nullptr ? client_->session().link() : engine::Link::polling;
}

loop::Shard& Socket::shard() const { return *nsp_->local().home(); }
SocketRef Socket::ref() { return {nsp_->local().shard(), weak_from_this()}; }

void Socket::tell_outgoing(std::string_view packet) const {
  if (packet.empty() || (packet.front() != '2' && packet.front() != '5')) return;
  const Outgoing outgoing(packet);
  for (const OutgoingHandler& listener : nsp_->table().outgoing_) {
    try {
      listener(*this, outgoing);
    } catch (const std::exception& error) {
      nsp_->failed("any outgoing", *this, error.what());
    } catch (...) {
      nsp_->failed("any outgoing", *this, "not a std::exception");
    }
  }
}

void Socket::send(const engine::EncodedPtr& encoded, engine::Delivery delivery) {
  socket::Recovery* const recovery = rare_ != nullptr ? rare_->recovery.get() : nullptr;
  if (recovery == nullptr || delivery == engine::Delivery::ephemeral) {
    if (connected()) put(encoded->offset() == 0 ? encoded : socket::without_offset(encoded), delivery);
    return;
  }
  if (!connected() && !recovery->collects) return;
  socket::Local& local = nsp_->local();
  auto own = encoded->offset() != 0 ? encoded : socket::with_offset(encoded, local.adapter().next_offset());
  if (own != nullptr) recovery->keep(own, local.now(), local.limits());
  if (connected()) put(own != nullptr ? own : encoded, delivery);
}

void Socket::put(const engine::EncodedPtr& encoded, engine::Delivery delivery) {
  ++nsp_->local().counters().events_out;
  if (!nsp_->table().outgoing_.empty()) tell_outgoing(encoded->packet().substr(1));
  client_->send(encoded, delivery);
}

void Socket::send_text(std::string_view payload) {
  if (connected()) client_->send_text(payload);
}

void Socket::emit_array(std::string_view event, const boost::json::array& args,
                        std::span<const std::string> attachments) {
  if (!connected()) return;
  if (!attachments.empty() || (rare_ != nullptr && rare_->recovery != nullptr)) {
    engine::Encoded::Builder builder;
    socket::encode_event(builder.buffer(), nsp(), event, args, attachments.size());
    return send(std::move(builder).finish(0, socket::chain_attachments(attachments)));
  }
  std::string& out = nsp_->local().scratch();
  socket::encode_event(out, nsp(), event, args);
  ++nsp_->local().counters().events_out;
  if (!nsp_->table().outgoing_.empty()) tell_outgoing(out);
  send_text(out);
}

void Socket::emit_with_ack(std::string_view event, const boost::json::array& args, std::int64_t timeout_ms,
                           OnAnswer on_answer, std::span<const std::string> attachments) {
  OnAnswer guarded = [id = id_, local = &nsp_->local(),
                      on_answer = std::move(on_answer)](std::optional<Answer> answer) {
    try {
      on_answer(std::move(answer));
    } catch (const std::exception& error) {
      local->handler_failed("answer", id, error.what());
    } catch (...) {
      local->handler_failed("answer", id, "not a std::exception");
    }
  };
  if (!connected()) return guarded(std::nullopt);
  if (rare().acks == nullptr) rare().acks = std::make_unique<socket::Acks>(nsp_->local().timers(), *this);
  const std::uint64_t id = nsp_->next_ack_id();
  if (!rare().acks->expect(id, nsp_->local().now() + timeout_ms, guarded)) return guarded(std::nullopt);
  engine::Encoded::Builder builder;
  socket::encode_event(builder.buffer(), nsp(), event, args, attachments.size(), id);
  send(std::move(builder).finish(0, socket::chain_attachments(attachments)));
}

BroadcastOperator Socket::broadcast() {
  return std::move(BroadcastOperator(nsp_->local().adapter(), nsp()).except(id_));
}
BroadcastOperator Socket::to(std::string_view room) { return std::move(broadcast().to(room)); }
BroadcastOperator Socket::except(std::string_view room) { return std::move(broadcast().except(room)); }
BroadcastOperator Socket::local() { return std::move(broadcast().local()); }

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
  for (const Seat& seat : seats()) {
    if (id_ != seat.room->name()) names.emplace_back(seat.room->name());  // a recovered socket is in its own
  }
  return names;
}

socket::Gate* Socket::gate(const socket::Room& room) {
  for (const auto& one : rare_->gates) {
    if (&one->room() == &room) return one.get();
  }
  return nullptr;
}

void Socket::drop_gate(const socket::Room& room) {
  std::erase_if(rare_->gates, [&](const auto& one) { return &one->room() == &room; });
  trim_rare();
}

void Socket::disconnect(bool close) {
  if (client_ != nullptr && present()) client_->disconnect(*this, close);
}

}  // namespace sioxx
