#pragma once

#include "rozmova/mapping.hpp"

#include <string>

namespace rozmova::store {

/// Their statements for what the store writes into these three; empty where it may not, and without a mapping.
struct TheirWrites {
  TheirWrites(const Mapping* mapping, Dialect dialect);

  std::string set_order_status;    ///< id, status, time
  std::string set_dispute_status;  ///< id, status, time
  std::string set_moderator;       ///< id, moderator or NULL, time
  std::string insert_dispute;      ///< id, order, by whom, reason, time
};

}  // namespace rozmova::store
