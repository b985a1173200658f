#pragma once

#include "sioxx/net/http.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sioxx::net {

/// Reads HTTP/1.0 and 1.1 requests (RFC 9112) from bytes as they come, strictly: whatever two readers could
/// understand in two ways is refused. Pure; one per connection, moves with it.
class HttpParser {
 public:
  struct Limits {
    std::size_t head_bytes_max = 16'384;
    std::size_t headers_max = 100;
  };
  enum class Step : std::uint8_t {
    more,      ///< needs bytes; those not used must be given again, in front of the new ones
    head,      ///< request() has all but the body: say accept_body()
    complete,  ///< request() is whole: take_request()
    refused,   ///< refusal() says why; the connection must end
  };
  struct Result {
    Step step = Step::more;
    std::size_t used = 0;  ///< bytes taken off the front
  };
  struct Refusal {
    int status = 0;
    std::string_view code;    ///< a word for programs
    std::string_view reason;  ///< a sentence for people
  };

  explicit HttpParser(const Limits& limits);
  HttpParser(HttpParser&&) noexcept;
  HttpParser& operator=(HttpParser&&) noexcept;
  ~HttpParser();

  Result feed(std::string_view bytes);
  /// After Step::head: whether the body is here already (there is none), must still come, or announces itself
  /// too long.
  Step accept_body(std::size_t body_bytes_max);

  /// After Step::head: whether a body follows.
  bool expects_body() const;

  const http::Request& request() const;
  http::Request& request();
  /// The peer waits for "100 Continue" before it sends the body.
  bool expects_continue() const;
  const Refusal& refusal() const;
  /// After Step::complete; the parser is ready for the next request.
  http::Request take_request();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether a comma-separated header, over all its lines, has this token; letter case does not matter (RFC
/// 9110 §5.6.1).
bool has_token(const http::Request& request, std::string_view lower_case_name,
               std::string_view lower_case_token);

/// Decodes a path and takes dot segments out (RFC 3986 §5.2.4). False: a broken escape or a control
/// character.
bool normalise_path(std::string_view raw, std::string& path);

}  // namespace sioxx::net
