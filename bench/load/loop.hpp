#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "connection.hpp"

namespace bench {

class Loop;

/// What is done with the connections. Owned by main, called by Loop on the client's one thread.
class Scenario : public ConnectionListener {
 public:
  static constexpr std::uint64_t no_wake = ~std::uint64_t{0};

  virtual void start(Loop& loop, std::uint64_t now) = 0;
  /// After each batch of events and whenever wake_at_ns() is reached.
  virtual void on_turn(Loop& loop, std::uint64_t now) = 0;
  [[nodiscard]] virtual std::uint64_t wake_at_ns() const = 0;
  [[nodiscard]] virtual bool is_finished() const = 0;
};

/// The client's single thread: one edge-triggered epoll set (each line is added once, for both
/// directions, and never touched again), one receive buffer, output flushed after each connection's input.
/// Connections are owned by the scenario and must outlive the loop's run.
class Loop {
 public:
  static constexpr std::size_t receive_buffer_bytes = std::size_t{256} * 1024;

  /// Throws std::system_error when epoll cannot be had, std::runtime_error for a bad address.
  Loop(const std::string& ipv4_address, std::uint16_t port);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Starts a handshake. False with errno set when no socket could be had.
  [[nodiscard]] bool open(Connection& connection);

  /// Sends what is queued on `connection` by the end of the current step.
  void mark_dirty(Connection& connection);

  /// Reads again from a connection that was paused, what has arrived meanwhile first.
  void resume(Connection& connection, Scenario& scenario);

  /// Runs until the scenario is finished. False when `deadline_ns` came first.
  [[nodiscard]] bool run(Scenario& scenario, std::uint64_t deadline_ns);

 private:
  void wait(std::uint64_t now, std::uint64_t until_ns, std::vector<epoll_event>& events, int& ready);
  void on_ready(Line& line, std::uint32_t what, Scenario& scenario);
  void flush_dirty(Scenario& scenario);
  void flush(Connection& connection, Scenario& scenario);

  int epoll_ = -1;
  bool has_fine_timeouts_ = true;
  std::uint32_t address_ = 0;
  std::uint16_t port_ = 0;
  std::unique_ptr<char[]> buffer_;
  std::vector<Connection*> dirty_;
  std::vector<Connection*> flushing_;
};

}  // namespace bench
