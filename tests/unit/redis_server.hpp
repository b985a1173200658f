#pragma once

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <string>
#include <vector>

namespace rozmova_test {

/// A real redis-server of the test's own on a free port of 127.0.0.1, keeping nothing; ended with the test.
class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> extra = {}) : extra_(std::move(extra)), port_(free_port()) {
    start();
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() { kill(); }

  std::uint16_t port() const { return port_; }

  void start() {
    int said[2];
    ASSERT_EQ(::pipe2(said, O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(said[1], 1);
      std::vector<std::string> words = {
          "redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--save", "",
          "--appendonly", "no",     "--daemonize",         "no"};
      words.insert(words.end(), extra_.begin(), extra_.end());
      std::vector<char*> argv;
      for (auto& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(said[1]);
    std::string log;
    char bytes[4'096];
    while (log.find("Ready to accept connections") == std::string::npos) {
      const auto got = ::read(said[0], bytes, sizeof bytes);
      ASSERT_GT(got, 0) << "redis-server did not start: " << log;
      log.append(bytes, static_cast<std::size_t>(got));
    }
    ::close(said_);
    said_ = said[0];  // kept open: a server that cannot write its log would die
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    ::close(said_);
    said_ = -1;
  }
  void freeze() { ::kill(pid_, SIGSTOP); }
  void thaw() { ::kill(pid_, SIGCONT); }

 private:
  static std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(fd);
    return ntohs(address.sin_port);
  }

  std::vector<std::string> extra_;
  std::uint16_t port_;
  pid_t pid_ = -1;
  int said_ = -1;
};

}  // namespace rozmova_test
