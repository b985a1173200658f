#include "report.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace bench {

namespace {

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

void Report::add(std::string key, std::string text, double value, int decimals) {
  figures_.push_back({std::move(key), std::move(text), std::isfinite(value) ? value : 0, decimals});
}

void Report::add_latency(const std::string& key, const std::string& text, const Histogram& histogram) {
  if (histogram.count() == 0) return;
  constexpr std::array<std::pair<const char*, double>, 4> levels{
      {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"max", 100}}};
  for (const auto& [name, percent] : levels) {
    add(fmt::format("{}_{}_ms", key, name), fmt::format("{} {}, ms", text, name),
        static_cast<double>(histogram.percentile(percent)) / 1e6, 3);
  }
}

void Report::check(std::string key, std::string text, std::uint64_t count) {
  faults_ += count;
  add(std::move(key), std::move(text), static_cast<double>(count), 0);
}

std::string Report::to_text() const {
  std::string out = fmt::format("{}: {}\n", label_, scenario_);
  for (const Figure& figure : figures_) {
    out += fmt::format("  {:<44} {:>14.{}f}\n", figure.text, figure.value, figure.decimals);
  }
  for (const std::string& remark : remarks_) out += fmt::format("  note: {}\n", remark);
  out += is_correct() ? "  correct: yes\n" : "  correct: NO\n";
  return out;
}

std::string Report::to_json() const {
  std::string out =
      fmt::format("{{\n  \"label\": {},\n  \"scenario\": {},\n  \"correct\": {},\n  \"figures\": {{",
                  json_string(label_), json_string(scenario_), is_correct());
  const char* separator = "\n";
  for (const Figure& figure : figures_) {
    out +=
        fmt::format("{}    {}: {:.{}f}", separator, json_string(figure.key), figure.value, figure.decimals);
    separator = ",\n";
  }
  out += "\n  },\n  \"notes\": [";
  separator = "";
  for (const std::string& remark : remarks_) {
    out += separator + json_string(remark);
    separator = ", ";
  }
  return out + "]\n}\n";
}

}  // namespace bench
