#pragma once

#include "rozmova/model.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rozmova::store {

/// The sort key to begin with; engines know it as a time.
inline constexpr std::int64_t after_every_time = INT64_MAX;

/// Where a page of a list ended: the sort key and the id of its last row. Opaque to clients, stable while
/// rows move.
struct Cursor {
  std::int64_t activity_us = 0;  ///< since 1970; other programs' rows have microseconds
  Uuid id;
};

std::string encode(const Cursor& cursor);
/// Nothing for anything that encode() did not make.
std::optional<Cursor> decode_cursor(std::string_view text);

}  // namespace rozmova::store
