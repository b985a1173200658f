// What one message costs the library, counted and not timed: allocations, and the system calls that move bytes. A client
// sends an event to a room of two and wants an ack, over a real port. When a number here has to go up, docs/performance.md
// says what it was.
#include "sioxx/loop/fault.hpp"
#include "sioxx/server.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace sioxx;

namespace {

struct Cost {
  std::uint64_t allocations = 0, reads = 0, writes = 0;
};
/// Of this thread; the server's is asked for its own by an event.
thread_local Cost cost;

int count_calls(loop::fault::Point point) {
  if (point == loop::fault::Point::read) ++cost.reads;
  if (point == loop::fault::Point::write) ++cost.writes;
  return 0;
}

}  // namespace

// The whole program's, for this is a program of its own.
void* operator new(std::size_t bytes) {
  ++cost.allocations;
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

/// Our side of one WebSocket; reads and writes wait, five seconds at most.
class Line {
 public:
  explicit Line(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("connect");
    put("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
    const std::size_t head = wait_for("\r\n\r\n");
    in_.erase(0, head);
    if (!next().starts_with("0{")) throw std::runtime_error("no open packet");
    say("40");
    if (!next().starts_with("40{")) throw std::runtime_error("not let in");
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { ::close(fd_); }

  /// One text frame, masked with zeros.
  void say(std::string_view text) {
    std::string frame = "\x81";
    if (text.size() < 126) {
      frame += static_cast<char>(0x80 | text.size());
    } else {
      frame += static_cast<char>(0x80 | 126);
      frame += static_cast<char>(text.size() >> 8);
      frame += static_cast<char>(text.size() & 0xff);
    }
    put(frame.append(4, '\0').append(text));
  }

  /// The text of the next frame.
  std::string next() {
    while (true) {
      if (in_.size() >= 2) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(in_[at]); };
        const std::size_t head = byte(1) == 126 ? 4 : 2;
        const std::size_t size = head == 4 && in_.size() >= 4 ? byte(2) * 256u + byte(3) : byte(1);
        if (in_.size() >= head + size) {
          std::string text = in_.substr(head, size);
          in_.erase(0, head + size);
          return text;
        }
      }
      more();
    }
  }

 private:
  void put(std::string_view bytes) {
    if (::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
      throw std::runtime_error("send");
  }
  std::size_t wait_for(std::string_view end) {
    std::size_t at = in_.find(end);
    for (; at == std::string::npos; at = in_.find(end)) more();
    return at + end.size();
  }
  void more() {
    char bytes[4096];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) throw std::runtime_error("nothing came");
    in_.append(bytes, static_cast<std::size_t>(got));
  }

  int fd_;
  std::string in_;
};

/// A server that tells a message to its room and acknowledges it, on a thread of its own.
class Chat {
 public:
  Chat() : io_(options()) {
    loop::fault::hook = count_calls;
    Namespace& space = io_.of("/");
    space.on("join", [](Socket& socket, Event& event) {
      socket.join("order:one");
      event.ack().send_raw("[]");
    });
    space.on("cost", [](Socket&, Event& event) {
      const Cost now = cost;
      event.ack().send_raw("[" + std::to_string(now.allocations) + "," + std::to_string(now.reads) + "," +
                           std::to_string(now.writes) + "]");
    });
    // Texts of a usual length, ready: what is counted is the library's alone.
    space.on("message", [this](Socket&, Event& event) {
      io_.to("order:one").send(encode_event("/", "message", told));
      event.ack().send_raw(answer);
    });
    io_.listen();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Chat() {
    io_.stop();
    thread_.join();
    loop::fault::hook = nullptr;
  }

  std::uint16_t port() const { return io_.port(); }

  const std::string told = R"({"content":")" + std::string(400, 'x') + R"("})";
  const std::string answer = R"([{"ok":true,"message":)" + told + "}]";

 private:
  static Options options() {
    Options options;
    options.host = "127.0.0.1";
    options.port = 0;
    options.threads = 1;
    return options;
  }

  Server io_;
  std::thread thread_;
};

Cost cost_of_server(Line& line) {
  line.say(R"(420["cost"])");
  const std::string answer = line.next();
  Cost now;
  char* at = nullptr;
  now.allocations = std::strtoull(answer.c_str() + 4, &at, 10);
  now.reads = std::strtoull(at + 1, &at, 10);
  now.writes = std::strtoull(at + 1, &at, 10);
  return now;
}

/// What `messages` of them cost, above the question itself.
Cost cost_of(Line& sender, Line& reader, int messages) {
  const Cost before = cost_of_server(sender);
  for (int i = 0; i < messages; ++i) {
    sender.say(
        R"(421["message",{"orderId":"0198f2a0-7b1c-7c3d-8e4f-0123456789ab","content":"Is it ready today?",)"
        R"("clientMessageId":"0198f2a0-7b1c-7c3d-8e4f-fedcba987654"}])");
    EXPECT_TRUE(sender.next().starts_with(R"(42["message",)"));
    EXPECT_TRUE(sender.next().starts_with(R"(431[{"ok":true)"));
    EXPECT_TRUE(reader.next().starts_with(R"(42["message",)"));
  }
  const Cost after = cost_of_server(sender);
  return {after.allocations - before.allocations, after.reads - before.reads, after.writes - before.writes};
}

}  // namespace

TEST(HotPath, AMessageCostsNoMoreThanItDid) {
  constexpr int messages = 200;
  // The event's JSON: its array, object, three keys, three texts. Going out: the encoded message and its text, and the list
  // of rooms.
  constexpr std::uint64_t allocations_a_message_max = 11;
  const Chat chat;
  Line sender(chat.port());
  Line reader(chat.port());
  for (Line* line : {&sender, &reader}) {
    line->say(R"(420["join"])");
    ASSERT_TRUE(line->next().starts_with("430"));
  }
  const Cost question = cost_of(sender, reader, 0);
  cost_of(sender, reader, messages);  // buffers grow to what they need
  const Cost all = cost_of(sender, reader, messages);
  EXPECT_LE(all.allocations - question.allocations, allocations_a_message_max * messages)
      << "allocations a message: " << static_cast<double>(all.allocations - question.allocations) / messages;
  EXPECT_EQ(all.reads - question.reads, std::uint64_t{messages}) << "one recv a message";
  EXPECT_EQ(all.writes - question.writes, std::uint64_t{2 * messages}) << "one send for each of the two";
}
