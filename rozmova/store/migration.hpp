#pragma once

#include <span>
#include <string_view>

namespace rozmova::store {

/// One numbered SQL file, embedded at build time. Once released a file never changes: what comes later is a
/// new file.
struct Migration {
  int version = 0;
  std::string_view name;
  std::string_view sql;
};

std::span<const Migration> sqlite_migrations();  ///< ascending; numbers may be missing
std::span<const Migration> postgres_migrations();

}  // namespace rozmova::store
