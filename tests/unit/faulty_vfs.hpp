#pragma once

#include <filesystem>
#include <string>

namespace rozmova::store::testing {

/// What the disk does when the count is up.
enum class Fault { disk_full, write_error, sync_error };

/// A SQLite VFS over the system's one that fails on demand and remembers what a power failure would leave: of
/// each file, its content at its last successful sync. Global, because a VFS is; each test begins with
/// reset(). Any thread.
class FaultyVfs {
 public:
  static const char* name();  ///< registers it at the first call

  static void reset();
  /// The n-th write (or sync) from now on fails, and all later ones until heal().
  static void fail_from(Fault fault, int nth);
  static void heal();
  static bool has_failed();
  /// Writes into `directory` every file as it would be found after a power failure now.
  static void power_failure(const std::filesystem::path& directory);
};

}  // namespace rozmova::store::testing
