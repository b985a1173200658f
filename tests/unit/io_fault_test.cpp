// Every I/O error path, walked by construction: one scripted exchange (polling, a second connection, a hand-over, an upgrade,
// large messages, an application route, the close) is run again and again while the N-th system call fails, N = 0, 1, 2, …
// until nothing fails any more; plainly and with TLS, with every kind of failure. Somebody else is connected all the time.
#include "tls_world.hpp"

#include <filesystem>

namespace sioxx::net::test {
namespace {

struct Fault {
  const char* name;
  int answer;     ///< of the hook
  bool harmless;  ///< the exchange must succeed all the same
};

constexpr Fault faults[] = {
    {"EAGAIN", EAGAIN, true},          {"EINTR", EINTR, true},    {"one byte only", -1, true},
    {"ECONNRESET", ECONNRESET, false}, {"ENOMEM", ENOMEM, false}, {"EPIPE", EPIPE, false},
    {"EMFILE", EMFILE, false},
};

/// One client's connection, plain or with TLS.
class Line {
 public:
  Line(World& world, bool tls) {
    if (tls) {
      secure_ = std::make_unique<TlsClient>(world);
      alive_ = secure_->shake_hands();
    } else {
      plain_ = std::make_unique<Client>(world);
    }
  }
  void send(std::string_view bytes) {
    if (!alive_) return;
    if (plain_ != nullptr) return plain_->send(bytes);
    secure_->send(bytes);
  }
  Answer answer() {
    if (!alive_) return {};
    return plain_ != nullptr ? plain_->answer() : secure_->answer();
  }
  /// The next bytes, exactly these.
  bool hears(std::string_view expected) {
    if (!alive_) return false;
    std::string& got = plain_ != nullptr ? plain_->got : secure_->got;
    const bool enough = plain_ != nullptr ? plain_->wait_for_bytes(expected.size())
                                          : secure_->wait_for_bytes(expected.size());
    if (!enough || !got.starts_with(expected)) return false;
    got.erase(0, expected.size());
    return true;
  }

 private:
  std::unique_ptr<Client> plain_;
  std::unique_ptr<TlsClient> secure_;
  bool alive_ = true;
};

/// As the server frames it.
std::string framed(int opcode, const std::string& payload) {
  std::string frame = Client::frame(opcode, payload);
  const std::size_t head = payload.size() < 126 ? 2u : payload.size() < 65'536 ? 4u : 10u;
  frame.erase(head, 4);
  frame[1] = static_cast<char>(frame[1] & 0x7f);
  return frame;
}

/// Whether all went as it should; gives up at the first thing that does not.
bool exchange(World& world, bool tls) {
  Line first(world, tls);
  const std::string host = " HTTP/1.1\r\nHost: h\r\n";
  first.send("GET " + polling + host + "\r\n");
  const std::string sid = sid_of(first.answer().body);
  if (sid.empty()) return false;
  const std::string target = polling + "&sid=" + sid;
  Line second(world, tls);
  second.send("POST " + target + host + "Content-Length: 6\r\n\r\n4hello");
  if (second.answer().body != "ok") return false;
  first.send("GET " + target + host + "\r\n");
  if (first.answer().body != "4hello") return false;
  first.send("GET " + target + host + "\r\n");  // waits
  second.send("POST " + target + host + "Content-Length: 11\r\n\r\n4big ");
  second.send("200000");
  if (second.answer().body != "ok") return false;
  if (first.answer().body != "4" + std::string(200'000, 'B')) return false;
  first.send("GET /app" + host + "\r\n");
  if (first.answer().body != std::string(300'000, 'x')) return false;
  Line socket(world, tls);
  socket.send(Client::upgrade_request(websocket + "&sid=" + sid));
  if (socket.answer().status != 101) return false;
  socket.send(Client::frame(1, "2probe"));
  if (!socket.hears(framed(1, "3probe"))) return false;
  socket.send(Client::frame(1, "5") + Client::frame(1, "4one", false) + Client::frame(9, "ping") +
              Client::frame(0, "two"));
  if (!socket.hears(framed(10, "ping")) || !socket.hears(framed(1, "4onetwo"))) return false;
  socket.send(Client::frame(1, "4big 300000"));
  if (!socket.hears(framed(1, "4" + std::string(300'000, 'B')))) return false;
  socket.send(Client::frame(8, std::string("\x03\xe8", 2)));
  return socket.hears(framed(8, std::string("\x03\xe8", 2)));
}

std::size_t descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

class IoFaults : public ::testing::TestWithParam<bool> {
 protected:
  static inline int countdown = 0;
  static inline int answer = 0;
  static inline bool failed = false;
  static inline bool transfers_only = false;  ///< a failure that only reading and writing know as harmless
  static int fail_the_nth(loop::fault::Point point) {
    const bool transfer = point == loop::fault::Point::read || point == loop::fault::Point::write;
    if (transfers_only && !transfer) return 0;
    if (countdown-- != 0) return 0;
    failed = true;
    return answer;
  }
  static inline Papers papers;
};

TEST_P(IoFaults, TheNthOperationFails) {
  const bool tls = GetParam();
  const auto context = TlsContext::load(papers.cert("one"), papers.key("one"));
  for (const Fault& fault : faults) {
    int n = 0;
    bool any = true;
    for (; any; ++n) {
      ASSERT_LT(n, 2'000) << fault.name;
      const std::size_t before = descriptors();
      {
        Options options;
        options.close_timeout_ms = 10;
        World world(options, 2);
        world.patience_ms = 0;
        if (tls) {
          for (unsigned shard = 0; shard < 2; ++shard) world.connections(shard).use_tls(context);
        }
        world.on_http = [](http::Request&&, http::Reply reply) {
          http::Response response;
          response.body = std::string(300'000, 'x');
          reply.send(std::move(response));
        };
        Line bystander(world, tls);
        bystander.send(Client::upgrade_request(websocket));
        ASSERT_EQ(bystander.answer().status, 101);
        std::shared_ptr<engine::Session> his;
        for (unsigned shard = 0; shard < 2; ++shard)
          world.sessions(shard, 0).for_each([&](engine::Session& one) { his = one.shared_from_this(); });
        ASSERT_NE(his, nullptr);

        countdown = n;
        answer = fault.answer;
        transfers_only = fault.harmless;
        failed = false;
        loop::fault::hook = fail_the_nth;
        const bool good = exchange(world, tls);
        loop::fault::hook = nullptr;
        any = failed;
        if (fault.harmless || !failed) {
          EXPECT_TRUE(good) << fault.name << " at " << n;
        }

        // Whatever failed, it was his connection that was hit or it went on.
        EXPECT_TRUE(world.until([&] { return world.connected() <= 1; })) << fault.name << " at " << n;
        if (his->state() == engine::State::open) {
          his->send_text("still here");
          world.step();
          EXPECT_EQ(world.connected(), 1u);
        }
        EXPECT_EQ(his->state(), engine::State::open) << fault.name << " at " << n;
        EXPECT_LE(world.session_count(), 2u);
        for (unsigned shard = 0; shard < 2; ++shard) {
          std::vector<std::shared_ptr<engine::Session>> left;
          world.sessions(shard, 0).for_each(
              [&](engine::Session& one) { left.push_back(one.shared_from_this()); });
          for (const auto& one : left) {
            if (one != his) one->close(CloseReason::ping_timeout);
          }
        }
        world.step();
        EXPECT_EQ(world.session_count(), 1u) << fault.name << " at " << n;
        EXPECT_EQ(world.admission().connections(), 1u) << fault.name << " at " << n;
        EXPECT_EQ(world.admission().polling_sessions(), 0u) << fault.name << " at " << n;
      }
      EXPECT_EQ(descriptors(), before) << fault.name << " at " << n;
      if (HasFailure()) return;
    }
    EXPECT_GT(n, 15) << fault.name;
  }
}

INSTANTIATE_TEST_SUITE_P(PlainAndTls, IoFaults, ::testing::Bool(),
                         [](const auto& given) { return given.param ? "tls" : "plain"; });

}  // namespace
}  // namespace sioxx::net::test
