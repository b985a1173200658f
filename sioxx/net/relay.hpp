#pragma once

#include "sioxx/loop/shard.hpp"
#include "sioxx/net/http.hpp"
#include "sioxx/net/peers.hpp"
#include "sioxx/net/stream.hpp"
#include "sioxx/net/upstream.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sioxx::net {

class Connection;
class Connections;

/// What one shard needs to give other processes the requests that are theirs: who they are, and connections to them
/// that wait for the next request. Owned by the Connections of the shard; shard's thread only.
class Relay {
 public:
  /// Requests on their way at one time; the next ones are answered as if their session were gone.
  static constexpr std::size_t requests_max = 10'000;
  static constexpr std::size_t idle_streams_a_peer_max = 16;
  /// Far below what the other process waits for the next request, so that it seldom ends a connection that we are
  /// about to use.
  static constexpr loop::TimeMs idle_ms_max = 5'000;

  Relay(loop::Shard& shard, std::shared_ptr<const Peers> peers);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  const Peer* find(const engine::NodeTag& tag) const { return peers_->find(tag); }
  /// A connection that has carried requests and waits; none when there is none.
  Stream borrow(const engine::NodeTag& tag);
  void give_back(const engine::NodeTag& tag, Stream stream);
  std::size_t requests() const { return requests_; }

 private:
  friend class Relayed;
  class Idle;
  void forget(Idle& idle);

  loop::Shard& shard_;
  const std::shared_ptr<const Peers> peers_;
  std::unordered_map<std::string, std::vector<std::unique_ptr<Idle>>> idle_;
  std::size_t requests_ = 0;
};

/// One request of a client whose session lives in another process: carried there, and the answer back. Owned by its
/// Connection; shard's thread only.
class Relayed final : public loop::Buried, private Upstream::Listener {
 public:
  /// Null when it cannot be carried: nobody of that name is known, or too many are on their way.
  static std::unique_ptr<Relayed> begin(Connection& connection, std::shared_ptr<Relay> relay,
                                        const engine::NodeTag& home, const http::Request& request);
  ~Relayed() override;
  /// The connection does not want an answer any more.
  void cancel();
  /// Whether it waits for news (a GET): then a client that goes away takes it with him.
  bool polls() const { return polls_; }

 private:
  Relayed(Connection& connection, std::shared_ptr<Relay> relay, const engine::NodeTag& home);
  void ask(Stream stream);
  void on_peer_answer(http::Response response, bool reusable) override;
  void on_peer_upgraded(std::string_view head, std::string_view rest) override;
  void on_peer_lost(std::string_view why) override;

  Connection& connection_;
  const std::shared_ptr<Relay> relay_;
  const engine::NodeTag home_;
  std::string request_;
  std::unique_ptr<Upstream> upstream_;
  bool polls_ = false;
};

/// The request as it is sent on: what concerns only the first connection (RFC 9110 §7.6.1) is left out, `note` says whose
/// it is.
std::string relayed_request(const http::Request& request, std::string_view note);

}  // namespace sioxx::net
