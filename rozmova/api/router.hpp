#pragma once

#include "rozmova/access.hpp"
#include "rozmova/auth.hpp"
#include "rozmova/metrics.hpp"
#include "sioxx/server.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rozmova::api {

namespace http = sioxx::http;

/// Who may call a route. `user`: a good token. `user_or_service`: that, or SERVICE_TOKEN. `admin`: a good token with the
/// role admin, or SERVICE_TOKEN. `user_or_link`: a good token, or an address that was signed for somebody.
enum class Guard : std::uint8_t { open, user, user_or_service, admin, user_or_link };

/// What a route reads from the request: `json` = the body must be one JSON object; `stream` = it takes the body as it
/// arrives.
enum class Body : std::uint8_t { none, json, raw, stream };

/// What stood in the places of `{…}` in the template, by name.
class Params {
 public:
  void add(std::string_view name, std::string_view value) { values_.emplace_back(name, value); }
  /// Empty when the template has no such name.
  std::string_view get(std::string_view name) const;
  /// NOT_FOUND when it is no UUID: such a thing cannot exist.
  Result<Uuid> uuid(std::string_view name) const;

 private:
  std::vector<std::pair<std::string_view, std::string>> values_;
};

/// One call as its handler receives it; a value, may be moved to another thread.
struct Call {
  Identity who;             ///< nil user id under Guard::open and for the service
  bool is_service = false;  ///< came with SERVICE_TOKEN; `who.role` is admin then
  http::Request request;    ///< `body` is empty when `body` below was parsed from it
  Params params;
  boost::json::object body;  ///< Body::json
  WallMs now = 0;            ///< the moment it arrived

  /// Decoded query parameter, nothing when absent.
  std::optional<std::string> query(std::string_view name) const;
  /// `fallback` when absent; INVALID_PAYLOAD when it is no whole number in [min, max].
  Result<std::int64_t> query_int(std::string_view name, std::int64_t fallback, std::int64_t min,
                                 std::int64_t max) const;
};

/// Called on the shard of the connection; the reply must be sent on it (see http::Reply).
using Handler = std::function<void(Call&&, http::Reply)>;
/// Called when the head is there: see http::BodyHandler. Whoever returns nothing answers without the body.
using StreamHandler =
    std::function<std::unique_ptr<http::BodySink>(Call&&, http::Reply, const http::Resume&)>;

/// One row of the table of routes: data, so that documents can be checked against it.
struct Route {
  std::string method;  ///< "GET"; HEAD comes with it
  std::string path;    ///< "/v1/orders/{id}/messages": literal segments and {names}, no trailing slash
  Guard guard = Guard::user;
  Body body = Body::none;
  std::string summary;  ///< one line for people
  Handler handler;
  StreamHandler stream = {};  ///< Body::stream
  /// Guard::admin: the handler asks the users table about a token that names no role (api/admin_gate.hpp).
  bool settles_role = false;
};

/// What became of one call of a known route, for logs and histograms.
struct Answered {
  const Route* route = nullptr;
  std::string_view method, path;
  int status = 0;
  std::int64_t us = 0;
  std::string_view failure;    ///< what a handler threw: a mistake in the program
  std::string_view code = {};  ///< of a refusal: "FORBIDDEN"
  std::string_view address = {};
};

struct RouterOptions {
  std::string service_token;  ///< empty: there is none
  /// Whose signed address this is, for Guard::user_or_link; empty: there are none.
  std::function<Result<Identity>(const http::Request&, WallMs)> link = {};
  bool query_token = false;  ///< accept ?token=… where a header cannot be set
  std::size_t json_body_bytes_max = 262'144;
  std::size_t json_depth_max = 32;
  std::function<WallMs()> now;                     ///< empty: the system's clock
  std::function<void(const Answered&)> on_answer;  ///< called on the shard that answered; quick
};

/// Finds the route of a request, checks who asks, reads the body, calls the handler; says 400, 401, 403, 404, 405 and 413
/// itself, always as `{"error":{"code","message"}}`. Owned by main; filled before the server runs, immutable afterwards,
/// so all shards use it.
class Router {
 public:
  Router(const Auth& auth, Metrics& metrics, RouterOptions options = {});
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;
  ~Router();

  /// Throws std::logic_error when the template is malformed or method and path are taken: a mistake in the program.
  Router& add(Route route);
  /// Asked before the guard of every user route: nothing = go on (revocation, a closed house). Optional.
  Router& check(std::function<std::optional<Refusal>(const Identity&, WallMs)> still_welcome);
  /// Told of each token that could not be trusted, with the address it came from, on the shard of the connection: a
  /// refusal takes the place of the token's own. Optional.
  Router& bad_token(std::function<std::optional<Refusal>(std::string_view address)> too_many);
  /// For paths that no route knows, outside /v1 (the web app). Without it they get 404.
  Router& otherwise(http::Handler handler);

  const std::vector<Route>& routes() const;
  void handle(http::Request&& request, http::Reply reply) const;
  /// The same for bodies that a route takes as they arrive; all others are left alone.
  std::unique_ptr<http::BodySink> take_body(http::Request& head, http::Reply& reply,
                                            const http::Resume& resume) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rozmova::api
