// The state machine of Engine.IO v4 (protocol "Transports", "Upgrade", "Heartbeat"; answers as in the
// reference). Protocol 3 is the same machine with other bytes (revision.hpp, payload_v3.cpp) and the heartbeat the
// other way round.
//
//   phase      state, link                  meaning
//   polling    open, polling                GETs carry packets down, POSTs up
//   probing    open, probing                a WebSocket has come, its `2probe` has not
//   probed     open, probing (confirmed)    `3probe` was sent; GETs are told `6` until `5` comes
//   websocket  open, websocket              everything on the WebSocket
//   parting    closing, probing (confirmed) last packets wait for a GET or for `5`: the client may poll no more
//   closing    closing                      last packets wait for a GET; a slow consumer for the end of the turn
//   closed     closed
//
//   event \ phase      polling   probing   probed    websocket  parting   closing   closed
//   GET                hold      hold      holdnoop  refuse     farewell  farewell  refuse
//   second GET         finish    finish    finish    refuse     farewell  farewell  refuse
//   GET lost           finish    finish    finish    ignore     ignore    ignore    ignore
//   POST               take      take      take      refuse     ignore    ignore    refuse
//   WebSocket comes    probe     refuse    refuse    refuse     refuse    refuse    refuse
//   `2probe` on it     ignore    confirm   drop      take       ignore    ignore    ignore
//   `5` on it          ignore    drop      upgrade   take       upgrade   ignore    ignore
//   other packet on it ignore    drop      drop      take       ignore    ignore    ignore
//   WebSocket lost     ignore    forget    forget    finish     forget    finish    ignore
//   close()            linger    linger    linger    finish     ignore    ignore    ignore
//   timer              beat      beat      beat      beat       finish    finish    ignore

#include "sioxx/engine/session.hpp"

#include "sioxx/engine/payload.hpp"
#include "sioxx/engine/polling.hpp"
#include "sioxx/engine/session_table.hpp"
#include "sioxx/engine/sessions.hpp"
#include "sioxx/engine/utf8.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace sioxx::engine {

/// The table above, as code.
Session::Do Session::transition(On event, Phase phase) {
  using enum Do;
  // clang-format off
  static constexpr Do table[][7] = {
      /* get            */ {hold,   hold,    holdnoop, refuse, farewell, farewell, refuse},
      /* second_get     */ {finish, finish,  finish,   refuse, farewell, farewell, refuse},
      /* get_lost       */ {finish, finish,  finish,   ignore, ignore,   ignore,   ignore},
      /* post           */ {take,   take,    take,     refuse, ignore,   ignore,   refuse},
      /* websocket      */ {probe,  refuse,  refuse,   refuse, refuse,   refuse,   refuse},
      /* probe_ping     */ {ignore, confirm, drop,     take,   ignore,   ignore,   ignore},
      /* probe_upgrade  */ {ignore, drop,    upgrade,  take,   upgrade,  ignore,   ignore},
      /* other_packet   */ {ignore, drop,    drop,     take,   ignore,   ignore,   ignore},
      /* websocket_lost */ {ignore, forget,  forget,   finish, forget,   finish,   ignore},
      /* close          */ {linger, linger,  linger,   finish, ignore,   ignore,   ignore},
      /* timer          */ {beat,   beat,    beat,     beat,   finish,   finish,   ignore},
  };
  // clang-format on
  return table[static_cast<std::size_t>(event)][static_cast<std::size_t>(phase)];
}

Session::Phase Session::phase() const {
  if (state_ == State::closed) return Phase::closed;
  if (state_ == State::closing) return link_ == Link::probing ? Phase::parting : Phase::closing;
  if (link_ == Link::websocket) return Phase::websocket;
  if (link_ == Link::polling) return Phase::polling;
  return polling_->probed() ? Phase::probed : Phase::probing;
}

namespace {

/// Text of a refused poll (reference: code 3).
constexpr std::string_view bad_request = R"({"code":3,"message":"Bad request"})";
constexpr std::string_view probe_text = "probe";
constexpr std::string_view noop_v4 = "6";
constexpr std::string_view noop_v3 = "1:6";

}  // namespace

Session::Session(Sessions& home, const Sid& sid, Handshake handshake)
    : sid_(sid), home_(home), handshake_(std::move(handshake)) {}

Session::~Session() = default;

// ---- opening
// -------------------------------------------------------------------------------------------------------

void Session::start_polling(std::unique_ptr<SessionHandler> handler, std::unique_ptr<PollingPlace> place) {
  polling_ = std::make_unique<Polling>(*this);
  polling_->place = std::move(place);
  handler_ = std::move(handler);
  state_ = State::open;
  start_heartbeat();
}

void Session::start_websocket(std::unique_ptr<SessionHandler> handler, Transport& websocket) {
  websocket_ = &websocket;
  link_ = Link::websocket;
  ++home_.counters_.on_websocket;
  handler_ = std::move(handler);
  state_ = State::open;
  if (revision() == Revision::v4) return greet();
  beat_ = Beat::greeting;
  home_.timers_.arm(*this, home_.now_() + greeting_delay_ms);
}

// ---- sending
// -------------------------------------------------------------------------------------------------------

bool Session::has_room_for(std::size_t bytes, Delivery delivery) {
  const Settings& settings = home_.settings_;
  const std::size_t limit =
      delivery == Delivery::ephemeral ? settings.ephemeral_queue_bytes_max : settings.send_queue_bytes_max;
  std::size_t waiting = 0;
  if (link_ == Link::websocket) {
    waiting = websocket_->waiting_bytes();
    if (waiting + bytes > limit && waiting > 0) {
      websocket_->flush();
      waiting = websocket_->waiting_bytes();
    }
  } else {
    waiting = polling_->waiting_bytes();
  }
  // One message alone is never too much: it was within the limits of whoever made it.
  if (waiting == 0 || waiting + bytes <= limit) return true;
  if (delivery == Delivery::ephemeral) {
    ++home_.counters_.ephemeral_dropped;
  } else {
    ++home_.counters_.slow_consumers;
    doom(CloseReason::slow_consumer);
  }
  return false;
}

void Session::send(const EncodedPtr& message, Delivery delivery) {
  if (state_ != State::open) return;
  const std::size_t bytes = message->next() == nullptr ? message->size() : message->chain_size();
  if (!has_room_for(bytes, delivery)) return;
  ++home_.counters_.messages_out;
  home_.counters_.bytes_out += bytes;
  if (link_ == Link::websocket) {
    for (const Encoded* part = message.get(); part != nullptr; part = part->next().get())
      write_message(*websocket_, *part, revision());
  } else {
    enqueue(message);
  }
}

void Session::send_text(std::string_view payload) {
  if (state_ != State::open) return;
  const std::size_t bytes = payload.size() + frame_cost_bytes;
  if (!has_room_for(bytes, Delivery::durable)) return;
  ++home_.counters_.messages_out;
  home_.counters_.bytes_out += bytes;
  if (link_ == Link::websocket) {
    websocket_->write(PacketType::message, payload);
  } else {
    enqueue(Encoded::text(payload));
  }
}

void Session::enqueue(EncodedPtr message) {
  polling_->push(std::move(message));
  answer_soon();
}

void Session::answer_soon() {
  if (polling_->get == nullptr || polling_->answer_due) return;
  polling_->answer_due = true;
  home_.chores_.answer_later(*this);  // so that all that this turn sends leaves in one body
}

void Session::answer_queued() {
  if (polling_ == nullptr) return;
  polling_->answer_due = false;
  if (state_ != State::open || polling_->get == nullptr || !polling_->has_packets()) return;
  auto get = std::move(polling_->get);
  get->answer(200, polling_->take_payload(home_.settings_.max_payload_bytes));
}

std::string_view Session::noop_body() const { return revision() == Revision::v4 ? noop_v4 : noop_v3; }

void Session::answer_noop() {
  auto get = std::move(polling_->get);
  if (get != nullptr) get->answer(200, std::string(noop_body()));
}

// ---- long-polling
// --------------------------------------------------------------------------------------------------

void Session::poll(std::unique_ptr<Poll> get) {
  const bool second = polling_ != nullptr && polling_->get != nullptr;
  const auto step = transition(second ? On::second_get : On::get, phase());
  switch (step) {
    case Do::hold:
    case Do::holdnoop:
      if (polling_->has_packets()) {
        get->answer(200, polling_->take_payload(home_.settings_.max_payload_bytes));
      } else if (step == Do::holdnoop && polling_->may_noop(home_.timers_, home_.now_())) {
        get->answer(200, std::string(noop_body()));
      } else {
        polling_->get = std::move(get);
      }
      return;
    case Do::finish:
      end(CloseReason::transport_error);  // answers the one that waited with `1`
      get->answer(400, {});
      return;
    case Do::farewell: {
      if (polling_ == nullptr) break;  // a doomed WebSocket
      Body body = polling_->take_payload(home_.settings_.max_payload_bytes);
      if (!polling_->has_packets()) end(doom_);
      get->answer(200, std::move(body));
      return;
    }
    default: break;
  }
  get->answer(400, std::string(bad_request));
}

void Session::poll_lost(const Poll* poll) {
  if (polling_ == nullptr || poll == nullptr || polling_->get.get() != poll) return;
  const auto gone = std::move(polling_->get);
  if (transition(On::get_lost, phase()) == Do::finish) end(CloseReason::transport_error);
}

PostResult Session::post(std::string_view body, bool bytes) {
  switch (transition(On::post, phase())) {
    case Do::take: break;
    case Do::ignore: return PostResult::ok;  // too late to matter, too early for an error
    default: return PostResult::session_gone;
  }
  const auto form = revision() == Revision::v4 ? PayloadForm::v4
                    : bytes                    ? PayloadForm::v3_bytes
                                               : PayloadForm::v3_text;
  // A text that came by WebSocket has been looked at by the reader of frames; this one by nobody yet.
  if (form != PayloadForm::v3_bytes && !is_utf8(body)) body = {};
  PayloadReader reader(body, form);
  Packet packet;
  while (state_ == State::open) {
    switch (reader.next(packet)) {
      case PayloadReader::Step::end: return PostResult::ok;
      case PayloadReader::Step::packet: deliver(packet); break;
      case PayloadReader::Step::bad:
        ++home_.counters_.parse_errors;
        end(CloseReason::parse_error);
        return PostResult::bad_payload;
    }
  }
  // The layer above could not read it: the client hears so now and not only from its next request.
  const bool unread = state_ == State::closed && doom_ == CloseReason::parse_error;
  return unread ? PostResult::bad_payload : PostResult::ok;
}

// ---- WebSocket
// -----------------------------------------------------------------------------------------------------

bool Session::attach(Transport& websocket) {
  if (!home_.settings_.allow_upgrades || transition(On::websocket, phase()) != Do::probe) return false;
  websocket_ = &websocket;
  link_ = Link::probing;
  polling_->start_probe(home_.timers_, home_.now_(), home_.settings_.upgrade_timeout_ms);
  return true;
}

void Session::receive(std::string_view data, bool binary, Transport& from) {
  if (&from != websocket_) return;
  if (link_ == Link::probing) return receive_probe(data, binary);
  if (state_ != State::open) return;
  if (beat_ == Beat::greeting) {
    greet();
    if (state_ != State::open) return;  // the layer above has sent it away again
  }
  std::string bytes;
  const auto packet = decode_message(data, binary, revision(), bytes);
  if (packet) return deliver(*packet);
  ++home_.counters_.parse_errors;
  end(CloseReason::parse_error);
}

void Session::receive_probe(std::string_view data, bool binary) {
  const auto packet = binary ? std::nullopt : decode_text(data);
  auto event = On::other_packet;
  if (packet && packet->type == PacketType::ping && packet->data == probe_text) event = On::probe_ping;
  if (packet && packet->type == PacketType::upgrade && packet->data.empty()) event = On::probe_upgrade;
  switch (transition(event, phase())) {
    case Do::confirm:
      polling_->confirm_probe();
      websocket_->write(PacketType::pong, probe_text);
      if (polling_->get == nullptr) return;
      if (polling_->has_packets()) return answer_queued();
      if (polling_->may_noop(home_.timers_, home_.now_())) answer_noop();
      return;
    case Do::upgrade: return upgrade();
    case Do::drop: return drop_probe();
    default: return;
  }
}

/// `5`: what has been queued goes onto the WebSocket in order, then everything else follows it there.
void Session::upgrade() {
  link_ = Link::websocket;
  ++home_.counters_.upgrades;
  ++home_.counters_.on_websocket;
  const auto polling = std::move(polling_);
  polling->drain_to(*websocket_);
  if (polling->get != nullptr) polling->get->answer(200, std::string(noop_body()));
  if (state_ == State::closing) end(doom_);
}

/// The probe failed: the session goes on polling as if nothing had been.
void Session::drop_probe() {
  if (link_ != Link::probing) return;
  link_ = Link::polling;
  polling_->stop_probe();
  Transport* const probe = std::exchange(websocket_, nullptr);
  if (probe != nullptr) probe->close(CloseReason::transport_close);
}

void Session::transport_closed(Transport& from, CloseReason reason) {
  if (&from != websocket_) return;
  const auto step = transition(On::websocket_lost, phase());
  websocket_ = nullptr;
  if (link_ == Link::probing) drop_probe();
  if (step == Do::finish) end(state_ == State::closing ? doom_ : reason);
}

// ---- packets
// -------------------------------------------------------------------------------------------------------

void Session::deliver(const Packet& packet) {
  switch (packet.type) {
    case PacketType::message:
      ++home_.counters_.messages_in;
      home_.counters_.bytes_in += packet.data.size();
      heard();
      return handler_->on_message(packet.data, packet.binary);
    case PacketType::pong:
      if (revision() != Revision::v4) break;
      if (beat_ != Beat::resting) start_heartbeat();
      return;
    case PacketType::close:
      if (polling_ == nullptr) return end(CloseReason::transport_close);
      if (polling_->get == nullptr && home_.settings_.late_get_ms > 0)
        return linger(CloseReason::transport_close, PacketType::noop, home_.settings_.late_get_ms);
      answer_noop();
      return end(CloseReason::transport_close);
    case PacketType::noop: return heard();
    case PacketType::ping:
      if (revision() != Revision::v4) return answer_ping(packet.data);
      break;
    case PacketType::open:
    case PacketType::upgrade: break;
  }
  // Only the server opens; only a probe upgrades; pinging is for one side alone.
  ++home_.counters_.parse_errors;
  end(CloseReason::parse_error);
}

// ---- the end
// -------------------------------------------------------------------------------------------------------

void Session::close(CloseReason reason) {
  switch (transition(On::close, phase())) {
    case Do::finish: return end(reason);
    case Do::linger: break;
    default: return;
  }
  const bool wanted = reason == CloseReason::forced_close || reason == CloseReason::server_shutting_down ||
                      reason == CloseReason::server_namespace_disconnect;
  if (!wanted) return end(reason);
  linger(reason, PacketType::close, home_.settings_.close_linger_ms);
}

/// Over, but for one more GET, which is told what is queued and `last`.
void Session::linger(CloseReason reason, PacketType last, loop::TimeMs patience_ms) {
  if (phase() == Phase::probing) drop_probe();
  state_ = State::closing;
  doom_ = reason;
  polling_->push(last);
  home_.timers_.arm(*this, home_.now_() + patience_ms);
  tell_handler(reason);
  if (polling_->get != nullptr) poll(std::move(polling_->get));  // says farewell
}

/// Closes once everybody on the stack has returned, because whoever sends is not to be called back.
void Session::doom(CloseReason reason) {
  state_ = State::closing;
  doom_ = reason;
  if (polling_ != nullptr) {
    drop_probe();
    polling_->drop_queue();
    polling_->push(PacketType::close);
  }
  home_.chores_.close_later(*this);
}

void Session::tell_handler(CloseReason reason) {
  if (!std::exchange(told_, true)) handler_->on_close(reason);
}

void Session::end(CloseReason reason) {
  if (state_ == State::closed) return;
  if (link_ == Link::probing) drop_probe();
  state_ = State::closed;
  doom_ = reason;
  disarm();
  if (link_ == Link::websocket) --home_.counters_.on_websocket;
  Transport* const websocket = std::exchange(websocket_, nullptr);
  if (websocket != nullptr) websocket->close(reason);
  std::unique_ptr<Poll> get;
  if (polling_ != nullptr) {
    get = std::move(polling_->get);
    polling_->place.reset();  // whoever still holds the session keeps no place taken
  }
  Body body;
  if (get != nullptr) {
    if (!told_) polling_->push(PacketType::close);
    body = polling_->take_payload(home_.settings_.max_payload_bytes, true);
  }
  home_.forget(*this);
  tell_handler(reason);
  if (get != nullptr) get->answer(200, std::move(body));
}

}  // namespace sioxx::engine
