#pragma once

#include "sioxx/loop/shard.hpp"
#include "sioxx/loop/timers.hpp"
#include "sioxx/net/house.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sioxx::net {

/// Accepts connections and gives each to the shard with the fewest. Owned by the Server; lives on shard 0
/// (start() and stop() on its thread; open() and port() before that, on any).
class Listener final : private loop::Pollable, private loop::Timer {
 public:
  static constexpr int backlog_max = 4'096;
  static constexpr int accepts_a_turn_max = 128;
  static constexpr loop::TimeMs pause_ms = 100;  ///< after the descriptors have run out

  explicit Listener(House& house) : house_(house) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() override;

  /// Binds and listens. "::" takes IPv4 too (and falls back to 0.0.0.0 where there is no IPv6). Throws
  /// std::system_error whose text says what to change.
  void open(const std::string& host, std::uint16_t port);
  /// The port bound, also when 0 was asked for; 0 before open().
  std::uint16_t port() const { return port_; }

  /// Begins to accept; connections that came since open() have waited in the backlog.
  void start();
  /// Closes the listening socket.
  void stop();

 private:
  void on_ready(std::uint32_t events) override;
  void on_timer(loop::TimeMs now) override;
  bool accept_one();
  void pause(int error);
  bool may_accept_another();

  House& house_;
  double places_ = 0;            ///< connections that may come now (Options::accepts_per_second_max)
  loop::TimeMs counted_at_ = 0;  ///< when places_ was last added to
  int fd_ = -1;
  std::uint16_t port_ = 0;
  bool watching_ = false;
  bool paused_ = false;
};

}  // namespace sioxx::net
