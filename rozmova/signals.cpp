#include "rozmova/signals.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>
#include <utility>

namespace rozmova {

namespace {

sigset_t watched(bool hangups) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (hangups) sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

Signals::Signals(bool hangups) : hangups_(hangups) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is a full disk: an error to answer, not the end
  const sigset_t set = watched(hangups);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal_fd_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  stop_fd_ = ::eventfd(0, EFD_CLOEXEC);
  if (signal_fd_ < 0 || stop_fd_ < 0)
    throw std::system_error(errno, std::generic_category(), "cannot wait for signals");
}

Signals::~Signals() {
  stop();
  ::close(signal_fd_);
  ::close(stop_fd_);
}

Signals::Watch Signals::watch(std::function<void(int, int)> told, std::function<void()> hung_up) {
  told_ = std::move(told);
  hung_up_ = std::move(hung_up);
  thread_ = std::thread([this] { wait(); });
  return Watch(*this);
}

void Signals::stop() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_fd_, &one, sizeof one);
  thread_.join();
  // Nobody listens any more: whatever still hangs (a terminal that is not read) can be ended in the ordinary way.
  const sigset_t set = watched(hangups_);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Signals::wait() {
  int times = 0;
  while (true) {
    pollfd fds[] = {{signal_fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[1].revents != 0) return;
    signalfd_siginfo info{};
    if (::read(signal_fd_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) continue;
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGHUP) {
      if (hung_up_) hung_up_();
      continue;
    }
    if (++times > 2) ::_exit(128 + signal);
    told_(signal, times);
  }
}

}  // namespace rozmova
