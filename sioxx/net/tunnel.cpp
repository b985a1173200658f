#include "sioxx/net/tunnel.hpp"

#include <memory>
#include <utility>

#include <sys/epoll.h>

namespace sioxx::net {

Tunnel::Tunnel(Connections& home, Stream client, Admission::Seat seat, Stream node, std::string to_client,
               std::string to_node)
    : home_(home),
      seat_(std::move(seat)),
      client_(*this, std::move(client), std::move(to_client)),
      node_(*this, std::move(node), std::move(to_node)) {
  ++home_.count().tunnels;
}

Tunnel::~Tunnel() = default;

void Tunnel::begin(Connections& home, Stream client, Admission::Seat seat, Stream node, std::string to_client,
                   std::string to_node) {
  std::unique_ptr<Tunnel> made(new Tunnel(home, std::move(client), std::move(seat), std::move(node),
                                          std::move(to_client), std::move(to_node)));
  Tunnel& tunnel = *made;
  home.keep(std::move(made));
  loop::Shard& shard = home.shard();
  tunnel.client_.events = tunnel.node_.events = EPOLLIN;
  shard.change(tunnel.client_.stream.fd(), EPOLLIN, tunnel.client_);
  if (!shard.watch(tunnel.node_.stream.fd(), EPOLLIN, tunnel.node_)) return tunnel.die();
  tunnel.heard();
  if (!tunnel.write(tunnel.client_) || !tunnel.write(tunnel.node_)) return tunnel.die();
  tunnel.settle();
}

void Tunnel::on_ready(Side& side, std::uint32_t events) {
  const bool readable = (events & EPOLLIN) != 0 || ((events & EPOLLOUT) != 0 && side.stream.wants_room());
  if (!readable && (events & (EPOLLHUP | EPOLLERR)) != 0) return die();
  if (readable && !read(side)) return die();
  if ((events & EPOLLOUT) != 0 && !write(side)) return die();
  settle();
}

/// False: broken.
bool Tunnel::read(Side& side) {
  Side& to = other(side);
  if (to.waiting() >= waiting_bytes_max) return true;
  const std::span<char> scratch = home_.shard().scratch();
  const Stream::Io io = side.stream.read(scratch);
  if (io.outcome == Stream::Outcome::again) return true;
  if (io.outcome == Stream::Outcome::ended) {
    side.ended = true;
    return true;
  }
  if (io.outcome != Stream::Outcome::done) return false;
  if (&side == &client_) home_.count().bytes_in += io.bytes;
  heard();
  to.output.append(scratch.data(), io.bytes);
  return write(to);
}

bool Tunnel::write(Side& side) {
  if (side.waiting() == 0) return true;
  const Stream::Io io = side.stream.write(std::string_view(side.output).substr(side.sent));
  if (io.outcome == Stream::Outcome::failed) return false;
  if (&side == &client_) home_.count().bytes_out += io.bytes;
  side.sent += io.bytes;
  if (side.waiting() == 0) {
    side.output = {};
    side.sent = 0;
  } else if (side.sent >= waiting_bytes_max) {
    side.output.erase(0, std::exchange(side.sent, 0));
  }
  return true;
}

void Tunnel::settle() {
  if ((client_.ended && node_.waiting() == 0) || (node_.ended && client_.waiting() == 0)) return die();
  update_interest(client_);
  update_interest(node_);
}

void Tunnel::update_interest(Side& side) {
  std::uint32_t events = 0;
  if (!side.ended && other(side).waiting() < waiting_bytes_max) events |= EPOLLIN;
  if (side.waiting() != 0 || side.stream.wants_room()) events |= EPOLLOUT;
  if (events == side.events) return;
  side.events = events;
  home_.shard().change(side.stream.fd(), events, side);
}

void Tunnel::heard() {
  home_.shard().timers().arm(*this, home_.shard().now() + home_.options().relay_silence_ms_max);
}

void Tunnel::die() {
  if (std::exchange(dead_, true)) return;
  disarm();
  for (Side* side : {&client_, &node_}) {
    home_.shard().unwatch(side->stream.fd(), *side);
    side->stream.close();
  }
  --home_.count().tunnels;
  const Admission::Seat left = std::move(seat_);
  home_.bury(*this);
}

}  // namespace sioxx::net
