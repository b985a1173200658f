#include "rozmova/api/stats_text.hpp"

#include "rozmova/version.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace rozmova::api {

namespace {

namespace json = boost::json;

json::object latency(const Metrics& metrics, Span span) {
  const auto ms = [&](double part) { return metrics.quantile_us(span, part) / 1'000; };
  return {{"count", metrics.taken(span)}, {"p50", ms(0.5)}, {"p95", ms(0.95)}, {"p99", ms(0.99)}};
}

json::object refusals(const Metrics& metrics) {
  json::object all;
  for (auto code = ErrorCode::unauthorized; code <= ErrorCode::internal;
       code = static_cast<ErrorCode>(static_cast<int>(code) + 1)) {
    all[text(code)] = metrics.total(code);
  }
  return all;
}

}  // namespace

std::string stats_json(const sioxx::Stats& server, const store::DatabaseStats& database,
                       const Metrics& metrics) {
  const auto total = [&](Count what) { return metrics.total(what); };
  const std::uint64_t polling = server.sessions - std::min(server.sessions, server.websocket_sessions);
  const std::uint64_t came = total(Count::users_came), left = std::min(total(Count::users_left), came);
  const double batches = static_cast<double>(std::max<std::uint64_t>(database.batches, 1));
  return json::serialize(json::object{
      {"version", version},
      {"connections", {{"websocket", server.websocket_sessions}, {"polling", polling}}},
      {"sockets", server.sockets},
      {"usersOnline", came - left},
      {"rooms", server.rooms},
      {"events", {{"in", server.events_in}, {"out", server.events_out}}},
      {"bytes", {{"in", server.bytes_in}, {"out", server.bytes_out}}},
      {"messages",
       {{"stored", total(Count::messages_stored)}, {"duplicate", total(Count::messages_duplicate)}}},
      {"joins", total(Count::joins)},
      {"reconnects", total(Count::reconnects)},
      {"connects", {{"accepted", total(Count::connects)}, {"refused", total(Count::connects_refused)}}},
      {"slowConsumers", server.slow_consumers},
      {"refusals", refusals(metrics)},
      {"ackMs", latency(metrics, Span::ack)},
      {"deliveryMs", latency(metrics, Span::delivery)},
      {"httpMs", latency(metrics, Span::http)},
      {"database",
       {{"batches", database.batches},
        {"writes", database.deeds},
        {"failed", database.failed},
        {"refused", database.refused_full},
        {"waiting", database.queue_deeds},
        {"commitMsMean", static_cast<double>(database.commit_us_total) / 1'000 / batches},
        {"commitMsMax", static_cast<double>(database.commit_us_max) / 1'000}}},
  });
}

}  // namespace rozmova::api
