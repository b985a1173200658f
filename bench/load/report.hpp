#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "histogram.hpp"

namespace bench {

/// The result of a run: named figures in the order they should be read, remarks, and faults. A fault means
/// that the server (or the run) did something that a chat must not do. Filled by a scenario, printed by main.
class Report {
 public:
  Report(std::string label, std::string scenario)
      : label_(std::move(label)), scenario_(std::move(scenario)) {}

  void add(std::string key, std::string text, double value, int decimals);
  /// p50, p90, p99, max of `histogram` (nanoseconds) as milliseconds under `<key>_p50_ms` …
  void add_latency(const std::string& key, const std::string& text, const Histogram& histogram);
  void remark(std::string text) { remarks_.push_back(std::move(text)); }
  /// Counts as a fault when `count` > 0, is a plain figure of 0 otherwise.
  void check(std::string key, std::string text, std::uint64_t count);

  [[nodiscard]] bool is_correct() const { return faults_ == 0; }
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] std::string to_json() const;

 private:
  struct Figure {
    std::string key;
    std::string text;
    double value;
    int decimals;
  };

  std::string label_;
  std::string scenario_;
  std::vector<Figure> figures_;
  std::vector<std::string> remarks_;
  std::uint64_t faults_ = 0;
};

}  // namespace bench
