#include "process_stats.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace bench {

namespace {

/// utime + stime of one process in ticks. The command name (field 2) may hold spaces and brackets, so
/// fields are counted from the last ')'.
std::uint64_t cpu_ticks(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return 0;
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field <= 13; ++field) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> user >> system;
  return fields ? user + system : 0;
}

/// The parent of a process (field 4); 0 when it has gone.
pid_t parent_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return 0;
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  std::string state;
  pid_t parent = 0;
  fields >> state >> parent;
  return parent;
}

/// Nanoseconds on a core of all threads of one process; 0 where the kernel does not count them.
std::uint64_t scheduled_ns(pid_t pid) {
  std::error_code error;
  std::uint64_t total = 0;
  for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    std::ifstream file(task.path() / "schedstat");
    std::uint64_t ns = 0;
    if (file >> ns) total += ns;
  }
  return total;
}

std::uint64_t us_per_tick() { return 1'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)); }

std::uint64_t field_kib(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(name, 0) != 0) continue;
    return std::strtoull(line.c_str() + name.size(), nullptr, 10);
  }
  return 0;
}

std::uint64_t to_us(const timeval& tv) {
  return static_cast<std::uint64_t>(tv.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(tv.tv_usec);
}

}  // namespace

std::uint64_t cpu_us(const std::vector<pid_t>& pids) {
  std::uint64_t total_us = 0;
  for (const pid_t pid : pids) {
    const std::uint64_t ns = scheduled_ns(pid);
    total_us += ns > 0 ? ns / 1000 : cpu_ticks(pid) * us_per_tick();
  }
  return total_us;
}

std::vector<pid_t> with_children(pid_t pid) {
  std::vector<pid_t> family{pid};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const auto other = static_cast<pid_t>(std::atoi(entry.path().filename().c_str()));
    if (other > 0 && parent_of(other) == pid) family.push_back(other);
  }
  return family;
}

std::uint64_t machine_cpu_us() {
  std::ifstream file("/proc/stat");
  std::string name;
  std::uint64_t user = 0;
  std::uint64_t nice = 0;
  std::uint64_t system = 0;
  std::uint64_t not_work = 0;  // idle, iowait, irq, softirq
  std::uint64_t stolen = 0;
  file >> name >> user >> nice >> system >> not_work >> not_work >> not_work >> not_work >> stolen;
  return file ? (user + nice + system + stolen) * us_per_tick() : 0;
}

std::uint64_t own_cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return to_us(usage.ru_utime) + to_us(usage.ru_stime);
}

MemoryBytes memory_of(const std::vector<pid_t>& pids) {
  MemoryBytes total;
  for (const pid_t pid : pids) {
    total.rss += field_kib(fmt::format("/proc/{}/status", pid), "VmRSS:") * 1024;
    total.pss += field_kib(fmt::format("/proc/{}/smaps_rollup", pid), "Pss:") * 1024;
  }
  return total;
}

std::uint64_t peak_rss(const std::vector<pid_t>& pids) {
  std::uint64_t total = 0;
  for (const pid_t pid : pids) total += field_kib(fmt::format("/proc/{}/status", pid), "VmHWM:") * 1024;
  return total;
}

void reset_peak(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) std::ofstream(fmt::format("/proc/{}/clear_refs", pid)) << "5";
}

}  // namespace bench
