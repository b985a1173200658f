#include "rozmova/jwks_source.hpp"

#include "rozmova/public_keys.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace rozmova {

JwksSource::JwksSource(JwksOptions options, Tell tell)
    : options_(std::move(options)), tell_(std::move(tell)) {
  if (!options_.url.empty()) client_ = std::make_unique<HttpClient>("rozmova", 1);
}

JwksSource::~JwksSource() { stop(); }

void JwksSource::start(Publish publish) {
  publish_ = std::move(publish);
  if (!options_.file.empty()) {
    const auto keys = look();
    if (!keys) throw std::runtime_error("JWT_JWKS_FILE " + options_.file + ": " + keys.refusal().message);
    note(keys);
    last_look_ = Clock::now();
  } else {
    state_ = State::asked;
  }
  thread_ = std::thread([this] { run(); });
  if (!options_.file.empty()) return;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(options_.timeout_ms), [this] { return looks_ > 0; });
}

void JwksSource::stop() {
  {
    const std::lock_guard lock(mutex_);
    state_ = State::ended;
  }
  changed_.notify_all();
  client_.reset();  // gives up what is under way
  if (thread_.joinable()) thread_.join();
}

bool JwksSource::ask() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::ended) return false;
    if (state_ != State::waiting) return true;
    if (Clock::now() - last_look_ < std::chrono::milliseconds(options_.asked_interval_ms)) return false;
    state_ = State::asked;
  }
  changed_.notify_all();
  return true;
}

void JwksSource::run() {
  std::unique_lock lock(mutex_);
  while (state_ != State::ended) {
    const std::int64_t pause_ms =
        failed_ ? std::min(options_.asked_interval_ms, options_.refresh_ms) : options_.refresh_ms;
    changed_.wait_until(lock, last_look_ + std::chrono::milliseconds(pause_ms),
                        [this] { return state_ != State::waiting; });
    if (state_ == State::ended) return;
    state_ = State::looking;
    lock.unlock();
    const auto keys = look();
    lock.lock();
    if (state_ == State::ended) return;
    note(keys);
    last_look_ = Clock::now();
    ++looks_;
    state_ = State::waiting;
    changed_.notify_all();
  }
}

Result<std::vector<jwt::KeyPtr>> JwksSource::look() {
  if (!options_.file.empty()) {
    const auto text = read_key_file(options_.file);
    return text ? jwt::keys_from_jwks(*text) : Result<std::vector<jwt::KeyPtr>>(text.refusal());
  }
  const HttpAnswer answer = fetch();
  if (answer.status == 200) return jwt::keys_from_jwks(answer.body);
  return Refusal{ErrorCode::unavailable,
                 answer.status == 0 ? answer.failure : "the answer is " + std::to_string(answer.status)};
}

HttpAnswer JwksSource::fetch() {
  HttpAsk ask;
  ask.url = options_.url;
  ask.headers = {{"Accept", "application/jwk-set+json, application/json"}};
  ask.connect_timeout_ms = ask.timeout_ms = options_.timeout_ms;
  ask.answer_bytes_max = jwt::key_file_bytes_max;
  std::unique_lock lock(mutex_);
  if (state_ == State::ended) return {};
  answer_.reset();
  client_->ask(std::move(ask), [this](HttpAnswer answer) {
    const std::lock_guard inner(mutex_);
    answer_ = std::make_unique<HttpAnswer>(std::move(answer));
    changed_.notify_all();
  });
  changed_.wait(lock, [this] { return answer_ != nullptr || state_ == State::ended; });
  return answer_ == nullptr ? HttpAnswer{} : std::move(*answer_);
}

void JwksSource::note(const Result<std::vector<jwt::KeyPtr>>& keys) {
  failed_ = !keys;
  if (keys) publish_(*keys);
  if (tell_) tell_(!failed_, keys ? std::to_string(keys->size()) : keys.refusal().message);
}

}  // namespace rozmova
