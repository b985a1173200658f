#pragma once

#include "rozmova/api/router.hpp"
#include "rozmova/log.hpp"
#include "rozmova/metrics.hpp"
#include "rozmova/store/database.hpp"
#include "sioxx/server.hpp"

#include <functional>
#include <optional>
#include <string>

namespace rozmova::api {

/// What machines ask: /healthz (the process turns), /readyz (it may be sent traffic), /metrics (Prometheus). Open to
/// everybody who reaches the port: they tell numbers, never names. All arguments must outlive the router.
struct SystemRoutes {
  sioxx::Server& server;
  store::Database& database;
  const Metrics& metrics;
  const Log& log;
  /// Why it may not be sent traffic, besides the store; any thread.
  std::function<std::optional<std::string>()> not_ready;
};
void add_system_routes(Router& router, const SystemRoutes& house);

}  // namespace rozmova::api
