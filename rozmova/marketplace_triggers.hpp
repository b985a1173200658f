#pragma once

#include "rozmova/mapping.hpp"

#include <string>
#include <string_view>

namespace rozmova {

/// SQL for PostgreSQL that the owner of a marketplace's tables may run, so that whatever program changes a status, the
/// parties of an order, or a role, it is heard at once. It only adds triggers; we never run it. Each writes a row of ours
/// in the transaction of its cause, and no NOTIFY, which would make their commits wait for each other. What the mapping
/// makes of expressions or of several tables is left out, and a comment says so. Pure.
std::string marketplace_triggers(const Mapping& mapping, std::string_view schema);

}  // namespace rozmova
