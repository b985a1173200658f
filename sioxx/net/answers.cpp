// The way out of a Connection: who holds the right to answer, and how an answer reaches the kernel.
//
//   out_      heads and small bodies, in the order of the requests
//   shared_   then one large body, from where it lies
//   file_     or one part of a file, in pieces
//
// While shared_ or file_ waits, no further request is looked at; so there is never more than one of them.

#include "sioxx/net/body_stream.hpp"
#include "sioxx/net/connection.hpp"
#include "sioxx/net/cors.hpp"
#include "sioxx/net/response.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include <unistd.h>

namespace sioxx::net {
namespace {

/// Pieces of a file that one turn sends; then the others have their turn.
constexpr int file_pieces_a_turn_max = 8;
/// What an answer's head has beside the given part, about; with it one allocation holds the whole.
constexpr std::size_t own_head_bytes = 128;
constexpr std::string_view text_payload_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nCache-Control: no-store\r\n";

}  // namespace

class Connection::PendingPoll final : public engine::Poll {
 public:
  PendingPoll(std::shared_ptr<Handle> handle, std::uint64_t number)
      : handle_(std::move(handle)), number_(number) {}
  ~PendingPoll() override {
    if (Connection* const connection = handle_->get(); connection != nullptr && !answered_)
      connection->drop(number_);
  }

  void answer(int status, engine::Body body) override {
    answered_ = true;
    if (Connection* const connection = handle_->get())
      connection->answer_poll(number_, status, std::move(body));
  }

 private:
  std::shared_ptr<Handle> handle_;
  std::uint64_t number_;
  bool answered_ = false;
};

/// Travels with the application, also through other threads; finds its way home by letter.
class Connection::PendingReply final : public http::Reply::Sink {
 public:
  PendingReply(loop::Shard& home, std::shared_ptr<Handle> handle, std::uint64_t number)
      : home_(home), handle_(std::move(handle)), number_(number) {}
  ~PendingReply() override {
    if (!sent_) send(error_response(500, "INTERNAL", "The request was not answered."));
  }

  void send(http::Response response) override {
    sent_ = true;
    if (loop::Shard::here() == &home_) return deliver(*handle_, number_, std::move(response));
    home_.post([handle = handle_, number = number_,
                carried = std::move(response)]() mutable { deliver(*handle, number, std::move(carried)); },
               loop::Mail::reply);
  }

 private:
  static void deliver(const Handle& handle, std::uint64_t number, http::Response response) {
    if (handle.get() != nullptr) handle.get()->answer(number, std::move(response));
  }

  loop::Shard& home_;
  std::shared_ptr<Handle> handle_;
  std::uint64_t number_;
  bool sent_ = false;
};

std::shared_ptr<Connection::Handle> Connection::handle() {
  if (handle_ == nullptr) handle_ = std::make_shared<Handle>(*this);
  return handle_;
}

http::Reply Connection::make_reply() {
  return http::Reply(std::make_unique<PendingReply>(home_.shard(), handle(), number_));
}

std::unique_ptr<engine::Poll> Connection::make_poll() {
  return std::make_unique<PendingPoll>(handle(), number_);
}

std::unique_ptr<engine::Poll> Connection::make_poll(const std::shared_ptr<engine::Session>& session) {
  auto poll = make_poll();
  polled_ = session;
  poll_ = poll.get();
  return poll;
}

void Connection::answer(std::uint64_t number, http::Response response) {
  if (number == number_) respond(std::move(response));
}

void Connection::answer_poll(std::uint64_t number, int status, engine::Body body) {
  if (number != number_) return;
  const bool wrapped = body.compress && home_.options().http_compression &&
                       body.bytes.size() >= home_.options().http_compression_bytes_min;
  if (status == 200 && !body.binary && !wrapped && body.bytes.size() <= copied_body_bytes_max)
    return respond(text_payload_head, body.bytes);
  http::Response response;
  response.status = status;
  if (status == 200) {
    response.headers.emplace_back("Content-Type",
                                  body.binary ? "application/octet-stream" : "text/plain; charset=UTF-8");
  } else if (!body.bytes.empty()) {
    response.headers.emplace_back("Content-Type", "application/json");
  }
  response.headers.emplace_back("Cache-Control", "no-store");
  response.body = std::move(body.bytes);
  response.compress = body.compress;
  respond(std::move(response));
}

void Connection::drop(std::uint64_t number) {
  if (number != number_ || phase_ != Phase::answering) return;
  die();
}

/// False: nobody waits for an answer.
bool Connection::may_respond() {
  if (phase_ == Phase::body && streams()) {  // before the body is whole: nobody wants the rest
    streaming_.reset();
    close_after_ = linger_after_ = true;
    phase_ = Phase::answering;
  }
  if (phase_ != Phase::answering) return false;
  poll_ = nullptr;
  polled_.reset();
  drop_relayed();
  return true;
}

/// The headers that only this connection knows.
void Connection::end_head(bool keep_alive) {
  out_ += home_.date_header();
  out_ += keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  Cors(home_.options()).append_headers(out_, origin_);
  out_ += "\r\n";
  if (!keep_alive) close_after_ = true;
}

void Connection::request_is_answered() {
  origin_.clear();
  head_only_ = false;
  phase_ = Phase::head;
  home_.shard().at_turn_end(*this);
}

void Connection::respond(std::string_view head, std::string_view body) {
  if (!may_respond()) return;
  char length[32] = "Content-Length: ";
  constexpr std::size_t name_bytes = 16;
  char* end = std::to_chars(length + name_bytes, std::end(length) - 2, body.size()).ptr;
  *end++ = '\r';
  *end++ = '\n';
  if (out_.empty()) out_.reserve(head.size() + own_head_bytes + body.size());
  out_ += head;
  out_.append(length, static_cast<std::size_t>(end - length));
  end_head(keep_alive_ && !close_after_ && !home_.closing());
  if (!head_only_) out_ += body;
  request_is_answered();
}

void Connection::respond(http::Response response) {
  if (!may_respond()) return;
  const bool keep = keep_alive_ && !close_after_ && !home_.closing();
  if (response.compress && response.body.size() >= home_.options().http_compression_bytes_min)
    compress_body(response, coding_, home_.zip(), home_.options());
  append_head(out_, response);
  end_head(keep);
  if (!head_only_ && response.status != 204 && response.status != 304) {
    if (response.file.fd != nullptr) {
      if (response.file.size != 0) file_ = std::move(response.file);
    } else if (response.shared_body == nullptr) {
      if (response.body.size() <= copied_body_bytes_max) {
        out_ += response.body;
      } else {
        shared_ = std::make_shared<const std::string>(std::move(response.body));
      }
    } else if (response.shared_body->size() <= copied_body_bytes_max) {
      out_ += *response.shared_body;
    } else {
      shared_ = std::move(response.shared_body);
    }
    shared_at_ = 0;
  }
  request_is_answered();
}

void Connection::on_turn_end() {
  if (phase_ == Phase::dead) return;
  if (input_blocked_) work_on_input();
  if (phase_ != Phase::dead) write_out();
  if (phase_ != Phase::dead) update_interest();
}

/// One system call's worth of what waits; `done` with no bytes when a file has ended early.
Stream::Io Connection::write_piece() {
  const std::string_view head = std::string_view(out_).substr(out_at_);
  if (shared_ != nullptr) {
    const std::string_view body = std::string_view(*shared_).substr(shared_at_);
    Stream::Io io = head.empty() ? stream_.write(body) : stream_.write(head, body);
    const std::size_t of_head = std::min(io.bytes, head.size());
    out_at_ += of_head;
    shared_at_ += io.bytes - of_head;
    if (shared_at_ == shared_->size()) shared_.reset();
    return io;
  }
  if (!head.empty()) {
    const Stream::Io io = stream_.write(head);
    out_at_ += io.bytes;
    return io;
  }
  const std::span<char> scratch = home_.shard().scratch();
  const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(file_.size, scratch.size()));
  const ssize_t got = ::pread(*file_.fd, scratch.data(), wanted, static_cast<off_t>(file_.offset));
  if (got <= 0) return {};  // shorter than it said: only ending the connection tells the client
  const Stream::Io io = stream_.write({scratch.data(), static_cast<std::size_t>(got)});
  file_.offset += io.bytes;
  file_.size -= io.bytes;
  if (file_.size == 0) file_ = {};
  return io;
}

void Connection::write_out() {
  for (int pieces = 0; output_waits(); ++pieces) {
    const bool rest_for_later = pieces == file_pieces_a_turn_max;
    const Stream::Io io = rest_for_later ? Stream::Io{Stream::Outcome::again, 0} : write_piece();
    if (io.outcome == Stream::Outcome::failed) return lost();
    home_.count().bytes_out += io.bytes;
    if (io.outcome == Stream::Outcome::again) {
      waits_for_room_ = true;
      return wait_for(home_.options().http_body_timeout_ms);
    }
  }
  output_is_out();
}

void Connection::output_is_out() {
  const bool was_waiting = std::exchange(waits_for_room_, false);
  out_at_ = 0;
  if (out_.capacity() > copied_body_bytes_max) {
    out_ = {};
  } else {
    out_.clear();
  }
  if (phase_ == Phase::answering && was_waiting) disarm();
  if (phase_ != Phase::head) return;
  if (close_after_) return linger_after_ ? linger() : die();
  if (input_blocked_) return home_.shard().at_turn_end(*this);
  if (peer_ended_) return die();
  const Options& options = home_.options();
  wait_for(in_.empty() ? options.http_idle_timeout_ms : options.http_header_timeout_ms);
}

}  // namespace sioxx::net
