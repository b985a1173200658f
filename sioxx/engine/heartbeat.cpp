// What a session does by the clock, and to show that it lives (protocol v4, "Heartbeat"; v3, "Ping").
//
//   beat                 armed for                     when the time comes
//   resting              ping interval                 ping, waiting_for_pong
//   waiting_for_pong     ping timeout                  closed; any packet: extended
//   extended             ping timeout                  closed
//   waiting_for_ping     both, from the last packet    closed                        protocol 3
//   greeting             a moment                      open packet, waiting_for_ping protocol 3 by WebSocket

#include "sioxx/engine/polling.hpp"
#include "sioxx/engine/session_table.hpp"
#include "sioxx/engine/sessions.hpp"

namespace sioxx::engine {
namespace {

/// A heartbeat that fires at most this late keeps its schedule; after a longer stall the client gets its full
/// time.
constexpr loop::TimeMs stall_ms = 100;

}  // namespace

// ---- heartbeat: we ping, the client pongs; in protocol 3 it pings within the sum of both times
// ----------------------------------------------------------------------------

void Session::start_heartbeat() {
  const Settings& settings = home_.settings_;
  beat_ = revision() == Revision::v4 ? Beat::resting : Beat::waiting_for_ping;
  const loop::TimeMs patience_ms = revision() == Revision::v4 ? 0 : settings.ping_timeout_ms;
  home_.timers_.arm(*this, home_.now_() + settings.ping_interval_ms + patience_ms);
}

/// On a WebSocket: the open packet, and the layer above may speak.
void Session::greet() {
  start_heartbeat();
  websocket_->write(PacketType::open, home_.open_packet(*this, false));
  handler_->on_open();
}

void Session::on_timer(loop::TimeMs now) {
  switch (transition(On::timer, phase())) {
    case Do::finish: return end(doom_);
    case Do::beat: break;
    default: return;
  }
  if (beat_ == Beat::greeting) return greet();
  if (beat_ != Beat::resting) return end(CloseReason::ping_timeout);
  beat_ = Beat::waiting_for_pong;
  const loop::TimeMs sent = now - due() <= stall_ms ? due() : now;
  home_.timers_.arm(*this, sent + home_.settings_.ping_timeout_ms);
  if (link_ == Link::websocket) {
    websocket_->write(PacketType::ping, {});
  } else {
    polling_->push(PacketType::ping);
    if (polling_->get != nullptr) answer_queued();
  }
}

/// Any packet while we wait for the pong shows life: it extends the wait, once; in protocol 3 every packet does.
void Session::heard() {
  if (beat_ == Beat::waiting_for_ping) return start_heartbeat();
  if (beat_ != Beat::waiting_for_pong) return;
  beat_ = Beat::extended;
  home_.timers_.arm(*this, home_.now_() + home_.settings_.ping_timeout_ms);
}

/// Protocol 3, "Ping". A client that pings and does not read is not answered without end.
void Session::answer_ping(std::string_view data) {
  heard();
  if (link_ != Link::websocket) {
    polling_->push(PacketType::pong);
    return answer_soon();
  }
  if (has_room_for(data.size() + frame_cost_bytes, Delivery::ephemeral))
    websocket_->write(PacketType::pong, data);
}

}  // namespace sioxx::engine
