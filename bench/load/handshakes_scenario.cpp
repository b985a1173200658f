#include "handshakes_scenario.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "clock.hpp"
#include "seats.hpp"

namespace bench {

namespace {

constexpr std::uint64_t refusals_max = 1000;  // then the server clearly does not want us

}  // namespace

HandshakesScenario::HandshakesScenario(const Options& options)
    : options_(options), connections_(seat_count(options)), started_ns_(connections_.size(), 0) {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connections_[i].index = static_cast<std::uint32_t>(i);
    connections_[i].transport = options_.transport;
    connections_[i].token = token_of(options_, seat_of(options_, i));
    free_.push_back(connections_[i].index);
  }
}

void HandshakesScenario::start(Loop& loop, std::uint64_t now) {
  phase_until_ns_ = now + to_ns(options_.warmup_seconds);
  on_turn(loop, now);
}

void HandshakesScenario::on_turn(Loop& loop, std::uint64_t now) {
  if (now >= phase_until_ns_) {
    if (phase_ == Phase::warm_up) {
      measurement_.begin(options_, now);
      phase_ = Phase::measuring;
      phase_until_ns_ = now + to_ns(options_.seconds);
    } else {
      measurement_.end(options_, now);
      phase_ = Phase::finished;
      return;
    }
  }
  std::vector<std::uint32_t> places;
  places.swap(free_);
  for (const std::uint32_t index : places) {
    started_ns_[index] = now_ns();
    if (loop.open(connections_[index])) continue;
    failure_ = fmt::format("a connection cannot be opened: {}", std::strerror(errno));
    phase_ = Phase::failed;
    return;
  }
}

void HandshakesScenario::on_connected(Connection& connection) {
  if (phase_ == Phase::measuring) {
    ++done_;
    latency_.record(now_ns() - started_ns_[connection.index]);
  }
  connection.close(true);
  free_.push_back(connection.index);
}

void HandshakesScenario::on_closed(Connection& connection, std::string_view reason) {
  if (refusal_sample_.empty()) refusal_sample_ = reason;
  free_.push_back(connection.index);
  if (++refused_ < refusals_max) return;
  failure_ = fmt::format("{} handshakes failed, the first: {}", refused_, refusal_sample_);
  phase_ = Phase::failed;
}

Report HandshakesScenario::report() const {
  Report report(options_.label, to_string(options_.scenario));
  report.add("connections", "handshakes at a time", static_cast<double>(connections_.size()), 0);
  report.add("handshakes_per_s", "authenticated handshakes /s",
             static_cast<double>(done_) / measurement_.seconds(), 0);
  report.add_latency("handshake", "handshake latency", latency_);
  measurement_.add_to(report, options_, done_, "handshake");
  report.check("refused", "handshakes that failed", refused_);
  if (!refusal_sample_.empty()) report.remark("first failure: " + refusal_sample_);
  return report;
}

}  // namespace bench
