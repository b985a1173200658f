#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rozmova {

/// One request to somebody else's server. Redirects are never followed: who answers 3xx has answered.
struct HttpAsk {
  std::string method = "GET";
  std::string url;  ///< http or https only
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::int64_t connect_timeout_ms = 5'000;
  std::int64_t timeout_ms = 10'000;          ///< for all of it
  std::size_t answer_bytes_max = 1'048'576;  ///< a longer body is a failure
};

/// What came back: a status, or the reason why there is none.
struct HttpAnswer {
  int status = 0;       ///< 0: no answer
  std::string failure;  ///< when `status` is 0: "Couldn't connect to server", "the answer is too long"
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  std::int64_t took_ms = 0;

  /// Empty when absent.
  std::string_view header(std::string_view lower_case_name) const;
};

/// A small HTTP client (libcurl) on one thread of its own, for the few things a chat server asks of others: keys of
/// tokens, webhooks. Owned by main or by whoever asks; ask() from any thread, answers come on the client's thread and
/// must be quick. Certificates are always checked. Destroyed: what is under way is given up and answered so.
class HttpClient {
 public:
  using Done = std::function<void(HttpAnswer)>;

  explicit HttpClient(std::string user_agent, std::size_t at_once_max = 16);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  /// More than `at_once_max` wait in line.
  void ask(HttpAsk ask, Done done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rozmova
