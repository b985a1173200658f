#include "line.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace bench {

bool Line::open(std::uint32_t ipv4_network_order, std::uint16_t port) {
  close(true);
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return false;
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
    return false;
  }
  state_ = State::connecting;
  output.clear();
  partial.clear();
  sent_ = 0;
  return true;
}

int Line::finish_connect() noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) state_ = State::open;
  return error;
}

Line::Flush Line::flush() {
  if (state_ != State::open) return Flush::done;
  while (sent_ < output.size()) {
    const ssize_t n = ::send(descriptor_, output.data() + sent_, output.size() - sent_, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Flush::blocked : Flush::failed;
    }
    sent_ += static_cast<std::size_t>(n);
  }
  output.clear();
  sent_ = 0;
  return Flush::done;
}

void Line::close(bool reset) noexcept {
  if (descriptor_ < 0) return;
  if (reset) {
    const linger now{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  ::close(std::exchange(descriptor_, -1));
  state_ = State::closed;
}

}  // namespace bench
