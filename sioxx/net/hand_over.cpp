// How a connection goes to the shard where its session lives. Once a head is read and names a session of
// another shard, the descriptor, the parser with that head, the bytes behind it and answers that have not
// left yet go there in one letter. Nothing is forwarded: from then on the connection lives there (and may
// move again with its next request).

#include "sioxx/net/body_stream.hpp"
#include "sioxx/net/connection.hpp"

#include <memory>
#include <utility>

#include <sys/epoll.h>

namespace sioxx::net {

/// A connection on its way to another shard: its head is read, its body is not.
class Connection::HandOver final : public loop::Letter {
 public:
  HandOver(Connection& from, Connections& to)
      : to_(to),
        stream_(std::move(from.stream_)),
        seat_(std::move(from.seat_)),
        peer_(from.peer_),
        parser_(std::move(from.parser_)),
        unread_(from.rest_),
        out_(from.out_.substr(from.out_at_)) {}

  void open() override {
    if (to_.closing()) return;
    std::unique_ptr<Connection> made(new Connection(to_, std::move(stream_), peer_, std::move(seat_)));
    Connection& connection = *made;
    to_.keep(std::move(made));
    connection.parser_ = std::move(parser_);
    connection.in_ = std::move(unread_);
    connection.out_ = std::move(out_);
    connection.events_ = EPOLLIN | EPOLLRDHUP;
    if (!to_.shard().watch(connection.stream_.fd(), connection.events_, connection)) return connection.die();
    connection.working_ = true;
    connection.rest_ = connection.in_;
    connection.on_head();
    connection.working_ = false;
    if (connection.phase_ == Phase::dead) return;
    connection.work_on_input();
    if (connection.output_waits()) to_.shard().at_turn_end(connection);
  }

 private:
  Connections& to_;
  Stream stream_;
  Admission::Seat seat_;
  IpAddress peer_;
  HttpParser parser_;
  std::string unread_;
  std::string out_;
};

bool Connection::hand_over(unsigned shard) {
  Connections& there = home_.house().connections(shard);
  home_.shard().unwatch(stream_.fd(), *this);
  seat_.move_to(shard);
  ++home_.count().hand_overs;
  const bool posted = home_.house().shard(shard).post(std::make_unique<HandOver>(*this, there));
  if (!posted) {
    // That shard takes no more letters: it is stopping or overrun. The descriptor went with the letter.
    LogLine line;
    line.level = LogLine::Level::warning;
    line.event = "hand_over_failed";
    line.reason = "mailbox full or closed";
    home_.house().log(line);
  }
  retire();
  return true;
}

}  // namespace sioxx::net
