#pragma once

#include "rozmova/metrics.hpp"
#include "rozmova/store/database.hpp"
#include "sioxx/server.hpp"

#include <string>

namespace rozmova::api {

/// The body of GET /v1/admin/stats: the numbers of /metrics, for eyes and small programs.
std::string stats_json(const sioxx::Stats& server, const store::DatabaseStats& database,
                       const Metrics& metrics);

}  // namespace rozmova::api
