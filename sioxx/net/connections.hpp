#pragma once

#include "sioxx/loop/shard.hpp"
#include "sioxx/loop/timers.hpp"
#include "sioxx/net/admission.hpp"
#include "sioxx/net/counters.hpp"
#include "sioxx/net/house.hpp"
#include "sioxx/net/message_deflate.hpp"
#include "sioxx/net/peers.hpp"
#include "sioxx/net/shared_run.hpp"
#include "sioxx/net/stream.hpp"
#include "sioxx/net/zip.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sioxx::net {

class Connections;
class Relay;

/// A connection as its shard keeps it: HTTP (Connection) or WebSocket. Owned by the list it is linked in.
class Tracked : public loop::Pollable {
 public:
  Tracked(const Tracked&) = delete;
  Tracked& operator=(const Tracked&) = delete;
  ~Tracked() override;
  /// The shard wants it gone: at once when idle, else after what it is answering.
  virtual void wind_up() = 0;
  /// The shard itself is going: tell the session, then die.
  virtual void abandon() = 0;

 protected:
  Tracked() = default;

 private:
  friend class Connections;
  Tracked* previous_ = nullptr;
  Tracked* next_ = nullptr;
};

class WebSocket;

/// Bytes on their way out of one WebSocket; borrowed from the shard while there are any.
struct Output final : loop::TurnEnd {
  void on_turn_end() override;

  std::string bytes;
  std::size_t sent = 0;        ///< of `bytes`, already taken by the kernel
  SharedRun::Piece piece;      ///< instead of `bytes`, in this turn
  WebSocket* owner = nullptr;  ///< who sends it at the end of the turn
};

/// Why somebody is not let in, though he has come in far enough to be told.
struct TurnedAway {
  int status = 503;
  std::string_view code, reason;
};

/// Everything that is connected to one shard. Built and owned by the Server, one per shard; shard's thread
/// only. Dies before the shard; what is still connected then is dropped, and sessions that are still there
/// are told.
class Connections {
 public:
  static constexpr std::size_t spare_outputs_max = 1'024;
  static constexpr std::size_t spare_output_bytes_max = 16'384;
  static constexpr std::size_t spare_outputs_bytes_max = 1'048'576;  ///< of all of them
  /// Handshakes of TLS that one turn goes on with: each costs about a millisecond of signing.
  static constexpr int tls_handshakes_a_turn_max = 8;
  /// Connections at a time that are there only to be told why they cannot stay; past that they are closed without a word.
  static constexpr std::size_t turned_away_max = 256;
  /// Lines about refused requests; the rest of a second is one line with their number.
  static constexpr unsigned refusal_lines_a_second_max = 20;

  Connections(House& house, unsigned shard);
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  ~Connections();

  /// A fresh TCP connection: takes the descriptor and speaks HTTP on it.
  void adopt(Stream stream, const IpAddress& address, Admission::Seat seat);
  /// One that has no seat: reads its request, so that the answer arrives and a page of an allowed origin can read it.
  void turn_away(Stream stream, const IpAddress& address, const TurnedAway& why);
  /// Connections adopted from now on speak TLS; null: they do not.
  void use_tls(std::shared_ptr<const TlsContext> context) { tls_ = std::move(context); }
  /// Whose sessions live elsewhere from now on; requests that are on their way go on.
  void use_peers(std::shared_ptr<const Peers> peers);
  /// Null while nobody else is known.
  const std::shared_ptr<Relay>& relay() const { return relay_; }

  /// From now on new handshakes are answered 503 with Retry-After; what is open goes on.
  void drain() { draining_ = true; }
  bool draining() const { return draining_; }
  /// Ends HTTP connections: idle ones at once, the others after the answer that they wait for. WebSockets end
  /// with their sessions (Sessions::close_all). Also every later connection is refused.
  void close_all();
  /// Connections that have not gone yet, closing ones included.
  std::size_t size() const { return size_; }

  const Counters& counters() const { return counters_; }

  // ---- for the connections themselves ---------------------------------------------------------------------
  House& house() { return house_; }
  loop::Shard& shard() { return shard_; }
  unsigned index() const { return shard_.index(); }
  const Options& options() const { return house_.options(); }
  engine::Sessions& sessions(unsigned route) { return house_.sessions(shard_.index(), route); }
  Counters& count() { return counters_; }
  /// "http_refused", unless there have been too many of them this second.
  void log_refusal(std::string_view address, std::string_view reason, std::string_view detail);
  /// "http_handler_failed": what an application's function threw.
  void log_failure(std::string_view why);
  /// Whether this turn has time for one more step of a TLS handshake; if not, epoll will ask again.
  bool may_shake_hands();
  void one_turned_away_left() { --turned_away_; }
  bool closing() const { return closing_; }

  /// Links a new connection in; from here on it is owned.
  void keep(std::unique_ptr<Tracked> connection);
  /// Unlinks it and frees it at the end of the turn.
  void bury(Tracked& connection);

  /// What this turn sends to many.
  SharedRun& shared_run() { return shared_run_; }
  std::unique_ptr<Output> borrow_output();
  void give_back(std::unique_ptr<Output> output);

  /// The shard's compressors; made when first needed.
  Zip& zip();
  MessageDeflate& message_deflate();

  /// "Date: …\r\n" of this second.
  std::string_view date_header();

  /// Sessions whose POST is still arriving; a second one at the same time is an error of the client.
  bool begin_post(std::string_view sid) { return posting_.emplace(sid).second; }
  void end_post(const std::string& sid) { posting_.erase(sid); }
  bool posting(std::string_view sid) const {
    return !posting_.empty() && posting_.contains(std::string(sid));
  }

 private:
  class Handshakes final : public loop::TurnEnd {
   public:
    void on_turn_end() override { this_turn = 0; }
    int this_turn = 0;
  };
  class Refusals final : public loop::Timer {
   public:
    explicit Refusals(Connections& home) : home_(home) {}
    void on_timer(loop::TimeMs) override;
    unsigned lines = 0;
    std::uint64_t suppressed = 0;

   private:
    Connections& home_;
  };
  bool secured(Stream& stream) const { return tls_ == nullptr || stream.start_tls(*tls_); }

  House& house_;
  loop::Shard& shard_;
  Counters counters_;
  std::shared_ptr<const TlsContext> tls_;
  std::shared_ptr<Relay> relay_;
  Handshakes handshakes_;
  Refusals refusals_{*this};
  std::size_t turned_away_ = 0;
  Tracked* first_ = nullptr;
  std::size_t size_ = 0;
  bool draining_ = false;
  bool closing_ = false;
  std::vector<std::unique_ptr<Output>> spare_outputs_;
  std::size_t spare_outputs_bytes_ = 0;
  SharedRun shared_run_;
  std::unique_ptr<Zip> zip_;
  std::unique_ptr<MessageDeflate> message_deflate_;
  std::unordered_set<std::string> posting_;
  loop::WallMs date_second_ = -1;
  std::string date_;
};

}  // namespace sioxx::net
