#pragma once

#include "sioxx/engine/sessions.hpp"
#include "sioxx/loop/fault.hpp"
#include "sioxx/net/admission.hpp"
#include "sioxx/net/connections.hpp"
#include "sioxx/net/house.hpp"
#include "sioxx/net/listener.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sioxx::net::test {

inline http::Response hello(std::string body = "hello") {
  http::Response response;
  response.headers.emplace_back("Content-Type", "text/plain");
  response.body = std::move(body);
  return response;
}

/// Sends every message back; remembers how it ended. "close me" makes the server close, "unreadable" is what
/// it calls a parse error, "big N" answers N bytes.
class Echo final : public engine::SessionHandler {
 public:
  using OnEnd = std::function<void(CloseReason)>;
  Echo(engine::Session& session, OnEnd on_end) : session_(session), on_end_(std::move(on_end)) {}
  void on_message(std::string_view data, bool binary) override {
    if (data == "close me") return session_.close(CloseReason::forced_close);
    if (data == "unreadable") return session_.close(CloseReason::parse_error);
    if (data.starts_with("big "))
      return session_.send_text(std::string(std::stoul(std::string(data.substr(4))), 'B'));
    if (binary) {
      session_.send(engine::Encoded::binary(data));
    } else {
      session_.send_text(data);
    }
  }
  void on_close(CloseReason reason) override { on_end_(reason); }

 private:
  engine::Session& session_;
  OnEnd on_end_;
};

/// A house of N shards whose turns the test takes itself, all on one thread.
class World final : public House {
 public:
  explicit World(Options options = {}, unsigned shards = 1, engine::Settings settings = {})
      : options_(std::move(options)),
        settings_(settings),
        admission_(shards, options_.connections_max, options_.connections_per_ip_max) {
    settings_.max_payload_bytes = options_.max_payload_bytes;
    for (unsigned i = 0; i < shards; ++i) shards_.push_back(std::make_unique<loop::Shard>(i));
    for (unsigned i = 0; i < shards; ++i) {
      sessions_.push_back(std::make_unique<engine::Sessions>(
          i, settings_, shards_[i]->timers(), [this, i] { return shards_[i]->now(); },
          [random = i + 1](unsigned char* out, std::size_t n) mutable {
            for (std::size_t k = 0; k < n; ++k) {
              random = random * 1103515245u + 12345u;
              out[k] = static_cast<unsigned char>(random >> 16);
            }
          },
          [this](engine::Session& session) {
            return std::make_unique<Echo>(session, [this](CloseReason reason) {
              const std::lock_guard lock(mutex_);
              ends.push_back(reason);
            });
          }));
      connections_.push_back(std::make_unique<Connections>(*this, i));
    }
    listener_.open("127.0.0.1", 0);
    listener_.start();
  }
  ~World() {
    // Another world may still be running: it reads this, and nothing is written that is there already.
    if (loop::fault::hook != nullptr) loop::fault::hook = nullptr;
    stop_threads();
    listener_.stop();
    sessions_.clear();
    connections_.clear();
  }

  unsigned shards() const override { return static_cast<unsigned>(shards_.size()); }
  loop::Shard& shard(unsigned index) override { return *shards_[index]; }
  Connections& connections(unsigned shard) override { return *connections_[shard]; }
  engine::Sessions& sessions(unsigned shard, unsigned) override { return *sessions_[shard]; }
  Admission& admission() override { return admission_; }
  const Options& options() const override { return options_; }
  const http::Handler& handler() const override { return on_http; }
  const http::BodyHandler& body_handler() const override { return on_body; }
  const RawHandler& raw_handler(unsigned) const override { return on_raw; }
  void log(const LogLine& line) override {
    const std::lock_guard lock(mutex_);
    logged.emplace_back(line.event);
  }

  Listener& listener() { return listener_; }
  std::uint16_t port() const { return listener_.port(); }

  /// From here on each shard turns by itself, and only clients may be asked how it is.
  void run_in_threads() {
    for (const auto& shard : shards_) threads_.emplace_back([&one = *shard] { one.run(); });
  }
  void stop_threads() {
    if (threads_.empty()) return;
    for (const auto& shard : shards_) shard->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  void step(int wait_ms = 0) {
    if (!threads_.empty()) return std::this_thread::yield();
    for (const auto& shard : shards_) shard->turn(wait_ms);
  }
  void steps(int count) {
    for (int i = 0; i < count; ++i) step();
  }
  /// Takes turns until it is so; false after ten seconds.
  bool until(const std::function<bool()>& so) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!so()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      step(patience_ms);
    }
    return true;
  }
  std::size_t connected() const {
    return sum([this](std::size_t shard) { return connections_[shard]->size(); });
  }
  std::size_t session_count() const {
    std::size_t count = 0;
    for (const auto& one : sessions_) count += one->size();
    return count;
  }

  int patience_ms = 1;  ///< what a turn may sleep while until() waits; 0: in a hurry
  http::Handler on_http;
  http::BodyHandler on_body;
  RawHandler on_raw;
  std::vector<std::string> logged;
  std::vector<CloseReason> ends;

 private:
  /// Over all shards, each on its own thread where they have one.
  std::size_t sum(const std::function<std::size_t(std::size_t shard)>& count) const {
    std::size_t all = 0;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      std::promise<std::size_t> counted;
      const bool posted = !threads_.empty() && shards_[i]->post([&] { counted.set_value(count(i)); });
      all += posted ? counted.get_future().get() : count(i);
    }
    return all;
  }
  std::mutex mutex_;  ///< of `ends` and `logged`
  std::vector<std::thread> threads_;
  Options options_;
  engine::Settings settings_;
  Admission admission_;
  std::vector<std::unique_ptr<loop::Shard>> shards_;
  std::vector<std::unique_ptr<engine::Sessions>> sessions_;
  std::vector<std::unique_ptr<Connections>> connections_;
  Listener listener_{*this};
};

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  /// Value of a header, "" when absent.
  std::string header(const std::string& name) const {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

/// A TCP client whose waiting lets the world turn.
class Client {
 public:
  explicit Client(World& world) : world_(&world) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(world.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const int yes = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  }
  Client(Client&& other) noexcept
      : got(std::move(other.got)), world_(other.world_), fd_(std::exchange(other.fd_, -1)) {}
  Client& operator=(Client&& other) noexcept {
    std::swap(got, other.got);
    std::swap(world_, other.world_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Client() { close(); }

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// Ends with a reset instead of a FIN.
  void abort() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void shutdown_write() { ::shutdown(fd_, SHUT_WR); }
  void small_receive_buffer() {
    const int bytes = 65'536;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(n));
      } else if (n < 0 && errno != EAGAIN) {
        return;  // the server has closed: what it said can still be read
      } else {
        world_->step(1);
      }
    }
  }
  /// Sends what fits, without letting the server do anything.
  std::size_t send_some(std::string_view bytes) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
  }

  /// Reads what is there; false when the server has closed.
  bool read_some() {
    char buffer[65'536];
    for (;;) {
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n > 0) {
        got.append(buffer, static_cast<std::size_t>(n));
        continue;
      }
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return true;
      reset = n < 0;
      return false;
    }
  }
  /// True when the server has ended the connection.
  bool ended() {
    return world_->until([&] { return !read_some(); });
  }
  bool wait_for_bytes(std::size_t count) {
    world_->until([&] { return !read_some() || got.size() >= count; });
    return got.size() >= count;
  }

  /// The next answer; status 0 when none came. `bodyless`: to a HEAD request.
  Answer answer(bool bodyless = false) {
    Answer answer;
    world_->until([&] {
      const bool open = read_some();
      const std::size_t end = got.find("\r\n\r\n");
      if (end == std::string::npos) return !open;
      answer.head = got.substr(0, end + 2);
      const std::string length = answer.header("Content-Length");
      const std::size_t size = bodyless || length.empty() ? 0 : std::stoul(length);
      if (got.size() < end + 4 + size) return !open;
      answer.body = got.substr(end + 4, size);
      answer.status = std::stoi(answer.head.substr(9, 3));
      got.erase(0, end + 4 + size);
      return true;
    });
    return answer;
  }
  Answer get(const std::string& target, const std::string& headers = "") {
    send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
    return answer();
  }
  Answer post(const std::string& target, const std::string& body, const std::string& headers = "") {
    send("POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + headers + "\r\n" + body);
    return answer();
  }

  // ---- WebSocket ------------------------------------------------------------------------------------------
  static std::string frame(int opcode, std::string_view payload, bool fin = true) {
    std::string out;
    out += static_cast<char>((fin ? 0x80 : 0) | opcode);
    if (payload.size() < 126) {
      out += static_cast<char>(0x80 | payload.size());
    } else if (payload.size() < 65'536) {
      out += static_cast<char>(0x80 | 126);
      out += static_cast<char>(payload.size() >> 8);
      out += static_cast<char>(payload.size());
    } else {
      out += static_cast<char>(0x80 | 127);
      for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift);
    }
    out.append(4, '\0');
    return out.append(payload);
  }
  static std::string upgrade_request(const std::string& target, const std::string& headers = "") {
    return "GET " + target +
           " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
           headers + "\r\n";
  }
  void text(std::string_view payload) { send(frame(1, payload)); }

  struct Frame {
    int opcode = -1;  ///< -1: the server closed without a frame
    std::string payload;
    int code() const {
      return payload.size() < 2
                 ? 1005
                 : static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    }
  };
  Frame next_frame() {
    Frame frame;
    world_->until([&] {
      const bool open = read_some();
      if (got.size() < 2) return !open;
      std::size_t size = static_cast<unsigned char>(got[1]) & 0x7f;
      std::size_t head = 2;
      if (size >= 126) {
        const std::size_t extended = size == 126 ? 2 : 8;
        if (got.size() < 2 + extended) return !open;
        size = 0;
        for (std::size_t i = 0; i < extended; ++i) size = size << 8 | static_cast<unsigned char>(got[2 + i]);
        head += extended;
      }
      if (got.size() < head + size) return !open;
      frame.opcode = got[0] & 0x0f;
      frame.payload = got.substr(head, size);
      got.erase(0, head + size);
      return true;
    });
    return frame;
  }
  std::string next_text() {
    const Frame frame = next_frame();
    return frame.opcode == 1 ? frame.payload : "opcode " + std::to_string(frame.opcode);
  }

  int fd() const { return fd_; }
  std::string got;
  bool reset = false;

 private:
  World* world_;
  int fd_ = -1;
};

inline const std::string polling = "/socket.io/?EIO=4&transport=polling";
inline const std::string websocket = "/socket.io/?EIO=4&transport=websocket";

inline std::string sid_of(const std::string& open_packet) {
  const std::size_t at = open_packet.find("\"sid\":\"");
  return at == std::string::npos ? std::string() : open_packet.substr(at + 7, 20);
}

/// A handshake by polling on a connection of its own.
inline std::string open_session(World& world) {
  Client client(world);
  return sid_of(client.get(polling, "Connection: close\r\n").body);
}

/// Sessions that are spread over all shards: their connections are open at the same time.
inline std::vector<std::string> open_sessions(World& world, unsigned count) {
  std::vector<Client> clients;
  std::vector<std::string> sids;
  for (unsigned i = 0; i < count; ++i) sids.push_back(sid_of(clients.emplace_back(world).get(polling).body));
  clients.clear();
  EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
  return sids;
}

/// A session that lives on this shard.
inline std::string open_session_on(World& world, unsigned shard) {
  for (const std::string& sid : open_sessions(world, world.shards())) {
    if (engine::Sessions::home_of(sid) == shard) return sid;
  }
  ADD_FAILURE() << "no session on shard " << shard;
  return {};
}

}  // namespace sioxx::net::test
