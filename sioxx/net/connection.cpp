// phase       input                                   -> phase       what happens
//
// head        whole head, body to come                   body        100 Continue if asked for
// head        whole head, session of another shard       (retired)   handed over, served there
// head        whole request                              answering   engine or application
// body        whole request                              answering
// body        a piece, the application streams it        body        handed on; input waits while it says so
// body        respond(), the application streams it      head        the answer came early: then lingering
// answering   respond()                                  head        out at the turn end, then the next one
// answering   become_websocket()                         (retired)   a WebSocket has the descriptor
// head, body  not HTTP, too large, too slow              head        error, then lingering
// head        idle too long, or the house closes         dead
// head, body  end of stream                              dead        (once all answers are out)
// answering   end of stream while a GET waits            dead        poll_lost()
// answering   end of stream, the application works       answering   its answer is still sent
// lingering   end of stream, too much, too long          dead

#include "sioxx/net/connection.hpp"

#include "sioxx/net/body_stream.hpp"
#include "sioxx/net/cors.hpp"
#include "sioxx/net/polling.hpp"
#include "sioxx/net/relay.hpp"
#include "sioxx/net/response.hpp"
#include "sioxx/net/upgrade.hpp"
#include "sioxx/net/websocket.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <sys/epoll.h>
#include <unistd.h>

namespace sioxx::net {
namespace {

constexpr HttpParser::Refusal needs_tls{400, "TLS_REQUIRED",
                                        "HTTPS is spoken at this port: use https:// or wss://."};
constexpr HttpParser::Refusal too_slow{408, "REQUEST_TIMEOUT", "The request did not arrive in time."};

std::string_view last_of_list(std::string_view list) {
  const std::size_t comma = list.rfind(',');
  if (comma != std::string_view::npos) list.remove_prefix(comma + 1);
  while (list.starts_with(' ')) list.remove_prefix(1);
  while (list.ends_with(' ')) list.remove_suffix(1);
  return list;
}

}  // namespace

Connection::Connection(Connections& home, Stream stream, const IpAddress& peer, Admission::Seat seat)
    : home_(home),
      stream_(std::move(stream)),
      seat_(std::move(seat)),
      peer_(peer),
      parser_({home.options().http_head_bytes_max, home.options().http_headers_max}) {
  ++home_.count().http_connections;
}

Connection::~Connection() {
  if (handle_ != nullptr) handle_->forget();
}

void Connection::begin(Connections& home, Stream stream, const IpAddress& peer, Admission::Seat seat,
                       const TurnedAway* turned_away) {
  if (home.closing()) {
    if (turned_away != nullptr) home.one_turned_away_left();
    return;
  }
  std::unique_ptr<Connection> made(new Connection(home, std::move(stream), peer, std::move(seat)));
  Connection& connection = *made;
  connection.turned_away_ = turned_away;
  home.keep(std::move(made));
  connection.events_ = EPOLLIN | EPOLLRDHUP;
  if (!home.shard().watch(connection.stream_.fd(), connection.events_, connection)) return connection.die();
  connection.wait_for(turned_away == nullptr ? home.options().http_header_timeout_ms
                                             : home.options().close_timeout_ms);
}

// ---- input ------------------------------------------------------------------------------------------------

void Connection::on_ready(std::uint32_t events) {
  if ((events & EPOLLIN) != 0 || ((events & EPOLLOUT) != 0 && stream_.wants_room())) {
    read();
  } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    lost();
  } else if ((events & EPOLLRDHUP) != 0) {
    peer_ended();
  }
  if ((events & EPOLLOUT) != 0 && phase_ != Phase::dead) home_.shard().at_turn_end(*this);
}

void Connection::read() {
  if (stream_.shaking_hands() && !home_.may_shake_hands()) return;
  const std::span<char> scratch = home_.shard().scratch();
  const Stream::Io io = stream_.read(scratch);
  switch (io.outcome) {
    case Stream::Outcome::done: break;
    case Stream::Outcome::again: return update_interest();
    case Stream::Outcome::ended: return peer_ended();
    case Stream::Outcome::failed: return lost();
    case Stream::Outcome::not_tls: return refuse(needs_tls);
  }
  home_.count().bytes_in += io.bytes;
  if (phase_ == Phase::lingering || (close_after_ && phase_ != Phase::body)) {
    discarded_ += io.bytes;
    if (discarded_ > discarded_bytes_max) lost();
    return;
  }
  if (phase_ == Phase::head && in_.empty() && !fresh_) wait_for(home_.options().http_header_timeout_ms);
  take_in({scratch.data(), io.bytes});
  if (phase_ != Phase::dead) update_interest();
}

void Connection::take_in(std::string_view fresh) {
  if (!in_.empty()) {
    in_ += fresh;
    return work_on_input();
  }
  const std::size_t used = work(fresh);
  in_.assign(fresh.substr(used));
}

void Connection::work_on_input() {
  if (in_.empty() || working_) return;
  const std::size_t used = work(in_);
  in_.erase(0, used);
  if (in_.empty() && in_.capacity() > copied_body_bytes_max) in_ = {};
}

bool Connection::may_work() const {
  if (phase_ == Phase::body) return !streaming_waits();
  return phase_ == Phase::head && !close_after_ && out_.size() - out_at_ < output_bytes_max &&
         shared_ == nullptr && file_.fd == nullptr;
}

/// Takes as much off the front of `bytes` as can be served now; returns how much.
std::size_t Connection::work(std::string_view bytes) {
  std::size_t used = 0;
  working_ = true;
  input_blocked_ = false;
  while (used < bytes.size()) {
    if (!may_work()) {
      input_blocked_ = phase_ != Phase::dead && !close_after_;
      break;
    }
    const std::string_view raw = bytes.substr(used);
    const HttpParser::Result result = parser_.feed(raw);
    used += result.used;
    rest_ = bytes.substr(used);
    if (streams()) {
      pass_on_body();
      if (!streams() && result.step != HttpParser::Step::refused) break;  // it has been answered
    }
    if (result.step == HttpParser::Step::more) break;
    switch (result.step) {
      case HttpParser::Step::more: break;
      case HttpParser::Step::head: on_head(); break;
      case HttpParser::Step::complete: on_request(); break;
      case HttpParser::Step::refused:
        if (phase_ == Phase::head) origin_ = Cors::origin_in(raw);
        refuse(parser_.refusal());
        break;
    }
  }
  rest_ = {};
  working_ = false;
  return used;
}

/// The parser has a head: where does it belong, and may its body come?
void Connection::on_head() {
  http::Request& request = parser_.request();
  if (turned_away_ != nullptr) {
    origin_ = request.header("origin");
    return refuse(turned_away_->status, turned_away_->code, turned_away_->reason);
  }
  route_ = engine_route(home_.options(), request.path);
  std::string decoded;
  std::string_view sid;
  if (route_) {
    sid = http::query_value(request.query, "sid", decoded);
    const auto shard = engine::Sessions::home_of(sid);
    if (shard && !is_foreign(sid) && *shard != home_.index() && *shard < home_.house().shards() &&
        hand_over(*shard)) {
      return;
    }
  }
  fresh_ = false;
  keep_alive_ = request.keep_alive;
  head_only_ = request.method == "HEAD";
  origin_ = request.header("origin");
  const Options& options = home_.options();
  coding_ =
      options.http_compression ? choose_coding(request.header("accept-encoding")) : ContentCoding::identity;
  if (!route_ && begin_streaming()) return;
  const HttpParser::Step step =
      parser_.accept_body(route_ ? options.max_payload_bytes : options.http_body_bytes_max);
  if (step == HttpParser::Step::refused) return refuse(parser_.refusal());
  if (route_ && !sid.empty() && request.method == "POST") {
    const bool arriving = step == HttpParser::Step::more;
    if (arriving ? !home_.begin_post(sid) : home_.posting(sid)) {
      phase_ = Phase::answering;
      ++number_;
      close_after_ = linger_after_ = true;
      return refuse_parallel_post(*this, *route_, std::string(sid));
    }
    if (arriving) posting_sid_ = sid;
  }
  if (step == HttpParser::Step::complete) return on_request();
  phase_ = Phase::body;
  wait_for(options.http_body_timeout_ms);
  if (parser_.expects_continue() && rest_.empty()) {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    home_.shard().at_turn_end(*this);
  }
}

void Connection::on_request() {
  if (streams()) return end_streaming();
  if (!posting_sid_.empty()) home_.end_post(std::exchange(posting_sid_, {}));
  disarm();
  phase_ = Phase::answering;
  ++number_;
  ++home_.count().http_requests;
  http::Request request = parser_.take_request();
  look_through_proxy(request);
  serve(request);
}

void Connection::serve(http::Request& request) {
  const Cors cors(home_.options());
  if (cors.on() && Cors::is_preflight(request)) return respond(cors.preflight(request));
  if (route_ && relay(request)) return;
  if (route_) return serve_engine(*this, *route_, request);
  if (const RawHandler* raw = raw_handler(request.path)) return serve_raw(*this, *raw, request);
  const http::Handler& handler = home_.house().handler();
  if (!handler) return respond(error_response(404, "NOT_FOUND", "There is nothing here."));
  http::Reply reply = make_reply();
  try {
    handler(std::move(request), std::move(reply));
  } catch (const std::exception& error) {
    // The reply, lost on the way, has answered 500.
    home_.log_failure(error.what());
  }
}

const RawHandler* Connection::raw_handler(std::string_view path) const {
  const std::vector<std::string>& paths = home_.options().raw_paths;
  const auto found = std::find(paths.begin(), paths.end(), path);
  if (found == paths.end()) return nullptr;
  return &home_.house().raw_handler(static_cast<unsigned>(found - paths.begin()));
}

void Connection::look_through_proxy(http::Request& request) {
  if (take_note(request)) return;
  request.address = peer_.text();
  request.secure = stream_.secure();
  if (!home_.options().trust_proxy) return;
  const std::string forwarded(last_of_list(request.header("x-forwarded-for")));
  if (IpAddress::parse(forwarded) != IpAddress()) request.address = forwarded;
  request.secure = last_of_list(request.header("x-forwarded-proto")) == "https";
}

/// Answers what cannot be served, then lets the client read that before the connection ends.
void Connection::refuse(const HttpParser::Refusal& refusal) {
  refuse(refusal.status, refusal.code, refusal.reason);
}

void Connection::refuse(int status, std::string_view code, std::string_view reason) {
  if (!posting_sid_.empty()) home_.end_post(std::exchange(posting_sid_, {}));
  streaming_.reset();
  ++home_.count().http_refused;
  home_.log_refusal(peer_.text(), code, reason);
  phase_ = Phase::answering;
  ++number_;
  close_after_ = linger_after_ = true;
  http::Response response = error_response(status, code, reason);
  if (status == 503 || status == 429) response.headers.emplace_back("Retry-After", retry_after_s);
  respond(std::move(response));
}

WebSocket& Connection::become_websocket(std::string_view head, Deflate deflate, std::string& unread) {
  unread.assign(rest_);
  std::string first = out_.substr(out_at_);
  first += head;
  Connections& home = home_;
  WebSocket& websocket = WebSocket::take_over(home, std::move(stream_), std::move(seat_), first, deflate);
  retire();
  return websocket;
}

Admission::Verdict Connection::seat_as(const std::string& address) {
  return seat_.rename(IpAddress::parse(address));
}

// ---- life -------------------------------------------------------------------------------------------------

void Connection::on_timer(loop::TimeMs) {
  if (streaming_goes_on()) return;
  const bool arriving = (phase_ == Phase::head && !in_.empty()) || phase_ == Phase::body;
  if (output_waits() || !arriving) return lost();
  if (phase_ == Phase::head) origin_ = Cors::origin_in(in_);
  refuse(too_slow);
}

void Connection::peer_ended() {
  peer_ended_ = true;
  if (phase_ == Phase::body && streaming_waits()) return update_interest();  // asked again when it goes on
  const bool get_waits = poll_ != nullptr || (relayed_ != nullptr && relayed_->polls());
  if (phase_ == Phase::answering) return get_waits ? lost() : update_interest();
  if (phase_ == Phase::lingering || phase_ == Phase::body) return die();
  if (output_waits() || input_blocked_) return update_interest();
  die();
}

void Connection::update_interest() {
  const bool full = input_blocked_ && in_.size() > home_.options().http_head_bytes_max;
  std::uint32_t events = 0;
  if (!peer_ended_) events = full ? EPOLLRDHUP : EPOLLIN | EPOLLRDHUP;
  if (waits_for_room_ || stream_.wants_room()) events |= EPOLLOUT;
  if (events == events_) return;
  events_ = events;
  home_.shard().change(stream_.fd(), events, *this);
}

void Connection::wait_for(std::int64_t milliseconds) {
  home_.shard().timers().arm(*this, home_.shard().now() + milliseconds);
}

void Connection::linger() {
  phase_ = Phase::lingering;
  in_ = {};
  input_blocked_ = false;
  if (peer_ended_) return die();
  stream_.shutdown_write();
  wait_for(home_.options().close_timeout_ms);
}

void Connection::wind_up() {
  if (phase_ == Phase::answering || output_waits()) {
    close_after_ = true;
  } else {
    die();
  }
}

void Connection::lost() {
  const std::shared_ptr<engine::Session> session = polled_.lock();
  const engine::Poll* const poll = poll_;
  die();
  if (session != nullptr && poll != nullptr) session->poll_lost(poll);
}

void Connection::die() {
  if (phase_ == Phase::dead) return;
  home_.shard().unwatch(stream_.fd(), *this);
  stream_.close();
  retire();
}

/// The descriptor is somebody else's or closed; what is left of this object goes at the end of the turn.
void Connection::retire() {
  phase_ = Phase::dead;
  disarm();
  if (handle_ != nullptr) handle_->forget();
  poll_ = nullptr;
  polled_.reset();
  streaming_.reset();
  drop_relayed();
  if (!posting_sid_.empty()) home_.end_post(std::exchange(posting_sid_, {}));
  if (std::exchange(turned_away_, nullptr) != nullptr) home_.one_turned_away_left();
  --home_.count().http_connections;
  const Admission::Seat left = std::move(seat_);
  home_.bury(*this);
}

}  // namespace sioxx::net
