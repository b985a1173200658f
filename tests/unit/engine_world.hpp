#pragma once

#include "sioxx/engine/sessions.hpp"
#include "sioxx/loop/timers.hpp"

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sioxx::test {

/// A WebSocket that keeps what it is told. Binary packets are shown as "<bytes>" with a 'b' in front.
class FakeTransport final : public engine::Transport {
 public:
  void write(const engine::Encoded& packet) override {
    written.push_back((packet.is_binary() ? "b" : "") + std::string(packet.packet()));
    if (stuck) waiting += packet.size();
  }
  void write(engine::PacketType type, std::string_view data) override {
    written.push_back(engine::digit(type) + std::string(data));
    if (stuck) waiting += data.size() + 3;
  }
  void write_message(std::string_view message, bool binary) override {
    written.push_back((binary ? "b" : "") + std::string(message));
    if (stuck) waiting += message.size();
  }
  std::size_t waiting_bytes() const override { return waiting; }
  void flush() override { ++flushes; }
  void close(CloseReason reason) override { closed = reason; }

  std::vector<std::string> take() { return std::exchange(written, {}); }

  std::vector<std::string> written;
  std::optional<CloseReason> closed;
  std::size_t waiting = 0;
  bool stuck = false;  ///< the peer reads nothing
  int flushes = 0;
};

/// What became of one GET.
struct PollAnswer {
  int status = 0;  ///< 0: not yet
  std::string body;
  bool binary = false;
  bool dropped = false;  ///< destroyed unanswered
};

class FakePoll final : public engine::Poll {
 public:
  explicit FakePoll(std::shared_ptr<PollAnswer> answer) : answer_(std::move(answer)) {}
  ~FakePoll() override {
    if (answer_->status == 0) answer_->dropped = true;
  }
  void answer(int status, engine::Body body) override {
    answer_->status = status;
    answer_->body = std::move(body.bytes);
    answer_->binary = body.binary;
  }

 private:
  std::shared_ptr<PollAnswer> answer_;
};

/// A place among the polling sessions, and whether it has been given back.
class FakePlace final : public engine::PollingPlace {
 public:
  explicit FakePlace(bool& taken) : taken_(taken) { taken_ = true; }
  ~FakePlace() override { taken_ = false; }

 private:
  bool& taken_;
};

/// The layer above, as a notebook.
class NotingHandler final : public engine::SessionHandler {
 public:
  struct Notes {
    std::vector<std::string> messages;
    std::optional<CloseReason> closed;
    int closes = 0;
  };
  NotingHandler(std::shared_ptr<Notes> notes, engine::Session& session, bool echo)
      : notes_(std::move(notes)), session_(session), echo_(echo) {}
  void on_message(std::string_view data, bool binary) override {
    notes_->messages.push_back((binary ? "b" : "") + std::string(data));
    if (data == "close me") return session_.close(CloseReason::forced_close);
    if (data == "unreadable") return session_.close(CloseReason::parse_error);
    if (!echo_) return;
    if (binary) {
      session_.send(engine::Encoded::binary(data));
    } else {
      session_.send_text(data);
    }
  }
  void on_close(CloseReason reason) override {
    notes_->closed = reason;
    ++notes_->closes;
  }

 private:
  std::shared_ptr<Notes> notes_;
  engine::Session& session_;
  bool echo_;
};

inline engine::Handshake a_handshake(engine::Revision revision = engine::Revision::v4) {
  engine::Handshake handshake;
  handshake.address = "203.0.113.7";
  handshake.request() = {"/socket.io/?EIO=4", {{"user-agent", "test"}}, {{"EIO", "4"}}};
  handshake.issued = 1'700'000'000'000;
  handshake.revision = revision;
  return handshake;
}

/// Sessions in virtual time.
class EngineWorld {
 public:
  explicit EngineWorld(engine::Settings wanted = {}, bool echo_messages = true)
      : settings(wanted), echo(echo_messages) {}

  bool place_taken = false;  ///< the last polling session holds its place
  loop::TimeMs now = 5'000;
  loop::Timers timers{now};
  engine::Settings settings;
  bool echo;
  std::shared_ptr<NotingHandler::Notes> notes = std::make_shared<NotingHandler::Notes>();
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
                              return std::make_unique<NotingHandler>(notes, session, echo);
                            }};

  /// What a turn of the shard does after everything else: the timers that are due.
  void turn() { timers.advance(now); }
  void pass(loop::TimeMs ms) {
    for (loop::TimeMs i = 0; i < ms; ++i) {
      ++now;
      timers.advance(now);
    }
  }

  std::shared_ptr<engine::Session> polling(engine::Revision revision = engine::Revision::v4) {
    auto answer = std::make_shared<PollAnswer>();
    auto session = sessions.open_polling(a_handshake(revision), std::make_unique<FakePoll>(answer),
                                         std::make_unique<FakePlace>(place_taken));
    opened = answer->body;
    return session;
  }
  std::shared_ptr<engine::Session> websocket(FakeTransport& transport,
                                             engine::Revision revision = engine::Revision::v4) {
    auto session = sessions.open_websocket(a_handshake(revision), transport);
    opened = transport.written.empty() ? "" : transport.written.front();
    transport.written.clear();
    return session;
  }
  static std::shared_ptr<PollAnswer> get(engine::Session& session) {
    auto answer = std::make_shared<PollAnswer>();
    auto poll = std::make_unique<FakePoll>(answer);
    last_poll = poll.get();
    session.poll(std::move(poll));
    return answer;
  }
  static void upgrade(engine::Session& session, FakeTransport& transport) {
    session.attach(transport);
    session.receive("2probe", false, transport);
    session.receive("5", false, transport);
    transport.written.clear();
  }

  std::string opened;  ///< the last open packet
  static inline const engine::Poll* last_poll = nullptr;
};

}  // namespace sioxx::test
