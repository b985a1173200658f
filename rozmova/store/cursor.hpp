#pragma once

#include "rozmova/uuid.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace rozmova::store {

/// Where a page of a list ended: the sort key and the id of its last row. Opaque to clients, stable while
/// rows move.
struct Cursor {
  std::string activity;  ///< ISO time as stored
  Uuid id;
};

std::string encode(const Cursor& cursor);
/// Nothing for anything that encode() did not make.
std::optional<Cursor> decode_cursor(std::string_view text);

}  // namespace rozmova::store
