#pragma once

#include "sioxx/engine/session.hpp"
#include "sioxx/loop/shard.hpp"
#include "sioxx/loop/timers.hpp"
#include "sioxx/net/connections.hpp"
#include "sioxx/net/frame.hpp"
#include "sioxx/net/permessage_deflate.hpp"
#include "sioxx/net/raw_websocket.hpp"
#include "sioxx/net/stream.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sioxx::net {

/// An upgraded connection: frames in and out, and nothing else. Owned by the Connections of its shard, used
/// by that shard's thread. A session holds a pointer to it from serve() until transport_closed() or its own
/// close(). While idle it is this object alone: output, partial input and what is rare exist only while they
/// are needed.
class WebSocket final : public Tracked, public engine::Transport {
 public:
  static constexpr int reads_a_turn_max = 4;  ///< of scratch() size each; then the others have their turn
  /// Pongs are not queued behind more than this; a peer that does not read gets none.
  static constexpr std::size_t pong_behind_bytes_max = 65'536;

  /// Takes over a descriptor that the shard watches for somebody else; `head` (the 101 answer) goes out
  /// first.
  static WebSocket& take_over(Connections& home, Stream stream, Admission::Seat seat, std::string_view head,
                              Deflate deflate);
  ~WebSocket() override;

  /// The session that gets what arrives. Nothing happens if the session has closed this transport already.
  void serve(engine::Session& session);
  /// The same for a WebSocket without a session.
  void serve(const RawHandler& handler);
  /// Bytes that came in one piece with the upgrade request; their content is changed.
  void feed(std::span<char> bytes);
  bool open() const { return phase_ == Phase::open; }

  // engine::Transport
  void write(const engine::Encoded& packet) override;
  void write(engine::PacketType type, std::string_view data) override;
  void write_message(std::string_view message, bool binary) override;
  std::size_t waiting_bytes() const override;
  void flush() override;
  void close(CloseReason reason) override;

  // Tracked
  void wind_up() override;  // one with a session ends with that
  void abandon() override { lost(CloseReason::transport_close); }

 private:
  friend struct Output;
  enum class Phase : std::uint8_t { open, closing, failing, finishing, dead };
  class Rare;

  WebSocket(Connections& home, Stream stream, Admission::Seat seat, Deflate deflate);

  void on_ready(std::uint32_t events) override;

  void read();
  void take_event(const FrameReader::Event& event);
  void take_compressed(const FrameReader::Event& event);
  void take_message(std::string_view data, bool binary);
  bool write_compressed(Opcode opcode, std::string_view payload);
  void close(CloseCode code, std::string_view reason);
  bool write_shared(std::string_view frame);
  void copy_shared();
  void borrow();
  bool send_some();
  void send_out();
  void fail(CloseCode code);
  void leave_session(CloseReason reason);
  void lost(CloseReason reason);
  void die();
  std::string& output();
  Rare& rare();
  void start_close_timer();

  Connections& home_;
  engine::Session* session_ = nullptr;
  FrameReader reader_;
  std::unique_ptr<Output> output_;
  std::unique_ptr<Rare> rare_;
  Admission::Seat seat_;
  [[no_unique_address]] Stream stream_;
  Phase phase_ = Phase::open;
  const Deflate deflate_;
  bool waits_for_room_ = false;  ///< EPOLLOUT is armed
  bool write_ended_ = false;     ///< the peer has been told that nothing more comes
};

}  // namespace sioxx::net
