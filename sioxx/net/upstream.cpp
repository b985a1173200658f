#include "sioxx/net/upstream.hpp"

#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sioxx::net {
namespace {

/// Empty when the text is no address.
socklen_t fill_address(sockaddr_storage& out, const Peer& peer) {
  auto& v4 = reinterpret_cast<sockaddr_in&>(out);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
  if (::inet_pton(AF_INET, peer.address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(peer.port);
    return sizeof v4;
  }
  if (::inet_pton(AF_INET6, peer.address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(peer.port);
    return sizeof v6;
  }
  return 0;
}

}  // namespace

Upstream::Upstream(loop::Shard& shard, Stream stream, std::string request, std::size_t answer_bytes_max,
                   loop::TimeMs answer_timeout_ms, Listener& listener)
    : shard_(shard),
      listener_(listener),
      stream_(std::move(stream)),
      request_(std::move(request)),
      answer_(answer_bytes_max),
      answer_timeout_ms_(answer_timeout_ms) {}

Upstream::~Upstream() = default;

std::unique_ptr<Upstream> Upstream::ask(loop::Shard& shard, const Peer& peer, Stream stream,
                                        std::string request, std::size_t answer_bytes_max,
                                        loop::TimeMs answer_timeout_ms, Listener& listener) {
  if (!stream) stream = connect(peer);
  std::unique_ptr<Upstream> made(new Upstream(shard, std::move(stream), std::move(request), answer_bytes_max,
                                              answer_timeout_ms, listener));
  // What has failed already is told from the timers, so that nobody is called from in here.
  const bool good = made->stream_ && shard.watch(made->stream_.fd(), EPOLLIN | EPOLLOUT, *made);
  if (!good) made->stream_.close();
  shard.timers().arm(*made, shard.now() + (good ? connect_timeout_ms : 0));
  return made;
}

Stream Upstream::connect(const Peer& peer) {
  sockaddr_storage address{};
  const socklen_t size = fill_address(address, peer);
  if (size == 0) return {};
  Stream stream(::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!stream) return {};
  const int yes = 1;
  ::setsockopt(stream.fd(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (::connect(stream.fd(), reinterpret_cast<const sockaddr*>(&address), size) != 0 && errno != EINPROGRESS)
    return {};
  return stream;
}

void Upstream::discard(std::unique_ptr<Upstream> upstream) {
  if (upstream == nullptr) return;
  upstream->stop();
  loop::Shard& shard = upstream->shard_;
  shard.bury(std::move(upstream));
}

Stream Upstream::take_stream() { return std::move(stream_); }

void Upstream::on_ready(std::uint32_t events) {
  if (state_ == State::connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(stream_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0 || (events & (EPOLLERR | EPOLLHUP)) != 0) return lose("the node does not listen");
    if ((events & EPOLLOUT) == 0) return;
    state_ = State::asking;
    shard_.timers().arm(*this, shard_.now() + answer_timeout_ms_);
  }
  if (sent_ < request_.size() && (events & EPOLLOUT) != 0) send();
  if (state_ == State::asking && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) read();
}

void Upstream::on_timer(loop::TimeMs) {
  if (!stream_) return lose("no connection could be made");
  lose(state_ == State::connecting ? "the node does not accept" : "the node does not answer");
}

void Upstream::send() {
  const Stream::Io io = stream_.write(std::string_view(request_).substr(sent_));
  if (io.outcome == Stream::Outcome::failed) return lose("the node has ended the connection");
  sent_ += io.bytes;
  if (sent_ < request_.size()) return;
  request_ = {};
  sent_ = 0;
  shard_.change(stream_.fd(), EPOLLIN, *this);
}

void Upstream::read() {
  const std::span<char> scratch = shard_.scratch();
  const Stream::Io io = stream_.read(scratch);
  if (io.outcome == Stream::Outcome::again) return;
  if (io.outcome != Stream::Outcome::done) return lose("the node has ended the connection");
  switch (answer_.feed({scratch.data(), io.bytes})) {
    case PeerAnswer::Step::more: return;
    case PeerAnswer::Step::refused: return lose("the node's answer cannot be read");
    case PeerAnswer::Step::complete: {
      const bool reusable = answer_.keep_alive() && request_.empty();
      stop();
      return listener_.on_peer_answer(answer_.take(), reusable);
    }
    case PeerAnswer::Step::upgraded:
      stop();
      return listener_.on_peer_upgraded(answer_.head(), answer_.rest());
  }
}

void Upstream::stop() {
  disarm();
  if (state_ != State::over && stream_) shard_.unwatch(stream_.fd(), *this);
  state_ = State::over;
}

void Upstream::lose(std::string_view why) {
  stop();
  stream_.close();
  listener_.on_peer_lost(why);
}

}  // namespace sioxx::net
