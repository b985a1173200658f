#pragma once

#include "rozmova/api/router.hpp"
#include "rozmova/log.hpp"
#include "rozmova/metrics.hpp"
#include "rozmova/store/database.hpp"
#include "sioxx/server.hpp"

#include <functional>

namespace rozmova::api {

/// What machines ask: /healthz (the process turns), /readyz (it may be sent traffic), /metrics (Prometheus). Open to
/// everybody who reaches the port: they tell numbers, never names. All arguments must outlive the router.
struct SystemRoutes {
  sioxx::Server& server;
  store::Database& database;
  const Metrics& metrics;
  const Log& log;
  std::function<bool()> draining;  ///< any thread
};
void add_system_routes(Router& router, const SystemRoutes& house);

}  // namespace rozmova::api
