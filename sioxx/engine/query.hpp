#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sioxx::engine {

/// Undoes %XX (RFC 3986 §2.1) into `out`, which is replaced. False: a broken escape or an escaped NUL.
bool percent_decode(std::string_view raw, std::string& out);

/// Decoded value of one query parameter; nothing when absent.
std::string query_value(std::string_view query, std::string_view name);
/// The same without a copy: of `query` itself, or, where something is escaped, in `decoded`.
std::string_view query_value(std::string_view query, std::string_view name, std::string& decoded);
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

}  // namespace sioxx::engine
