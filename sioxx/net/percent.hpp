#pragma once

#include <string>
#include <string_view>

namespace sioxx::net {

/// Undoes %XX (RFC 3986 §2.1) into `out`, which is replaced. False: a broken escape or an escaped NUL.
bool percent_decode(std::string_view raw, std::string& out);

}  // namespace sioxx::net
