#pragma once

#include "socket_world.hpp"

#include "sioxx/cluster/shards.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace sioxx::test {

/// What was answered, in a fixed order, and how many did not answer.
inline std::string texts(const Answers& answers) {
  std::vector<std::string> all;
  for (const Answer& answer : answers.answers) all.push_back(boost::json::serialize(answer.args));
  std::sort(all.begin(), all.end());
  std::string text;
  for (const std::string& one : all) text += one;
  return text + " missing " + std::to_string(answers.missing);
}

/// Three real shards and mailboxes, turned by hand on one thread; no sockets of the operating system.
class ShardsTest : public ::testing::Test {
 public:
  static constexpr unsigned count = 3;

  struct Home {
    Home(unsigned index, loop::Shard& its_shard, Adapter& adapter, const socket::Limits& limits,
         const Log& log, const engine::Settings& settings)
        : shard(its_shard),
          local(index, &shard, adapter, limits, log,
                {shard.timers(), [&its_shard] { return its_shard.now(); }},
                [&its_shard](std::function<void()> task) {
                  its_shard.post(std::move(task), loop::Mail::reply);
                }),
          sessions(
              index, settings, shard.timers(), [this] { return shard.now(); },
              [this](unsigned char* out, std::size_t n) {
                for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<unsigned char>(random());
              },
              [this](engine::Session& session) -> std::unique_ptr<engine::SessionHandler> {
                return std::make_unique<socket::Client>(session, local);
              }) {}
    loop::Shard& shard;
    socket::Local local;
    std::mt19937 random{shard.index() + 1};
    engine::Sessions sessions;
  };

  explicit ShardsTest(loop::TimeMs recovery_window_ms = 0) {
    limits.recovery_window_ms = recovery_window_ms;
    table.attach(adapter);
    pattern.attach(adapter);
    table.on_connect([this](Socket& socket) { refs.push_back(socket.ref()); });
    std::vector<socket::Local*> locals;
    for (unsigned i = 0; i < count; ++i) {
      homes.push_back(std::make_unique<Home>(i, *shards[i], adapter, limits, log, settings));
      homes.back()->local.add(table);
      homes.back()->local.add(pattern);
      locals.push_back(&homes.back()->local);
    }
    adapter.settle(locals);
  }
  ~ShardsTest() override {
    for (const auto& home : homes) home->local.end_tasks();
    adapter.drop_questions();
  }

  /// Somebody on a shard, in some rooms; what he hears stands in his transport.
  FakeTransport& person(unsigned shard, const std::vector<std::string>& rooms,
                        const std::string& connect = "40") {
    const socket::Local::Presence presence(homes[shard]->local);
    FakeTransport& wire = *wires.emplace_back(std::make_unique<FakeTransport>());
    sessions.push_back(homes[shard]->sessions.open_websocket(a_handshake(), wire));
    sessions.back()->receive(connect, false, wire);
    for (const std::string& room : rooms) refs.back().get()->join(room);
    wire.written.clear();
    return wire;
  }
  /// The n-th person says or goes, on his shard.
  void says(std::size_t n, std::string_view packet) {
    const socket::Local::Presence presence(homes[sessions[n]->home().shard()]->local);
    sessions[n]->receive("4" + std::string(packet), false, *wires[n]);
  }
  void vanishes(std::size_t n) {
    const socket::Local::Presence presence(homes[sessions[n]->home().shard()]->local);
    sessions[n]->transport_closed(*wires[n], CloseReason::transport_close);
  }
  void turn() {
    for (const auto& home : homes) {
      const socket::Local::Presence presence(home->local);
      home->shard.turn(0);
    }
  }

  std::vector<std::unique_ptr<FakeTransport>> wires;
  std::vector<std::shared_ptr<engine::Session>> sessions;
  engine::Settings settings;
  socket::Limits limits;
  std::vector<std::string> lost;
  Log log = [this](const LogLine& line) {
    if (line.event == "broadcast_lost") lost.emplace_back(line.detail);
  };
  std::vector<std::unique_ptr<loop::Shard>> shards = [] {
    std::vector<std::unique_ptr<loop::Shard>> all;
    for (unsigned i = 0; i < count; ++i) all.push_back(std::make_unique<loop::Shard>(i));
    return all;
  }();
  cluster::Shards adapter{{shards[0].get(), shards[1].get(), shards[2].get()}, log};
  Namespace table{"/"};
  Namespace pattern{"/_0", glob("/order-*")};
  std::vector<SocketRef> refs;
  std::vector<std::unique_ptr<Home>> homes;
};

}  // namespace sioxx::test
