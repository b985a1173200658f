// Upgrade under load, as a property: whatever the order in which sends, GETs, POSTs, the probe, failed probes
// and the upgrade fall, every message arrives once and in order, both ways.
#include "session_scene.hpp"

#include "sioxx/engine/payload.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

using namespace sioxx;
using namespace sioxx::engine;
using namespace sioxx::test;

namespace {

/// A client as the reference writes it: one GET at a time, a probe beside it, and `5` only when polling has
/// come to rest. What the server answers waits in a "network" until the client gets round to it.
class Client {
 public:
  Client(EngineWorld& world, std::mt19937& random)
      : world_(world), random_(random), session_(world.polling()) {}

  ~Client() {
    if (socket_ != nullptr) session_->transport_closed(*socket_, CloseReason::transport_close);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void step() {
    switch (random_() % 8) {
      case 0: return get();
      case 1: return take_get();
      case 2: return say();
      case 3: return say();
      case 4: return start_probe();
      case 5: return take_websocket();
      case 6: return maybe_break_probe();
      case 7: return maybe_finish_upgrade();
    }
  }

  void server_sends(int number) { session_->send_text("s" + std::to_string(number)); }

  /// Lets everything still on its way arrive.
  void come_to_rest() {
    for (int i = 0; i < 20; ++i) {
      world_.pass(60);
      take_get();
      take_websocket();
      maybe_finish_upgrade();
      get();
      world_.turn();
    }
    take_get();
    take_websocket();
  }

  const std::vector<std::string>& heard() const { return heard_; }
  int said() const { return said_; }
  bool upgraded() const { return upgraded_; }
  Session& session() { return *session_; }

 private:
  enum class Probe { none, sent, confirmed };

  void get() {
    if (get_ != nullptr || upgraded_ || probe_ == Probe::confirmed) return;
    get_ = EngineWorld::get(*session_);
  }

  void take_get() {
    world_.turn();
    if (get_ == nullptr || get_->status == 0) return;
    ASSERT_EQ(get_->status, 200) << get_->body;
    PayloadReader reader(get_->body);
    Packet packet;
    while (reader.next(packet) == PayloadReader::Step::packet) hear(packet);
    get_.reset();
  }

  void hear(const Packet& packet) {
    if (packet.type == PacketType::message) heard_.emplace_back(packet.data);
    if (packet.type == PacketType::ping) pongs_due_ = true;
    ASSERT_NE(packet.type, PacketType::close);
  }

  /// A message up, and the pong that is due.
  void say() {
    if (probe_ == Probe::confirmed && !upgraded_) return;  // the reference pauses here
    const std::string text = "4c" + std::to_string(said_++);
    if (upgraded_) {
      session_->receive(text, false, *socket_);
      if (std::exchange(pongs_due_, false)) session_->receive("3", false, *socket_);
    } else {
      const std::string pong = std::exchange(pongs_due_, false) ? "\x1e"
                                                                  "3"
                                                                : "";
      ASSERT_EQ(session_->post(text + pong), PostResult::ok);
    }
  }

  void start_probe() {
    if (probe_ != Probe::none || upgraded_) return;
    socket_ = std::make_unique<FakeTransport>();
    ASSERT_TRUE(session_->attach(*socket_));
    session_->receive("2probe", false, *socket_);
    probe_ = Probe::sent;
  }

  void take_websocket() {
    if (socket_ == nullptr) return;
    for (const std::string& wire : socket_->take()) {
      const auto packet = decode_text(wire);
      ASSERT_TRUE(packet);
      if (packet->type == PacketType::pong && probe_ == Probe::sent) {
        probe_ = Probe::confirmed;
      } else {
        hear(*packet);
      }
    }
  }

  void maybe_break_probe() {
    if (socket_ == nullptr || upgraded_ || random_() % 4 != 0) return;
    session_->transport_closed(*socket_, CloseReason::transport_close);
    graveyard_.push_back(std::move(socket_));
    probe_ = Probe::none;
  }

  void maybe_finish_upgrade() {
    if (probe_ != Probe::confirmed || upgraded_ || get_ != nullptr) return;
    session_->receive("5", false, *socket_);
    upgraded_ = true;
  }

  EngineWorld& world_;
  std::mt19937& random_;
  std::shared_ptr<Session> session_;
  std::shared_ptr<PollAnswer> get_;
  std::unique_ptr<FakeTransport> socket_;
  std::vector<std::unique_ptr<FakeTransport>> graveyard_;
  Probe probe_ = Probe::none;
  bool upgraded_ = false;
  bool pongs_due_ = false;
  std::vector<std::string> heard_;
  int said_ = 0;
};

}  // namespace

TEST(UpgradeUnderLoad, NothingIsLostDoubledOrReordered) {
  int upgrades = 0;
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    std::mt19937 random(seed);
    EngineWorld world({.ping_interval_ms = 400, .ping_timeout_ms = 100'000}, false);
    Client client(world, random);
    int sent = 0;
    for (int step = 0; step < 120; ++step) {
      const unsigned choice = random() % 4;
      if (choice == 0) client.server_sends(sent++);
      if (choice == 1) world.pass(random() % 30);
      client.step();
      if (HasFatalFailure()) FAIL() << "seed " << seed;
    }
    client.come_to_rest();
    std::vector<std::string> expected_down, expected_up;
    for (int i = 0; i < sent; ++i) expected_down.push_back("s" + std::to_string(i));
    for (int i = 0; i < client.said(); ++i) expected_up.push_back("c" + std::to_string(i));
    ASSERT_EQ(client.heard(), expected_down) << "seed " << seed;
    ASSERT_EQ(world.notes->messages, expected_up) << "seed " << seed;
    ASSERT_EQ(client.session().state(), State::open) << "seed " << seed;
    if (client.upgraded()) ++upgrades;
  }
  EXPECT_GT(upgrades, 500);  // the schedule does reach the upgrade
}

TEST(UpgradeUnderLoad, HostileSchedulesNeverHurt) {
  constexpr std::string_view wires[] = {"2probe", "5",   "4x", "1",   "2",     "3",
                                        "6",      "0{}", "",   "abc", "2prob", "5x"};
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::unique_ptr<FakeTransport>> sockets;  // outlive the sessions
    EngineWorld world({.ping_interval_ms = 50,
                       .ping_timeout_ms = 50,
                       .upgrade_timeout_ms = 60,
                       .close_linger_ms = 40,
                       .send_queue_bytes_max = 2'000});
    std::vector<std::shared_ptr<PollAnswer>> answers;
    const auto session = world.polling();
    for (int step = 0; step < 80; ++step) {
      FakeTransport* const socket = sockets.empty() ? nullptr : sockets[random() % sockets.size()].get();
      const std::string_view wire = wires[random() % std::size(wires)];
      switch (random() % 9) {
        case 0: answers.push_back(EngineWorld::get(*session)); break;
        case 1: session->post(wire); break;
        case 2: session->attach(*sockets.emplace_back(std::make_unique<FakeTransport>())); break;
        case 3:
          if (socket != nullptr) session->receive(wire, random() % 8 == 0, *socket);
          break;
        case 4:
          if (socket != nullptr && random() % 4 == 0)
            session->transport_closed(*socket, CloseReason::transport_close);
          break;
        case 5: session->send_text(std::string(random() % 300, 'x')); break;
        case 6: world.pass(random() % 20); break;
        case 7:
          if (random() % 10 == 0) session->close(CloseReason::forced_close);
          break;
        case 8:
          if (random() % 10 == 0) session->poll_lost(EngineWorld::last_poll);
          break;
      }
    }
    world.pass(300);
    EXPECT_EQ(world.sessions.size(), 0u) << seed;  // nobody pongs for long
    EXPECT_LE(world.notes->closes, 1) << seed;
    for (const auto& answer : answers) EXPECT_TRUE(answer->status != 0 || answer->dropped) << seed;
  }
}

// ---- step by step

TEST(Upgrade, ProbeReleasesTheWaitingGetAndLaterOnes) {
  Scene scene(Phase::waiting);
  ASSERT_TRUE(scene.session->attach(scene.socket));
  scene.session->receive("2probe", false, scene.socket);
  EXPECT_EQ(scene.socket.take(), std::vector<std::string>{"3probe"});
  EXPECT_EQ(scene.waiting->body, "6");
  const auto later = EngineWorld::get(*scene.session);
  EXPECT_EQ(later->status, 0);  // a client that polls on is not spun …
  scene.world.pass(100);
  EXPECT_EQ(later->body, "6");  // … and one that waits for it is not kept
}

TEST(Upgrade, TheFirstGetAfterTheProbeIsToldAtOnce) {
  Scene scene(Phase::probed);
  EXPECT_EQ(EngineWorld::get(*scene.session)->body, "6");
}

TEST(Upgrade, QueueFollowsInOrder) {
  Scene scene(Phase::probed);
  scene.session->send_text("one");
  scene.session->send(Encoded::binary("two"));
  scene.session->receive("5", false, scene.socket);
  scene.session->send_text("three");
  EXPECT_EQ(scene.socket.take(), (std::vector<std::string>{"4one", "btwo", "4three"}));
  EXPECT_EQ(scene.session->link(), Link::websocket);
  EXPECT_EQ(scene.world.sessions.counters().upgrades, 1u);
}

TEST(Upgrade, GetThatWaitsWhenItHappensIsToldNoop) {
  Scene scene(Phase::probed);
  EngineWorld::get(*scene.session);
  const auto second = EngineWorld::get(*scene.session);
  scene.session->receive("5", false, scene.socket);
  EXPECT_EQ(second->body, "6");
  scene.session->receive("4hello", false, scene.socket);
  EXPECT_EQ(scene.world.notes->messages, std::vector<std::string>{"hello"});
}

TEST(Upgrade, SecondWebSocketIsRefusedAndTheFirstGoesOn) {
  for (const Phase phase : {Phase::probing, Phase::probed, Phase::websocket}) {
    Scene scene(phase, true);
    FakeTransport second;
    EXPECT_FALSE(scene.session->attach(second));
    scene.session->receive("4 from nowhere", false, second);
    scene.session->transport_closed(second, CloseReason::transport_close);
    EXPECT_FALSE(scene.gone());
    EXPECT_TRUE(scene.world.notes->messages.empty());
  }
}

TEST(Upgrade, FailedProbeLeavesPollingAsItWas) {
  Scene scene(Phase::probed, true);
  scene.session->send_text("kept");
  scene.session->transport_closed(scene.socket, CloseReason::transport_close);
  EXPECT_EQ(scene.session->link(), Link::polling);
  EXPECT_EQ(EngineWorld::get(*scene.session)->body, "4kept");
  EXPECT_EQ(scene.session->post("4x"), PostResult::ok);
  EXPECT_TRUE(scene.session->attach(scene.another));
}

TEST(Upgrade, ProbeThatNeverConfirmsTimesOut) {
  for (const Phase phase : {Phase::probing, Phase::probed}) {
    Scene scene(phase);
    scene.world.pass(9'999);
    EXPECT_EQ(scene.session->link(), Link::probing);
    scene.world.pass(1);
    EXPECT_EQ(scene.session->link(), Link::polling);
    EXPECT_TRUE(scene.socket.closed);
    EXPECT_FALSE(scene.gone());
  }
}

TEST(Upgrade, ClosingDropsTheProbeUnlessTheClientMayHaveStoppedPolling) {
  Scene early(Phase::probing);
  early.session->send_text("last words");
  early.session->close(CloseReason::forced_close);
  EXPECT_TRUE(early.socket.closed);
  EXPECT_EQ(EngineWorld::get(*early.session)->body, "4last words");
  EXPECT_EQ(EngineWorld::get(*early.session)->body,
            "1");  // alone: what stands before it might be lost to the client

  Scene upgrades(Phase::probed);
  upgrades.session->send_text("last words");
  upgrades.session->close(CloseReason::forced_close);
  EXPECT_FALSE(upgrades.socket.closed);
  upgrades.socket.take();
  upgrades.session->receive("4ignored", false, upgrades.socket);
  upgrades.session->receive("5", false, upgrades.socket);
  EXPECT_EQ(upgrades.socket.take(), std::vector<std::string>{"4last words"});
  EXPECT_EQ(upgrades.socket.closed, CloseReason::forced_close);
  EXPECT_EQ(upgrades.session->state(), State::closed);

  Scene polls_on(Phase::probed);
  polls_on.session->close(CloseReason::forced_close);
  polls_on.session->transport_closed(polls_on.socket, CloseReason::transport_close);
  EXPECT_EQ(polls_on.session->state(), State::closing);
  EXPECT_EQ(EngineWorld::get(*polls_on.session)->body, "1");
  EXPECT_EQ(polls_on.session->state(), State::closed);
}
