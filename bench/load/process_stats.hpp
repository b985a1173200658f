#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace bench {

/// What the kernel says about the processes under test; read from /proc (proc(5)), only between phases.

/// Time on a core of all threads of all `pids`, in microseconds: to the nanosecond from the scheduler
/// (/proc/PID/task/TID/schedstat), or in ticks of 10 ms from /proc/PID/stat where the kernel lacks that.
/// A process that is gone counts as 0.
[[nodiscard]] std::uint64_t cpu_us(const std::vector<pid_t>& pids);

/// `pid` and the processes that it has started, as they are now.
[[nodiscard]] std::vector<pid_t> with_children(pid_t pid);

/// User + system time of this process in microseconds.
[[nodiscard]] std::uint64_t own_cpu_us();

/// Time that any process spent on any core (interrupts left out, time stolen by the host included), in
/// microseconds. What is neither ours nor the servers' is other people's work on the machine.
[[nodiscard]] std::uint64_t machine_cpu_us();

struct MemoryBytes {
  std::uint64_t rss = 0;
  std::uint64_t pss = 0;  ///< 0 when the kernel does not let us read smaps_rollup
};

/// Resident memory of all `pids` together.
[[nodiscard]] MemoryBytes memory_of(const std::vector<pid_t>& pids);

/// The most that was resident since the last reset_peak(), in bytes, of all `pids` together.
[[nodiscard]] std::uint64_t peak_rss(const std::vector<pid_t>& pids);
void reset_peak(const std::vector<pid_t>& pids);

}  // namespace bench
