#pragma once

#include "rozmova/http_client.hpp"
#include "rozmova/jwt_key.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rozmova {

struct JwksOptions {
  std::string file, url;              ///< one of them
  std::int64_t refresh_ms = 300'000;  ///< keys are looked at anew this often
  /// At most one more look in this time for tokens with a key that is not known, and after a failure.
  std::int64_t asked_interval_ms = 10'000;
  std::int64_t timeout_ms = 5'000;
};

/// Where the issuer publishes his keys (JWT_JWKS_FILE, JWT_JWKS_URL): fetched at the start, now and then, and when a
/// token names a key that is not known. Answers that are no good change nothing: the last good keys stay. One thread;
/// owned by main.
class JwksSource {
 public:
  using Publish = std::function<void(std::vector<jwt::KeyPtr>)>;
  /// `good`: how many keys there are now; else why there are no new ones.
  using Tell = std::function<void(bool good, std::string_view what)>;

  JwksSource(JwksOptions options, Tell tell);
  JwksSource(const JwksSource&) = delete;
  JwksSource& operator=(const JwksSource&) = delete;
  ~JwksSource();

  /// Begins, and waits for the first answer (timeout_ms at most). Throws std::runtime_error when the file is no good.
  void start(Publish publish);
  /// `publish` is not called any more once this returns.
  void stop();
  /// Any thread, after start(): somebody came with an unknown key. True: a look is under way now.
  bool ask();

 private:
  using Clock = std::chrono::steady_clock;
  enum class State : std::uint8_t { waiting, asked, looking, ended };

  void run();
  Result<std::vector<jwt::KeyPtr>> look();
  HttpAnswer fetch();
  void note(const Result<std::vector<jwt::KeyPtr>>& keys);

  const JwksOptions options_;
  const Tell tell_;
  Publish publish_;
  std::unique_ptr<HttpClient> client_;

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::waiting;
  int looks_ = 0;
  bool failed_ = false;
  Clock::time_point last_look_;
  std::unique_ptr<HttpAnswer> answer_;
  std::thread thread_;
};

}  // namespace rozmova
