#include "sioxx/net/listener.hpp"

#include "sioxx/loop/fault.hpp"
#include "sioxx/net/admission.hpp"
#include "sioxx/net/connections.hpp"
#include "sioxx/net/stream.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sioxx::net {
namespace {

/// A fresh connection on its way to the shard where it will live.
class Newcomer final : public loop::Letter {
 public:
  Newcomer(Connections& to, Stream stream, const IpAddress& address, Admission::Seat seat)
      : to_(to), stream_(std::move(stream)), address_(address), seat_(std::move(seat)) {}
  void open() override { to_.adopt(std::move(stream_), address_, std::move(seat_)); }

 private:
  Connections& to_;
  Stream stream_;
  IpAddress address_;
  Admission::Seat seat_;
};

[[noreturn]] void fail(int error, const std::string& host, std::uint16_t port) {
  std::string what = "cannot listen on " + host + " port " + std::to_string(port);
  if (error == EADDRINUSE)
    what += " (another program has this port: choose another one or stop that program)";
  if (error == EACCES) what += " (ports below 1024 need a privilege: choose a higher one)";
  if (error == EADDRNOTAVAIL) what += " (this machine does not have that address: use :: for all)";
  throw std::system_error(error, std::generic_category(), what);
}

/// A bound and listening socket, or minus the error.
int listen_on(const addrinfo& address) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  const int yes = 1;
  const int no = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // accepted sockets inherit it
  if (address.ai_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  if (::bind(fd, address.ai_addr, address.ai_addrlen) == 0 && ::listen(fd, Listener::backlog_max) == 0)
    return fd;
  const int error = errno;
  ::close(fd);
  return -error;
}

int listen_on(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int answer = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (answer != 0) {
    throw std::system_error(EADDRNOTAVAIL, std::generic_category(),
                            "cannot listen on " + host + " (" + ::gai_strerror(answer) +
                                "): give an address of this machine, or :: for all");
  }
  int result = -EADDRNOTAVAIL;
  for (const addrinfo* at = found; at != nullptr && result < 0; at = at->ai_next) result = listen_on(*at);
  ::freeaddrinfo(found);
  return result;
}

bool out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

constexpr TurnedAway all_taken{503, "UNAVAILABLE", "All places of this server are taken."};
constexpr TurnedAway too_many{429, "RATE_LIMITED", "Too many connections from your address."};
constexpr TurnedAway too_fast{503, "UNAVAILABLE", "Too many connections at once."};

}  // namespace

Listener::~Listener() { stop(); }

void Listener::open(const std::string& host, std::uint16_t port) {
  int fd = listen_on(host, port);
  if (fd == -EAFNOSUPPORT && host == "::") fd = listen_on("0.0.0.0", port);
  if (fd < 0) fail(-fd, host, port);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  in_port_t number = 0;
  if (bound.ss_family == AF_INET6) {
    number = reinterpret_cast<const sockaddr_in6&>(bound).sin6_port;
  } else {
    number = reinterpret_cast<const sockaddr_in&>(bound).sin_port;
  }
  fd_ = fd;
  port_ = ntohs(number);
}

void Listener::start() {
  if (fd_ < 0 || watching_) return;
  watching_ = house_.shard(0).watch(fd_, EPOLLIN, *this);
  if (!watching_) pause(ENOMEM);
}

void Listener::stop() {
  disarm();
  if (watching_) house_.shard(0).unwatch(fd_, *this);
  watching_ = false;
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void Listener::on_ready(std::uint32_t) {
  for (int accepted = 0; accepted < accepts_a_turn_max; ++accepted) {
    if (!accept_one()) return;
  }
}

bool Listener::accept_one() {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  int fd = -1;
  if (const int error = loop::fault::at(loop::fault::Point::accept); error != 0) {
    errno = error;
  } else {
    fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  }
  if (fd < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (out_of_resources(errno)) {
      pause(errno);
      return false;
    }
    return true;  // that one went away before we came (ECONNABORTED, EINTR, network errors of accept(2))
  }
  if (paused_) {
    paused_ = false;
    LogLine line;
    line.event = "accept_resumed";
    house_.log(line);
  }
  Stream stream(fd);
  const IpAddress address = IpAddress::of(reinterpret_cast<const sockaddr&>(peer));
  if (!may_accept_another()) {
    house_.connections(0).turn_away(std::move(stream), address, too_fast);
    return true;
  }
  Admission::Entry entry = house_.admission().enter(address, !house_.options().trust_proxy);
  if (entry.verdict != Admission::Verdict::welcome) {
    const bool full = entry.verdict == Admission::Verdict::full;
    house_.connections(0).turn_away(std::move(stream), address, full ? all_taken : too_many);
    return true;
  }
  Connections& home = house_.connections(entry.shard);
  if (entry.shard == 0) {
    home.adopt(std::move(stream), address, std::move(entry.seat));
  } else {
    house_.shard(entry.shard)
        .post(std::make_unique<Newcomer>(home, std::move(stream), address, std::move(entry.seat)));
  }
  return true;
}

/// A bucket that fills at accepts_per_second_max and holds one second of it.
bool Listener::may_accept_another() {
  const auto rate = static_cast<double>(house_.options().accepts_per_second_max);
  if (rate == 0) return true;
  const loop::TimeMs now = house_.shard(0).now();
  places_ = std::min(rate, places_ + rate * static_cast<double>(now - counted_at_) / 1'000);
  counted_at_ = now;
  if (places_ < 1) return false;
  --places_;
  return true;
}

/// Without a descriptor to spare, accept would fail again and again while the socket stays readable.
void Listener::pause(int error) {
  if (watching_) house_.shard(0).unwatch(fd_, *this);
  watching_ = false;
  house_.shard(0).timers().arm(*this, house_.shard(0).now() + pause_ms);
  if (std::exchange(paused_, true)) return;
  LogLine line;
  line.level = LogLine::Level::error;
  line.event = "accept_paused";
  line.reason = std::strerror(error);
  line.detail = "raise the limit of open files (ulimit -n, LimitNOFILE)";
  house_.log(line);
}

void Listener::on_timer(loop::TimeMs) { start(); }

}  // namespace sioxx::net
