#include "sioxx/net/stream.hpp"

#include "sioxx/loop/fault.hpp"

#include <cerrno>
#include <utility>

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace sioxx::net {
namespace {

namespace fault = loop::fault;

Stream::Io from_errno(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return {Stream::Outcome::again, 0};
  return {Stream::Outcome::failed, 0};
}

}  // namespace

Stream::Stream(Stream&& other) noexcept : tls_(std::move(other.tls_)), fd_(std::exchange(other.fd_, -1)) {}

Stream& Stream::operator=(Stream&& other) noexcept {
  if (this != &other) {
    close();
    tls_ = std::move(other.tls_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

bool Stream::start_tls(const TlsContext& context) {
  tls_ = Tls::accept(context, fd_);
  return tls_ != nullptr;
}

Stream::Io Stream::read(std::span<char> into) {
  if (tls_ != nullptr) {
    const Io io = tls_->read(into);
    if (io.outcome == Outcome::not_tls) tls_.reset();
    return io;
  }
  for (;;) {
    const int fault = fault::at(fault::Point::read);
    errno = fault;
    const ssize_t n = fault > 0 ? -1 : ::recv(fd_, into.data(), fault::let_through(fault, into.size()), 0);
    if (n > 0) return {Outcome::done, static_cast<std::size_t>(n)};
    if (n == 0) return {Outcome::ended, 0};
    if (errno != EINTR) return from_errno(errno);
  }
}

Stream::Io Stream::write(std::string_view bytes) { return write(bytes, {}); }

Stream::Io Stream::write_tls(std::string_view first, std::string_view second) {
  const Io io = tls_->write(first);
  if (io.outcome != Outcome::done || io.bytes < first.size() || second.empty()) return io;
  const Io more = tls_->write(second);
  if (more.outcome == Outcome::failed) return more;
  return {Outcome::done, io.bytes + more.bytes};
}

Stream::Io Stream::write(std::string_view first, std::string_view second) {
  if (tls_ != nullptr) return write_tls(first, second);
  for (;;) {
    const int fault = fault::at(fault::Point::write);
    ssize_t n = -1;
    if (fault > 0) {
      errno = fault;
    } else if (second.empty() || fault < 0) {
      n = ::send(fd_, first.data(), fault::let_through(fault, first.size()), MSG_NOSIGNAL);
    } else {
      iovec pieces[2] = {{const_cast<char*>(first.data()), first.size()},
                         {const_cast<char*>(second.data()), second.size()}};
      msghdr message{};
      message.msg_iov = pieces;
      message.msg_iovlen = 2;
      n = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    }
    if (n >= 0) return {Outcome::done, static_cast<std::size_t>(n)};
    if (errno != EINTR) return from_errno(errno);
  }
}

void Stream::shutdown_write() {
  if (tls_ != nullptr) tls_->say_goodbye();
  if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
}

void Stream::close() {
  if (tls_ != nullptr) tls_->say_goodbye();
  tls_.reset();
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace sioxx::net
