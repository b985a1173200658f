#pragma once

#include "engine_world.hpp"

#include "sioxx/socket/client.hpp"
#include "sioxx/socket/local.hpp"
#include "sioxx/socket/namespace.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sioxx::test {

/// An adapter of one shard: delivers at once and keeps a list of what opened and closed.
class FakeAdapter final : public Adapter {
 public:
  void broadcast(std::string_view nsp, engine::EncodedPtr message, BroadcastOptions options) override {
    if (local->limits().recovery_window_ms > 0) options.offset = next_offset();
    local->deliver(nsp, message, options);
  }
  void broadcast_with_ack(std::string_view nsp, engine::EncodedPtr event, BroadcastOptions options,
                          std::int64_t timeout_ms, OnAnswers done) override {
    struct Sum {
      Answers answers;
      std::size_t asked = 0, heard = 0;
      bool told = false;
    };
    const auto sum = std::make_shared<Sum>();
    const auto look = [sum, done = std::move(done)] {
      if (sum->told && sum->heard == sum->asked) done(sum->answers);
    };
    sum->asked = local->ask(nsp, event, options, timeout_ms, [sum, look](std::optional<Answer> answer) {
      ++sum->heard;
      if (answer) sum->answers.answers.push_back(std::move(*answer));
      if (!answer) ++sum->answers.missing;
      look();
    });
    sum->told = true;
    look();
  }
  void sockets_join(std::string_view nsp, BroadcastOptions target, std::vector<std::string> rooms) override {
    each(nsp, target, [&](Socket& socket) {
      for (const std::string& room : rooms) socket.join(room);
    });
  }
  void sockets_leave(std::string_view nsp, BroadcastOptions target, std::vector<std::string> rooms) override {
    each(nsp, target, [&](Socket& socket) {
      for (const std::string& room : rooms) socket.leave(room);
    });
  }
  void disconnect_sockets(std::string_view nsp, BroadcastOptions target, bool close) override {
    each(nsp, target, [&](Socket& socket) { socket.disconnect(close); });
  }
  void fetch_sockets(std::string_view nsp, BroadcastOptions target, std::int64_t, OnFetched done) override {
    Fetched fetched;
    each(nsp, target, [&](Socket& socket) {
      fetched.sockets.push_back(socket::LocalNamespace::of(socket).describe(socket));
    });
    done(std::move(fetched));
  }
  void server_side_emit(std::string_view, std::string_view, boost::json::array, BroadcastOptions,
                        std::int64_t, OnAnswers done) override {
    if (done) done({});  // nobody else is there
  }
  std::uint64_t next_offset() override { return ++offsets; }
  void claim_session(unsigned shard, SessionClaim claim, std::int64_t,
                     std::function<void(std::optional<Recovered>)> done) override {
    done(shard == local->shard() ? local->recoveries().claim(claim) : std::nullopt);
  }
  void session_moved(unsigned, std::string_view, std::optional<unsigned>) override {}
  void room_opened(unsigned, std::string_view nsp, std::string_view room) override {
    changes.push_back("+" + std::string(nsp) + " " + std::string(room));
  }
  void room_closed(unsigned, std::string_view nsp, std::string_view room) override {
    changes.push_back("-" + std::string(nsp) + " " + std::string(room));
  }
  socket::Local* local = nullptr;
  std::vector<std::string> changes;
  std::uint64_t offsets = 0;

 private:
  template <class F>
  void each(std::string_view nsp, const BroadcastOptions& target, F&& what) {
    local->each_of(nsp, target.children, [&](socket::LocalNamespace& space) {
      for (const auto& socket : space.select(target)) what(*socket);
    });
  }
};

class SocketWorld;

/// A person with a WebSocket: speaks and hears Socket.IO packets.
class Person {
 public:
  explicit Person(SocketWorld& world, engine::Revision revision = engine::Revision::v4);
  ~Person();
  Person(const Person&) = delete;
  Person& operator=(const Person&) = delete;

  void says(std::string_view packet);
  void says_binary(std::string_view bytes);
  /// CONNECT to a namespace, and out of the answer the socket's id.
  std::string joins(std::string_view nsp = "/", std::string_view auth = "");
  /// All since the last time, engine digits taken off; binary as "b<bytes>".
  std::vector<std::string> hears();
  bool cut_off() const { return wire.closed.has_value(); }
  void vanishes() { session->transport_closed(wire, CloseReason::transport_close); }

  FakeTransport wire;
  std::shared_ptr<engine::Session> session;
};

/// Namespaces, sockets and sessions of one shard in virtual time.
class SocketWorld {
 public:
  SocketWorld() { adapter.local = &local; }
  ~SocketWorld() { local.end_tasks(); }
  SocketWorld(const SocketWorld&) = delete;
  SocketWorld& operator=(const SocketWorld&) = delete;

  /// Namespaces are filled by the test, then this.
  Namespace& of(std::string name, NamespaceFilter filter = {}) {
    tables.push_back(std::make_unique<Namespace>(std::move(name), std::move(filter)));
    tables.back()->attach(adapter);
    return *tables.back();
  }
  void start() {
    for (const auto& table : tables) {
      table->freeze();
      local.add(*table);
    }
  }
  void turn() { timers.advance(now); }
  /// What handlers threw, without the other lines of the log.
  std::vector<std::string> errors() const {
    std::vector<std::string> errors;
    for (const std::string& line : log_lines) {
      if (line.starts_with("handler_error|")) errors.push_back(line.substr(14));
    }
    return errors;
  }
  void pass(loop::TimeMs ms) {
    for (loop::TimeMs i = 0; i < ms; ++i) {
      ++now;
      timers.advance(now);
    }
  }

  loop::TimeMs now = 5'000;
  loop::Timers timers{now};
  engine::Settings settings;
  socket::Limits limits;
  std::vector<std::string> log_lines;
  Log log = [this](const LogLine& line) {
    log_lines.push_back(std::string(line.event) + "|" + std::string(line.reason) + "|" +
                        std::string(line.detail));
  };
  FakeAdapter adapter;
  std::vector<std::unique_ptr<Namespace>> tables;
  socket::Local local{7, nullptr, adapter, limits, log, {timers, [this] { return now; }}};
  socket::Local::Presence presence{local};
  std::mt19937 random{1};
  engine::Sessions sessions{7,
                            settings,
                            timers,
                            [this] { return now; },
                            [this](unsigned char* out, std::size_t n) {
                              for (std::size_t i = 0; i < n; ++i)
                                out[i] = static_cast<unsigned char>(random());
                            },
                            [this](engine::Session& session) -> std::unique_ptr<engine::SessionHandler> {
                              return std::make_unique<socket::Client>(session, local);
                            }};
};

inline Person::Person(SocketWorld& world, engine::Revision revision) {
  session = world.sessions.open_websocket(a_handshake(revision), wire);
  if (revision == engine::Revision::v4) wire.written.clear();
}
inline Person::~Person() { session->transport_closed(wire, CloseReason::transport_close); }
inline void Person::says(std::string_view packet) {
  session->receive("4" + std::string(packet), false, wire);
}
inline void Person::says_binary(std::string_view bytes) { session->receive(bytes, true, wire); }
inline std::string Person::joins(std::string_view nsp, std::string_view auth) {
  const std::string prefix = nsp == "/" ? "" : std::string(nsp) + ",";
  says("0" + prefix + std::string(auth));
  const std::string start = "40" + prefix + R"({"sid":")";
  for (const std::string& packet : wire.written) {
    if (packet.starts_with(start)) {
      std::string id = packet.substr(start.size(), engine::Id::length);
      wire.written.clear();
      return id;
    }
  }
  return {};
}
inline std::vector<std::string> Person::hears() {
  std::vector<std::string> heard;
  for (std::string& packet : wire.take()) heard.push_back(packet.front() == '4' ? packet.substr(1) : packet);
  return heard;
}

}  // namespace sioxx::test
