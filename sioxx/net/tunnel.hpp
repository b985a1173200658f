#pragma once

#include "sioxx/loop/shard.hpp"
#include "sioxx/loop/timers.hpp"
#include "sioxx/net/admission.hpp"
#include "sioxx/net/connections.hpp"
#include "sioxx/net/stream.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sioxx::net {

/// A WebSocket whose session lives in another process: bytes go through in both directions as they come, nothing is
/// looked at. Ends when either side does, once the other has been given what was left. Owned by the list of its shard's
/// connections; shard's thread only.
class Tunnel final : public Tracked, private loop::Timer {
 public:
  /// Taken from one side and not yet by the other, each way; then the first is not read.
  static constexpr std::size_t waiting_bytes_max = 262'144;

  /// Takes over the client's descriptor, which the shard watches for somebody else, and the node's, which nobody watches.
  static void begin(Connections& home, Stream client, Admission::Seat seat, Stream node,
                    std::string to_client, std::string to_node);
  ~Tunnel() override;

  void wind_up() override { die(); }
  void abandon() override { die(); }

 private:
  struct Side final : public loop::Pollable {
    Side(Tunnel& its_tunnel, Stream its_stream, std::string its_output)
        : tunnel(its_tunnel), stream(std::move(its_stream)), output(std::move(its_output)) {}
    void on_ready(std::uint32_t happened) override { tunnel.on_ready(*this, happened); }
    std::size_t waiting() const { return output.size() - sent; }

    Tunnel& tunnel;
    Stream stream;
    std::string output;    ///< for this side
    std::size_t sent = 0;  ///< of it
    std::uint32_t events = 0;
    bool ended = false;  ///< nothing more comes from it
  };

  Tunnel(Connections& home, Stream client, Admission::Seat seat, Stream node, std::string to_client,
         std::string to_node);
  void on_ready(std::uint32_t) override {}  // its sides hear for it
  void on_ready(Side& side, std::uint32_t events);
  void on_timer(loop::TimeMs) override { die(); }
  Side& other(const Side& side) { return &side == &client_ ? node_ : client_; }
  bool read(Side& side);
  bool write(Side& side);
  void settle();
  void update_interest(Side& side);
  void heard();
  void die();

  Connections& home_;
  Admission::Seat seat_;
  Side client_, node_;
  bool dead_ = false;
};

}  // namespace sioxx::net
