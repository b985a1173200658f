// The whole library on a real port: long-polling clients of a few lines, threads, stopping.
#include "sioxx/server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <future>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace sioxx;

namespace {

struct Response {
  int status = 0;
  std::string body;
};

/// One request on a connection of its own; waits at most five seconds.
Response request(std::uint16_t port, std::string_view method, std::string_view target,
                 std::string_view body = {}) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{5, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Response response;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    std::string text = std::string(method) + " " + std::string(target) +
                       " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    if (method == "POST")
      text += "Content-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    text += "\r\n" + std::string(body);
    ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    std::string answer;
    char buffer[4096];
    for (ssize_t got; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
      answer.append(buffer, static_cast<std::size_t>(got));
    if (answer.starts_with("HTTP/1.1 ")) response.status = std::atoi(answer.c_str() + 9);
    const std::size_t head = answer.find("\r\n\r\n");
    if (head != std::string::npos) response.body = answer.substr(head + 4);
  }
  ::close(fd);
  return response;
}

/// A server on a free port, running in threads of its own until the test ends.
class Running {
 public:
  explicit Running(Server& server) : server_(server) {
    server.listen();
    thread_ = std::thread([&server] { server.run(); });
  }
  ~Running() {
    if (thread_.joinable()) server_.stop();
    join();
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  Server& server_;
  std::thread thread_;
};

class PollingClient {
 public:
  explicit PollingClient(std::uint16_t port, std::string path = "/socket.io/")
      : port_(port), path_(std::move(path)) {
    const Response opened = request(port_, "GET", path_ + "?EIO=4&transport=polling");
    const std::size_t at = opened.body.find(R"("sid":")");
    if (at != std::string::npos) sid_ = opened.body.substr(at + 7, 20);
  }
  const std::string& sid() const { return sid_; }
  Response get() const { return request(port_, "GET", target()); }
  Response post(std::string_view body) const { return request(port_, "POST", target(), body); }
  /// CONNECT and its answer.
  bool connects() { return post("40").body == "ok" && get().body.starts_with(R"(40{"sid":")"); }

 private:
  std::string target() const { return path_ + "?EIO=4&transport=polling&sid=" + sid_; }
  std::uint16_t port_;
  std::string path_;
  std::string sid_;
};

Options on_a_free_port(unsigned threads = 1) {
  Options options;
  options.host = "127.0.0.1";
  options.port = 0;
  options.threads = threads;
  return options;
}

Stats stats_of(Server& io) {
  std::promise<Stats> promise;
  io.stats(0, [&](const Stats& stats) { promise.set_value(stats); });
  return promise.get_future().get();
}

}  // namespace

TEST(Server, EchoesOverPolling) {
  Server io(on_a_free_port());
  io.of("/").on("message", [](Socket& socket, Event& event) {
    socket.emit_array("message", event.args());
    event.ack()("heard");
  });
  const Running running(io);
  PollingClient client(io.port());
  ASSERT_TRUE(client.connects());
  EXPECT_EQ(client.post(R"(427["message","hello"])").body, "ok");
  EXPECT_EQ(client.get().body,
            "42[\"message\",\"hello\"]\x1e"
            "437[\"heard\"]");
}

TEST(Server, BroadcastsInOrderToEveryShard) {
  constexpr int clients = 12, messages = 200;
  Server io(on_a_free_port(4));
  EXPECT_EQ(io.shards(), 4u);
  std::mutex mutex;
  std::set<unsigned> shards;
  io.of("/").on_connect([&](Socket& socket) {
    socket.join("all");
    const std::lock_guard lock(mutex);
    shards.insert(socket.ref().shard());
  });
  const Running running(io);
  std::vector<std::unique_ptr<PollingClient>> people;
  for (int i = 0; i < clients; ++i) {
    people.push_back(std::make_unique<PollingClient>(io.port()));
    ASSERT_TRUE(people.back()->connects());
  }
  // Which shard has the fewest connections depends on when the others' were closed; more than one has somebody.
  EXPECT_GE(shards.size(), 2u);
  for (int i = 0; i < messages; ++i) io.of("/").to("all").emit("n", i);
  for (const auto& person : people) {
    std::string heard;
    for (std::string expected; heard.size() < 1'000;) {
      const Response part = person->get();
      ASSERT_EQ(part.status, 200);
      heard += (heard.empty() ? "" : "\x1e") + part.body;
      if (heard.ends_with("42[\"n\"," + std::to_string(messages - 1) + "]")) break;
    }
    std::string expected;
    for (int i = 0; i < messages; ++i)
      expected += (i == 0 ? "" : "\x1e") + ("42[\"n\"," + std::to_string(i) + "]");
    EXPECT_EQ(heard, expected);
  }
}

TEST(Server, PlainEngineOnAnotherPath) {
  Server io(on_a_free_port(2));
  io.engine("/engine.io/", [](engine::Session& session, std::string_view data, bool) {
    if (data == "throw") throw std::runtime_error("a handler's own affair");
    session.send_text(data);
  });
  const Running running(io);
  const PollingClient client(io.port(), "/engine.io/");
  EXPECT_EQ(client
                .post("4a\x1e"
                      "4throw\x1e"
                      "4b")
                .body,
            "ok");
  EXPECT_EQ(client.get().body,
            "4a\x1e"
            "4b");
  EXPECT_EQ(request(io.port(), "GET", "/socket.io/?EIO=4&transport=polling&sid=" + client.sid()).status, 400);
}

TEST(Server, StopTellsClientsAndReturns) {
  Server io(on_a_free_port(2));
  std::atomic<int> left{0};
  io.of("/").on_disconnect([&](Socket&, CloseReason reason) {
    if (reason == CloseReason::server_shutting_down) ++left;
  });
  Running running(io);
  std::vector<std::unique_ptr<PollingClient>> people;
  for (int i = 0; i < 6; ++i) {
    people.push_back(std::make_unique<PollingClient>(io.port()));
    ASSERT_TRUE(people.back()->connects());
  }
  auto waiting = std::async(std::launch::async, [&] { return people[0]->get(); });
  while (stats_of(io).http_connections == 0) std::this_thread::yield();
  io.stop(200);
  EXPECT_EQ(waiting.get().body, "1");
  running.join();
  EXPECT_EQ(left, 6);
  EXPECT_EQ(request(io.port(), "GET", "/socket.io/?EIO=4&transport=polling").status, 0);
}

TEST(Server, SecondStopDoesNotWait) {
  Server io(on_a_free_port());
  Running running(io);
  PollingClient client(io.port());
  ASSERT_TRUE(client.connects());
  io.stop(3'600'000);
  io.stop();
  running.join();
}

TEST(Server, MayBeStoppedBeforeItRuns) {
  Server io(on_a_free_port(3));
  io.stop();
  io.run();
}

TEST(Server, MayBeDestroyedWithoutHavingRun) {
  const Server idle(on_a_free_port(3));
  Server listening(on_a_free_port());
  listening.listen();
  EXPECT_NE(listening.port(), 0);
}

TEST(Server, DrainRefusesNewcomersOnly) {
  Server io(on_a_free_port(2));
  io.of("/").on("message", [](Socket& socket, Event& event) { socket.emit_array("message", event.args()); });
  const Running running(io);
  PollingClient client(io.port());
  ASSERT_TRUE(client.connects());
  io.drain();
  Response newcomer;
  for (int tries = 0; tries < 100 && newcomer.status != 503; ++tries) {
    newcomer = request(io.port(), "GET", "/socket.io/?EIO=4&transport=polling");
  }
  EXPECT_EQ(newcomer.status, 503);
  EXPECT_EQ(client.post(R"(42["message",1])").body, "ok");
  EXPECT_EQ(client.get().body, R"(42["message",1])");
}

TEST(Server, CountsOverAllShards) {
  Server io(on_a_free_port(3));
  io.of("/").on_connect([](Socket& socket) { socket.join(socket.id().view().substr(17)); });
  const Running running(io);
  std::vector<std::unique_ptr<PollingClient>> people;
  for (int i = 0; i < 7; ++i) {
    people.push_back(std::make_unique<PollingClient>(io.port()));
    ASSERT_TRUE(people.back()->connects());
  }
  people[0]->post("abc");
  std::promise<std::pair<Stats, unsigned>> promise;
  io.stats(2, [&](const Stats& stats) { promise.set_value({stats, loop::Shard::here()->index()}); });
  const auto [stats, shard] = promise.get_future().get();
  EXPECT_EQ(shard, 2u);
  EXPECT_EQ(stats.sessions, 6u);
  EXPECT_EQ(stats.sockets, 6u);
  EXPECT_EQ(stats.sessions_opened, 7u);
  EXPECT_EQ(stats.sessions_closed, 1u);
  EXPECT_EQ(stats.parse_errors, 1u);
  EXPECT_EQ(stats.websocket_sessions, 0u);
  EXPECT_GE(stats.rooms, 3u);
}

TEST(Server, LocalSocketsAreVisitedAtHome) {
  Server io(on_a_free_port(2));
  const Running running(io);
  PollingClient client(io.port());
  ASSERT_TRUE(client.connects());
  std::promise<int> promise;
  const auto home = static_cast<unsigned>(std::string_view("ABCD").find(client.sid().front()));
  io.shard(home).post([&] {
    int met = 0;
    io.each_local_socket(home, "/", "", [&](Socket& socket) {
      ++met;
      EXPECT_EQ(&socket.shard(), &io.shard(home));
      socket.disconnect();
    });
    promise.set_value(met);
  });
  EXPECT_EQ(promise.get_future().get(), 1);
  EXPECT_EQ(client.get().body, "41");
}

TEST(Server, MiddlewareMayAnswerFromAnotherThread) {
  Server io(on_a_free_port(2));
  std::vector<std::thread> threads;
  io.of("/").use(
      [&](Socket&, Next next) { threads.emplace_back([next = std::move(next)]() mutable { next(); }); });
  {
    const Running running(io);
    PollingClient client(io.port());
    EXPECT_TRUE(client.connects());
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Server, OtherPathsBelongToTheApplication) {
  Server io(on_a_free_port());
  io.http([](http::Request&& asked, http::Reply reply) {
    http::Response response;
    response.body = asked.method + " " + asked.path;
    reply.send(std::move(response));
  });
  const Running running(io);
  EXPECT_EQ(request(io.port(), "GET", "/healthz").body, "GET /healthz");
}

TEST(Server, SaysWhatToChange) {
  EXPECT_THROW(Server(on_a_free_port(65)), std::invalid_argument);
  Server io(on_a_free_port());
  io.of("custom").on("x", [](Socket&, Event&) {});
  EXPECT_EQ(&io.of("/custom"), &io.of("custom"));
  io.listen();
  EXPECT_THROW(io.of("/late"), std::logic_error);
  EXPECT_THROW(io.engine("/late/", [](engine::Session&, std::string_view, bool) {}), std::logic_error);
  Options taken = on_a_free_port();
  taken.port = io.port();
  Server other(taken);
  EXPECT_THROW(other.listen(), std::system_error);
}

TEST(Server, LogsWithoutSecrets) {
  std::mutex mutex;
  std::vector<std::string> events;
  std::string sids;
  Options options = on_a_free_port();
  options.log = [&](const LogLine& line) {
    const std::lock_guard lock(mutex);
    events.emplace_back(line.event);
    sids += line.sid;
    sids += line.detail;
  };
  Server io(options);
  std::string sid;
  {
    const Running running(io);
    PollingClient client(io.port());
    ASSERT_TRUE(client.connects());
    sid = client.sid();
    client.post("1");
  }
  EXPECT_EQ(events.front(), "connection");
  EXPECT_NE(std::find(events.begin(), events.end(), "disconnection"), events.end());
  EXPECT_EQ(sids.find(sid), std::string::npos);
}
