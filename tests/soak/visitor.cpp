#include "tests/soak/visitor.hpp"

#include <cerrno>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace soak {

Visitor::Visitor(std::uint16_t port, int receive_buffer) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (receive_buffer != 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  // Addresses 127.0.0.1 to 127.0.0.250 in turn, so that the ports of one are never used up by connections that have ended.
  static thread_local unsigned turn = 0;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn++ % 250);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    ::close(std::exchange(fd_, -1));
}

Visitor::Visitor(Visitor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)), body_(std::move(other.body_)) {}

Visitor::~Visitor() {
  if (fd_ >= 0) ::close(fd_);
}

void Visitor::abort() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(fd_, -1));
}

bool Visitor::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool Visitor::fill() {
  char piece[16'384];
  for (;;) {
    const ssize_t n = ::recv(fd_, piece, sizeof piece, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n > 0) buffer_.append(piece, static_cast<std::size_t>(n));
    return n > 0;
  }
}

int Visitor::answer() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return 0;
  }
  const int status = std::stoi(buffer_.substr(9, 3));
  const std::size_t at = buffer_.find("Content-Length: ");
  const std::size_t size = at == std::string::npos || at > end ? 0 : std::stoul(buffer_.substr(at + 16, 10));
  while (buffer_.size() < end + 4 + size) {
    if (!fill()) return 0;
  }
  body_ = buffer_.substr(end + 4, size);
  buffer_.erase(0, end + 4 + size);
  return status;
}

int Visitor::get(std::string_view target) {
  send("GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
  return answer();
}

int Visitor::post(std::string_view target, std::string_view body) {
  send("POST " + std::string(target) + " HTTP/1.1\r\nHost: h\r\nContent-Length: " +
       std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  return answer();
}

bool Visitor::upgrade(std::string_view target) {
  send("GET " + std::string(target) +
       " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  return answer() == 101;
}

bool Visitor::send_text(std::string_view text) {
  std::string frame;
  frame += '\x81';
  frame += static_cast<char>(0x80 | text.size());  // up to 125
  frame.append(4, '\0');
  frame += text;
  return send(frame);
}

std::string Visitor::hear() {
  for (;;) {
    std::size_t head = 2;
    if (buffer_.size() >= 2) {
      std::size_t size = static_cast<unsigned char>(buffer_[1]);
      if (size == 126) head = 4;
      if (buffer_.size() >= head) {
        if (head == 4)
          size = static_cast<std::size_t>(static_cast<unsigned char>(buffer_[2])) << 8 |
                 static_cast<unsigned char>(buffer_[3]);
        if (buffer_.size() >= head + size) {
          const std::string payload = buffer_.substr(head, size);
          buffer_.erase(0, head + size);
          return payload;
        }
      }
    }
    if (!fill()) return {};
  }
}

std::string sid_of(std::string_view open_packet) {
  const std::size_t at = open_packet.find("\"sid\":\"");
  return at == std::string_view::npos ? std::string() : std::string(open_packet.substr(at + 7, 20));
}

}  // namespace soak
