// What the engine answers on its path, in the order in which the questions are asked (Node's engine.io,
// `verify`):
//
//   transport neither polling nor websocket          400 {"code":0,"message":"Transport unknown"}
//   sid given but not known                          400 {"code":1,"message":"Session ID unknown"}
//   GET or POST for a session that has left polling  400 {"code":3,"message":"Bad request"}
//   no sid, not a GET                                400 {"code":2,"message":"Bad handshake method"}
//   no sid, transport=websocket without an upgrade   400 {"code":3,"message":"Bad request"}
//   no sid, EIO is neither 4 nor an allowed 3        400 {"code":5,"message":"Unsupported protocol version"}
//   no sid, protocol 3 by JSONP (`j`)                400 {"code":0,"message":"Transport unknown"}
//   no sid, the house is closing                     503 with Retry-After
//   a polling session too many, in all or of its IP  503 or 429 with Retry-After
//   a WebSocket from a page that is not in the list  403 {"code":4,"message":"Forbidden"}
//   a WebSocket that is no RFC 6455 handshake        400, or 426 for another version
//   GET                                              200 payload, when there is one
//   POST                                             200 ok, 400 if unreadable (413: the connection)
//   any other method on a session                    500, empty

#include "sioxx/net/polling.hpp"

#include "sioxx/net/connection.hpp"
#include "sioxx/net/cors.hpp"
#include "sioxx/net/http_parser.hpp"
#include "sioxx/net/response.hpp"
#include "sioxx/net/upgrade.hpp"
#include "sioxx/net/websocket.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace sioxx::net {
namespace {

struct Refused {
  int status;
  int code;
  std::string_view message;
};
constexpr Refused transport_unknown{400, 0, "Transport unknown"};
constexpr Refused session_unknown{400, 1, "Session ID unknown"};
constexpr Refused bad_handshake_method{400, 2, "Bad handshake method"};
constexpr Refused bad_request{400, 3, "Bad request"};
constexpr Refused forbidden{403, 4, "Forbidden"};
constexpr Refused bad_version{400, 5, "Unsupported protocol version"};

http::Response answer_for(const Refused& refused) {
  std::string body = R"({"code":)";
  body += std::to_string(refused.code);
  body += R"(,"message":")";
  body += refused.message;
  body += R"("})";
  return json_response(refused.status, std::move(body));
}

constexpr std::string_view post_taken_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: no-store\r\n";

/// Leaves of `entries` what fits into `bytes_left`, in order, and takes that off.
void keep_what_fits(http::Headers& entries, std::size_t& bytes_left) {
  std::erase_if(entries, [&](const auto& entry) {
    const std::size_t cost = entry.first.size() + entry.second.size() + engine::Handshake::entry_cost_bytes;
    if (cost > bytes_left) return true;
    bytes_left -= cost;
    return false;
  });
  for (auto& [name, value] : entries) {
    name.shrink_to_fit();
    value.shrink_to_fit();
  }
  entries.shrink_to_fit();
}

engine::Handshake make_handshake(Connection& connection, http::Request request, engine::Revision revision) {
  engine::Handshake handshake;
  handshake.cross_origin = Cors::is_cross_origin(request);
  handshake.address = std::move(request.address);
  auto& kept = handshake.request();
  kept.url = request.target.substr(0, engine::Handshake::url_bytes_max);
  std::size_t bytes_left = engine::Handshake::kept_bytes_max - kept.url.size();
  kept.query = http::parse_query(request.query);
  keep_what_fits(kept.query, bytes_left);
  kept.headers = std::move(request.headers);
  keep_what_fits(kept.headers, bytes_left);
  handshake.issued = connection.home().shard().wall();
  handshake.secure = request.secure;
  handshake.revision = revision;
  return handshake;
}

/// One request on its way through the table above.
class Service {
 public:
  Service(Connection& connection, unsigned route, http::Request& request)
      : connection_(connection), sessions_(connection.home().sessions(route)), request_(request) {}

  void serve() {
    std::string decoded;
    const std::string_view transport = http::query_value(request_.query, "transport", decoded);
    const bool websocket = transport == "websocket";
    const bool upgrading = wants_websocket(request_);
    if (!websocket && transport != "polling") return refuse(transport_unknown);
    if (websocket && !connection_.home().options().allow_upgrades) return refuse(transport_unknown);
    const std::string_view sid = http::query_value(request_.query, "sid", decoded);
    if (!sid.empty()) {
      const auto session = sessions_.find(sid);
      if (session == nullptr) return refuse(session_unknown);
      if (upgrading != websocket) return refuse(bad_request);
      // A second WebSocket is let in and closed at once (upgrade), so that its client sees a close and no
      // HTTP error.
      if (session->link() == engine::Link::websocket && !upgrading) return refuse(bad_request);
      return upgrading ? upgrade(session) : poll(session);
    }
    if (request_.method != "GET") return refuse(bad_handshake_method);
    if (websocket != upgrading) return refuse(bad_request);
    const auto revision = told_revision();
    if (!revision) return refuse(bad_version);
    if (*revision != engine::Revision::v4 && !http::query_value(request_.query, "j").empty())
      return refuse(transport_unknown);
    revision_ = *revision;
    if (connection_.home().draining()) return turn_away(503, "UNAVAILABLE", "The server is about to stop.");
    if (upgrading) return upgrade(nullptr);
    open_polling();
  }

 private:
  /// Nothing: one that is not spoken here.
  std::optional<engine::Revision> told_revision() const {
    const std::string told = http::query_value(request_.query, "EIO");
    if (told == "4") return engine::Revision::v4;
    if (told != "3" || !connection_.home().options().allow_eio3) return std::nullopt;
    const bool base64 = !http::query_value(request_.query, "b64").empty();
    return base64 ? engine::Revision::v3_base64 : engine::Revision::v3;
  }

  engine::Handshake take_handshake() { return make_handshake(connection_, std::move(request_), revision_); }

  void refuse(const Refused& refused) {
    connection_.home().log_refusal(request_.address, refused.message, request_.method);
    ++connection_.home().count().http_refused;
    connection_.respond(answer_for(refused));
  }

  void turn_away(int status, std::string_view code, std::string_view message) {
    http::Response response = error_response(status, code, message);
    response.headers.emplace_back("Retry-After", retry_after_s);
    ++connection_.home().count().http_refused;
    connection_.respond(std::move(response));
  }

  void open_polling() {
    Admission& admission = connection_.home().house().admission();
    Admission::PollingEntry entry = admission.enter_polling(IpAddress::parse(request_.address));
    switch (entry.verdict) {
      case Admission::Verdict::full:
        return turn_away(503, "UNAVAILABLE", "All places of this server are taken.");
      case Admission::Verdict::too_many_from_address:
        return turn_away(429, "RATE_LIMITED", "Too many sessions from your address.");
      case Admission::Verdict::welcome: break;
    }
    auto poll = connection_.make_poll();
    sessions_.open_polling(take_handshake(), std::move(poll), std::move(entry.place));
  }

  void poll(const std::shared_ptr<engine::Session>& session) {
    if (request_.method == "GET") return session->poll(connection_.make_poll(session));
    if (request_.method != "POST") {
      http::Response response;
      response.status = 500;
      return connection_.respond(std::move(response));
    }
    const bool binary = request_.header("content-type").starts_with("application/octet-stream");
    if (binary && session->handshake().revision == engine::Revision::v4) return refuse(bad_request);
    switch (session->post(request_.body, binary)) {
      case engine::PostResult::bad_payload: return refuse(bad_request);
      case engine::PostResult::session_gone: return refuse(session_unknown);
      case engine::PostResult::ok: break;
    }
    connection_.respond(post_taken_head, "ok");
  }

  void upgrade(const std::shared_ptr<engine::Session>& session) {
    switch (check_handshake(request_)) {
      case HandshakeFault::version: return connection_.respond(upgrade_required());
      case HandshakeFault::shape: return refuse(bad_request);
      case HandshakeFault::none: break;
    }
    Connections& home = connection_.home();
    if (!Cors(home.options()).admits(request_.header("origin"), request_.header("host")))
      return refuse(forbidden);
    if ((home.options().trust_proxy || request_.relayed) &&
        connection_.seat_as(request_.address) != Admission::Verdict::welcome) {
      return turn_away(429, "RATE_LIMITED", "Too many connections from your address.");
    }
    std::string unread;
    WebSocket& websocket = accept_websocket(connection_, request_, unread);
    if (session == nullptr) {
      const auto opened = sessions_.open_websocket(take_handshake(), websocket);
      if (opened != nullptr) websocket.serve(*opened);
    } else if (session->attach(websocket)) {
      websocket.serve(*session);
    } else {
      websocket.close(CloseReason::transport_error);
    }
    websocket.feed({unread.data(), unread.size()});
  }

  Connection& connection_;
  engine::Sessions& sessions_;
  http::Request& request_;  ///< a new session takes of it what it keeps
  engine::Revision revision_ = engine::Revision::v4;
};

}  // namespace

std::optional<unsigned> engine_route(const Options& options, std::string_view path) {
  for (unsigned route = 0; route < options.paths.size(); ++route) {
    std::string_view prefix = options.paths[route];
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    if (path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/'))
      return route;
  }
  return std::nullopt;
}

void refuse_parallel_post(Connection& connection, unsigned route, const std::string& sid) {
  connection.respond(answer_for(bad_request));
  if (const auto session = connection.home().sessions(route).find(sid))
    session->close(CloseReason::transport_error);
}

http::Response session_unknown_answer() { return answer_for(session_unknown); }

void serve_engine(Connection& connection, unsigned route, http::Request& request) {
  Service(connection, route, request).serve();
}

}  // namespace sioxx::net
