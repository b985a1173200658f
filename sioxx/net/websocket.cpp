// phase       input                          -> phase      what happens
//
// open        message                        open          to the session
// open        ping / pong                    open          pong / nothing
// open        close frame                    finishing     same code back; session: transport close
// open        frame against the RFC          failing       close 1002, 1007 or 1009; session: transport error
// open        end of stream / error          dead          session: transport close / transport error
// open        close() by the session         closing       close frame behind all that is queued
// closing     close frame                    finishing
// closing     any other frame                closing       ignored
// closing     frame against the RFC          failing       (the close frame is out already)
// failing     bytes                          failing       thrown away: the peer may read our last frame
// finishing   everything has been sent       dead
// not open    end of stream, error, timeout  dead

#include "sioxx/net/websocket.hpp"

#include "sioxx/engine/utf8.hpp"

#include <exception>
#include <utility>

#include <sys/epoll.h>

namespace sioxx::net {
namespace {

/// What a sent prefix must have grown to before the rest is moved to the front.
constexpr std::size_t compact_bytes = 65'536;

/// The reference closes without a code whatever the reason; these two tell a client something useful.
CloseCode code_of(CloseReason reason) {
  if (reason == CloseReason::server_shutting_down) return CloseCode::going_away;
  if (reason == CloseReason::slow_consumer) return CloseCode::policy;
  return CloseCode::no_status;
}

}  // namespace

void Output::on_turn_end() {
  if (owner != nullptr) owner->send_out();
}

/// What most WebSockets never have: a handler instead of a session, and the clock of the closing handshake.
class WebSocket::Rare final : public RawWebSocket, private loop::Timer {
 public:
  explicit Rare(WebSocket& owner) : owner_(owner) {}

  void start_timer() {
    if (armed()) return;
    loop::Shard& shard = owner_.home_.shard();
    shard.timers().arm(*this, shard.now() + owner_.home_.options().close_timeout_ms);
  }

  const RawHandler* handler = nullptr;

  // RawWebSocket
  void send(std::string_view data, bool binary) override {
    if (owner_.phase_ != Phase::open) return;
    const std::size_t waiting = owner_.waiting_bytes();
    if (waiting != 0 && waiting + data.size() > owner_.home_.options().send_queue_bytes_max) {
      owner_.flush();
      if (owner_.waiting_bytes() + data.size() > owner_.home_.options().send_queue_bytes_max)
        return owner_.close(CloseCode::policy, text(CloseReason::slow_consumer));
    }
    ++owner_.home_.count().frames_out;
    const Opcode opcode = binary ? Opcode::binary : Opcode::text;
    if (owner_.deflate_ == Deflate::both && owner_.write_compressed(opcode, data)) return;
    append_frame(owner_.output(), opcode, data);
  }
  void close(std::uint16_t code, std::string_view reason) override {
    owner_.close(close_code_is_valid(code) ? static_cast<CloseCode>(code) : CloseCode::normal, reason);
  }

 private:
  void on_timer(loop::TimeMs) override { owner_.die(); }

  WebSocket& owner_;
};

WebSocket::WebSocket(Connections& home, Stream stream, Admission::Seat seat, Deflate deflate)
    : home_(home), seat_(std::move(seat)), stream_(std::move(stream)), deflate_(deflate) {
  ++home_.count().websockets;
}

WebSocket::~WebSocket() = default;  // die() has settled with the shard; without it the shard itself is going

WebSocket& WebSocket::take_over(Connections& home, Stream stream, Admission::Seat seat, std::string_view head,
                                Deflate deflate) {
  std::unique_ptr<WebSocket> made(new WebSocket(home, std::move(stream), std::move(seat), deflate));
  WebSocket& websocket = *made;
  home.keep(std::move(made));
  home.shard().change(websocket.stream_.fd(), EPOLLIN, websocket);
  websocket.output() += head;
  return websocket;
}

void WebSocket::serve(engine::Session& session) {
  if (phase_ == Phase::open) session_ = &session;
}

void WebSocket::serve(const RawHandler& handler) {
  if (phase_ == Phase::open) rare().handler = &handler;
}

void WebSocket::write(const engine::Encoded& packet) {
  if (phase_ != Phase::open) return;
  ++home_.count().frames_out;
  if (deflate_ == Deflate::both && packet.compress() &&
      write_compressed(packet.is_binary() ? Opcode::binary : Opcode::text, packet.packet())) {
    return;
  }
  if (!write_shared(packet.frame())) output() += packet.frame();
}

/// False: what waits here, or will, has to be copied.
bool WebSocket::write_shared(std::string_view frame) {
  if (output_ != nullptr && !output_->bytes.empty()) return false;
  SharedRun::Piece piece = output_ == nullptr ? SharedRun::Piece{} : output_->piece;
  if (!home_.shared_run().extend(piece, frame)) return false;
  borrow();
  output_->piece = piece;
  home_.shard().at_turn_end(*output_);
  return true;
}

/// What is left of a shared piece becomes this socket's own.
void WebSocket::copy_shared() {
  if (output_->piece.bytes == 0) return;
  output_->bytes = home_.shared_run().text(output_->piece);
  home_.shared_run().take_all(output_->piece);
}

void WebSocket::write(engine::PacketType type, std::string_view data) {
  if (phase_ != Phase::open) return;
  ++home_.count().frames_out;
  home_.shared_run().interrupt();
  if (deflate_ == Deflate::both && data.size() >= home_.options().websocket_compression_bytes_min) {
    std::string packet(1, engine::digit(type));
    packet += data;
    if (write_compressed(Opcode::text, packet)) return;
  }
  char head[engine::frame_header_bytes_max + 1];
  char* const digit_at = head + engine::frame_header_bytes_max;
  *digit_at = engine::digit(type);
  const std::size_t header =
      engine::put_frame_header(digit_at, static_cast<std::uint8_t>(Opcode::text), data.size() + 1);
  std::string& out = output();
  out.append(digit_at - header, header + 1);
  out += data;
}

/// False: it is better sent as it is.
bool WebSocket::write_compressed(Opcode opcode, std::string_view payload) {
  const std::string_view frame = home_.message_deflate().frame(opcode, payload);
  if (frame.empty()) return false;
  output() += frame;
  return true;
}

void WebSocket::write_message(std::string_view message, bool binary) {
  if (phase_ != Phase::open) return;
  append_frame(output(), binary ? Opcode::binary : Opcode::text, message);
  ++home_.count().frames_out;
}

std::size_t WebSocket::waiting_bytes() const {
  return output_ == nullptr ? 0 : output_->bytes.size() - output_->sent + output_->piece.bytes;
}

void WebSocket::close(CloseReason reason) {
  session_ = nullptr;
  if (phase_ != Phase::open) return;
  const CloseCode code = code_of(reason);
  close(code, code == CloseCode::no_status ? std::string_view() : text(reason));
}

void WebSocket::close(CloseCode code, std::string_view reason) {
  if (phase_ != Phase::open) return;
  append_close(output(), code, reason);
  phase_ = Phase::closing;
  start_close_timer();
}

void WebSocket::wind_up() {
  if (session_ == nullptr) close(CloseCode::going_away, text(CloseReason::server_shutting_down));
}

void WebSocket::borrow() {
  if (output_ != nullptr) return;
  output_ = home_.borrow_output();
  output_->owner = this;
}

/// The buffer to append to; what is in it leaves at the end of the turn, or when the kernel has room again.
std::string& WebSocket::output() {
  borrow();
  copy_shared();
  if (!waits_for_room_) home_.shard().at_turn_end(*output_);
  if (output_->sent >= compact_bytes && output_->sent * 2 >= output_->bytes.size()) {
    output_->bytes.erase(0, output_->sent);
    output_->sent = 0;
  }
  return output_->bytes;
}

void WebSocket::on_ready(std::uint32_t events) {
  if ((events & EPOLLIN) != 0) {
    read();
  } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    lost(CloseReason::transport_close);
  }
  if ((events & EPOLLOUT) != 0) send_out();
}

void WebSocket::read() {
  const std::span<char> scratch = home_.shard().scratch();
  for (int round = 0; round < reads_a_turn_max && phase_ != Phase::dead; ++round) {
    const Stream::Io io = stream_.read(scratch);
    switch (io.outcome) {
      case Stream::Outcome::done: break;
      case Stream::Outcome::again: return;
      case Stream::Outcome::ended: return lost(CloseReason::transport_close);
      case Stream::Outcome::failed:
      case Stream::Outcome::not_tls: return lost(CloseReason::transport_error);
    }
    home_.count().bytes_in += io.bytes;
    feed(scratch.first(io.bytes));
    if (io.bytes < scratch.size()) return;
  }
}

void WebSocket::feed(std::span<char> bytes) {
  // The session may be forgotten by its owner while it handles what we give it.
  const auto keep = session_ == nullptr ? nullptr : session_->shared_from_this();
  while (phase_ == Phase::open || phase_ == Phase::closing) {
    const FrameReader::Event event =
        reader_.next(bytes, home_.options().max_payload_bytes, deflate_ != Deflate::off);
    if (event.kind == FrameReader::Kind::nothing) return;
    take_event(event);
  }
}

void WebSocket::take_event(const FrameReader::Event& event) {
  const bool is_open = phase_ == Phase::open;
  ++home_.count().frames_in;
  switch (event.kind) {
    case FrameReader::Kind::nothing:
    case FrameReader::Kind::pong: return;
    case FrameReader::Kind::text:
    case FrameReader::Kind::binary:
      if (event.compressed) return take_compressed(event);
      return take_message(event.data, event.kind == FrameReader::Kind::binary);
    case FrameReader::Kind::ping:
      if (is_open && waiting_bytes() <= pong_behind_bytes_max)
        append_frame(output(), Opcode::pong, event.data);
      return;
    case FrameReader::Kind::close:
      if (is_open) append_close(output(), event.code);
      phase_ = Phase::finishing;
      start_close_timer();
      if (output_ == nullptr) return die();
      return leave_session(CloseReason::transport_close);
    case FrameReader::Kind::error: return fail(event.code);
  }
}

void WebSocket::take_message(std::string_view data, bool binary) {
  if (phase_ != Phase::open) return;
  if (session_ != nullptr) return session_->receive(data, binary, *this);
  if (rare_ == nullptr || rare_->handler == nullptr) return;
  try {
    (*rare_->handler)(*rare_, data, binary);
  } catch (const std::exception& error) {
    home_.log_failure(error.what());
  }
}

void WebSocket::take_compressed(const FrameReader::Event& event) {
  if (phase_ != Phase::open) return;
  MessageDeflate& deflate = home_.message_deflate();
  const MessageDeflate::Plain plain = deflate.plain(event.data);
  const bool binary = event.kind == FrameReader::Kind::binary;
  if (plain.result == Zip::Result::too_large) {
    fail(CloseCode::too_big);
  } else if (plain.result == Zip::Result::broken || (!binary && !engine::is_utf8(plain.data))) {
    fail(CloseCode::bad_utf8);
  } else {
    take_message(plain.data, binary);
  }
  deflate.done_with_plain();
}

void WebSocket::fail(CloseCode code) {
  ++home_.count().protocol_errors;
  if (phase_ == Phase::open) append_close(output(), code);
  phase_ = Phase::failing;
  start_close_timer();
  output();  // even an empty one brings us to the end of the turn
  leave_session(CloseReason::transport_error);
}

/// One system call. False: the connection is broken.
bool WebSocket::send_some() {
  const bool shared = output_->piece.bytes != 0;
  const Stream::Io io = stream_.write(shared ? home_.shared_run().text(output_->piece)
                                             : std::string_view(output_->bytes).substr(output_->sent));
  if (io.outcome == Stream::Outcome::failed) return false;
  if (shared) {
    home_.shared_run().take(output_->piece, io.bytes);
  } else {
    output_->sent += io.bytes;
  }
  home_.count().bytes_out += io.bytes;
  return true;
}

void WebSocket::flush() {
  // A failure is left for the end of the turn to meet again: nobody may be called back from here.
  if (phase_ != Phase::dead && output_ != nullptr && waiting_bytes() != 0) send_some();
}

void WebSocket::send_out() {
  if (phase_ == Phase::dead) return;
  if (output_ != nullptr) {
    if (waiting_bytes() != 0 && !send_some()) return lost(CloseReason::transport_error);
    if (waiting_bytes() != 0) {
      copy_shared();
      if (!waits_for_room_) home_.shard().change(stream_.fd(), EPOLLIN | EPOLLOUT, *this);
      waits_for_room_ = true;
      return;
    }
    home_.give_back(std::move(output_));
    if (waits_for_room_) home_.shard().change(stream_.fd(), EPOLLIN, *this);
    waits_for_room_ = false;
  }
  if (phase_ == Phase::finishing) return die();
  if (phase_ == Phase::failing && !write_ended_) {
    write_ended_ = true;
    stream_.shutdown_write();
  }
}

WebSocket::Rare& WebSocket::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>(*this);
  return *rare_;
}

void WebSocket::start_close_timer() { rare().start_timer(); }

void WebSocket::leave_session(CloseReason reason) {
  if (engine::Session* const session = std::exchange(session_, nullptr))
    session->transport_closed(*this, reason);
}

void WebSocket::lost(CloseReason reason) {
  if (phase_ == Phase::dead) return;
  die();
  leave_session(reason);
}

void WebSocket::die() {
  if (phase_ == Phase::dead) return;
  phase_ = Phase::dead;
  home_.shard().unwatch(stream_.fd(), *this);
  stream_.close();
  --home_.count().websockets;
  if (output_ != nullptr) {
    home_.shared_run().take_all(output_->piece);
    home_.give_back(std::move(output_));
  }
  const Admission::Seat left = std::move(seat_);
  home_.bury(*this);
}

}  // namespace sioxx::net
