#include "sioxx/net/content_coding.hpp"

#include "sioxx/net/ascii.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace sioxx::net {
namespace {

/// Cuts off what is in front of the separator.
std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = trim(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

/// The weight of one list item in thousandths (RFC 9110 §12.4.2); one that cannot be read counts as a refusal.
int weight(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = next_part(parameters, ';');
    if (parameter.size() < 3 || lower(parameter[0]) != 'q' || parameter[1] != '=') continue;
    const std::string_view value = parameter.substr(2);
    if (value.size() > 5 || (value[0] != '0' && value[0] != '1') || (value.size() > 1 && value[1] != '.'))
      return 0;
    int thousandths = (value[0] - '0') * 1'000;
    for (std::size_t at = 2, unit = 100; at < value.size(); ++at, unit /= 10) {
      if (value[at] < '0' || value[at] > '9') return 0;
      thousandths += (value[at] - '0') * static_cast<int>(unit);
    }
    return thousandths <= 1'000 ? thousandths : 0;
  }
  return 1'000;
}

const std::string* find_header(const http::Headers& headers, std::string_view lower_case_name) {
  for (const auto& [name, value] : headers) {
    if (equal_ignoring_case(name, lower_case_name)) return &value;
  }
  return nullptr;
}

/// Text, and the formats that are text under another name. What is not here is compressed already, or not known.
bool is_text(std::string_view content_type) {
  const std::string_view type = next_part(content_type, ';');
  if (type.size() > 5 && equal_ignoring_case(type.substr(0, 5), "text/"))
    return !equal_ignoring_case(type, "text/event-stream");
  static constexpr std::string_view others[] = {
      "application/json", "application/javascript", "application/xml",         "application/manifest+json",
      "image/svg+xml",    "application/wasm",       "application/problem+json"};
  return std::any_of(std::begin(others), std::end(others),
                     [&](std::string_view one) { return equal_ignoring_case(type, one); });
}

bool is_worth_it(const http::Response& response, const Options& options) {
  const std::string& body = response.body;
  if (response.shared_body != nullptr || response.file.fd != nullptr) return false;
  if (body.size() < options.http_compression_bytes_min || body.size() > options.compression_bytes_max)
    return false;
  if (response.status < 200 || response.status == 204 || response.status == 206 || response.status == 304)
    return false;
  if (find_header(response.headers, "content-encoding") != nullptr) return false;
  const std::string* const cache = find_header(response.headers, "cache-control");
  if (cache != nullptr && cache->find("no-transform") != std::string::npos) return false;
  const std::string* const type = find_header(response.headers, "content-type");
  return type != nullptr && is_text(*type);
}

/// The bytes are others now, and what they mean is the same: that is what a weak tag says (RFC 9110 §8.8.3).
void weaken_tag(http::Headers& headers) {
  for (auto& [name, value] : headers) {
    if (equal_ignoring_case(name, "etag") && value.starts_with('"')) value.insert(0, "W/");
  }
}

}  // namespace

ContentCoding choose_coding(std::string_view accept_encoding) {
  int gzip = -1, deflate = -1, identity = -1, any = -1;
  while (!accept_encoding.empty()) {
    std::string_view item = next_part(accept_encoding, ',');
    const std::string_view name = next_part(item, ';');
    const int q = weight(item);
    if (equal_ignoring_case(name, "gzip") || equal_ignoring_case(name, "x-gzip")) gzip = q;
    if (equal_ignoring_case(name, "deflate")) deflate = q;
    if (equal_ignoring_case(name, "identity")) identity = q;
    if (name == "*") any = q;
  }
  if (gzip < 0) gzip = std::max(any, 0);
  if (deflate < 0) deflate = std::max(any, 0);
  const int best = std::max(gzip, deflate);
  if (best == 0 || best < identity) return ContentCoding::identity;
  return gzip == best ? ContentCoding::gzip : ContentCoding::deflate;
}

void compress_body(http::Response& response, ContentCoding coding, Zip& zip, const Options& options) {
  if (!options.http_compression || !is_worth_it(response, options)) return;
  if (find_header(response.headers, "vary") == nullptr)
    response.headers.emplace_back("Vary", "Accept-Encoding");
  if (coding == ContentCoding::identity) return;
  const bool gzip = coding == ContentCoding::gzip;
  std::string coded;
  if (!zip.body(coded, response.body, gzip ? Zip::Format::gzip : Zip::Format::zlib)) return;
  if (coded.size() >= response.body.size()) return;
  response.body = std::move(coded);
  response.headers.emplace_back("Content-Encoding", gzip ? "gzip" : "deflate");
  weaken_tag(response.headers);
}

}  // namespace sioxx::net
