//   Range    = "bytes=" first "-" [last]  |  "bytes=" "-" suffix-length      (RFC 9110 §14.1.2)
//   If-Range = entity-tag | HTTP-date                                        (RFC 9110 §13.1.5)

#include "rozmova/api/byte_range.hpp"

#include "rozmova/ascii.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>
#include <string_view>

namespace rozmova::api {

namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return UINT64_MAX;
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

bool names(std::string_view list, std::string_view etag) {
  if (trim(list) == "*") return true;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view one = trim(list.substr(0, comma));
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == etag) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

std::string http_date(WallMs time) {
  const std::time_t seconds = static_cast<std::time_t>(time / 1'000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

bool not_modified(const sioxx::http::Request& request, const Validators& validators) {
  const std::string_view etags = request.header("if-none-match");
  if (!etags.empty()) return names(etags, validators.etag);
  const std::string_view since = request.header("if-modified-since");
  return !since.empty() && since == http_date(validators.modified_at);
}

ByteRange byte_range(const sioxx::http::Request& request, const Validators& validators, std::uint64_t size) {
  ByteRange range{ByteRange::Answer::whole, 0, size};
  std::string_view text = request.header("range");
  constexpr std::string_view unit = "bytes=";
  if (!text.starts_with(unit) || size == 0) return range;
  const std::string_view condition = request.header("if-range");
  if (!condition.empty() && condition != validators.etag && condition != http_date(validators.modified_at))
    return range;
  text = trim(text.substr(unit.size()));
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) return range;
  const std::string_view first_text = text.substr(0, dash), last_text = text.substr(dash + 1);
  if (first_text.empty()) {
    const auto suffix = number(last_text);
    if (!suffix) return range;
    if (*suffix == 0) return {ByteRange::Answer::none, 0, 0};
    const std::uint64_t taken = std::min(*suffix, size);
    return {ByteRange::Answer::part, size - taken, taken};
  }
  const auto first = number(first_text);
  const auto last = last_text.empty() ? std::optional<std::uint64_t>(size - 1) : number(last_text);
  if (!first || !last || (!last_text.empty() && *first > *last)) return range;
  if (*first >= size) return {ByteRange::Answer::none, 0, 0};
  return {ByteRange::Answer::part, *first, std::min(*last, size - 1) - *first + 1};
}

}  // namespace rozmova::api
