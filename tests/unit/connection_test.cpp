#include "net_world.hpp"

#include <random>
#include <stdexcept>
#include <thread>

namespace sioxx::net::test {
namespace {

// ---- the application's path -------------------------------------------------------------------------------

TEST(Connection, WithoutAHandlerThereIsNothing) {
  World world;
  Client client(world);
  EXPECT_EQ(client.get("/").status, 404);
}

TEST(Connection, TheHandlerSeesTheRequestAndItsAnswerArrives) {
  World world;
  http::Request seen;
  world.on_http = [&](http::Request&& request, http::Reply reply) {
    seen = std::move(request);
    http::Response response = hello();
    response.status = 201;
    response.headers.emplace_back("x-bad", "a\r\nInjected: yes");
    reply.send(std::move(response));
  };
  Client client(world);
  const Answer answer = client.post("/v1/a%20b?x=1", "body", "X-Thing: 7\r\n");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.header("Content-Type"), "text/plain");
  EXPECT_EQ(answer.header("x-bad"), "");
  EXPECT_EQ(answer.header("Injected"), "");
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/v1/a b");
  EXPECT_EQ(seen.query, "x=1");
  EXPECT_EQ(seen.body, "body");
  EXPECT_EQ(seen.header("x-thing"), "7");
  EXPECT_EQ(seen.address, "127.0.0.1");
  EXPECT_FALSE(seen.secure);
}

TEST(Connection, HeadAndBodylessStatuses) {
  World world;
  world.on_http = [&](http::Request&& request, http::Reply reply) {
    http::Response response = hello();
    if (request.path == "/304") response.status = 304;
    reply.send(std::move(response));
  };
  Client client(world);
  client.send(
      "HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET /304 HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const Answer head = client.answer(true);
  EXPECT_EQ(head.header("Content-Length"), "5");
  const Answer unchanged = client.answer();
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.header("Content-Length"), "");
  EXPECT_EQ(client.answer().body, "hello");
}

TEST(Connection, PipelinedRequestsAreAnsweredInOrderAlsoWhenTheFirstTakesLong) {
  World world;
  std::vector<http::Reply> waiting;
  std::vector<std::string> seen;
  world.on_http = [&](http::Request&& request, http::Reply reply) {
    seen.push_back(request.path);
    if (request.path == "/slow") {
      waiting.push_back(std::move(reply));
    } else {
      reply.send(hello(request.path));
    }
  };
  Client client(world);
  client.send(
      "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /slow HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.answer().body, "/a");
  world.steps(3);
  EXPECT_EQ(seen, (std::vector<std::string>{"/a", "/slow"}));
  waiting.at(0).send(hello("slow"));
  EXPECT_EQ(client.answer().body, "slow");
  EXPECT_EQ(client.answer().body, "/b");
}

TEST(Connection, AReplyMayComeFromAnotherThread) {
  World world;
  std::thread worker;
  world.on_http = [&](http::Request&&, http::Reply reply) {
    worker = std::thread([reply = std::move(reply)]() mutable { reply.send(hello("from afar")); });
  };
  Client client(world);
  EXPECT_EQ(client.get("/").body, "from afar");
  worker.join();
}

TEST(Connection, AReplyDroppedAnywhereIs500) {
  World world;
  std::thread worker;
  world.on_http = [&](http::Request&& request, http::Reply reply) {
    if (request.path == "/thread") worker = std::thread([dropped = std::move(reply)] {});
    if (request.path == "/throws") throw std::runtime_error("no");
  };
  Client client(world);
  EXPECT_EQ(client.get("/").status, 500);
  EXPECT_EQ(client.get("/thread").status, 500);
  worker.join();
  EXPECT_EQ(client.get("/throws").status, 500);
  EXPECT_EQ(world.logged, (std::vector<std::string>{"http_handler_failed"}));
}

TEST(Connection, AReplyAfterTheConnectionIsGoneDoesNothing) {
  World world;
  std::vector<http::Reply> waiting;
  world.on_http = [&](http::Request&&, http::Reply reply) { waiting.push_back(std::move(reply)); };
  {
    Client client(world);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(world.until([&] { return waiting.size() == 1; }));
    client.abort();
  }
  ASSERT_TRUE(world.until([&] { return world.connected() == 0; }));
  waiting[0].send(hello());
  world.steps(3);
}

TEST(Connection, AnswersAreNeverGivenToALaterRequest) {
  World world;
  std::vector<http::Reply> waiting;
  world.on_http = [&](http::Request&&, http::Reply reply) { waiting.push_back(std::move(reply)); };
  Client client(world);
  client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(world.until([&] { return waiting.size() == 1; }));
  waiting[0].send(hello("one"));
  waiting[0].send(hello("one again"));
  EXPECT_EQ(client.answer().body, "one");
  client.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(world.until([&] { return waiting.size() == 2; }));
  waiting[1].send(hello("two"));
  EXPECT_EQ(client.answer().body, "two");
}

TEST(Connection, AClientThatHalfClosesStillGetsItsAnswer) {
  World world;
  std::vector<http::Reply> waiting;
  world.on_http = [&](http::Request&&, http::Reply reply) { waiting.push_back(std::move(reply)); };
  Client client(world);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  client.shutdown_write();
  ASSERT_TRUE(world.until([&] { return waiting.size() == 1; }));
  world.steps(5);
  waiting[0].send(hello());
  EXPECT_EQ(client.answer().body, "hello");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(world.connected(), 0u);
}

TEST(Connection, ConnectionCloseIsKept) {
  World world;
  world.on_http = [&](http::Request&&, http::Reply reply) { reply.send(hello()); };
  Client client(world);
  const Answer answer = client.get("/", "Connection: close\r\n");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(answer.body, "hello");
  EXPECT_TRUE(client.ended());
  Client old(world);
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.answer().header("Connection"), "close");
  EXPECT_TRUE(old.ended());
}

TEST(Connection, LargeBodiesArriveWholeWhereverTheyLie) {
  World world;
  const auto shared = std::make_shared<const std::string>(3'000'000, 's');
  char name[] = "/tmp/connection_testXXXXXX";
  const int file = ::mkstemp(name);
  ASSERT_GE(file, 0);
  ::unlink(name);
  std::string content;
  for (int i = 0; content.size() < 2'000'000; ++i) content += std::to_string(i) + ',';
  ASSERT_EQ(::write(file, content.data(), content.size()), static_cast<ssize_t>(content.size()));
  const std::shared_ptr<const int> fd(new int(file), [](const int* held) {
    ::close(*held);
    delete held;
  });
  world.on_http = [&](http::Request&& request, http::Reply reply) {
    http::Response response;
    if (request.path == "/own") response.body = std::string(1'000'000, 'o');
    if (request.path == "/shared") response.shared_body = shared;
    if (request.path == "/small") response.shared_body = std::make_shared<const std::string>("tiny");
    if (request.path == "/file") response.file = {fd, 10, content.size() - 20};
    if (request.path == "/empty") response.file = {fd, 10, 0};
    reply.send(std::move(response));
  };
  Client client(world);
  client.small_receive_buffer();
  std::string wire;
  for (const char* path : {"/own", "/shared", "/small", "/file", "/empty", "/own"}) {
    wire += std::string("GET ") + path + " HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  client.send(wire);
  world.steps(10);  // the client does not read yet
  EXPECT_TRUE(client.answer().body == std::string(1'000'000, 'o'));
  EXPECT_TRUE(client.answer().body == *shared);
  EXPECT_EQ(client.answer().body, "tiny");
  EXPECT_TRUE(client.answer().body == content.substr(10, content.size() - 20));
  EXPECT_EQ(client.answer().body, "");
  EXPECT_EQ(client.answer().body.size(), 1'000'000u);
}

TEST(Connection, AFileThatIsShorterThanItSaidEndsTheConnection) {
  World world;
  char name[] = "/tmp/connection_testXXXXXX";
  const int file = ::mkstemp(name);
  ASSERT_GE(file, 0);
  ::unlink(name);
  world.on_http = [&](http::Request&&, http::Reply reply) {
    http::Response response;
    response.file = {std::make_shared<const int>(file), 0, 100};
    reply.send(std::move(response));
  };
  Client client(world);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.ended());
  ::close(file);
}

TEST(Connection, BadRequestsAreAnsweredThenTheConnectionEnds) {
  World world;
  const struct {
    std::string wire;
    int status;
  } cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: h\n\n", 400},
      {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(20'000, 'x'), 431},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\nxxx", 413},
  };
  for (const auto& one : cases) {
    Client client(world);
    client.send(one.wire);
    const Answer answer = client.answer();
    EXPECT_EQ(answer.status, one.status) << one.wire.substr(0, 40);
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_EQ(answer.header("Content-Type"), "application/json");
    EXPECT_TRUE(client.ended());
    EXPECT_FALSE(client.reset);
  }
  EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
}

TEST(Connection, NothingBehindABadRequestIsServed) {
  World world;
  int served = 0;
  world.on_http = [&](http::Request&&, http::Reply reply) {
    ++served;
    reply.send(hello());
  };
  Client client(world);
  client.send(
      "GET /ok HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"
      "GET /no HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.answer().status, 200);
  EXPECT_EQ(client.answer().status, 400);
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(served, 1);
}

TEST(Connection, ExpectContinueIsAnsweredBeforeTheBody) {
  World world;
  world.on_http = [&](http::Request&& request, http::Reply reply) { reply.send(hello(request.body)); };
  Client client(world);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.answer().status, 100);
  client.send("body");
  EXPECT_EQ(client.answer().body, "body");
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.answer().status, 413);
}

TEST(Connection, SlowHeadsAndBodiesAndIdleOnesEnd) {
  Options options;
  options.http_header_timeout_ms = 30;
  options.http_body_timeout_ms = 30;
  options.http_idle_timeout_ms = 30;
  World world(options);
  world.on_http = [&](http::Request&&, http::Reply reply) { reply.send(hello()); };
  Client silent(world), slow_head(world), slow_body(world), idle(world);
  slow_head.send("GET / HT");
  slow_body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");
  EXPECT_EQ(idle.get("/").status, 200);
  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(silent.got.empty());
  EXPECT_EQ(slow_head.answer().status, 408);
  EXPECT_TRUE(slow_head.ended());
  EXPECT_EQ(slow_body.answer().status, 408);
  EXPECT_TRUE(slow_body.ended());
  EXPECT_TRUE(idle.ended());
  EXPECT_TRUE(idle.got.empty());
}

TEST(Connection, WhoDoesNotReadItsAnswerIsDropped) {
  Options options;
  options.http_body_timeout_ms = 30;
  World world(options);
  world.on_http = [&](http::Request&&, http::Reply reply) {
    reply.send(hello(std::string(50'000'000, 'x')));
  };
  Client client(world);
  client.small_receive_buffer();
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(world.until([&] { return world.connections(0).counters().http_requests == 1; }));
  EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
}

TEST(Connection, PipelinedBytesBehindALongRequestAreBounded) {
  World world;
  std::vector<http::Reply> waiting;
  world.on_http = [&](http::Request&&, http::Reply reply) { waiting.push_back(std::move(reply)); };
  Client client(world);
  const std::string request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  client.send(request);
  ASSERT_TRUE(world.until([&] { return waiting.size() == 1; }));
  std::string flood;
  while (flood.size() < 32'000'000) flood += request;
  std::size_t taken = 0;
  for (int i = 0; i < 2'000; ++i) {
    taken += client.send_some(std::string_view(flood).substr(taken));
    world.step();
  }
  EXPECT_LT(world.connections(0).counters().bytes_in, 200'000u) << "the rest stays in the kernel";
  waiting[0].send(hello());
  EXPECT_EQ(client.answer().body, "hello");
  ASSERT_TRUE(world.until([&] { return waiting.size() == 2; }));
}

TEST(Connection, BehindAProxyTheForwardedAddressCounts) {
  Options options;
  options.trust_proxy = true;
  options.connections_per_ip_max = 1;
  World world(options);
  http::Request seen;
  world.on_http = [&](http::Request&& request, http::Reply reply) {
    seen = std::move(request);
    reply.send(hello());
  };
  Client client(world);
  client.get("/", "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n");
  EXPECT_EQ(seen.address, "203.0.113.9");
  EXPECT_TRUE(seen.secure);
  client.get("/", "X-Forwarded-For: <script>\r\n");
  EXPECT_EQ(seen.address, "127.0.0.1");
  Client first(world), second(world), third(world);
  first.send(Client::upgrade_request(websocket, "X-Forwarded-For: 203.0.113.9\r\n"));
  EXPECT_EQ(first.answer().status, 101);
  second.send(Client::upgrade_request(websocket, "X-Forwarded-For: 203.0.113.9\r\n"));
  EXPECT_EQ(second.answer().status, 429);
  third.send(Client::upgrade_request(websocket, "X-Forwarded-For: 203.0.113.10\r\n"));
  EXPECT_EQ(third.answer().status, 101);
}

TEST(Connection, BehindAProxyPollingSessionsAreCountedByTheForwardedAddress) {
  Options options;
  options.trust_proxy = true;
  options.connections_per_ip_max = 1;
  World world(options);
  Client client(world);
  const std::string one = "X-Forwarded-For: 203.0.113.9\r\n";
  const std::string sid = sid_of(client.get(polling, one).body);
  EXPECT_EQ(client.get(polling, one).status, 429);
  EXPECT_EQ(client.get(polling, "X-Forwarded-For: 203.0.113.10\r\n").status, 200);
  Client upgrading(world);
  upgrading.send(Client::upgrade_request(websocket + "&sid=" + sid, one));
  EXPECT_EQ(upgrading.answer().status, 101) << "its session does not stand in its way";
}

TEST(Connection, CloseAllEndsTheIdleAndLetsTheOthersFinish) {
  World world;
  std::vector<http::Reply> waiting;
  world.on_http = [&](http::Request&&, http::Reply reply) { waiting.push_back(std::move(reply)); };
  Client idle(world), busy(world);
  busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(world.until([&] { return waiting.size() == 1 && world.connected() == 2; }));
  world.connections(0).close_all();
  EXPECT_TRUE(idle.ended());
  EXPECT_EQ(world.connected(), 1u);
  waiting[0].send(hello());
  const Answer answer = busy.answer();
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(busy.ended());
  EXPECT_EQ(world.connected(), 0u);
  Client late(world);
  EXPECT_TRUE(late.ended());
}

// ---- anything may come in over the wire -------------------------------------------------------------------

TEST(Connection, MutatedConversationsDoNoHarm) {
  World world({}, 2);
  world.on_http = [&](http::Request&& request, http::Reply reply) { reply.send(hello(request.body)); };
  const std::vector<std::string> sids = open_sessions(world, 2);
  const std::vector<std::string> corpus = {
      "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n",
      "POST /v1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      "POST " + polling + "&sid=" + sids[0] + " HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n4abc",
      "GET " + polling + "&sid=" + sids[1] + " HTTP/1.1\r\nHost: h\r\n\r\n",
      Client::upgrade_request(websocket) + Client::frame(1, "40") + Client::frame(9, "x") +
          Client::frame(1, "4x", false) + Client::frame(0, "y") +
          Client::frame(8, std::string("\x03\xe8", 2)),
      Client::upgrade_request(websocket + "&sid=" + sids[1]) + Client::frame(1, "2probe") +
          Client::frame(1, "5"),
  };
  std::mt19937 random(42);
  for (int round = 0; round < 1'500; ++round) {
    std::string wire = corpus[random() % corpus.size()];
    if (random() % 3 == 0) wire += corpus[random() % corpus.size()];
    for (std::size_t change = random() % 6; change > 0; --change) {
      const std::size_t at = random() % wire.size();
      switch (random() % 4) {
        case 0: wire[at] = static_cast<char>(random()); break;
        case 1: wire.erase(at, random() % 8); break;
        case 2: wire.insert(at, wire.substr(random() % wire.size(), random() % 8)); break;
        default: wire[at] = "\r\n :\0%4"[random() % 7];
      }
      if (wire.empty()) wire = "x";
    }
    Client client(world);
    for (std::size_t at = 0; at < wire.size();) {
      const std::size_t size = 1 + random() % wire.size();
      client.send_some(std::string_view(wire).substr(at, size));
      at += size;
      world.steps(2);
    }
    client.read_some();
    if (random() % 2 == 0) client.abort();
  }
  EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
  EXPECT_EQ(world.admission().connections(), 0u);
}

// ---- every operation fails once ---------------------------------------------------------------------------

TEST(Connection, SurvivesTheFailureOfEveryOperation) {
  static int countdown = 0;
  static bool failed = false;
  bool any_failed = true;
  int n = 0;
  for (; any_failed && n < 200; ++n) {
    World world({}, 2);
    world.on_http = [&](http::Request&&, http::Reply reply) { reply.send(hello(std::string(300'000, 'x'))); };
    const std::string sid = open_session_on(world, 1);
    countdown = n;
    failed = false;
    loop::fault::hook = [](loop::fault::Point point) {
      if (countdown-- != 0) return 0;
      failed = true;
      return point == loop::fault::Point::accept ? ENFILE : ECONNRESET;
    };
    {
      Client client(world);
      const auto do_this = [&](const std::string& bytes) {
        client.send_some(bytes);
        world.steps(4);
        client.read_some();
      };
      do_this("GET /app HTTP/1.1\r\nHost: h\r\n\r\n");
      do_this("POST " + polling + "&sid=" + sid + " HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n4he");
      do_this("llo");
      do_this("GET " + polling + "&sid=" + sid + " HTTP/1.1\r\nHost: h\r\n\r\n");
      do_this("GET " + polling + "&sid=" + sid + " HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    EXPECT_TRUE(world.until([&] { return world.connected() == 0; })) << n;
    EXPECT_EQ(world.admission().connections(), 0u) << n;
    any_failed = failed;
    loop::fault::hook = nullptr;
  }
  EXPECT_GT(n, 10);
}

}  // namespace
}  // namespace sioxx::net::test
