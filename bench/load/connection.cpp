#include "connection.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

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

Connection::Connection(Connection&& other) noexcept
    : index(other.index),
      token(std::move(other.token)),
      is_dirty(other.is_dirty),
      descriptor_(std::exchange(other.descriptor_, -1)),
      state_(std::exchange(other.state_, State::closed)),
      mask_state_(other.mask_state_),
      sent_(other.sent_),
      output_(std::move(other.output_)),
      partial_(std::move(other.partial_)) {}

Connection::~Connection() { close(true); }

int Connection::open(std::uint32_t ipv4_network_order, std::uint16_t port) {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return -1;
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = ipv4_network_order;
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 &&
      errno != EINPROGRESS) {
    const int saved = errno;
    ::close(std::exchange(descriptor_, -1));
    errno = saved;
    return -1;
  }
  state_ = State::connecting;
  mask_state_ = (index + 1) * 0x9e3779b9U | 1U;
  output_.clear();
  partial_.clear();
  sent_ = 0;
  return descriptor_;
}

void Connection::on_writable(ConnectionListener& listener) {
  if (state_ != State::connecting) return;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return on_end(fmt::format("connect failed: {}", std::strerror(error)), listener);
  state_ = State::upgrading;
  output_.append(upgrade_request);
}

void Connection::on_bytes(std::string_view bytes, std::uint64_t received_ns, ConnectionListener& listener) {
  if (partial_.empty()) {
    const std::string_view rest = consume(bytes, received_ns, listener);
    if (state_ != State::closed) partial_.assign(rest);
    return;
  }
  partial_.append(bytes);
  const std::string whole = std::exchange(partial_, {});
  const std::string_view rest = consume(whole, received_ns, listener);
  if (state_ != State::closed) partial_.assign(rest);
}

std::string_view Connection::consume(std::string_view bytes, std::uint64_t received_ns,
                                     ConnectionListener& listener) {
  if (state_ == State::upgrading) bytes = consume_upgrade(bytes, listener);
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
    case Opcode::ping: return append_client_frame(output_, Opcode::pong, payload, next_mask_key());
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
    case PacketKind::ping: return send_text("3");
    case PacketKind::pong: return;
    case PacketKind::open:
      if (state_ != State::opening) return on_end("a second open packet", listener);
      state_ = State::joining;
      return send_text(fmt::format(R"(40{{"token":"{}"}})", token));
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

void Connection::on_end(std::string_view reason, ConnectionListener& listener) {
  if (state_ == State::closed) return;
  close(true);
  listener.on_closed(*this, reason);
}

void Connection::send_text(std::string_view packet) {
  append_client_frame(output_, Opcode::text, packet, next_mask_key());
}

Connection::Flush Connection::flush() {
  if (state_ == State::closed) return Flush::done;
  while (sent_ < output_.size()) {
    const ssize_t n = ::send(descriptor_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Flush::blocked : Flush::failed;
    }
    sent_ += static_cast<std::size_t>(n);
  }
  output_.clear();
  sent_ = 0;
  return Flush::done;
}

void Connection::close(bool reset) noexcept {
  if (descriptor_ < 0) return;
  if (reset) {
    const linger now{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  ::close(std::exchange(descriptor_, -1));
  state_ = State::closed;
}

std::uint32_t Connection::next_mask_key() noexcept {
  mask_state_ ^= mask_state_ << 13;  // xorshift32: unpredictable enough to be honest work for the server
  mask_state_ ^= mask_state_ >> 17;
  mask_state_ ^= mask_state_ << 5;
  return mask_state_;
}

}  // namespace bench
