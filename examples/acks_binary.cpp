// Questions and answers in both directions, bytes, and handlers that wait.
//
//   acks_binary [--port 3000] [--threads 1]
//
//   upload <bytes>       acks {size} and the same bytes backwards
//   hash <text>          worked out by another thread; acks the result when it is there
//   order <what>         asks the client "sure?" and acks what came of it
//   vote <question>      asks everybody; acks how many said yes, no, nothing
#include "sioxx/server.hpp"

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace json = boost::json;

namespace {

std::string_view text(const json::value* value) {
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

/// A thread for what takes long; the shards never wait for it.
class Worker {
 public:
  static constexpr std::size_t jobs_max = 1'000;
  Worker()
      : thread_([this] {
          for (;;) {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (stopping_) return;
            const auto job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
          }
        }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  /// False: too much to do already.
  bool add(std::function<void()> job) {
    {
      const std::lock_guard lock(mutex_);
      if (jobs_.size() >= jobs_max) return false;
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

void answer_upload(sioxx::Socket&, sioxx::Event& event) {
  if (event.attachments().empty()) return event.ack()("no bytes");
  const std::string& bytes = event.attachments().front();
  const std::string backwards(bytes.rbegin(), bytes.rend());
  const json::array args{json::object{{"size", bytes.size()}}, sioxx::placeholder(0)};
  event.ack().send(args, std::span(&backwards, 1));
}

sioxx::Task ask_before_ordering(sioxx::Socket& socket, sioxx::Event event) {
  const auto answer = co_await socket.timeout(2'000).emit_with_ack("sure?", text(event.arg(0)));
  if (!answer) {
    event.ack()("no answer");
    co_return;
  }
  co_await sioxx::sleep(10);  // the kitchen
  event.ack()(answer->args.empty() ? json::value("cancelled") : answer->args.front());
}

}  // namespace

int main(int argc, char** argv) {
  sioxx::Options options;
  options.cors_origins = {"*"};
  options.threads = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--port") options.port = static_cast<std::uint16_t>(std::atoi(argv[i + 1]));
    if (flag == "--threads") options.threads = static_cast<unsigned>(std::atoi(argv[i + 1]));
  }
  sioxx::Server io(options);
  Worker worker;  // dies before the server: what it has not answered by then, nobody waits for
  sioxx::Namespace& main = io.of("/");

  main.on("upload", answer_upload);
  main.on("order", ask_before_ordering);
  main.on("hash", [&worker](sioxx::Socket&, sioxx::Event event) -> sioxx::Task {
    sioxx::Later<std::size_t> hash;
    const auto resolve = hash.resolver();
    const std::string input(text(event.arg(0)));
    const bool taken = worker.add([resolve, input] { resolve(std::hash<std::string>{}(input)); });
    if (!taken) resolve.nothing();
    const auto result = co_await hash;  // here again, on the socket's shard
    event.ack()(result ? std::to_string(*result) : std::string("busy"));
  });
  main.on("vote", [&main](sioxx::Socket&, sioxx::Event event) -> sioxx::Task {
    const auto answers = co_await main.timeout(1'000).emit_with_ack("vote", text(event.arg(0)));
    std::size_t yes = 0, no = 0;
    for (const sioxx::Answer& answer : answers->answers) {
      const bool said_yes = !answer.args.empty() && answer.args.front() == json::value(true);
      ++(said_yes ? yes : no);
    }
    event.ack()(json::object{{"yes", yes}, {"no", no}, {"missing", answers->missing}});
  });
  io.run();
}
