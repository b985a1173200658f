#include "sioxx/redis/options.hpp"

#include <charconv>

namespace sioxx::redis {
namespace {

template <class Number>
bool read_number(std::string_view text, Number max, Number& number) {
  unsigned long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > static_cast<unsigned long>(max)) {
    return false;
  }
  number = static_cast<Number>(value);
  return true;
}

/// Percent-encoding as URLs have it (RFC 3986 §2.1); passwords are full of what needs it.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
    if (error != std::errc{} || end != text.data() + i + 3) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

}  // namespace

std::optional<Options> parse_url(std::string_view url, std::string& why) {
  constexpr std::string_view scheme = "redis://";
  const auto fail = [&](std::string reason) {
    why = std::move(reason);
    return std::nullopt;
  };
  if (url.starts_with("rediss://")) {
    return fail(
        "rediss:// (TLS) is not spoken here; let stunnel or HAProxy on this machine carry it and give its "
        "plain redis://127.0.0.1:port");
  }
  if (!url.starts_with(scheme))
    return fail("a Redis address looks like redis://[user:password@]host[:port][/database]");
  url.remove_prefix(scheme.size());

  Options options;
  if (const auto at = url.rfind('@'); at != url.npos) {
    const std::string_view who = url.substr(0, at);
    const auto colon = who.find(':');
    if (colon == who.npos) return fail("before the @ of a Redis address stands user:password or :password");
    auto user = decoded(who.substr(0, colon));
    auto password = decoded(who.substr(colon + 1));
    if (!user || !password) return fail("the user or password of the Redis address has a broken %-sequence");
    options.user = std::move(*user);
    options.password = std::move(*password);
    url.remove_prefix(at + 1);
  }
  if (const auto slash = url.find('/'); slash != url.npos) {
    const std::string_view database = url.substr(slash + 1);
    if (!database.empty() && !read_number(database, 65'535, options.database)) {
      return fail("the database at the end of a Redis address is a number, such as /0");
    }
    url = url.substr(0, slash);
  }
  std::string_view port;
  if (url.starts_with('[')) {  // IPv6, RFC 3986 §3.2.2
    const auto end = url.find(']');
    if (end == url.npos) return fail("the [ of the Redis address has no ]");
    options.host = url.substr(1, end - 1);
    url.remove_prefix(end + 1);
    if (!url.empty() && url[0] != ':') return fail("after the ] of a Redis address stands :port or nothing");
    if (!url.empty()) port = url.substr(1);
  } else {
    const auto colon = url.find(':');
    options.host = url.substr(0, colon);
    if (colon != url.npos) port = url.substr(colon + 1);
  }
  if (options.host.empty()) return fail("the Redis address has no host");
  if (!port.empty() && (!read_number<std::uint16_t>(port, 65'535, options.port) || options.port == 0)) {
    return fail("the port of the Redis address is not a number from 1 to 65535");
  }
  return options;
}

}  // namespace sioxx::redis
