#include "rozmova/node.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <charconv>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace rozmova {

namespace {

struct Place {
  std::string host;
  std::optional<std::uint16_t> port;
};

/// HOST, HOST:PORT, [IPv6], [IPv6]:PORT, or an IPv6 address alone.
std::optional<Place> parse_place(std::string_view text) {
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) return std::nullopt;
    port = rest.empty() ? rest : rest.substr(1);
    if (!rest.empty() && port.empty()) return std::nullopt;
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos && colon == text.rfind(':')) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return std::nullopt;
  }
  if (host.empty()) return std::nullopt;
  Place place{std::string(host), std::nullopt};
  if (port.empty()) return place;
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number == 0) return std::nullopt;
  place.port = number;
  return place;
}

std::string look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0)
    throw std::runtime_error(fmt::format("NODE_ADDRESS: {} is not known: {}", host, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  char text[NI_MAXHOST];
  if (::getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
    throw std::runtime_error(fmt::format("NODE_ADDRESS: {} has no address", host));
  return text;
}

}  // namespace

std::string node_address(const Config& config, std::uint16_t port) {
  if (config.node_address.empty()) return {};
  const auto place = parse_place(config.node_address);
  if (!place) {
    throw std::runtime_error(
        fmt::format("NODE_ADDRESS is \"{}\": it must be HOST or HOST:PORT.", config.node_address));
  }
  const std::string host = look_up(place->host);
  const std::uint16_t number = place->port.value_or(port);
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, number)
                                             : fmt::format("[{}]:{}", host, number);
}

std::vector<sioxx::Peer> peers_of(const std::vector<store::NodeRow>& nodes) {
  std::vector<sioxx::Peer> peers;
  for (const store::NodeRow& node : nodes) {
    const auto id = sioxx::engine::ProcessId::parse(node.id);
    const auto place = parse_place(node.address);
    if (!id || !place || !place->port) continue;
    peers.push_back({sioxx::engine::NodeTag::of(*id), place->host, *place->port});
  }
  return peers;
}

}  // namespace rozmova
