#include "measurement.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bench {

namespace {

constexpr double busy_percent_max = 85;    // above this the client's own core is the limit, not the server
constexpr double others_percent_max = 10;  // of one core; above this the figures say little

}  // namespace

Measurement::Point Measurement::read(const Options& options, std::uint64_t now) {
  const std::uint64_t database_us =
      options.database_pid > 0 ? cpu_us(with_children(options.database_pid)) : 0;
  return {now, own_cpu_us(), cpu_us(options.server_pids), database_us, machine_cpu_us()};
}

void Measurement::begin(const Options& options, std::uint64_t now) { begin_ = read(options, now); }

void Measurement::end(const Options& options, std::uint64_t now) { end_ = read(options, now); }

double Measurement::seconds() const { return static_cast<double>(end_.time_ns - begin_.time_ns) / 1e9; }

void Measurement::add_to(Report& report, const Options& options, std::uint64_t count,
                         const char* unit) const {
  const double wall_us = seconds() * 1e6;
  if (wall_us <= 0) return;
  const auto own = static_cast<double>(end_.own_cpu_us - begin_.own_cpu_us);
  const double own_percent = own / wall_us * 100;
  report.add("measured_seconds", "measured, s", seconds(), 2);
  report.add("load_cpu_percent", "load client's CPU, % of its core", own_percent, 1);
  if (own_percent > busy_percent_max) {
    report.remark(
        fmt::format("the load client used {:.0f} % of its core: it may be the bottleneck, the server "
                    "could do more",
                    own_percent));
  }
  if (options.server_pids.empty()) return;
  const auto server = static_cast<double>(end_.server_cpu_us) - static_cast<double>(begin_.server_cpu_us);
  report.add("server_cpu_percent", "server's CPU, %", server / wall_us * 100, 1);
  const auto database =
      std::max(0.0, static_cast<double>(end_.database_cpu_us) - static_cast<double>(begin_.database_cpu_us));
  const auto machine = static_cast<double>(end_.machine_cpu_us - begin_.machine_cpu_us);
  const double others = std::max(0.0, (machine - own - server - database) / wall_us * 100);
  report.add("others_cpu_percent", "other processes' CPU, % of one core", others, 1);
  if (others > others_percent_max) {
    report.remark(
        fmt::format("other processes used {:.0f} % of a core meanwhile: trust the CPU per message, not "
                    "the rates",
                    others));
  }
  if (count > 0) {
    report.add(fmt::format("server_cpu_us_per_{}", unit), fmt::format("server's CPU per {}, us", unit),
               server / static_cast<double>(count), 2);
    if (options.database_pid > 0) {
      report.add(fmt::format("database_cpu_us_per_{}", unit), fmt::format("database's CPU per {}, us", unit),
                 database / static_cast<double>(count), 2);
    }
  }
}

}  // namespace bench
