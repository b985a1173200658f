#include "rozmova/http_client.hpp"

#include <curl/curl.h>
#include <pthread.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <unordered_map>

namespace rozmova {

namespace {

constexpr int wait_ms_max = 1'000;  ///< curl's own timers are asked for at least this often
constexpr std::size_t header_lines_max = 200;
constexpr std::string_view too_long = "the answer is too long";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  return text;
}

/// One request on its way; its addresses are in curl's hands until it is done.
struct Errand {
  HttpAsk ask;
  HttpClient::Done done;
  HttpAnswer answer;
  CURL* easy = nullptr;
  curl_slist* lines = nullptr;
  char why[CURL_ERROR_SIZE] = "";
  bool is_too_long = false;

  Errand() = default;
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;
  ~Errand() {
    curl_slist_free_all(lines);
    if (easy != nullptr) curl_easy_cleanup(easy);
  }

  void finish(CURLcode code) {
    curl_off_t us = 0;
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &us);
    answer.took_ms = us / 1'000;
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      answer.status = static_cast<int>(status);
    } else {
      answer.failure = is_too_long ? too_long : why[0] != '\0' ? why : curl_easy_strerror(code);
    }
    done(std::move(answer));
  }
};

std::size_t take_body(const char* data, std::size_t, std::size_t size, void* to) {
  auto& errand = *static_cast<Errand*>(to);
  if (errand.answer.body.size() + size > errand.ask.answer_bytes_max) {
    errand.is_too_long = true;
    return 0;
  }
  errand.answer.body.append(data, size);
  return size;
}

std::size_t take_header(const char* data, std::size_t, std::size_t size, void* to) {
  auto& headers = static_cast<Errand*>(to)->answer.headers;
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) headers.clear();  // those before were of a 100 Continue
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || headers.size() >= header_lines_max) return size;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
  return size;
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

struct HttpClient::Impl {
  Impl(std::string agent, std::size_t max) : user_agent(std::move(agent)), at_once_max(max) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = ready == CURLE_OK ? curl_multi_init() : nullptr;
    if (multi == nullptr) throw std::runtime_error("libcurl cannot be started");
    thread = std::thread([this] { run(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    curl_multi_wakeup(multi);
    thread.join();
    curl_multi_cleanup(multi);
  }

  void run() {
    ::pthread_setname_np(::pthread_self(), "http-client");
    while (take_new()) {
      int running = 0;
      curl_multi_perform(multi, &running);
      finish_done();
      curl_multi_poll(multi, nullptr, 0, wait_ms_max, nullptr);
    }
    for (auto& [easy, errand] : under_way) {
      curl_multi_remove_handle(multi, easy);
      give_up(*errand);
    }
    under_way.clear();
    for (const auto& errand : waiting) give_up(*errand);
  }

  static void give_up(Errand& errand) {
    errand.answer = {};
    errand.answer.failure = "the server is stopping";
    errand.done(std::move(errand.answer));
  }

  /// False: it is to end.
  bool take_new() {
    for (;;) {
      std::unique_ptr<Errand> next;
      {
        const std::lock_guard lock(mutex);
        if (ending) return false;
        if (waiting.empty() || under_way.size() >= at_once_max) return true;
        next = std::move(waiting.front());
        waiting.pop_front();
      }
      begin(std::move(next));
    }
  }

  void begin(std::unique_ptr<Errand> errand) {
    CURL* const easy = errand->easy = curl_easy_init();
    if (easy == nullptr) return give_up(*errand);
    const HttpAsk& ask = errand->ask;
    curl_easy_setopt(easy, CURLOPT_URL, ask.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(ask.connect_timeout_ms));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(ask.timeout_ms));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, errand->why);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, errand.get());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, errand.get());
    if (ask.method != "GET") {
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, ask.method.c_str());
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(ask.body.size()));
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, ask.body.data());
    }
    // No waiting for "100 Continue": bodies are small.
    errand->lines = curl_slist_append(nullptr, "Expect:");
    for (const auto& [name, value] : ask.headers)
      errand->lines = curl_slist_append(errand->lines, (name + ": " + value).c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, errand->lines);
    curl_multi_add_handle(multi, easy);
    under_way.emplace(easy, std::move(errand));
  }

  void finish_done() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      auto node = under_way.extract(message->easy_handle);
      curl_multi_remove_handle(multi, node.key());
      node.mapped()->finish(code);
    }
  }

  const std::string user_agent;
  const std::size_t at_once_max;
  CURLM* multi = nullptr;

  std::mutex mutex;
  std::deque<std::unique_ptr<Errand>> waiting;
  bool ending = false;

  std::unordered_map<CURL*, std::unique_ptr<Errand>> under_way;  ///< the thread's alone
  std::thread thread;
};

HttpClient::HttpClient(std::string user_agent, std::size_t at_once_max)
    : impl_(std::make_unique<Impl>(std::move(user_agent), at_once_max)) {}

HttpClient::~HttpClient() = default;

void HttpClient::ask(HttpAsk ask, Done done) {
  auto errand = std::make_unique<Errand>();
  errand->ask = std::move(ask);
  errand->done = std::move(done);
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->waiting.push_back(std::move(errand));
  }
  curl_multi_wakeup(impl_->multi);
}

}  // namespace rozmova
