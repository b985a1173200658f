#include "rozmova/api/metrics_text.hpp"

#include "rozmova/version.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace rozmova::api {

namespace {

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// What the program has asked of the allocator and not given back, whatever the allocator keeps beside it.
double allocated_bytes() {
  const struct mallinfo2 heap = ::mallinfo2();
  return static_cast<double>(heap.uordblks + heap.hblkhd);
}

void append_sessions(std::string& out, const sioxx::Stats& stats) {
  fmt::format_to(
      std::back_inserter(out),
      "# HELP rozmova_connections Open sessions by transport.\n# TYPE rozmova_connections gauge\n"
      "rozmova_connections{{transport=\"websocket\"}} {}\nrozmova_connections{{transport=\"polling\"}} {}\n",
      stats.websocket_sessions, stats.sessions - std::min(stats.sessions, stats.websocket_sessions));
  append_gauge(out, "rozmova_sockets", "Signed-in sockets.", static_cast<double>(stats.sockets));
  append_gauge(out, "rozmova_rooms", "Rooms with members.", static_cast<double>(stats.rooms));
  append_gauge(out, "rozmova_http_connections", "Open HTTP connections.",
               static_cast<double>(stats.http_connections));
  append_counter(out, "rozmova_sessions_opened_total", "Sessions opened.", stats.sessions_opened);
  append_counter(out, "rozmova_sessions_closed_total", "Sessions closed.", stats.sessions_closed);
  append_counter(out, "rozmova_upgrades_total", "Sessions that went from polling to WebSocket.",
                 stats.upgrades);
  append_counter(out, "rozmova_events_in_total", "Events received from clients.", stats.events_in);
  append_counter(out, "rozmova_events_out_total", "Events sent to clients.", stats.events_out);
  append_counter(out, "rozmova_bytes_in_total", "Bytes received.", stats.bytes_in);
  append_counter(out, "rozmova_bytes_out_total", "Bytes sent.", stats.bytes_out);
  append_counter(out, "rozmova_slow_consumers_total", "Connections closed because they did not read.",
                 stats.slow_consumers);
  append_counter(out, "rozmova_ephemeral_dropped_total",
                 "Typing and presence events dropped for slow readers.", stats.ephemeral_dropped);
  append_counter(out, "rozmova_letters_refused_total",
                 "Broadcasts and tasks lost because a shard was too busy to take them.",
                 stats.letters_refused);
  append_counter(out, "rozmova_parse_errors_total", "Connections closed because of malformed packets.",
                 stats.parse_errors);
}

/// Only where there is something to tell: a single node has none of it.
void append_nodes(std::string& out, const sioxx::Stats& stats) {
  const auto& bus = stats.bus;
  if (!bus.attached) return;
  append_counter(out, "rozmova_relayed_total", "Requests carried to the node that has their session.",
                 stats.relayed);
  append_counter(out, "rozmova_relay_lost_total", "Of these, those that no answer came to.",
                 stats.relay_lost);
  append_gauge(out, "rozmova_tunnels", "WebSockets carried to the node that has their session.",
               static_cast<double>(stats.tunnels));
  append_gauge(out, "rozmova_bus_processes", "Other processes that are heard.",
               static_cast<double>(bus.processes));
  append_gauge(out, "rozmova_bus_rooms", "Rooms that are listened to.", static_cast<double>(bus.rooms));
  append_counter(out, "rozmova_bus_published_total", "Messages said to other nodes.", bus.published);
  append_counter(out, "rozmova_bus_heard_total", "Messages heard from other nodes.", bus.heard);
  append_counter(out, "rozmova_bus_dropped_total", "Messages that could not be said to other nodes.",
                 bus.dropped);
  append_counter(out, "rozmova_bus_garbage_total", "What was heard and not understood.", bus.garbage);
  append_counter(out, "rozmova_bus_resent_total", "Messages said again, because the bus went with them.",
                 bus.resent);
  append_gauge(out, "rozmova_bus_queue_bytes", "What waits for the bus.",
               static_cast<double>(bus.queue_bytes));
  append_gauge(out, "rozmova_bus_echo_seconds",
               "What a greeting takes to come back over the bus; 0 where the bus does not bring it back.",
               static_cast<double>(bus.echo_ms) / 1'000);
  append_gauge(out, "rozmova_bus_silence_seconds",
               "How long ago the quietest other node was heard; they greet every second.",
               static_cast<double>(bus.silence_ms) / 1'000);
  const auto& world = stats.redis_adapter;
  if (!world.attached) return;
  append_gauge(out, "rozmova_redis_adapter_up", "1: the Socket.IO world on the same Redis is heard.",
               world.ready ? 1 : 0);
  append_counter(out, "rozmova_redis_adapter_heard_total", "What it said that was done here.", world.heard);
  append_counter(out, "rozmova_redis_adapter_refused_total",
                 "What it said that REDIS_ADAPTER_… does not allow.", world.refused);
  append_counter(out, "rozmova_redis_adapter_garbage_total", "What it said that was not understood.",
                 world.garbage);
  append_counter(out, "rozmova_redis_adapter_sent_total", "What was said to it.", world.sent);
}

void append_database(std::string& out, const store::DatabaseStats& stats) {
  append_counter(out, "rozmova_db_batches_total", "Transactions committed.", stats.batches);
  append_counter(out, "rozmova_db_deeds_total", "Writes in those transactions.", stats.deeds);
  append_counter(out, "rozmova_db_refused_total", "Writes refused because the queue was full.",
                 stats.refused_full);
  append_counter(out, "rozmova_db_failed_total", "Writes that the database failed to do.", stats.failed);
  append_counter(out, "rozmova_db_commit_seconds_total", "Time spent in commits.",
                 static_cast<double>(stats.commit_us_total) / 1e6);
  append_gauge(out, "rozmova_db_commit_seconds_max", "Longest commit so far.",
               static_cast<double>(stats.commit_us_max) / 1e6);
  append_gauge(out, "rozmova_db_queue_deeds", "Writes waiting.", static_cast<double>(stats.queue_deeds));
}

/// Names that people's dashboards know from Node; the rest of them stands in Metrics, by event.
void append_community(std::string& out, const sioxx::Stats& stats, const Metrics& metrics) {
  append_gauge(out, "socket_io_connected", "Sockets connected now.", static_cast<double>(stats.sockets));
  append_counter(out, "socket_io_connect_total", "Sockets let in.", metrics.total(Count::connects));
  std::uint64_t errors = stats.parse_errors;
  for (auto code = ErrorCode::unauthorized; code <= ErrorCode::internal;
       code = static_cast<ErrorCode>(static_cast<int>(code) + 1)) {
    errors += metrics.total(code);
  }
  append_counter(out, "socket_io_errors_total", "Refusals and malformed packets.", errors);
  const std::uint64_t came = metrics.total(Count::users_came), left = metrics.total(Count::users_left);
  append_gauge(out, "rozmova_users_online",
               "Users who are here with one device at least, or were a moment ago.",
               static_cast<double>(came - std::min(came, left)));
}

}  // namespace

std::string metrics_text(const sioxx::Stats& stats, const store::DatabaseStats& database,
                         const Metrics& metrics, std::uint64_t log_lines_dropped) {
  std::string out;
  out.reserve(16'384);
  fmt::format_to(std::back_inserter(out),
                 "# HELP rozmova_build_info What is running.\n# TYPE rozmova_build_info gauge\n"
                 "rozmova_build_info{{version=\"{}\"}} 1\n",
                 version);
  append_sessions(out, stats);
  append_nodes(out, stats);
  append_database(out, database);
  append_community(out, stats, metrics);
  metrics.append_prometheus(out);
  append_counter(out, "rozmova_log_lines_dropped_total", "Log lines lost because their reader was slow.",
                 log_lines_dropped);
  append_gauge(out, "rozmova_allocated_bytes", "Memory in use, as the allocator counts it.",
               allocated_bytes());
  append_gauge(out, "process_resident_memory_bytes", "Resident memory.", resident_bytes());
  return out;
}

}  // namespace rozmova::api
