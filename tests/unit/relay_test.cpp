#include "net_world.hpp"

#include "sioxx/net/peer_answer.hpp"
#include "sioxx/net/relay.hpp"
#include "sioxx/net/relay_note.hpp"

#include <future>

namespace sioxx::net::test {
namespace {

const std::string secret = "a secret that two processes share";
constexpr engine::NodeTag here{{'h', 'e', 'r'}}, there{{'t', 'h', 'e'}}, nowhere{{'n', 'o', 'w'}};
const std::string unknown = R"({"code":1,"message":"Session ID unknown"})";

Options options_of(const std::string& its_secret) {
  Options options;
  options.relay_secret = its_secret;
  return options;
}
engine::Settings settings_of(const engine::NodeTag& node) {
  engine::Settings settings;
  settings.node = node;
  return settings;
}

/// Two processes, as far as they can tell; the second one turns by itself, so nobody has to turn both.
class TwoNodes : public ::testing::Test {
 protected:
  explicit TwoNodes(unsigned shards = 1, const Options& first_options = options_of(secret))
      : second(options_of(secret), shards, settings_of(there)), first(first_options, 1, settings_of(here)) {
    second.run_in_threads();
    know_each_other();
  }
  void know_each_other() {
    first.connections(0).use_peers(std::make_shared<const Peers>(
        std::vector<Peer>{{there, "127.0.0.1", second.port()}, {nowhere, "127.0.0.1", closed_port()}}));
    for (unsigned shard = 0; shard < second.shards(); ++shard) {
      second.shard(shard).post([this, shard, port = first.port()] {
        second.connections(shard).use_peers(
            std::make_shared<const Peers>(std::vector<Peer>{{here, "127.0.0.1", port}}));
      });
    }
  }
  static std::uint16_t closed_port() {
    World gone;
    return gone.port();
  }
  const Counters& counted() { return first.connections(0).counters(); }
  /// What the second node's shard 0 has counted; asked there, because it turns by itself.
  Counters theirs() {
    std::promise<Counters> promise;
    auto future = promise.get_future();
    second.shard(0).post([&] { promise.set_value(second.connections(0).counters()); });
    return future.get();
  }

  World second;
  World first;
};

TEST_F(TwoNodes, APollAndAPostFindTheSessionOfTheOther) {
  const std::string at_sid = polling + "&sid=" + open_session(second);
  Client getter(first), poster(first);
  getter.send("GET " + at_sid + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(first.until([&] { return counted().relayed == 1; }));
  EXPECT_EQ(poster.post(at_sid, "4hello").body, "ok");
  const Answer heard = getter.answer();
  EXPECT_EQ(heard.status, 200);
  EXPECT_EQ(heard.body, "4hello");
  EXPECT_EQ(heard.header("Content-Type"), "text/plain; charset=UTF-8");
  EXPECT_EQ(heard.header("Cache-Control"), "no-store");
  EXPECT_EQ(first.session_count(), 0u);
}

TEST_F(TwoNodes, ConnectionsToTheOtherAreUsedAgain) {
  const std::string at_sid = polling + "&sid=" + open_session(second);
  Client client(first);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(client.post(at_sid, "4" + std::to_string(i)).body, "ok");
    ASSERT_EQ(client.get(at_sid).body, "4" + std::to_string(i));
  }
  EXPECT_EQ(counted().relayed, 40u);
  EXPECT_EQ(theirs().http_connections, 1u);
}

TEST_F(TwoNodes, AnAnswerLargerThanAnyBufferArrivesWhole) {
  const std::string at_sid = polling + "&sid=" + open_session(second);
  Client client(first);
  ASSERT_EQ(client.post(at_sid, "4big 700000").body, "ok");
  EXPECT_EQ(client.get(at_sid).body, "4" + std::string(700'000, 'B'));
}

TEST_F(TwoNodes, AClientThatGoesAwayTakesItsPollWithHim) {
  const std::string at_sid = polling + "&sid=" + open_session(second);
  {
    Client getter(first);
    getter.send("GET " + at_sid + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(first.until([&] { return counted().relayed == 1; }));
    ASSERT_TRUE(first.until([&] { return theirs().http_requests == 2; }));
  }
  // The reference ends a session whose poll has been cut.
  Client asker(first);
  ASSERT_TRUE(first.until([&] { return asker.post(at_sid, "4x").status == 400; }));
}

TEST_F(TwoNodes, AWebSocketGoesThroughAndItsEndToo) {
  Client client(first);
  const std::string sid = open_session(second);
  client.send(Client::upgrade_request(websocket + "&sid=" + sid, "Origin: http://localhost\r\n") +
              Client::frame(1, "2probe"));
  EXPECT_EQ(client.answer().status, 101);
  EXPECT_EQ(client.next_text(), "3probe");
  client.text("5");
  client.text("4hello");
  EXPECT_EQ(client.next_text(), "4hello");
  EXPECT_EQ(counted().tunnels, 1u);
  client.text("4close me");
  EXPECT_EQ(client.next_frame().opcode, 8);
  client.send(Client::frame(8, ""));
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(first.until([&] { return counted().tunnels == 0 && first.connected() == 0; }));
}

TEST_F(TwoNodes, AReaderThatIsSlowHoldsUpNobodyAndLosesNothing) {
  Client client(first);
  client.small_receive_buffer();
  const std::string sid = open_session(second);
  client.send(Client::upgrade_request(websocket + "&sid=" + sid));
  EXPECT_EQ(client.answer().status, 101);
  client.text("2probe");
  EXPECT_EQ(client.next_text(), "3probe");
  client.text("5");
  constexpr int messages = 10;
  for (int i = 0; i < messages; ++i) client.text("4big 90000");
  first.steps(200);
  for (int i = 0; i < messages; ++i) ASSERT_EQ(client.next_text(), "4" + std::string(90'000, 'B'));
}

TEST_F(TwoNodes, AClientThatVanishesEndsTheSessionOfItsTunnel) {
  const std::string sid = open_session(second);
  {
    Client client(first);
    client.send(Client::upgrade_request(websocket + "&sid=" + sid));
    EXPECT_EQ(client.answer().status, 101);
    client.text("2probe");
    EXPECT_EQ(client.next_text(), "3probe");
    client.text("5");
    client.text("4now");
    EXPECT_EQ(client.next_text(), "4now");
    client.abort();
  }
  EXPECT_TRUE(first.until([&] { return counted().tunnels == 0; }));
  Client asker(first);
  EXPECT_TRUE(first.until([&] { return asker.get(polling + "&sid=" + sid).body == unknown; }));
}

TEST_F(TwoNodes, SessionsOfNodesThatAreUnknownOrDeadAreUnknown) {
  Client client(first);
  const std::string rest(16, 'x');
  EXPECT_EQ(client.get(polling + "&sid=Azzz" + rest).body, unknown) << "nobody of that name";
  const Answer gone = client.get(polling + "&sid=Anow" + rest);
  EXPECT_EQ(gone.status, 400);
  EXPECT_EQ(gone.body, unknown) << "nobody listens there";
  EXPECT_EQ(counted().relay_lost, 1u);
  Client upgrading(first);
  upgrading.send(Client::upgrade_request(websocket + "&sid=Anow" + rest));
  EXPECT_EQ(upgrading.answer().body, unknown);
  EXPECT_EQ(client.get(polling + "&sid=Athe" + rest).body, unknown) << "that node says it itself";
  EXPECT_EQ(client.get(polling).status, 200) << "the connection goes on";
}

TEST_F(TwoNodes, ANodeThatEndsItsConnectionsHasNoSessions) {
  const std::string at_sid = polling + "&sid=" + open_session(second);
  Client client(first);
  ASSERT_EQ(client.post(at_sid, "4one").body, "ok");
  second.shard(0).post([this] { second.connections(0).close_all(); });
  EXPECT_TRUE(first.until([&] { return theirs().http_connections == 0; }));
  EXPECT_EQ(client.get(at_sid).body, unknown);
}

/// A peer that says what it is told to, one connection after the other; an empty answer ends the connection.
class ScriptedPeer {
 public:
  explicit ScriptedPeer(std::vector<std::vector<std::string>> connections) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this, connections] {
      for (const auto& answers : connections) serve(answers);
    });
  }
  ~ScriptedPeer() {
    thread_.join();
    ::close(fd_);
  }
  std::uint16_t port = 0;

 private:
  void serve(const std::vector<std::string>& answers) const {
    const int connection = ::accept(fd_, nullptr, nullptr);
    for (const std::string& answer : answers) {
      std::string got;
      char byte = 0;
      while (!got.ends_with("\r\n\r\n") && ::recv(connection, &byte, 1, 0) == 1) got += byte;
      if (answer.empty()) break;
      ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    ::close(connection);
  }
  int fd_ = -1;
  std::thread thread_;
};

std::string answer_of(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

TEST(Relay, WhatWasAskedOnceIsNotAskedAgain) {
  World world(options_of(secret), 1, settings_of(here));
  ScriptedPeer peer({{answer_of("one"), ""}, {answer_of("two"), answer_of("three"), ""}});
  world.connections(0).use_peers(
      std::make_shared<const Peers>(std::vector<Peer>{{there, "127.0.0.1", peer.port}}));
  const std::string at_sid = polling + "&sid=Athe" + std::string(16, 'x');
  Client client(world);
  EXPECT_EQ(client.get(at_sid).body, "one");
  EXPECT_EQ(client.get(at_sid).body, unknown) << "the answer that was lost may have taken messages with it";
  EXPECT_EQ(client.get(at_sid).body, "two") << "over a new connection";
  EXPECT_EQ(client.get(at_sid).body, "three");
  EXPECT_EQ(client.post(at_sid, "4x").body, unknown);
}

TEST(Relay, AnAnswerThatCannotBeReadIsNone) {
  World world(options_of(secret), 1, settings_of(here));
  ScriptedPeer peer({{"HTTP/1.1 200 OK\r\n\r\n"}, {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut"}});
  world.connections(0).use_peers(
      std::make_shared<const Peers>(std::vector<Peer>{{there, "127.0.0.1", peer.port}}));
  const std::string at_sid = polling + "&sid=Athe" + std::string(16, 'x');
  Client client(world);
  EXPECT_EQ(client.get(at_sid).body, unknown);
  EXPECT_EQ(client.get(at_sid).body, unknown);
}

TEST_F(TwoNodes, WhatIsRelayedIsNeverRelayedAgain) {
  Client client(first);
  const std::string target = polling + "&sid=Athe" + std::string(16, 'x');
  const std::string note =
      write_relay_note({secret, here, "GET", target}, {"203.0.113.7", true}, first.shard(0).wall());
  EXPECT_EQ(client.get(target, "Sioxx-Relay: " + note + "\r\n").body, unknown);
  EXPECT_EQ(counted().relayed, 0u);
  EXPECT_EQ(client.get(target, "Sioxx-Relay: " + note.substr(0, note.size() - 1) + "x\r\n").body, unknown);
  EXPECT_EQ(counted().relayed, 1u) << "a forged one is nothing";
}

TEST_F(TwoNodes, NobodyElseSeesTheNote) {
  first.on_http = [](http::Request&& request, http::Reply reply) {
    http::Response response;
    response.body = std::string(request.header("sioxx-relay")) + "/" + request.address;
    reply.send(std::move(response));
  };
  Client client(first);
  const std::string note =
      write_relay_note({secret, here, "GET", "/me"}, {"203.0.113.7", true}, first.shard(0).wall());
  EXPECT_EQ(client.get("/me", "Sioxx-Relay: " + note + "\r\n").body, "/127.0.0.1");
}

class NoSecret : public TwoNodes {
 protected:
  NoSecret() : TwoNodes(1, options_of("")) {}
};

TEST_F(NoSecret, NothingIsRelayed) {
  Client client(first);
  EXPECT_EQ(client.get(polling + "&sid=" + open_session(second)).body, unknown);
  EXPECT_EQ(counted().relayed, 0u);
}

class ManyShards : public TwoNodes {
 protected:
  ManyShards() : TwoNodes(3) {}
};

TEST_F(ManyShards, TheOtherFindsTheShardByItself) {
  Client client(first);
  for (const std::string& sid : open_sessions(second, 6)) {
    ASSERT_EQ(client.post(polling + "&sid=" + sid, "4x").body, "ok");
    ASSERT_EQ(client.get(polling + "&sid=" + sid).body, "4x");
  }
}

/// Connections of one address beyond the limit.
class FewOfOneAddress : public TwoNodes {
 protected:
  FewOfOneAddress() : TwoNodes(1, limited()) {}
  static Options limited() {
    Options options = options_of(secret);
    options.connections_per_ip_max = 2;
    options.trust_proxy = true;
    return options;
  }
};

TEST_F(FewOfOneAddress, TunnelsCountForTheClientsAddress) {
  std::vector<Client> clients;
  for (const int expected : {101, 101, 429}) {
    const std::string sid = open_session(second);
    clients.emplace_back(first).send(
        Client::upgrade_request(websocket + "&sid=" + sid, "X-Forwarded-For: 203.0.113.7\r\n"));
    EXPECT_EQ(clients.back().answer().status, expected);
  }
}

// ---- the note ---------------------------------------------------------------------------------------------------------

TEST(RelayNote, SaysWhoseARequestIs) {
  const RelaySubject subject{secret, there, "GET", "/socket.io/?sid=1"};
  const std::string note = write_relay_note(subject, {"2001:db8::1", true}, 1'000'000);
  const auto read = read_relay_note(subject, note, 1'000'000 + relay_note_valid_ms);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->address, "2001:db8::1");
  EXPECT_TRUE(read->secure);
}

TEST(RelayNote, IsGoodForOneRequestOfOneNodeForAMinute) {
  const RelaySubject subject{secret, there, "GET", "/a"};
  const loop::WallMs now = 10'000'000;
  const std::string note = write_relay_note(subject, {"203.0.113.7", false}, now);
  EXPECT_TRUE(read_relay_note(subject, note, now));
  EXPECT_FALSE(read_relay_note(subject, note, now + relay_note_valid_ms + 1));
  EXPECT_FALSE(read_relay_note(subject, note, now - relay_note_valid_ms - 1));
  EXPECT_FALSE(read_relay_note({"another secret of some length", there, "GET", "/a"}, note, now));
  EXPECT_FALSE(read_relay_note({secret, here, "GET", "/a"}, note, now));
  EXPECT_FALSE(read_relay_note({secret, there, "POST", "/a"}, note, now));
  EXPECT_FALSE(read_relay_note({secret, there, "GET", "/b"}, note, now));
  std::string other = note;
  other[other.find("203")] = '9';
  EXPECT_FALSE(read_relay_note(subject, other, now)) << "another address";
  EXPECT_FALSE(read_relay_note({"", there, "GET", "/a"},
                               write_relay_note({"", there, "GET", "/a"}, {"1.2.3.4", false}, now), now))
      << "no secret, no trust";
  for (const std::string_view hostile : {"", ";;;", "1;http;a", "x", ";;;;;;;;;"})
    EXPECT_FALSE(read_relay_note(subject, hostile, now));
  EXPECT_FALSE(read_relay_note(subject, std::string(10'000, ';'), now));
}

TEST(RelayedRequest, LeavesOutWhatConcernsOneConnection) {
  http::Request request;
  request.method = "POST";
  request.target = "/socket.io/?sid=1";
  request.headers = {
      {"host", "chat.example"},         {"connection", "close, x-hop"}, {"x-hop", "1"},
      {"transfer-encoding", "chunked"}, {"accept-encoding", "gzip"},    {"content-length", "9"},
      {"content-type", "text/plain"},   {"sioxx-relay", "forged"},      {"expect", "100-continue"}};
  request.body = "4hello";
  EXPECT_EQ(relayed_request(request, "note"),
            "POST /socket.io/?sid=1 HTTP/1.1\r\nhost: chat.example\r\ncontent-type: text/plain\r\n"
            "sioxx-relay: note\r\nconnection: keep-alive\r\ncontent-length: 6\r\n\r\n4hello");
}

// ---- the answer -------------------------------------------------------------------------------------------------------

TEST(PeerAnswer, IsReadHoweverItIsCut) {
  const std::string text =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nAccess-Control-Allow-Origin: *\r\n"
      "Connection: keep-alive\r\n\r\nhello";
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    PeerAnswer answer(100);
    ASSERT_EQ(answer.feed(text.substr(0, cut)), PeerAnswer::Step::more);
    ASSERT_EQ(answer.feed(text.substr(cut)), PeerAnswer::Step::complete);
    EXPECT_TRUE(answer.keep_alive());
    const http::Response response = answer.take();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello");
    ASSERT_EQ(response.headers.size(), 1u) << "the others are made anew";
    EXPECT_EQ(response.headers[0].second, "text/plain");
  }
}

TEST(PeerAnswer, RefusesWhatOursNeverWrites) {
  const auto step = [](const std::string& text) { return PeerAnswer(10).feed(text); };
  EXPECT_EQ(step("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), PeerAnswer::Step::refused);
  EXPECT_EQ(step("HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n"), PeerAnswer::Step::refused);
  EXPECT_EQ(step("HTTP/1.1 200 OK\r\n\r\n"), PeerAnswer::Step::refused) << "no length";
  EXPECT_EQ(step("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n"), PeerAnswer::Step::refused) << "too long";
  EXPECT_EQ(step("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), PeerAnswer::Step::refused);
  EXPECT_EQ(step("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"), PeerAnswer::Step::refused) << "more";
  EXPECT_EQ(step("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), PeerAnswer::Step::refused);
  EXPECT_EQ(step("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), PeerAnswer::Step::refused);
  EXPECT_EQ(step("HTTP/1.1 100 Continue\r\n\r\n"), PeerAnswer::Step::refused) << "nobody asked";
  EXPECT_EQ(step(std::string(PeerAnswer::head_bytes_max + 1, 'x')), PeerAnswer::Step::refused);
}

}  // namespace
}  // namespace sioxx::net::test
