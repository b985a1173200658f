// client            this process                         the session's process
//
// request    ->     sid names another process    ->      served there, its client's address by the note
//                   (never: one with a good note)
//            <-     answer, in our own head      <-      answer
//            <-     101: a Tunnel from here on   <-      101
//            <-     "Session ID unknown"                 not known, not there, gone in between
//
// The last line is what the reference says of a session that is over: clients begin a new one, and fetch what they
// have missed.

#include "sioxx/net/relay.hpp"

#include "sioxx/net/connection.hpp"
#include "sioxx/net/http_parser.hpp"
#include "sioxx/net/polling.hpp"
#include "sioxx/net/relay_note.hpp"
#include "sioxx/net/response.hpp"
#include "sioxx/net/tunnel.hpp"
#include "sioxx/net/upgrade.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <sys/epoll.h>

namespace sioxx::net {
namespace {

/// Of one connection only, or written anew by us. Answers come uncompressed: the client's own connection compresses.
constexpr std::array<std::string_view, 13> left_out{"connection",
                                                    "keep-alive",
                                                    "proxy-authenticate",
                                                    "proxy-authorization",
                                                    "proxy-connection",
                                                    "te",
                                                    "trailer",
                                                    "transfer-encoding",
                                                    "upgrade",
                                                    "content-length",
                                                    "expect",
                                                    "accept-encoding",
                                                    relay_header};

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string relayed_request(const http::Request& request, std::string_view note) {
  std::string out = request.method;
  out.append(" ").append(request.target).append(" HTTP/1.1\r\n");
  for (const auto& [name, value] : request.headers) {
    if (std::find(left_out.begin(), left_out.end(), name) != left_out.end()) continue;
    if (has_token(request, "connection", name)) continue;
    append_header(out, name, value);
  }
  append_header(out, relay_header, note);
  if (wants_websocket(request)) {
    out += "connection: Upgrade\r\nupgrade: websocket\r\n";
  } else {
    out += "connection: keep-alive\r\n";
  }
  if (request.method == "POST") append_header(out, "content-length", std::to_string(request.body.size()));
  out += "\r\n";
  return out += request.body;
}

// ---- connections that wait

class Relay::Idle final : public loop::Pollable, private loop::Timer {
 public:
  Idle(Relay& home, const engine::NodeTag& its_tag, Stream stream)
      : tag(its_tag), home_(home), stream_(std::move(stream)) {
    home_.shard_.watch(stream_.fd(), EPOLLIN | EPOLLRDHUP, *this);
    home_.shard_.timers().arm(*this, home_.shard_.now() + idle_ms_max);
  }
  Stream take() {
    home_.shard_.unwatch(stream_.fd(), *this);
    disarm();
    return std::move(stream_);
  }

  const engine::NodeTag tag;

 private:
  /// Nothing was asked: whatever it says, it is over.
  void on_ready(std::uint32_t) override { home_.forget(*this); }
  void on_timer(loop::TimeMs) override { home_.forget(*this); }

  Relay& home_;
  Stream stream_;
};

Relay::Relay(loop::Shard& shard, std::shared_ptr<const Peers> peers)
    : shard_(shard), peers_(std::move(peers)) {}

Relay::~Relay() {
  for (auto& [tag, streams] : idle_) {
    for (auto& idle : streams) idle->take();
  }
}

Stream Relay::borrow(const engine::NodeTag& tag) {
  const auto found = idle_.find(std::string(tag.view()));
  if (found == idle_.end() || found->second.empty()) return {};
  std::unique_ptr<Idle> idle = std::move(found->second.back());  // the one that was used last
  found->second.pop_back();
  Stream stream = idle->take();
  shard_.bury(std::move(idle));
  return stream;
}

void Relay::give_back(const engine::NodeTag& tag, Stream stream) {
  auto& streams = idle_[std::string(tag.view())];
  if (streams.size() < idle_streams_a_peer_max)
    streams.push_back(std::make_unique<Idle>(*this, tag, std::move(stream)));
}

void Relay::forget(Idle& idle) {
  auto& streams = idle_[std::string(idle.tag.view())];
  const auto found =
      std::find_if(streams.begin(), streams.end(), [&](const auto& one) { return one.get() == &idle; });
  idle.take();
  shard_.bury(std::move(*found));
  streams.erase(found);
}

// ---- the connection's part

bool Connection::is_foreign(std::string_view sid) {
  const auto node = engine::Id::node_of(sid);
  return node && *node != home_.sessions(*route_).settings().node;
}

/// Whether another process of ours has sent this; from here on nobody sees that header.
bool Connection::take_note(http::Request& request) {
  const std::string text(request.header(relay_header));
  if (text.empty()) return false;
  std::erase_if(request.headers, [](const auto& header) { return header.first == relay_header; });
  if (!route_) return false;
  const RelaySubject subject{home_.options().relay_secret, home_.sessions(*route_).settings().node,
                             request.method, request.target};
  auto note = read_relay_note(subject, text, home_.shard().wall());
  if (!note) return false;
  request.address = std::move(note->address);
  request.secure = note->secure;
  request.relayed = true;
  seat_.uncount();
  return true;
}

/// True: the answer comes from another process.
bool Connection::relay(const http::Request& request) {
  if (request.relayed || home_.relay() == nullptr || home_.options().relay_secret.empty()) return false;
  const std::string sid = http::query_value(request.query, "sid");
  if (!is_foreign(sid)) return false;
  if (home_.options().trust_proxy && wants_websocket(request) &&
      seat_as(request.address) != Admission::Verdict::welcome) {
    http::Response response = error_response(429, "RATE_LIMITED", "Too many connections from your address.");
    response.headers.emplace_back("Retry-After", retry_after_s);
    ++home_.count().http_refused;
    respond(std::move(response));
    return true;
  }
  relayed_ = Relayed::begin(*this, home_.relay(), *engine::Id::node_of(sid), request);
  return relayed_ != nullptr;
}

void Connection::drop_relayed() {
  if (relayed_ == nullptr) return;
  relayed_->cancel();
  home_.shard().bury(std::move(relayed_));
}

void Connection::become_tunnel(Stream node, std::string first) {
  std::string to_client = out_.substr(out_at_);
  to_client += first;
  ++home_.count().upgrades;
  Tunnel::begin(home_, std::move(stream_), std::move(seat_), std::move(node), std::move(to_client),
                std::move(in_));
  retire();
}

// ---- one request

Relayed::Relayed(Connection& connection, std::shared_ptr<Relay> relay, const engine::NodeTag& home)
    : connection_(connection), relay_(std::move(relay)), home_(home) {
  ++relay_->requests_;
}

Relayed::~Relayed() {
  cancel();
  --relay_->requests_;
}

std::unique_ptr<Relayed> Relayed::begin(Connection& connection, std::shared_ptr<Relay> relay,
                                        const engine::NodeTag& home, const http::Request& request) {
  if (relay->find(home) == nullptr || relay->requests() >= Relay::requests_max) return nullptr;
  if (request.method != "GET" && request.method != "POST") return nullptr;
  Connections& house = connection.home();
  const RelaySubject subject{house.options().relay_secret, home, request.method, request.target};
  std::unique_ptr<Relayed> made(new Relayed(connection, std::move(relay), home));
  made->polls_ = request.method == "GET";
  made->request_ = relayed_request(
      request, write_relay_note(subject, {request.address, request.secure}, house.shard().wall()));
  // An upgraded connection never comes back, so it does not take one that others could use.
  made->ask(wants_websocket(request) ? Stream() : made->relay_->borrow(home));
  ++house.count().relayed;
  return made;
}

void Relayed::ask(Stream stream) {
  Connections& house = connection_.home();
  const Options& options = house.options();
  upstream_ = Upstream::ask(house.shard(), *relay_->find(home_), std::move(stream), request_,
                            options.max_payload_bytes + options.send_queue_bytes_max,
                            options.relay_silence_ms_max, *this);
}

void Relayed::cancel() { Upstream::discard(std::move(upstream_)); }

void Relayed::on_peer_answer(http::Response response, bool reusable) {
  if (reusable) relay_->give_back(home_, upstream_->take_stream());
  connection_.respond(std::move(response));
}

void Relayed::on_peer_upgraded(std::string_view head, std::string_view rest) {
  std::string first(head);
  first += rest;
  connection_.become_tunnel(upstream_->take_stream(), std::move(first));
}

// Not even a GET is asked again: it takes what waits in the session, and the answer that was lost may have had it. Told
// that his session is unknown, the client begins a new one and fetches what he lacks.
void Relayed::on_peer_lost(std::string_view why) {
  Connections& house = connection_.home();
  ++house.count().relay_lost;
  house.log_refusal(relay_->find(home_)->address, "RELAY_LOST", why);
  connection_.respond(session_unknown_answer());
}

}  // namespace sioxx::net
