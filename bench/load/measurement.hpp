#pragma once

#include <cstdint>

#include "options.hpp"
#include "process_stats.hpp"
#include "report.hpp"

namespace bench {

/// The measured stretch of a run: wall time, our CPU, the servers' CPU, the database's CPU.
class Measurement {
 public:
  void begin(const Options& options, std::uint64_t now);
  void end(const Options& options, std::uint64_t now);

  [[nodiscard]] double seconds() const;
  [[nodiscard]] std::uint64_t server_cpu_us() const { return end_.server_cpu_us - begin_.server_cpu_us; }

  /// Adds our CPU share, the servers' CPU share and their cost of one of `count` units (`unit` is a word
  /// such as "message"), and what others used; warns when this client was the bottleneck or was disturbed.
  void add_to(Report& report, const Options& options, std::uint64_t count, const char* unit) const;

 private:
  struct Point {
    std::uint64_t time_ns = 0;
    std::uint64_t own_cpu_us = 0;
    std::uint64_t server_cpu_us = 0;
    std::uint64_t database_cpu_us = 0;
    std::uint64_t machine_cpu_us = 0;
  };
  static Point read(const Options& options, std::uint64_t now);

  Point begin_;
  Point end_;
};

}  // namespace bench
