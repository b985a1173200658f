#include "connection.hpp"

#include <fmt/format.h>
#include <cerrno>
#include <cstring>
#include <utility>

#include "packet.hpp"

namespace bench {

namespace {

/// A key and the accept value that belongs to it (the example of RFC 6455 §1.3): the server's answer is
/// checked without hashing on the client.
constexpr std::string_view upgrade_request =
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "\r\n";
constexpr std::string_view accept_value = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
constexpr std::size_t upgrade_answer_bytes_max = 8192;

}  // namespace

bool Connection::open(std::uint32_t ipv4_network_order, std::uint16_t port) {
  for (std::size_t i = 0; i < line_count(); ++i) {
    lines_[i].owner = this;
    if (lines_[i].open(ipv4_network_order, port)) continue;
    const int saved = errno;
    close(true);
    errno = saved;
    return false;
  }
  polling_ = transport == TransportKind::polling ? std::make_unique<PollingWire>() : nullptr;
  state_ = State::connecting;
  mask_state_ = (index + 1) * 0x9e3779b9U | 1U;
  return true;
}

void Connection::on_writable(Line& line, ConnectionListener& listener) {
  if (line.state() != Line::State::connecting) return;
  const int error = line.finish_connect();
  if (error != 0) return on_end(fmt::format("connect failed: {}", std::strerror(error)), listener);
  if (state_ != State::connecting || &line != &lines_[get_line]) return;
  if (polling_) {
    state_ = State::opening;
    polling_->get(line.output);
  } else {
    state_ = State::upgrading;
    line.output.append(upgrade_request);
  }
}

void Connection::on_bytes(Line& line, std::string_view bytes, std::uint64_t received_ns,
                          ConnectionListener& listener) {
  std::string whole;
  if (!line.partial.empty()) {
    line.partial.append(bytes);
    whole = std::exchange(line.partial, {});
    bytes = whole;
  }
  const std::string_view rest = consume(line, bytes, received_ns, listener);
  if (state_ != State::closed) line.partial.assign(rest);
}

std::string_view Connection::consume(Line& line, std::string_view bytes, std::uint64_t received_ns,
                                     ConnectionListener& listener) {
  if (polling_) return consume_answers(&line == &lines_[get_line], bytes, received_ns, listener);
  if (state_ == State::upgrading) bytes = consume_upgrade(bytes, listener);
  return state_ > State::upgrading ? consume_frames(bytes, received_ns, listener) : bytes;
}

std::string_view Connection::consume_frames(std::string_view bytes, std::uint64_t received_ns,
                                            ConnectionListener& listener) {
  FrameHeader header;
  while (state_ > State::upgrading) {
    const ParseStatus status = parse_frame_header(bytes, header);
    if (status == ParseStatus::need_more) break;
    if (status == ParseStatus::invalid || header.masked) {
      on_end("invalid WebSocket frame", listener);
      return {};
    }
    const std::size_t frame_bytes = header.header_bytes + static_cast<std::size_t>(header.payload_bytes);
    if (bytes.size() < frame_bytes) break;
    on_frame(header, bytes.substr(header.header_bytes, static_cast<std::size_t>(header.payload_bytes)),
             received_ns, listener);
    bytes.remove_prefix(frame_bytes);
  }
  return bytes;
}

std::string_view Connection::consume_answers(bool is_get, std::string_view bytes, std::uint64_t received_ns,
                                             ConnectionListener& listener) {
  while (state_ != State::closed && !bytes.empty()) {
    const HttpAnswer answer = parse_http_answer(bytes);
    if (answer.status == HttpAnswer::Status::need_more) break;
    if (answer.status == HttpAnswer::Status::invalid || answer.code != 200) {
      on_end(fmt::format("polling answered: {}", bytes.substr(0, 200)), listener);
      return {};
    }
    bytes.remove_prefix(answer.bytes);
    if (!is_get) {
      polling_->on_post_answered();
      continue;
    }
    polling_->on_get_answered();
    std::string_view payload = answer.body;
    while (!payload.empty() && state_ != State::closed)
      on_packet(take_packet(payload), received_ns, listener);
    if (state_ != State::closed && polling_->may_get()) polling_->get(lines_[get_line].output);
  }
  return bytes;
}

std::string_view Connection::consume_upgrade(std::string_view bytes, ConnectionListener& listener) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() > upgrade_answer_bytes_max) on_end("the upgrade answer does not end", listener);
    return bytes;
  }
  const std::string_view head = bytes.substr(0, end);
  if (!head.starts_with("HTTP/1.1 101")) {
    on_end(fmt::format("upgrade refused: {}", bytes.substr(0, 200)), listener);
    return {};
  }
  if (head.find(accept_value) == std::string_view::npos) {
    on_end("upgrade answered with a wrong Sec-WebSocket-Accept", listener);
    return {};
  }
  state_ = State::opening;
  return bytes.substr(end + 4);
}

void Connection::on_frame(const FrameHeader& header, std::string_view payload, std::uint64_t received_ns,
                          ConnectionListener& listener) {
  switch (header.opcode) {
    case Opcode::text: return on_packet(payload, received_ns, listener);
    case Opcode::ping:
      return append_client_frame(lines_[get_line].output, Opcode::pong, payload, next_mask_key());
    case Opcode::pong: return;
    case Opcode::close: return on_end("the server closed the WebSocket", listener);
    case Opcode::continuation:
    case Opcode::binary: return on_end("unexpected kind of WebSocket frame", listener);
  }
}

void Connection::on_packet(std::string_view text, std::uint64_t received_ns, ConnectionListener& listener) {
  const Packet packet = parse_packet(text);
  switch (packet.kind) {
    case PacketKind::event: return listener.on_event(*this, packet.body, received_ns);
    case PacketKind::ack: return listener.on_ack(*this, packet.ack_id, packet.body, received_ns);
    case PacketKind::ping: send_text("3"); return listener.on_heartbeat(*this);
    case PacketKind::pong: return;
    case PacketKind::open: return on_open_packet(packet.body, listener);
    case PacketKind::connected:
      if (state_ != State::joining) return on_end("an unexpected CONNECT answer", listener);
      state_ = State::connected;
      return listener.on_connected(*this);
    case PacketKind::connect_error: return on_end(fmt::format("CONNECT refused: {}", packet.body), listener);
    case PacketKind::close:
    case PacketKind::disconnected: return on_end("the server disconnected us", listener);
    case PacketKind::unknown: return on_end(fmt::format("unknown packet: {}", text.substr(0, 100)), listener);
  }
}

void Connection::on_open_packet(std::string_view body, ConnectionListener& listener) {
  if (state_ != State::opening) return on_end("a second open packet", listener);
  state_ = State::joining;
  if (polling_) {
    FieldFinder sid(R"("sid":)");
    polling_->set_sid(leading_string(sid.after(body)));
    if (!polling_->has_sid()) return on_end("an open packet without sid", listener);
  }
  send_text(fmt::format(R"(40{{"token":"{}"}})", token));
}

void Connection::on_end(std::string_view reason, ConnectionListener& listener) {
  if (state_ == State::closed) return;
  close(true);
  listener.on_closed(*this, reason);
}

void Connection::send_text(std::string_view packet) {
  if (polling_) return polling_->queue(packet);
  append_client_frame(lines_[get_line].output, Opcode::text, packet, next_mask_key());
}

bool Connection::has_output() const noexcept {
  return lines_[get_line].has_output() ||
         (polling_ && (lines_[post_line].has_output() || polling_->may_post()));
}

Line::Flush Connection::flush() {
  if (polling_ && polling_->may_post()) polling_->post(lines_[post_line].output);
  const Line::Flush first = lines_[get_line].flush();
  if (!polling_ || first == Line::Flush::failed) return first;
  const Line::Flush second = lines_[post_line].flush();
  return second == Line::Flush::done ? first : second;
}

void Connection::close(bool reset) noexcept {
  for (Line& line : lines_) line.close(reset);
  state_ = State::closed;
}

std::uint32_t Connection::next_mask_key() noexcept {
  mask_state_ ^= mask_state_ << 13;  // xorshift32: unpredictable enough to be honest work for the server
  mask_state_ ^= mask_state_ >> 17;
  mask_state_ ^= mask_state_ << 5;
  return mask_state_;
}

}  // namespace bench
