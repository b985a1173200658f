#pragma once

#include "rozmova/metrics.hpp"
#include "rozmova/store/database.hpp"
#include "sioxx/server.hpp"

#include <cstdint>
#include <string>

namespace rozmova::api {

/// The text of /metrics (Prometheus text format 0.0.4): the library's numbers, the store's, and our own. Reads the
/// process's memory use; otherwise pure.
std::string metrics_text(const sioxx::Stats& stats, const store::DatabaseStats& database,
                         const Metrics& metrics, std::uint64_t log_lines_dropped);

}  // namespace rozmova::api
