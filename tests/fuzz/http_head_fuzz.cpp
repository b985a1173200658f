#include "sioxx/net/content_coding.hpp"
#include "sioxx/net/cors.hpp"
#include "sioxx/net/http_parser.hpp"
#include "sioxx/net/permessage_deflate.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sioxx::net::HttpParser;

constexpr std::size_t body_bytes_max = 1'000;
constexpr HttpParser::Limits limits{2'048, 20};

/// What came out of a stream of requests: each as text, then whether it was refused.
struct Outcome {
  std::vector<std::string> requests;
  bool refused = false;
  bool operator==(const Outcome&) const = default;
};

std::string text_of(const sioxx::http::Request& request) {
  std::string text = request.method + ' ' + request.path + '?' + request.query + '\n';
  for (const auto& [name, value] : request.headers) text += name + ": " + value + '\n';
  return text + request.body;
}

void check(const sioxx::http::Request& request) {
  const bool length = !request.header("content-length").empty();
  const bool coded = !request.header("transfer-encoding").empty();
  if (length && coded) std::abort();
  if (request.http11 && request.header("host").data() == nullptr) std::abort();
  if (request.body.size() > body_bytes_max || request.headers.size() > limits.headers_max) std::abort();
  if (request.path.empty() || request.path.find('\0') != std::string::npos) std::abort();
}

/// Reads the stream as it would arrive in pieces of that size.
Outcome read(std::string_view wire, std::size_t piece) {
  HttpParser parser(limits);
  Outcome outcome;
  std::string waiting;
  for (std::size_t at = 0; at < wire.size(); at += piece) {
    waiting += wire.substr(at, piece);
    for (bool goes_on = true; goes_on;) {
      const HttpParser::Result result = parser.feed(waiting);
      if (result.used > waiting.size()) std::abort();
      waiting.erase(0, result.used);
      HttpParser::Step step = result.step;
      if (step == HttpParser::Step::head) {
        step = parser.accept_body(body_bytes_max);
        goes_on = step == HttpParser::Step::more;
      } else {
        goes_on = false;
      }
      if (step == HttpParser::Step::refused) {
        if (parser.refusal().status < 400) std::abort();
        outcome.refused = true;
        return outcome;
      }
      if (step == HttpParser::Step::complete) {
        check(parser.request());
        outcome.requests.push_back(text_of(parser.take_request()));
        goes_on = true;
      }
      if (waiting.empty()) goes_on = false;
    }
  }
  return outcome;
}

}  // namespace

/// Any bytes as a stream of requests. However they are cut, the same requests are found in them, and none that two servers
/// might read differently. The headers that are lists have readers of their own; they answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view wire(reinterpret_cast<const char*>(data + 1), size - 1);
  if (read(wire, wire.size() + 1) != read(wire, 1 + data[0] % 40)) std::abort();
  sioxx::net::choose_coding(wire);
  sioxx::net::negotiate_deflate(wire);
  sioxx::net::Cors::origin_in(wire);
  return 0;
}
