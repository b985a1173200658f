#include "sioxx/redis/connection.hpp"

#include "sioxx/loop/fault.hpp"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace sioxx::redis {
namespace {

/// Bytes that are taken from the kernel before others have their turn.
constexpr std::size_t read_bytes_a_turn_max = 1'048'576;
/// When the mailbox is full.
constexpr int post_again_ms = 10;

std::string reason(int error) { return std::strerror(error); }

std::string sentence(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

}  // namespace

struct Connection::Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

/// What the resolving thread and the shard share: which of them is still there is asked on the shard alone.
struct Connection::Resolution {
  Connection* asker;
};

void Connection::ReaderFree::operator()(void* reader) const {
  redisReaderFree(static_cast<redisReader*>(reader));
}

Connection::Connection(loop::Shard& shard, Options options, Use use, Listener& listener)
    : shard_(shard), options_(std::move(options)), use_(use), listener_(listener) {}

Connection::~Connection() {
  stop();
  if (resolution_) resolution_->asker = nullptr;
}

void Connection::start() {
  if (state_ != State::resting) return;
  failures_ = 0;
  told_lost_ = false;
  resolve();
}

void Connection::stop() {
  if (state_ == State::resting) return;
  state_ = State::resting;
  disarm();
  close();
}

std::string Connection::where() const { return options_.host + ":" + std::to_string(options_.port); }

// ---- getting there

void Connection::resolve() {
  state_ = State::resolving;
  shard_.timers().arm(*this, shard_.now() + options_.connect_timeout_ms);
  const auto look_up = [host = options_.host, port = std::to_string(options_.port)](int flags,
                                                                                    std::string& why) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    std::vector<Address> found;
    if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list); error != 0) {
      why = sentence({host, " cannot be resolved: ", ::gai_strerror(error)});
      return found;
    }
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
      Address& address = found.emplace_back();
      std::memcpy(&address.bytes, entry->ai_addr, entry->ai_addrlen);
      address.size = entry->ai_addrlen;
    }
    ::freeaddrinfo(list);
    return found;
  };
  std::string why;
  if (auto found = look_up(AI_NUMERICHOST, why); !found.empty()) return resolved(found, {});
  // Asking for a name may take seconds, so a thread of its own does it; one at a time, and a late answer serves
  // the attempt that is then under way.
  if (resolution_) return;
  resolution_ = std::make_shared<Resolution>(Resolution{this});
  resolver_ =
      std::jthread([look_up, &shard = shard_, resolution = resolution_](const std::stop_token& ended) {
        std::string trouble;
        const auto found = look_up(0, trouble);
        while (!ended.stop_requested() && !shard.post([resolution, found, trouble] {
          Connection* const asker = resolution->asker;
          if (asker == nullptr) return;
          asker->resolution_.reset();
          asker->resolved(found, trouble);
        })) {
          std::this_thread::sleep_for(std::chrono::milliseconds(post_again_ms));
        }
      });
}

void Connection::resolved(const std::vector<Address>& addresses, std::string why) {
  if (state_ != State::resolving) return;
  if (addresses.empty()) return lose(std::move(why));
  addresses_.assign(addresses.rbegin(), addresses.rend());  // taken from the back
  connect();
}

void Connection::connect() {
  int error = 0;
  while (!addresses_.empty()) {
    const Address address = addresses_.back();
    addresses_.pop_back();
    fd_ = ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
      error = errno;
      continue;
    }
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const bool begun = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address.bytes), address.size) == 0 ||
                       errno == EINPROGRESS;
    error = begun ? 0 : errno;
    if (begun && shard_.watch(fd_, EPOLLOUT, *this)) {
      watched_ = EPOLLOUT;
      state_ = State::connecting;
      return;
    }
    ::close(std::exchange(fd_, -1));
  }
  lose(sentence(
      {"cannot connect to ", where(), ": ", error == 0 ? "no descriptor to be had" : reason(error)}));
}

void Connection::connected() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    close();
    if (!addresses_.empty()) return connect();
    return lose(sentence({"cannot connect to ", where(), ": ", reason(error)}));
  }
  watched_ = EPOLLIN;
  shard_.change(fd_, watched_, *this);
  greet();
}

void Connection::greet() {
  state_ = State::greeting;
  reader_.reset(redisReaderCreate());
  greetings_left_ = 0;
  const auto say = [&](std::initializer_list<std::string_view> words) {
    write_later(std::span(words.begin(), words.size()));
    ++greetings_left_;
  };
  if (!options_.user.empty()) {
    say({"AUTH", options_.user, options_.password});
  } else if (!options_.password.empty()) {
    say({"AUTH", options_.password});
  }
  if (options_.database != 0) say({"SELECT", std::to_string(options_.database)});
  say({"CLIENT", "SETNAME", options_.client_name});
  flush();
}

void Connection::greeting_answered(const Reply& reply) {
  if (reply.failed()) return lose(sentence({where(), " refuses us: ", reply.text()}));
  if (--greetings_left_ == 0) become_ready();
}

void Connection::become_ready() {
  state_ = State::ready;
  failures_ = 0;
  told_lost_ = false;
  ping_sent_ = false;
  heard_ = shard_.now();
  shard_.timers().arm(*this, heard_ + options_.ping_interval_ms);
  listener_.on_redis_ready();
}

// ---- talking

bool Connection::command(std::span<const std::string_view> words, OnReply on_reply) {
  if (state_ != State::ready || output_.size() - written_ >= options_.output_bytes_max) return false;
  if (use_ == Use::commander) {
    if (waiting_.size() >= options_.replies_waiting_max) return false;
    waiting_.push_back(std::move(on_reply));
  }
  write_later(words);
  return true;
}

void append_command(std::string& out, std::span<const std::string_view> words) {
  out.append("*").append(std::to_string(words.size())).append("\r\n");
  for (const std::string_view word : words) {
    out.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
  }
}

void Connection::write_later(std::span<const std::string_view> words) {
  append_command(output_, words);
  shard_.at_turn_end(*this);
}

void Connection::flush() {
  if (fd_ < 0 || state_ == State::connecting || state_ == State::resolving) return;
  while (written_ < output_.size()) {
    const int failing = loop::fault::at(loop::fault::Point::write);
    const auto sent =
        failing != 0 ? -1 : ::send(fd_, output_.data() + written_, output_.size() - written_, MSG_NOSIGNAL);
    if (sent > 0) {
      written_ += static_cast<std::size_t>(sent);
      continue;
    }
    const int error = failing != 0 ? failing : errno;
    if (error == EINTR) continue;
    if (error == EAGAIN || error == EWOULDBLOCK) break;
    return lose(sentence({"the connection was lost while writing: ", reason(error)}));
  }
  if (written_ == output_.size()) {
    output_.clear();
    written_ = 0;
  } else if (written_ > output_.size() / 2) {
    output_.erase(0, std::exchange(written_, 0));
  }
  const std::uint32_t wanted = output_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
  if (wanted != watched_) shard_.change(fd_, watched_ = wanted, *this);
}

void Connection::on_ready(std::uint32_t events) {
  if (state_ == State::connecting) return connected();
  if ((events & EPOLLOUT) != 0) flush();
  if (fd_ >= 0 && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) read();
}

void Connection::read() {
  auto* const reader = static_cast<redisReader*>(reader_.get());
  for (std::size_t taken = 0; taken < read_bytes_a_turn_max;) {
    const auto into = shard_.scratch();
    const int failing = loop::fault::at(loop::fault::Point::read);
    const auto got = failing != 0 ? -1 : ::recv(fd_, into.data(), into.size(), 0);
    if (got == 0) return lose("the server has closed the connection");
    if (got < 0) {
      const int error = failing != 0 ? failing : errno;
      if (error == EINTR) continue;
      if (error == EAGAIN || error == EWOULDBLOCK) return;
      return lose(sentence({"the connection was lost while reading: ", reason(error)}));
    }
    taken += static_cast<std::size_t>(got);
    heard_ = shard_.now();
    ping_sent_ = false;
    redisReaderFeed(reader, into.data(), static_cast<std::size_t>(got));
    for (;;) {
      void* raw = nullptr;
      if (redisReaderGetReply(reader, &raw) != REDIS_OK) return lose("the server does not speak RESP");
      if (raw == nullptr) break;
      const std::unique_ptr<void, void (*)(void*)> reply(raw, freeReplyObject);
      take(Reply(static_cast<const redisReply*>(raw)));
      if (reader_.get() != reader) return;  // lost or stopped by what it led to
    }
    if (reader->len > options_.reply_bytes_max) return lose("an answer is longer than reply_bytes_max");
    if (static_cast<std::size_t>(got) < into.size()) return;
  }
}

void Connection::take(const Reply& reply) {
  if (state_ == State::greeting) return greeting_answered(reply);
  if (use_ == Use::subscriber) {
    if (reply.kind() == Reply::Kind::error) return lose(sentence({"the server refuses: ", reply.text()}));
    if (reply.size() > 0 && reply[0].text() != "pong") listener_.on_redis_push(reply);
    return;
  }
  if (waiting_.empty()) return lose("the server has answered what nobody asked");
  const OnReply on_reply = std::move(waiting_.front());
  waiting_.pop_front();
  if (on_reply) on_reply(&reply);
}

// ---- losing it, and trying again

void Connection::on_timer(loop::TimeMs now) {
  switch (state_) {
    case State::resting: return;
    case State::pausing: return resolve();
    case State::resolving:
    case State::connecting:
    case State::greeting:
      return lose(sentence(
          {where(), " does not answer within ", std::to_string(options_.connect_timeout_ms), " ms"}));
    case State::ready: break;
  }
  if (ping_sent_) {
    return lose(sentence({where(), " is silent for ",
                          std::to_string(options_.ping_interval_ms + options_.ping_timeout_ms), " ms"}));
  }
  if (now - heard_ < options_.ping_interval_ms) {
    return shard_.timers().arm(*this, heard_ + options_.ping_interval_ms);
  }
  ask_for_life();
}

void Connection::ask_for_life() {
  constexpr std::string_view ping[] = {"PING"};
  if (use_ == Use::commander) waiting_.emplace_back();
  write_later(ping);
  ping_sent_ = true;
  shard_.timers().arm(*this, shard_.now() + options_.ping_timeout_ms);
}

void Connection::lose(std::string why) {
  close();
  state_ = State::pausing;
  const unsigned doublings = std::min(failures_++, 16u);
  // Half of it by chance: all who were lost together must not come back together.
  const loop::TimeMs longest = std::min(options_.retry_max_ms, options_.retry_min_ms << doublings);
  const loop::TimeMs pause = longest - std::uniform_int_distribution<loop::TimeMs>(0, longest / 2)(chance_);
  shard_.timers().arm(*this, shard_.now() + pause);
  if (!std::exchange(told_lost_, true)) listener_.on_redis_lost(why);
}

void Connection::close() {
  if (fd_ >= 0) {
    shard_.unwatch(fd_, *this);
    ::close(std::exchange(fd_, -1));
  }
  watched_ = 0;
  reader_.reset();
  output_.clear();
  written_ = 0;
  ping_sent_ = false;
  const auto unanswered = std::exchange(waiting_, {});
  for (const OnReply& on_reply : unanswered) {
    if (on_reply) on_reply(nullptr);
  }
}

}  // namespace sioxx::redis
