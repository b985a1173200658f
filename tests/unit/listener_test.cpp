#include "net_world.hpp"

#include <system_error>

namespace sioxx::net::test {
namespace {

TEST(Listener, GivesConnectionsToTheShardWithTheFewest) {
  World world({}, 3);
  std::vector<Client> clients;
  for (int i = 0; i < 9; ++i) clients.emplace_back(world);
  ASSERT_TRUE(world.until([&] { return world.connected() == 9; }));
  for (unsigned shard = 0; shard < 3; ++shard) EXPECT_EQ(world.connections(shard).size(), 3u);
  clients.erase(clients.begin());
  ASSERT_TRUE(world.until([&] { return world.connected() == 8; }));
  clients.emplace_back(world);
  ASSERT_TRUE(world.until([&] { return world.connected() == 9; }));
  for (unsigned shard = 0; shard < 3; ++shard) EXPECT_EQ(world.admission().connections(shard), 3u);
}

TEST(Listener, RefusesPastTheLimitInWordsAndRecovers) {
  Options options;
  options.connections_max = 2;
  options.close_timeout_ms = 50;
  World world(options);
  Client first(world), second(world);
  ASSERT_TRUE(world.until([&] { return world.connected() == 2; }));
  Client third(world);
  const Answer answer = third.get(polling);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "5");
  EXPECT_TRUE(third.ended());
  first.close();
  ASSERT_TRUE(world.until([&] { return world.connected() == 1; }));
  Client fourth(world);
  EXPECT_EQ(fourth.get(polling).status, 200);
}

TEST(Listener, RefusesTooManyFromOneAddress) {
  Options options;
  options.connections_per_ip_max = 1;
  World world(options);
  Client first(world);
  ASSERT_TRUE(world.until([&] { return world.connected() == 1; }));
  Client second(world);
  const Answer answer = second.post("/v1/me", std::string(900'000, 'x'));
  EXPECT_EQ(answer.status, 429);
  EXPECT_FALSE(second.reset) << "what it has sent is read, so that the answer arrives";
  EXPECT_EQ(answer.header("Content-Length"), std::to_string(answer.body.size()));
  EXPECT_TRUE(second.ended());
}

TEST(Listener, RefusesReadablyForPagesThatMayRead) {
  Options options;
  options.connections_max = 1;
  options.cors_origins = {"https://shop.example"};
  World world(options);
  Client first(world);
  ASSERT_TRUE(world.until([&] { return world.connected() == 1; }));
  Client second(world);
  const Answer answer = second.get(polling, "Origin: https://shop.example\r\n");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://shop.example");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(answer.body.substr(0, 10), R"({"error":{)");
  second.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(second.ended());
  EXPECT_TRUE(second.got.empty()) << "one answer, whatever else is asked";
}

TEST(Listener, ThoseWhoAreTurnedAwayAreBoundedInNumberAndTime) {
  Options options;
  options.connections_max = 1;
  options.close_timeout_ms = 50;
  World world(options);
  Client first(world);
  ASSERT_TRUE(world.until([&] { return world.connected() == 1; }));
  std::vector<Client> silent;
  for (std::size_t i = 0; i < Connections::turned_away_max + 20; ++i) silent.emplace_back(world);
  ASSERT_TRUE(world.until([&] { return world.connected() == 1 + Connections::turned_away_max; }));
  Client late(world);
  EXPECT_TRUE(late.ended()) << "no more than that at a time";
  EXPECT_TRUE(world.until([&] { return world.connected() == 1; }));
  Client answered(world);
  EXPECT_EQ(answered.get("/").status, 503);
}

TEST(Listener, MoreInASecondThanAllowedAreTurnedAway) {
  Options options;
  options.accepts_per_second_max = 5;
  World world(options);
  std::vector<Client> clients;
  int welcome = 0, refused = 0;
  for (int i = 0; i < 8; ++i) {
    const Answer answer = clients.emplace_back(world).get(polling);
    welcome += answer.status == 200;
    refused += answer.status == 503 && answer.header("Retry-After") == "5";
  }
  EXPECT_GE(welcome, 5);
  EXPECT_GE(refused, 1);
  EXPECT_EQ(welcome + refused, 8);
  EXPECT_TRUE(world.until([&] { return Client(world).get(polling).status == 200; }))
      << "the bucket fills again";
}

TEST(Listener, OutOfDescriptorsItPausesSaysSoOnceAndGoesOn) {
  World world;
  static int failures = 0;
  failures = 3;
  loop::fault::hook = [](loop::fault::Point point) {
    return point == loop::fault::Point::accept && failures > 0 ? (--failures, EMFILE) : 0;
  };
  Client client(world);
  EXPECT_EQ(client.get(polling).status, 200);
  loop::fault::hook = nullptr;
  EXPECT_EQ(world.logged, (std::vector<std::string>{"accept_paused", "accept_resumed"}));
}

TEST(Listener, AConnectionThatIsGoneBeforeItsAcceptDoesNoHarm) {
  World world;
  static int failures = 0;
  failures = 5;
  loop::fault::hook = [](loop::fault::Point point) {
    return point == loop::fault::Point::accept && failures > 0 ? (--failures, ECONNABORTED) : 0;
  };
  Client client(world);
  EXPECT_EQ(client.get(polling).status, 200);
  loop::fault::hook = nullptr;
}

TEST(Listener, SaysInWordsWhyItCannotListen) {
  World world;
  Listener second(world);
  try {
    second.open("127.0.0.1", world.port());
    FAIL() << "the port is taken";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EADDRINUSE);
    EXPECT_NE(std::string(error.what()).find("another program"), std::string::npos) << error.what();
  }
  EXPECT_THROW(second.open("203.0.113.1", 0), std::system_error);
  EXPECT_THROW(second.open("no such host.invalid", 0), std::system_error);
  EXPECT_EQ(second.port(), 0);
}

TEST(Listener, OneSocketTakesBothProtocolVersions) {
  World world;
  Listener both(world);
  both.open("::", 0);
  both.start();
  Client plain(world);  // to the world's own listener, so that there is something to compare with
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(both.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_TRUE(world.until([&] { return world.connected() == 2; }));
  ::close(fd);
}

TEST(Listener, AfterStopNobodyComesIn) {
  World world;
  Client before(world);
  ASSERT_TRUE(world.until([&] { return world.connected() == 1; }));
  world.listener().stop();
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(world.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_NE(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  EXPECT_EQ(before.get(polling).status, 200);  // who is in stays in
}

TEST(Admission, CountsAddressesAndGivesPlacesBack) {
  Admission admission(2, 0, 2);
  const IpAddress a = IpAddress::parse("192.0.2.1");
  const IpAddress b = IpAddress::parse("192.0.2.2");
  auto first = admission.enter(a);
  auto second = admission.enter(a);
  EXPECT_EQ(first.verdict, Admission::Verdict::welcome);
  EXPECT_NE(first.shard, second.shard);
  EXPECT_EQ(admission.enter(a).verdict, Admission::Verdict::too_many_from_address);
  EXPECT_EQ(admission.enter(b).verdict, Admission::Verdict::welcome);
  EXPECT_EQ(admission.connections(), 2u);  // b's seat has died at once
  first.seat = {};
  EXPECT_EQ(admission.connections(), 1u);
}

TEST(Admission, WhatOthersCountIsCountedToo) {
  Admission admission(2, 0, 3);
  const IpAddress a = IpAddress::parse("192.0.2.1");
  const IpAddress six = IpAddress::parse("2001:db8::1");
  admission.elsewhere({{a, 1, 2}, {a, 1, 0}, {IpAddress::parse("2001:db8::2"), 3, 0}});
  auto first = admission.enter(a);
  EXPECT_EQ(first.verdict, Admission::Verdict::welcome);
  EXPECT_EQ(admission.enter(a).verdict, Admission::Verdict::too_many_from_address);
  EXPECT_EQ(admission.enter(six).verdict, Admission::Verdict::too_many_from_address) << "the same /64";
  auto polling = admission.enter_polling(a);
  EXPECT_EQ(polling.verdict, Admission::Verdict::welcome);
  EXPECT_EQ(admission.enter_polling(a).verdict, Admission::Verdict::too_many_from_address);
  admission.elsewhere({});
  EXPECT_EQ(admission.enter(a).verdict, Admission::Verdict::welcome);
  EXPECT_EQ(admission.enter(six).verdict, Admission::Verdict::welcome);
}

TEST(Admission, TellsWhoIsBusy) {
  Admission admission(2, 0, 0);
  Admission limited(2, 0, 100);
  EXPECT_TRUE(admission.busy(1, 10).empty()) << "nobody is counted by address";
  const IpAddress a = IpAddress::parse("192.0.2.1"), b = IpAddress::parse("192.0.2.2");
  std::vector<Admission::Entry> seats;
  for (int i = 0; i < 3; ++i) seats.push_back(limited.enter(a));
  seats.push_back(limited.enter(b));
  auto counts = limited.busy(2, 10);
  ASSERT_EQ(counts.size(), 1u) << "those that were there before somebody asked";
  EXPECT_EQ(counts[0].address.text(), "192.0.2.1");
  EXPECT_EQ(counts[0].connections, 3u);
  std::vector<Admission::PollingEntry> polling;
  for (int i = 0; i < 4; ++i) polling.push_back(limited.enter_polling(b));
  counts = limited.busy(2, 10);
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].address.text(), "192.0.2.2") << "the busiest first";
  EXPECT_EQ(counts[0].polling, 4u);
  EXPECT_EQ(limited.busy(2, 1).size(), 1u);
  seats[0].seat.move_to(1 - seats[0].shard);
  EXPECT_EQ(limited.busy(2, 10).size(), 2u);
  polling.resize(1);
  seats.resize(2);
  counts = limited.busy(2, 10);
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0].connections, 2u);
  seats.clear();
  polling.clear();
  EXPECT_TRUE(limited.busy(1, 10).empty());
}

TEST(Admission, SeatsMoveAndAreRenamed) {
  Admission admission(2, 0, 1);
  auto entry = admission.enter(IpAddress::parse("127.0.0.1"), false);
  ASSERT_TRUE(entry.seat);
  EXPECT_EQ(entry.shard, 0u);
  entry.seat.move_to(1);
  EXPECT_EQ(admission.connections(0), 0u);
  EXPECT_EQ(admission.connections(1), 1u);
  const IpAddress real = IpAddress::parse("2001:db8::1");
  EXPECT_EQ(entry.seat.rename(real), Admission::Verdict::welcome);
  EXPECT_EQ(entry.seat.rename(real), Admission::Verdict::welcome) << "the same again";
  auto other = admission.enter(IpAddress::parse("127.0.0.1"), false);
  EXPECT_EQ(other.seat.rename(IpAddress::parse("2001:db8::2")), Admission::Verdict::too_many_from_address)
      << "the same /64";
  EXPECT_EQ(other.seat.rename(IpAddress::parse("2001:db8:1::2")), Admission::Verdict::welcome);
  entry.seat.move_to(0);
  EXPECT_EQ(admission.enter(real).verdict, Admission::Verdict::too_many_from_address);
  { const Admission::Seat gone = std::move(entry.seat); }
  EXPECT_EQ(admission.enter(real).verdict, Admission::Verdict::welcome);
}

TEST(Admission, PollingSessionsAreCountedBesideConnections) {
  Admission admission(1, 3, 2);
  const IpAddress a = IpAddress::parse("192.0.2.1");
  const IpAddress b = IpAddress::parse("192.0.2.2");
  auto connection = admission.enter(a);
  auto first = admission.enter_polling(a);
  auto second = admission.enter_polling(a);
  EXPECT_EQ(second.verdict, Admission::Verdict::welcome);
  const auto refused = admission.enter_polling(a);
  EXPECT_EQ(refused.verdict, Admission::Verdict::too_many_from_address);
  EXPECT_EQ(refused.place, nullptr);
  auto other = admission.enter(a);
  EXPECT_EQ(other.verdict, Admission::Verdict::welcome) << "its connections have their own two places";
  auto third = admission.enter_polling(b);
  EXPECT_EQ(third.verdict, Admission::Verdict::welcome);
  EXPECT_EQ(admission.enter_polling(IpAddress::parse("192.0.2.3")).verdict, Admission::Verdict::full);
  EXPECT_EQ(admission.polling_sessions(), 3u);
  EXPECT_EQ(admission.connections(), 2u);

  connection.seat = {};
  other.seat = {};
  first.place.reset();
  EXPECT_EQ(admission.enter_polling(a).verdict, Admission::Verdict::welcome);
  second.place.reset();
  third.place.reset();
  EXPECT_EQ(admission.polling_sessions(), 0u);
  EXPECT_EQ(admission.connections(), 0u);
  EXPECT_EQ(admission.enter_polling(a).verdict, Admission::Verdict::welcome);
}

TEST(Admission, PollingSessionsHaveNoLimitOfZero) {
  Admission admission(1, 0, 0);
  std::vector<Admission::PollingEntry> all;
  for (int i = 0; i < 1'000; ++i) {
    all.push_back(admission.enter_polling(IpAddress::parse("192.0.2.1")));
    ASSERT_EQ(all.back().verdict, Admission::Verdict::welcome) << i;
  }
  EXPECT_EQ(admission.polling_sessions(), 1'000u);
}

TEST(Admission, AddressesAreReadAndWritten) {
  EXPECT_EQ(IpAddress::parse("203.0.113.7").text(), "203.0.113.7");
  EXPECT_EQ(IpAddress::parse("2001:db8::7").text(), "2001:db8::7");
  EXPECT_EQ(IpAddress::parse("::ffff:203.0.113.7").text(), "203.0.113.7");
  EXPECT_EQ(IpAddress::parse("nonsense"), IpAddress());
}

}  // namespace
}  // namespace sioxx::net::test
