// What remains when thousands have come and gone, and what those cost who do not read. Server and clients are one process:
// descriptors and memory are counted for both, so nothing can hide.
#include "sioxx/server.hpp"
#include "tests/soak/visitor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <malloc.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace soak {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized =
    true;  // whose allocators keep what is freed: sessions and descriptors are counted, bytes are not
#else
constexpr bool sanitized = false;
#endif

constexpr std::size_t megabyte = 1'048'576;

std::size_t descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

std::size_t heap_bytes() { return ::mallinfo2().uordblks + ::mallinfo2().hblkhd; }

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// A server on threads of its own, for the life of one test.
class House {
 public:
  explicit House(sioxx::Options options) : server(with_defaults(std::move(options))) {
    server.listen();
    thread_ = std::thread([this] { server.run(); });
  }
  ~House() {
    server.stop();
    thread_.join();
  }
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  std::uint16_t port() const { return server.port(); }
  sioxx::Stats stats() {
    std::promise<sioxx::Stats> promise;
    server.stats(0, [&](const sioxx::Stats& stats) { promise.set_value(stats); });
    return promise.get_future().get();
  }
  /// Asks until it is so, half a minute at most.
  bool until(const std::function<bool(const sioxx::Stats&)>& so) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!so(stats())) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  sioxx::Server server;

 private:
  static sioxx::Options with_defaults(sioxx::Options options) {
    options.host = "0.0.0.0";
    options.port = 0;
    options.connections_per_ip_max = 0;
    return options;
  }
  std::thread thread_;
};

// ---- coming and going -------------------------------------------------------------------------------------

bool poll_and_leave(std::uint16_t port, int n) {
  Visitor visitor(port);
  if (visitor.get(polling) != 200) return false;
  const std::string target = std::string(polling) + "&sid=" + sid_of(visitor.body());
  if (visitor.post(target, "40") != 200 || visitor.get(target) != 200) return false;
  if (n % 3 == 0) {  // gone while a GET waits
    visitor.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    visitor.abort();
    return true;
  }
  return visitor.post(target, n % 3 == 1 ? "1"
                                         : "41\x1e"
                                           "1") == 200;
}

bool upgrade_and_leave(std::uint16_t port, int n) {
  Visitor polls(port);
  if (polls.get(polling) != 200) return false;
  const std::string sid = "&sid=" + sid_of(polls.body());
  if (polls.post(std::string(polling) + sid, "40") != 200) return false;
  Visitor socket(port);
  if (!socket.upgrade(std::string(websocket) + sid) || !socket.send_text("2probe") ||
      socket.hear() != "3probe")
    return false;
  if (n % 5 == 0) {  // changes its mind halfway
    socket.abort();
    return polls.post(std::string(polling) + sid, "1") == 200;
  }
  if (!socket.send_text("5") || !socket.hear().starts_with("40{")) return false;
  if (n % 2 == 0) socket.abort();
  return true;
}

bool connect_and_leave(std::uint16_t port, int n) {
  Visitor socket(port);
  if (!socket.upgrade(websocket) || !socket.hear().starts_with("0{")) return false;
  if (!socket.send_text("40") || !socket.hear().starts_with("40{")) return false;
  if (n % 3 == 0) socket.abort();
  if (n % 3 == 1) socket.send(std::string_view("\x88\x80\0\0\0\0", 6));
  return true;
}

/// A head that never ends, an upgrade without a word, half a frame: each left lying.
bool leave_halfway(std::uint16_t port, int n) {
  Visitor visitor(port);
  if (n % 3 == 0) return visitor.send("GET /socket.io/?EIO=4&tran");
  if (n % 3 == 1)
    return visitor.send("POST /socket.io/?EIO=4 HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf");
  const bool good = visitor.upgrade(websocket) && visitor.send(std::string_view("\x81\xfe\x10\0\0\0\0\0"
                                                                                "40",
                                                                                10));
  if (n % 2 == 0) visitor.abort();
  return good;
}

using Visit = bool (*)(std::uint16_t, int);

/// Two threads come and go that often; how many visits went wrong.
int visits(Visit visit, std::uint16_t port, int count) {
  const auto half = [=](int first) {
    int wrong = 0;
    for (int n = first; n < count; n += 2) wrong += !visit(port, n);
    return wrong;
  };
  auto other = std::async(std::launch::async, half, 1);
  return half(0) + other.get();
}

class Cycles : public ::testing::TestWithParam<std::pair<const char*, Visit>> {};

TEST_P(Cycles, LeaveNothingBehind) {
  constexpr int warm_up = 1'000, cycles = 10'000;
  sioxx::Options options;
  options.threads = 2;
  House house(options);
  const Visit visit = GetParam().second;
  const auto empty = [&](const sioxx::Stats& now) {
    return now.sessions == 0 && now.sockets == 0 && now.rooms == 0 && now.http_connections == 0 &&
           now.websocket_sessions == 0;
  };
  ASSERT_EQ(visits(visit, house.port(), warm_up), 0);
  ASSERT_TRUE(house.until(empty));
  const std::size_t descriptors_before = descriptors(), heap_before = heap_bytes(),
                    resident_before = resident_bytes();
  EXPECT_EQ(visits(visit, house.port(), cycles), 0);
  ASSERT_TRUE(house.until(empty)) << house.stats().sessions << " sessions are left";
  EXPECT_EQ(descriptors(), descriptors_before);
  std::printf("  heap %+ld KiB, resident %+ld KiB\n",
              (static_cast<long>(heap_bytes()) - static_cast<long>(heap_before)) / 1'024,
              (static_cast<long>(resident_bytes()) - static_cast<long>(resident_before)) / 1'024);
  if (sanitized) return;
  EXPECT_LT(heap_bytes(), heap_before + megabyte / 2);
  EXPECT_LT(resident_bytes(), resident_before + 8 * megabyte);
}

INSTANTIATE_TEST_SUITE_P(Soak, Cycles,
                         ::testing::Values(std::pair("Polling", &poll_and_leave),
                                           std::pair("Upgrade", &upgrade_and_leave),
                                           std::pair("WebSocket", &connect_and_leave),
                                           std::pair("Halfway", &leave_halfway)),
                         [](const auto& given) { return std::string(given.param.first); });

// ---- not reading ------------------------------------------------------------------------------------------

/// Those who read: counts what they have heard, in order.
class Readers {
 public:
  void add(Visitor visitor) { all_.push_back({std::move(visitor), {}, 0}); }

  /// Reads what is there; false when somebody has been closed or has missed something.
  bool read() {
    std::vector<pollfd> waiting;
    for (const Reader& one : all_) waiting.push_back({one.visitor.fd(), POLLIN, 0});
    if (::poll(waiting.data(), waiting.size(), 100) < 0) return false;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (waiting[i].revents != 0 && !all_[i].take()) return false;
    }
    return true;
  }
  std::uint64_t slowest() const {
    std::uint64_t least = ~std::uint64_t{0};
    for (const Reader& one : all_) least = std::min(least, one.heard);
    return least;
  }

 private:
  struct Reader {
    Visitor visitor;
    std::string rest;
    std::uint64_t heard;

    bool take() {
      char piece[262'144];
      const ssize_t n = ::recv(visitor.fd(), piece, sizeof piece, MSG_DONTWAIT);
      if (n <= 0) return n < 0 && errno == EAGAIN;
      rest.append(piece, static_cast<std::size_t>(n));
      std::size_t at = 0;
      for (std::size_t size = 0; whole_frame(at, size); at += 4 + size) {
        const std::string expected = "42[\"tick\"," + std::to_string(heard) + ",";
        if (rest.compare(at + 4, expected.size(), expected) != 0) return false;
        ++heard;
      }
      rest.erase(0, at);
      return true;
    }
    /// Every message here is 126 to 65 535 bytes long.
    bool whole_frame(std::size_t at, std::size_t& size) const {
      if (rest.size() < at + 4) return false;
      size = static_cast<std::size_t>(static_cast<unsigned char>(rest[at + 2])) << 8 |
             static_cast<unsigned char>(rest[at + 3]);
      return rest.size() >= at + 4 + size;
    }
  };
  std::vector<Reader> all_;
};

TEST(SlowConsumers, CostNoMoreThanTheirQueuesAndNobodyElseAnything) {
  constexpr int silent_websockets = 900, silent_pollers = 100, readers = 10;
  constexpr std::uint64_t messages = 100'000, ahead_max = 500;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  sioxx::Options options;
  options.threads = 2;
  options.send_queue_bytes_max = 262'144;
  options.ping_interval_ms = 300'000;
  House house(options);
  // docs/sioxx.md: a queue's buffer may have grown to twice of what is in it. Beside that: what the readers may have waiting.
  const std::size_t bound =
      2 * options.send_queue_bytes_max * (silent_websockets + silent_pollers + readers) + 32 * megabyte;

  std::vector<Visitor> silent;
  for (int i = 0; i < silent_websockets; ++i) {
    Visitor& one = silent.emplace_back(house.port(), 4'096);
    ASSERT_TRUE(one.upgrade(websocket));
    ASSERT_TRUE(one.send_text("40"));
  }
  for (int i = 0; i < silent_pollers; ++i) {
    Visitor& one = silent.emplace_back(house.port());
    ASSERT_EQ(one.get(polling), 200);
    ASSERT_EQ(one.post(std::string(polling) + "&sid=" + sid_of(one.body()), "40"), 200);
  }
  Readers reading;
  for (int i = 0; i < readers; ++i) {
    Visitor one(house.port());
    ASSERT_TRUE(one.upgrade(websocket) && one.send_text("40"));
    ASSERT_TRUE(one.hear().starts_with("0{"));
    ASSERT_TRUE(one.hear().starts_with("40{"));
    reading.add(std::move(one));
  }
  ASSERT_TRUE(house.until([&](const sioxx::Stats& now) { return now.sockets == silent.size() + readers; }));

  const std::size_t before = resident_bytes();
  std::size_t peak = before;
  const std::string padding(200, 'x');
  for (std::uint64_t sent = 0; reading.slowest() < messages;) {
    for (; sent < messages && sent < reading.slowest() + ahead_max; ++sent)
      house.server.emit("tick", sent, padding);
    ASSERT_TRUE(reading.read()) << "a reader lost something at " << reading.slowest();
    if (sent % 1'000 == 0) peak = std::max(peak, resident_bytes());
  }
  ASSERT_TRUE(house.until([&](const sioxx::Stats& now) { return now.sockets == readers; }));
  const sioxx::Stats after = house.stats();
  EXPECT_EQ(after.slow_consumers, silent.size());
  EXPECT_EQ(after.sessions, static_cast<std::uint64_t>(readers));
  std::printf("  peak %zu MiB above the start, bound %zu MiB\n", (peak - before) / megabyte,
              bound / megabyte);
  if (!sanitized) {
    EXPECT_LT(peak - before, bound);
  }
}

}  // namespace
}  // namespace soak
