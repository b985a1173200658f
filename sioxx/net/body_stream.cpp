// Bodies that go to the application piece by piece. What waits is not read: the parser gets no bytes, in_ fills up to a
// head's size, then the kernel's buffer does, then the client's.
//
//   head with a body   -> the BodyHandler: no sink -> collected as ever
//                                          a sink  -> waiting, until resume()
//   waiting            -> resume(): 100 Continue if expected, then pieces
//   a piece            -> on_piece(): true -> the next one, false -> waiting
//   the whole body     -> on_end(); the answer comes when it comes
//   an answer before   -> the sink goes, the answer leaves, the connection lingers and ends

#include "sioxx/net/body_stream.hpp"

#include "sioxx/net/connection.hpp"
#include "sioxx/net/cors.hpp"
#include "sioxx/net/response.hpp"

#include <exception>
#include <utility>

namespace sioxx::net {

/// Whether the application has taken this request at its head. True: all is said and set.
bool Connection::begin_streaming() {
  const http::BodyHandler& handler = home_.house().body_handler();
  if (!handler || !parser_.expects_body()) return false;
  // Whoever answers before the body is whole ends the connection: what follows is a body, not a request.
  const bool closed_after = std::exchange(close_after_, true);
  linger_after_ = true;
  phase_ = Phase::answering;
  ++number_;
  http::Reply reply = make_reply();
  std::unique_ptr<http::BodySink> sink;
  streaming_ = std::make_unique<Streaming>();  // resume() may be said at once
  streaming_->continue_owed = parser_.expects_continue();
  look_through_proxy(parser_.request());
  const auto resume = [&home = home_.shard(), here = handle(), number = number_] {
    const auto go_on = [here, number] {
      if (Connection* const connection = here->get()) connection->resume_streaming(number);
    };
    if (loop::Shard::here() == &home) return go_on();
    home.post(go_on, loop::Mail::reply);
  };
  try {
    sink = handler(parser_.request(), reply, resume);
  } catch (const std::exception& error) {
    home_.log_failure(error.what());
    streaming_.reset();
    if (reply) reply.send(error_response(500, "INTERNAL", "The request was not answered."));
    return true;
  }
  if (phase_ != Phase::answering ||
      (sink == nullptr && !reply)) {  // answered, or to be: nobody wants the body
    streaming_.reset();
    return true;
  }
  close_after_ = closed_after;
  linger_after_ = false;
  if (sink == nullptr) {
    streaming_.reset();
    phase_ = Phase::head;
    return false;
  }
  phase_ = Phase::body;
  const std::uint64_t bytes_max = sink->bytes_max();
  streaming_->sink = std::move(sink);
  if (parser_.accept_body(static_cast<std::size_t>(bytes_max)) == HttpParser::Step::refused) {
    refuse(parser_.refusal());
    return true;
  }
  wait_for(home_.options().http_body_timeout_ms);
  return true;
}

bool Connection::streaming_waits() const { return streaming_ != nullptr && streaming_->waits; }

/// Hands on what the parser has collected. Afterwards the request may be answered, or this object dead.
void Connection::pass_on_body() {
  std::string piece = std::exchange(parser_.request().body, {});
  if (piece.empty()) return;
  streaming_->arrived_bytes += piece.size();
  streaming_->waits = true;
  // Held here, because an answer given from within lets go of it.
  std::unique_ptr<http::BodySink> sink = std::move(streaming_->sink);
  bool more = false;
  try {
    more = sink->on_piece(piece);
  } catch (const std::exception& error) {
    home_.log_failure(error.what());
    sink.reset();  // with it, as a rule, the reply, which then says 500
    if (streams()) refuse(500, "INTERNAL", "The request was not answered.");
  }
  if (!streams()) return;
  if (more) streaming_->waits = false;
  streaming_->sink = std::move(sink);
}

void Connection::resume_streaming(std::uint64_t number) {
  if (!streams() || number != number_ || !streaming_->waits) return;
  streaming_->waits = false;
  peer_ended_ = false;  // perhaps seen while nothing was read; reading tells again
  if (std::exchange(streaming_->continue_owed, false) && in_.empty() && rest_.empty())
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  wait_for(home_.options().http_body_timeout_ms);
  home_.shard().at_turn_end(*this);
}

/// The whole body is there.
void Connection::end_streaming() {
  const std::unique_ptr<Streaming> held = std::move(streaming_);
  disarm();
  phase_ = Phase::answering;
  ++home_.count().http_requests;
  static_cast<void>(parser_.take_request());
  try {
    held->sink->on_end();
  } catch (const std::exception& error) {
    home_.log_failure(error.what());  // the reply, lost with the sink, says 500
  }
}

/// The time is up: whether enough has come in it, or nothing was to come.
bool Connection::streaming_goes_on() {
  if (!streams() || phase_ != Phase::body) return false;
  if (!streaming_->waits && std::exchange(streaming_->arrived_bytes, 0) < streamed_progress_bytes_min)
    return false;
  wait_for(home_.options().http_body_timeout_ms);
  return true;
}

}  // namespace sioxx::net
