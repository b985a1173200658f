#include "rozmova/api/system_routes.hpp"

#include "rozmova/api/json.hpp"
#include "rozmova/api/metrics_text.hpp"
#include "rozmova/api/readiness.hpp"

#include <fmt/format.h>
#include <boost/json/object.hpp>

#include <memory>
#include <utility>

namespace rozmova::api {

void add_system_routes(Router& router, const SystemRoutes& house) {
  const auto with_status = [](std::string_view status) {
    return fmt::format(R"({{"status":"{}"}})", status);
  };
  router.add({"GET", "/healthz", Guard::open, Body::none, "Alive: the process answers.",
              [=](Call&&, http::Reply reply) { answer(reply, 200, with_status("ok")); }});
  // A node without its bus serves its own people as before and the others from the store: it stays ready, and says so.
  const auto body = [&metrics = house.metrics](std::string_view status) {
    boost::json::object said{{"status", status}};
    const std::int64_t since_s = metrics.level(Gauge::bus_since);
    if (since_s == 0) return said;
    said["bus"] = metrics.level(Gauge::bus_up) != 0 ? "up" : "down";
    said["busSince"] = iso_time(since_s * 1'000);
    return said;
  };
  const auto readiness = std::make_shared<Readiness>(house.server, house.database, house.not_ready);
  router.add({"GET", "/readyz", Guard::open, Body::none,
              "Ready: may be sent traffic; 503 with the reason while it may not.",
              [readiness, body](Call&&, http::Reply reply) {
                const auto waiting = std::make_shared<http::Reply>(std::move(reply));
                readiness->ask([waiting, body](const std::optional<std::string>& problem) {
                  if (!problem) return answer(*waiting, 200, body("ready"));
                  auto unavailable = body("unavailable");
                  unavailable["reason"] = *problem;
                  answer(*waiting, 503, unavailable);
                });
              }});
  router.add(
      {"GET", "/metrics", Guard::open, Body::none, "Prometheus metrics.", [=](Call&&, http::Reply reply) {
         // std::function wants something copyable, a Reply can only be moved.
         auto waiting = std::make_shared<http::Reply>(std::move(reply));
         house.server.stats(sioxx::loop::Shard::here()->index(), [=](const sioxx::Stats& stats) {
           http::Response response;
           response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                               {"Cache-Control", "no-store"}};
           response.body = metrics_text(stats, house.database.stats(), house.metrics, house.log.dropped());
           waiting->send(std::move(response));
         });
       }});
}

}  // namespace rozmova::api
