// extensions = offer *("," offer)      offer = name *(";" parameter)      parameter = token ["=" token | "=" quoted]
//
// RFC 7692 §7.1, in an offer:
//   server_no_context_takeover         no value   we always do
//   client_no_context_takeover         no value   we always ask for it
//   server_max_window_bits             8..15      promised as asked; kept by not compressing when it is below 15
//   client_max_window_bits             8..15, or no value   any window is understood here
//
// An offer with another parameter, the same one twice, or a value out of range is declined.

#include "sioxx/net/permessage_deflate.hpp"

#include "sioxx/net/ascii.hpp"

#include <optional>
#include <utility>

namespace sioxx::net {
namespace {

constexpr std::size_t offers_max = 16;
constexpr int full_window_bits = 15;

/// Cuts off what is in front of the separator; one within quotes separates nothing.
std::string_view next_part(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  while (end < rest.size() && (quoted || rest[end] != separator)) quoted ^= rest[end++] == '"';
  const std::string_view part = trim(rest.substr(0, end));
  rest = end == rest.size() ? std::string_view() : rest.substr(end + 1);
  return part;
}

std::string_view unquoted(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    return value.substr(1, value.size() - 2);
  return value;
}

/// 8 to 15, without a leading zero.
std::optional<int> window_bits(std::string_view value) {
  if (value == "8" || value == "9") return value[0] - '0';
  if (value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5') return 10 + value[1] - '0';
  return std::nullopt;
}

/// The parameters of one offer; nothing when it must be declined.
std::optional<DeflateAnswer> accept(std::string_view parameters) {
  bool seen[4] = {};
  const auto first_time = [&](int which) { return !std::exchange(seen[which], true); };
  int server_bits = 0;
  while (!parameters.empty()) {
    std::string_view parameter = next_part(parameters, ';');
    const bool has_value = parameter.find('=') != std::string_view::npos;
    const std::string_view name = next_part(parameter, '=');
    const auto bits = has_value ? window_bits(unquoted(trim(parameter))) : std::nullopt;
    bool good = false;
    if (name == "server_no_context_takeover") good = !has_value && first_time(0);
    if (name == "client_no_context_takeover") good = !has_value && first_time(1);
    if (name == "server_max_window_bits") good = bits && first_time(2);
    if (name == "client_max_window_bits") good = (bits || !has_value) && first_time(3);
    if (!good) return std::nullopt;
    if (name == "server_max_window_bits") server_bits = *bits;
  }
  DeflateAnswer answer{Deflate::both,
                       "permessage-deflate; server_no_context_takeover; client_no_context_takeover"};
  if (server_bits != 0) answer.header += "; server_max_window_bits=" + std::to_string(server_bits);
  if (server_bits != 0 && server_bits != full_window_bits) answer.deflate = Deflate::receive;
  return answer;
}

}  // namespace

DeflateAnswer negotiate_deflate(std::string_view extensions) {
  for (std::size_t offers = 0; !extensions.empty() && offers < offers_max; ++offers) {
    std::string_view offer = next_part(extensions, ',');
    const bool has_parameters = offer.find(';') != std::string_view::npos;
    if (next_part(offer, ';') != "permessage-deflate") continue;
    if (has_parameters && offer.empty()) continue;  // ends with ";"
    if (auto answer = accept(offer)) return *std::move(answer);
  }
  return {};
}

}  // namespace sioxx::net
