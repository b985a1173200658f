#include "net_world.hpp"

#include "sioxx/net/upgrade.hpp"
#include "sioxx/net/websocket.hpp"

namespace sioxx::net::test {
namespace {

/// A WebSocket whose handshake is done and whose open packet is read.
Client open_websocket(World& world) {
  Client client(world);
  client.send(Client::upgrade_request(websocket));
  const Answer answer = client.answer();
  EXPECT_EQ(answer.status, 101);
  const std::string open = client.next_text();
  EXPECT_EQ(open.substr(0, 1), "0");
  EXPECT_EQ(sid_of(open).size(), 20u);
  return client;
}

TEST(WebSocket, TheAcceptKeyIsTheOneOfTheRfc) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, OpensEchoesAndCloses) {
  World world;
  Client client = open_websocket(world);
  EXPECT_EQ(world.connections(0).counters().websockets, 1u);
  EXPECT_EQ(world.connections(0).counters().http_connections, 0u);
  client.text("4hello");
  EXPECT_EQ(client.next_text(), "4hello");
  client.send(Client::frame(2, "\x01\x02"));
  const auto binary = client.next_frame();
  EXPECT_EQ(binary.opcode, 2);
  EXPECT_EQ(binary.payload, "\x01\x02");
  client.send(Client::frame(9, "ping"));
  const auto pong = client.next_frame();
  EXPECT_EQ(pong.opcode, 10);
  EXPECT_EQ(pong.payload, "ping");
  client.send(Client::frame(8, std::string("\x03\xe8", 2)));
  const auto close = client.next_frame();
  EXPECT_EQ(close.opcode, 8);
  EXPECT_EQ(close.code(), 1000);
  EXPECT_TRUE(client.ended());
  EXPECT_FALSE(client.reset);
  EXPECT_EQ(world.ends, (std::vector{CloseReason::transport_close}));
  EXPECT_EQ(world.connected(), 0u);
  EXPECT_EQ(world.session_count(), 0u);
  EXPECT_EQ(world.admission().connections(), 0u);
  EXPECT_EQ(world.connections(0).counters().websockets, 0u);
}

TEST(WebSocket, BytesThatCameWithTheUpgradeAreNotLost) {
  World world;
  Client client(world);
  client.send(Client::upgrade_request(websocket) + Client::frame(1, "4early") +
              Client::frame(1, "4bird").substr(0, 5));
  EXPECT_EQ(client.answer().status, 101);
  client.next_text();
  EXPECT_EQ(client.next_text(), "4early");
  client.send(Client::frame(1, "4bird").substr(5));
  EXPECT_EQ(client.next_text(), "4bird");
}

TEST(WebSocket, ATurnLeavesInOneWrite) {
  World world;
  Client client = open_websocket(world);
  std::string burst;
  for (int i = 0; i < 100; ++i) burst += Client::frame(1, "4m" + std::to_string(i));
  static int writes = 0;
  writes = 0;
  loop::fault::hook = [](loop::fault::Point point) {
    writes += point == loop::fault::Point::write;
    return 0;
  };
  client.send(burst);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.next_text(), "4m" + std::to_string(i));
  loop::fault::hook = nullptr;
  EXPECT_LE(writes, 2);
}

TEST(WebSocket, AFrameAgainstTheRfcIsClosedWithItsCode) {
  const struct {
    std::string wire;
    int code;
  } cases[] = {
      {std::string("\x81\x01x", 3), 1002},
      {Client::frame(3, ""), 1002},
      {Client::frame(1, "\xff\xfe"), 1007},
      {Client::frame(8, "x"), 1002},
  };
  for (const auto& one : cases) {
    World world;
    Client client = open_websocket(world);
    client.send(one.wire);
    const auto close = client.next_frame();
    EXPECT_EQ(close.opcode, 8);
    EXPECT_EQ(close.code(), one.code);
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(world.ends, (std::vector{CloseReason::transport_error}));
    client.close();
    EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
    EXPECT_EQ(world.connections(0).counters().protocol_errors, 1u);
  }
}

TEST(WebSocket, TooBigIsToldWhileTheClientStillSends) {
  Options options;
  options.max_payload_bytes = 1'000;
  World world(options);
  Client client = open_websocket(world);
  client.send(Client::frame(1, "4" + std::string(999, 'x')));
  EXPECT_EQ(client.next_text().size(), 1'000u);
  client.send(Client::frame(1, "4" + std::string(2'000'000, 'x')));
  const auto close = client.next_frame();
  EXPECT_EQ(close.opcode, 8);
  EXPECT_EQ(close.code(), 1009);
  EXPECT_TRUE(client.ended());
  EXPECT_FALSE(client.reset);
  EXPECT_EQ(world.session_count(), 0u);
}

TEST(WebSocket, TheServerClosesAndWaitsForTheAnswer) {
  World world;
  Client client = open_websocket(world);
  client.text("4close me");
  auto frame = client.next_frame();
  while (frame.opcode == 1) frame = client.next_frame();  // an engine close packet may come first
  EXPECT_EQ(frame.opcode, 8);
  EXPECT_EQ(frame.code(), 1005);
  world.steps(3);
  EXPECT_EQ(world.connected(), 1u);  // it waits for our close frame
  client.text("4ignored");
  client.send(Client::frame(8, ""));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(world.ends, (std::vector{CloseReason::forced_close}));
  EXPECT_EQ(world.connected(), 0u);
}

TEST(WebSocket, APeerThatDoesNotAnswerTheCloseIsDroppedInTime) {
  Options options;
  options.close_timeout_ms = 20;
  World world(options);
  Client client = open_websocket(world);
  client.text("4close me");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(world.connected(), 0u);
}

TEST(WebSocket, ShuttingDownSaysGoingAway) {
  World world;
  Client client = open_websocket(world);
  world.sessions(0, 0).close_all(CloseReason::server_shutting_down);
  auto frame = client.next_frame();
  while (frame.opcode == 1) frame = client.next_frame();
  EXPECT_EQ(frame.opcode, 8);
  EXPECT_EQ(frame.code(), 1001);
}

TEST(WebSocket, AResetEndsTheSession) {
  World world;
  Client client = open_websocket(world);
  client.abort();
  EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
  EXPECT_EQ(world.ends.size(), 1u);
  EXPECT_EQ(world.session_count(), 0u);
}

TEST(WebSocket, AnEndOfStreamEndsTheSession) {
  World world;
  Client client = open_websocket(world);
  client.close();
  EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
  EXPECT_EQ(world.ends, (std::vector{CloseReason::transport_close}));
}

TEST(WebSocket, BigAnswersWaitForRoomAndArriveWhole) {
  Options options;
  engine::Settings settings;
  settings.send_queue_bytes_max = 64 << 20;
  World world(options, 1, settings);
  Client client = open_websocket(world);
  client.small_receive_buffer();
  client.text("4big 20000000");
  client.text("4after");
  world.steps(20);  // the client does not read: most of it waits
  EXPECT_EQ(client.next_text().size(), 20'000'001u);
  EXPECT_EQ(client.next_text(), "4after");
}

TEST(WebSocket, WhoNeverReadsIsClosedAsSlow) {
  Options options;
  options.close_timeout_ms = 50;
  engine::Settings settings;
  settings.send_queue_bytes_max = 100'000;
  World world(options, 1, settings);
  Client client = open_websocket(world);
  client.small_receive_buffer();
  EXPECT_TRUE(world.until([&] {
    client.send_some(Client::frame(1, "4big 90000"));
    return !world.ends.empty();
  }));
  EXPECT_EQ(world.ends, (std::vector{CloseReason::slow_consumer}));
  EXPECT_TRUE(world.until([&] { return world.connected() == 0; }));
}

TEST(WebSocket, PongsDoNotPileUpBehindAPeerThatDoesNotRead) {
  World world;
  Client client = open_websocket(world);
  client.small_receive_buffer();
  const std::string ping = Client::frame(9, std::string(125, 'p'));
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += ping;
  for (int i = 0; i < 20; ++i) client.send(many);
  world.steps(20);
  client.text("4still here");
  ASSERT_TRUE(world.until([&] { return !client.read_some() || client.got.ends_with("4still here"); }));
  const std::size_t pongs = client.got.size() / (2 + 125);
  EXPECT_LT(pongs, 200'000u);
  EXPECT_GT(pongs, 0u);
}

TEST(WebSocket, UpgradesFromPollingAndTheFirstConnectionGoesOnThroughIt) {
  World world;
  const std::string sid = open_session(world);
  Client client(world);
  client.send(Client::upgrade_request(websocket + "&sid=" + sid));
  EXPECT_EQ(client.answer().status, 101);
  client.text("2probe");
  EXPECT_EQ(client.next_text(), "3probe");
  client.send(Client::frame(1, "5") + Client::frame(1, "4hello"));
  EXPECT_EQ(client.next_text(), "4hello");
  Client late(world);
  EXPECT_EQ(late.get(polling + "&sid=" + sid).status, 400);
  Client second(world);
  second.send(Client::upgrade_request(websocket + "&sid=" + sid));
  EXPECT_EQ(second.answer().status, 101);
  EXPECT_EQ(second.next_frame().opcode, 8);
  second.send(Client::frame(8, ""));
  EXPECT_TRUE(second.ended());
  client.text("4still");
  EXPECT_EQ(client.next_text(), "4still");
}

TEST(WebSocket, BadHandshakesAreRefusedBeforeTheUpgrade) {
  World world;
  const auto status = [&](const std::string& request) {
    Client client(world);
    client.send(request);
    return client.answer().status;
  };
  const std::string good = Client::upgrade_request(websocket);
  const auto without = [&](const std::string& line) {
    std::string request = good;
    request.erase(request.find(line), line.size());
    return request;
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string request = good;
    request.replace(request.find(from), from.size(), to);
    return request;
  };
  EXPECT_EQ(status(good), 101);
  EXPECT_EQ(status(without("Sec-WebSocket-Version: 13\r\n")), 426);
  EXPECT_EQ(status(with("Version: 13", "Version: 8")), 426);
  EXPECT_EQ(status(without("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")), 400);
  EXPECT_EQ(status(with("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=")), 400);
  EXPECT_EQ(status(with("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZ!==")), 400);
  EXPECT_EQ(status(without("Upgrade: websocket\r\n")), 400);
  EXPECT_EQ(status(with("Connection: Upgrade", "Connection: close")), 400);
  EXPECT_EQ(status(with("EIO=4", "EIO=2")), 400);
  EXPECT_EQ(status(with("EIO=4&", "")), 400);
  EXPECT_EQ(status(with("transport=websocket", "transport=tram")), 400);
  EXPECT_EQ(status(with("transport=websocket", "transport=polling")), 400);
  EXPECT_EQ(status(with("HTTP/1.1", "HTTP/1.0")), 400);
  EXPECT_EQ(status(Client::upgrade_request(websocket + "&sid=AAAAAAAAAAAAAAAAAAAA")), 400);
}

TEST(WebSocket, OnlyListedOriginsMayUpgrade) {
  Options options;
  options.cors_origins = {"https://shop.example"};
  World world(options);
  const auto answer = [&](const std::string& headers) {
    Client client(world);
    client.send(Client::upgrade_request(websocket, headers));
    return client.answer();
  };
  EXPECT_EQ(answer("").status, 101);
  EXPECT_EQ(answer("Origin: https://shop.example\r\n").status, 101);
  EXPECT_EQ(answer("Origin: http://localhost\r\n").status, 101) << "our own page";
  const Answer refused = answer("Origin: https://evil.example\r\n");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body, R"({"code":4,"message":"Forbidden"})");
}

TEST(WebSocket, IdleCostIsSmall) { EXPECT_LE(sizeof(WebSocket), 144u); }

// Every I/O call fails once, the N-th of a whole conversation; afterwards nothing may be left over.
TEST(WebSocket, SurvivesTheFailureOfEveryOperation) {
  static int countdown = 0;
  static bool failed = false;
  bool any_failed = true;
  int n = 0;
  for (; any_failed && n < 200; ++n) {
    World world;
    countdown = n;
    failed = false;
    loop::fault::hook = [](loop::fault::Point point) {
      if (countdown-- != 0) return 0;
      failed = true;
      return point == loop::fault::Point::accept ? ECONNABORTED : ECONNRESET;
    };
    {
      Client client(world);
      client.send_some(Client::upgrade_request(websocket));
      world.steps(3);
      client.read_some();
      client.send_some(Client::frame(1, "4one") + Client::frame(9, "p"));
      world.steps(3);
      client.read_some();
      client.send_some(Client::frame(1, "4big 5000000"));
      world.steps(3);
      client.read_some();
      world.steps(3);
    }
    EXPECT_TRUE(world.until([&] { return world.connected() == 0; })) << n;
    EXPECT_EQ(world.session_count(), 0u) << n;
    EXPECT_EQ(world.admission().connections(), 0u) << n;
    any_failed = failed;
    loop::fault::hook = nullptr;
  }
  EXPECT_GT(n, 8);
}

}  // namespace
}  // namespace sioxx::net::test
