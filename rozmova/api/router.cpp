#include "rozmova/api/router.hpp"

#include "rozmova/api/json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>
#include <set>
#include <stdexcept>
#include <utility>

namespace rozmova::api {

namespace {

using Clock = std::chrono::steady_clock;

/// One step of a template: a literal, or `{name}`.
struct Segment {
  std::string text;
  bool is_name = false;
};

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

std::vector<Segment> parse_template(const std::string& path) {
  const auto malformed = [&] { return std::logic_error("malformed route " + path); };
  if (path.size() < 2 || path.front() != '/') throw malformed();
  std::vector<Segment> segments;
  std::set<std::string_view> names;
  for (std::string_view part : split_path(path)) {
    const bool is_name = part.starts_with('{');
    if (is_name) {
      if (part.size() < 3 || !part.ends_with('}')) throw malformed();
      part = part.substr(1, part.size() - 2);
      if (!names.insert(part).second) throw malformed();
    }
    if (part.empty() || part.find_first_of("{}") != std::string_view::npos) throw malformed();
    segments.push_back({std::string(part), is_name});
  }
  return segments;
}

bool fits(const std::vector<Segment>& segments, const std::vector<std::string_view>& parts) {
  return std::equal(
      segments.begin(), segments.end(), parts.begin(), parts.end(),
      [](const Segment& s, std::string_view part) { return s.is_name ? !part.empty() : s.text == part; });
}

bool under_v1(std::string_view path) { return path == "/v1" || path.starts_with("/v1/"); }

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view bearer(std::string_view header) {
  constexpr std::string_view scheme = "bearer ";
  const bool is_bearer =
      header.size() > scheme.size() &&
      std::equal(scheme.begin(), scheme.end(), header.begin(), [](char want, char have) {
        return want == (have >= 'A' && have <= 'Z' ? static_cast<char>(have - 'A' + 'a') : have);
      });
  if (!is_bearer) return {};
  header.remove_prefix(scheme.size());
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  return header;
}

}  // namespace

std::string_view Params::get(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  return {};
}

Result<Uuid> Params::uuid(std::string_view name) const {
  if (const auto id = Uuid::parse(get(name))) return *id;
  return Refusal{ErrorCode::not_found, fmt::format("There is nothing with this {}: it is no UUID.", name)};
}

std::optional<std::string> Call::query(std::string_view name) const {
  for (auto& [key, value] : http::parse_query(request.query)) {
    if (key == name) return std::move(value);
  }
  return std::nullopt;
}

Result<std::int64_t> Call::query_int(std::string_view name, std::int64_t fallback, std::int64_t min,
                                     std::int64_t max) const {
  const auto text = query(name);
  if (!text) return fallback;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < min || value > max) {
    return Refusal{ErrorCode::invalid_payload,
                   fmt::format("\"{}\" must be a whole number from {} to {}.", name, min, max)};
  }
  return value;
}

struct Router::Impl {
  struct Compiled {
    std::vector<Segment> segments;
    std::size_t route = 0;  ///< index into `routes`
  };

  const Auth& auth;
  Metrics& metrics;
  RouterOptions options;
  std::vector<Route> routes;
  std::vector<Compiled>
      compiled;  ///< literals before names, so that /orders/mine is found before /orders/{id}
  std::function<std::optional<Refusal>(const Identity&, WallMs)> still_welcome;
  std::function<std::optional<Refusal>(std::string_view)> too_many_bad_tokens;
  http::Handler otherwise;

  WallMs now() const {
    if (options.now) return options.now();
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  void refuse(http::Reply& reply, const Refusal& refusal) const {
    metrics.refused(refusal.code);
    api::refuse(reply, refusal);
  }

  std::optional<Refusal> identify(const Route& route, const http::Request& request, Call& call) const;
  void call(const Route& route, const Compiled& found, http::Request&& request, http::Reply reply) const;
  std::optional<Call> admit(const Route& route, const Compiled& found, const http::Request& request,
                            http::Reply& reply) const;
  void no_such_method(const http::Request& request, const std::vector<std::string_view>& parts,
                      http::Reply& reply) const;
};

namespace {

/// Of the one shape that refusals have.
std::string_view code_of(const http::Response& response) {
  constexpr std::string_view front = R"({"error":{"code":")";
  const std::string_view body = response.body;
  if (response.status < 400 || !body.starts_with(front)) return {};
  return body.substr(front.size(), body.find('"', front.size()) - front.size());
}

/// Sits before net's own sink and tells what became of the call.
class ObservedSink final : public http::Reply::Sink {
 public:
  ObservedSink(http::Reply reply, Metrics& metrics, const RouterOptions& options, const Route& route,
               const http::Request& request)
      : reply_(std::move(reply)),
        metrics_(metrics),
        options_(options),
        route_(route),
        method_(request.method),
        path_(request.path),
        address_(request.address),
        began_(Clock::now()) {}

  void send(http::Response response) override {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_).count();
    metrics_.took(Span::http, us);
    if (options_.on_answer)
      options_.on_answer({&route_, method_, path_, response.status, us, {}, code_of(response), address_});
    reply_.send(std::move(response));
  }

 private:
  http::Reply reply_;
  Metrics& metrics_;
  const RouterOptions& options_;
  const Route& route_;
  std::string method_, path_, address_;
  Clock::time_point began_;
};

}  // namespace

Router::Router(const Auth& auth, Metrics& metrics, RouterOptions options)
    : impl_(new Impl{auth, metrics, std::move(options), {}, {}, {}, {}, {}}) {}

Router::~Router() = default;

Router& Router::add(Route route) {
  Impl::Compiled compiled{parse_template(route.path), impl_->routes.size()};
  const auto same = [&](const Route& other) {
    return other.method == route.method && other.path == route.path;
  };
  if (std::any_of(impl_->routes.begin(), impl_->routes.end(), same)) {
    throw std::logic_error("route added twice: " + route.method + " " + route.path);
  }
  if (route.method == "HEAD" || route.method == "OPTIONS" || !route.handler) {
    throw std::logic_error("malformed route: " + route.method + " " + route.path);
  }
  impl_->routes.push_back(std::move(route));
  impl_->compiled.push_back(std::move(compiled));
  std::stable_sort(impl_->compiled.begin(), impl_->compiled.end(),
                   [](const Impl::Compiled& a, const Impl::Compiled& b) {
                     return std::lexicographical_compare(
                         a.segments.begin(), a.segments.end(), b.segments.begin(), b.segments.end(),
                         [](const Segment& x, const Segment& y) { return !x.is_name && y.is_name; });
                   });
  return *this;
}

Router& Router::check(std::function<std::optional<Refusal>(const Identity&, WallMs)> still_welcome) {
  impl_->still_welcome = std::move(still_welcome);
  return *this;
}

Router& Router::bad_token(std::function<std::optional<Refusal>(std::string_view)> too_many) {
  impl_->too_many_bad_tokens = std::move(too_many);
  return *this;
}

Router& Router::otherwise(http::Handler handler) {
  impl_->otherwise = std::move(handler);
  return *this;
}

const std::vector<Route>& Router::routes() const { return impl_->routes; }

void Router::handle(http::Request&& request, http::Reply reply) const {
  if (!request.path.starts_with('/')) {
    return impl_->refuse(reply, {ErrorCode::not_found, "There is nothing at this address."});
  }
  const std::string path = request.path;
  const std::vector<std::string_view> parts = split_path(path);
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  bool path_known = false;
  for (const Impl::Compiled& candidate : impl_->compiled) {
    if (!fits(candidate.segments, parts)) continue;
    path_known = true;
    const Route& route = impl_->routes[candidate.route];
    if (route.method == method) return impl_->call(route, candidate, std::move(request), std::move(reply));
  }
  if (path_known) return impl_->no_such_method(request, parts, reply);
  if (impl_->otherwise && !under_v1(path)) return impl_->otherwise(std::move(request), std::move(reply));
  impl_->refuse(reply, {ErrorCode::not_found, "There is nothing at this address."});
}

void Router::Impl::no_such_method(const http::Request& request, const std::vector<std::string_view>& parts,
                                  http::Reply& reply) const {
  std::set<std::string_view> allowed = {"OPTIONS"};
  for (const Compiled& candidate : compiled) {
    if (!fits(candidate.segments, parts)) continue;
    const std::string_view method = routes[candidate.route].method;
    allowed.insert(method);
    if (method == "GET") allowed.insert("HEAD");
  }
  http::Response response;
  if (request.method == "OPTIONS") {
    response.status = 204;
  } else {
    response = refusal_response(
        {ErrorCode::invalid_payload, fmt::format("{} is not possible here.", request.method)});
    response.status = 405;
    metrics.refused(ErrorCode::invalid_payload);
  }
  response.headers.emplace_back("Allow", fmt::format("{}", fmt::join(allowed, ", ")));
  reply.send(std::move(response));
}

std::optional<Refusal> Router::Impl::identify(const Route& route, const http::Request& request,
                                              Call& call) const {
  if (route.guard == Guard::open) return std::nullopt;
  if (route.guard == Guard::user_or_link && options.link &&
      !http::query_value(request.query, "sig").empty()) {
    Result<Identity> whose = options.link(request, call.now);
    if (!whose) return whose.refusal();
    call.who = std::move(*whose);
    return still_welcome ? still_welcome(call.who, call.now) : std::nullopt;
  }
  std::string token(bearer(request.header("authorization")));
  if (token.empty() && options.query_token) token = http::query_value(request.query, "token");
  if (token.empty())
    return Refusal{ErrorCode::unauthorized, "Send the header \"Authorization: Bearer TOKEN\"."};
  if (!options.service_token.empty() && same_secret(token, options.service_token)) {
    if (route.guard == Guard::user || route.guard == Guard::user_or_link)
      return Refusal{ErrorCode::unauthorized, "SERVICE_TOKEN opens admin routes only."};
    call.is_service = true;
    call.who.role = Role::admin;
    return std::nullopt;
  }
  Result<Identity> who = auth.verify(token, call.now);
  if (!who) {
    const bool is_bad = who.refusal().code != ErrorCode::unavailable;
    auto over = is_bad && too_many_bad_tokens ? too_many_bad_tokens(request.address) : std::nullopt;
    return over ? std::move(*over) : who.refusal();
  }
  call.who = std::move(*who);
  if (still_welcome) {
    if (auto refusal = still_welcome(call.who, call.now)) return refusal;
  }
  const bool settled_later = route.settles_role && !call.who.role_from_token;
  if (route.guard == Guard::admin && call.who.role != Role::admin && !settled_later) {
    return Refusal{ErrorCode::forbidden, "Only for administrators."};
  }
  return std::nullopt;
}

/// Counts the call and finds out whose it is; `reply` is observed from here on. Nothing: refused.
std::optional<Call> Router::Impl::admit(const Route& route, const Compiled& found,
                                        const http::Request& request, http::Reply& reply) const {
  metrics.count(Count::http_requests);
  reply = http::Reply(std::make_unique<ObservedSink>(std::move(reply), metrics, options, route, request));
  Call call;
  call.now = now();
  if (auto refusal = identify(route, request, call)) {
    refuse(reply, *refusal);
    return std::nullopt;
  }
  const std::vector<std::string_view> parts = split_path(request.path);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (found.segments[i].is_name) call.params.add(found.segments[i].text, parts[i]);
  }
  return call;
}

void Router::Impl::call(const Route& route, const Compiled& found, http::Request&& request,
                        http::Reply reply) const {
  std::optional<Call> admitted = admit(route, found, request, reply);
  if (!admitted) return;
  Call& call = *admitted;
  if (route.body == Body::json) {
    Result<boost::json::object> body =
        parse_object(request.body, options.json_body_bytes_max, options.json_depth_max);
    if (!body) return refuse(reply, body.refusal());
    call.body = std::move(*body);
    request.body.clear();
  }
  call.request = std::move(request);
  const std::string method = call.request.method, path = call.request.path;
  try {
    route.handler(std::move(call), std::move(reply));
  } catch (const std::exception& mistake) {
    // The reply went down with the handler, so net has answered 500.
    metrics.refused(ErrorCode::internal);
    if (options.on_answer) options.on_answer({&route, method, path, 500, 0, mistake.what()});
  }
}

std::unique_ptr<http::BodySink> Router::take_body(http::Request& head, http::Reply& reply,
                                                  const http::Resume& resume) const {
  if (!head.path.starts_with('/')) return nullptr;
  const std::vector<std::string_view> parts = split_path(head.path);
  for (const Impl::Compiled& candidate : impl_->compiled) {
    const Route& route = impl_->routes[candidate.route];
    if (route.body != Body::stream || route.method != head.method || !fits(candidate.segments, parts))
      continue;
    std::optional<Call> call = impl_->admit(route, candidate, head, reply);
    if (!call) return nullptr;
    call->request = std::move(head);
    return route.stream(std::move(*call), std::move(reply), resume);
  }
  return nullptr;
}

}  // namespace rozmova::api
