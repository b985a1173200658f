#include "loop.hpp"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "clock.hpp"

namespace bench {

namespace {

constexpr std::size_t events_per_turn = 256;
constexpr std::uint64_t longest_wait_ns = 100 * ns_per_ms;

}  // namespace

Loop::Loop(const std::string& ipv4_address, std::uint16_t port)
    : port_(port), buffer_(std::make_unique<char[]>(receive_buffer_bytes)) {
  in_addr parsed{};
  if (::inet_pton(AF_INET, ipv4_address.c_str(), &parsed) != 1) {
    throw std::runtime_error("not an IPv4 address: " + ipv4_address);
  }
  address_ = parsed.s_addr;
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  ::prctl(PR_SET_TIMERSLACK, 1000UL);  // ns: a message that is due must not wait 50 us for the kernel
}

Loop::~Loop() { ::close(epoll_); }

bool Loop::open(Connection& connection) {
  if (!connection.open(address_, port_)) return false;
  for (std::size_t i = 0; i < connection.line_count(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = &connection.line(i);
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.line(i).descriptor(), &event) != 0) return false;
  }
  return true;
}

void Loop::mark_dirty(Connection& connection) {
  if (connection.is_dirty) return;
  connection.is_dirty = true;
  dirty_.push_back(&connection);
}

void Loop::resume(Connection& connection, Scenario& scenario) {
  connection.is_paused = false;
  for (std::size_t i = 0; i < connection.line_count(); ++i) on_ready(connection.line(i), EPOLLIN, scenario);
}

bool Loop::run(Scenario& scenario, std::uint64_t deadline_ns) {
  std::vector<epoll_event> events(events_per_turn);
  std::uint64_t now = now_ns();
  scenario.start(*this, now);
  flush_dirty(scenario);
  while (!scenario.is_finished()) {
    if (now >= deadline_ns) return false;
    int ready = 0;
    wait(now, std::min(scenario.wake_at_ns(), deadline_ns), events, ready);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      on_ready(*static_cast<Line*>(event.data.ptr), event.events, scenario);
      flush_dirty(scenario);
    }
    now = now_ns();
    scenario.on_turn(*this, now);
    flush_dirty(scenario);
  }
  return true;
}

void Loop::wait(std::uint64_t now, std::uint64_t until_ns, std::vector<epoll_event>& events, int& ready) {
  const std::uint64_t span = until_ns <= now ? 0 : std::min(until_ns - now, longest_wait_ns);
  if (has_fine_timeouts_) {
    const timespec timeout{0, static_cast<long>(span)};
    ready = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    if (ready >= 0 || errno != ENOSYS) return;
    has_fine_timeouts_ = false;  // Linux before 5.11: whole milliseconds, rounded down, then spinning
  }
  ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                       static_cast<int>(span / ns_per_ms));
}

void Loop::on_ready(Line& line, std::uint32_t what, Scenario& scenario) {
  if (line.state() == Line::State::closed) return;  // closed earlier in this batch
  Connection& connection = *line.owner;
  if (line.state() == Line::State::connecting) {
    connection.on_writable(line, scenario);
    mark_dirty(connection);
    return;
  }
  if ((what & EPOLLOUT) != 0 && connection.has_output()) mark_dirty(connection);
  if ((what & (EPOLLIN | EPOLLERR | EPOLLHUP)) == 0 || connection.is_paused) return;
  ssize_t n = 0;
  do {  // a full buffer: there may be more, and an edge is told once
    n = ::recv(line.descriptor(), buffer_.get(), receive_buffer_bytes, 0);
    if (n <= 0) break;
    connection.on_bytes(line, {buffer_.get(), static_cast<std::size_t>(n)}, now_ns(), scenario);
    if (line.state() == Line::State::closed) return;
  } while (static_cast<std::size_t>(n) == receive_buffer_bytes);
  if (n == 0) {
    connection.on_end("the server closed the connection", scenario);
  } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
    connection.on_end("the connection was reset", scenario);
  } else if (connection.has_output()) {
    mark_dirty(connection);
  }
}

void Loop::flush_dirty(Scenario& scenario) {
  while (!dirty_.empty()) {
    flushing_.swap(dirty_);
    for (Connection* connection : flushing_) {
      connection->is_dirty = false;
      flush(*connection, scenario);
    }
    flushing_.clear();
  }
}

void Loop::flush(Connection& connection, Scenario& scenario) {
  if (connection.state() == Connection::State::closed) return;
  if (connection.flush() == Line::Flush::failed) connection.on_end("the connection was reset", scenario);
}

}  // namespace bench
