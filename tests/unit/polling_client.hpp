#pragma once

#include <boost/json/value.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// The smallest honest clients of a running server, for tests in this process: plain HTTP, and Socket.IO over
// it. They wait for events, never for time to pass.

namespace testing_clients {

namespace json = boost::json;

/// Everything that is waited for must come within this; generous, because sanitizers and busy machines are
/// slow.
inline constexpr std::chrono::seconds patience{20};

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  json::value json() const;
};

/// One TCP connection to 127.0.0.1; requests go one after the other.
class Http {
 public:
  explicit Http(std::uint16_t port) : port_(port) {}
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  /// `headers`: finished lines, each with CRLF. Throws when the connection ends without an answer.
  Answer ask(std::string_view method, std::string_view target, std::string_view headers = {},
             std::string_view body = {});
  /// From another thread: an ask() that waits ends by throwing.
  void hang_up();

 private:
  void connect();
  Answer read_answer();

  std::uint16_t port_;
  std::mutex mutex_;  ///< of fd_ only: hang_up() comes from elsewhere
  int fd_ = -1;
};

/// What a device was told, in order.
struct Heard {
  std::string event;
  json::value data;
  bool taken = false;
};

/// One Socket.IO client on the default namespace, by long-polling.
class Device {
 public:
  /// Connects; `auth` is the CONNECT payload. What came of it: connected(), or refusal().
  Device(std::uint16_t port, const json::value& auth, std::string_view headers = {});
  ~Device();

  bool connected() const { return connected_; }
  const std::string& sid() const { return sid_; }
  /// `{message, data:{code}}` of CONNECT_ERROR.
  const json::value& refusal() const { return refusal_; }

  /// Sends an event, waits for its ack.
  json::value asks(std::string_view event, const json::value& payload);
  /// Sends an event with an ack and does not wait; the answer comes by answer().
  std::uint64_t begins(std::string_view event, const json::value& payload);
  /// The same event `times` over, in one request.
  std::vector<std::uint64_t> begins(std::string_view event, const json::value& payload, int times);
  json::value answer(std::uint64_t id);
  void tells(std::string_view event, const json::value& payload);

  using Wanted = std::function<bool(const json::value&)>;
  /// The next event of that name (and kind) not yet taken; looks back first.
  json::value hears(std::string_view event, const Wanted& wanted = {});
  /// How many of those have come so far.
  std::size_t heard(std::string_view event, const Wanted& wanted = {});
  /// All of that name so far.
  std::vector<json::value> all(std::string_view event);
  /// Waits until the server has ended the connection.
  void is_sent_away();
  /// DISCONNECT, and no more polls.
  void leaves();

 private:
  void post(std::string body);
  void listen();
  void packet(std::string_view text);
  template <class Ready>
  void wait(const char* what, Ready ready);

  Http up_, down_;
  std::string headers_, sid_, target_;
  std::mutex post_mutex_;
  std::thread listener_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool connected_ = false, settled_ = false, ended_ = false;
  json::value refusal_;
  std::deque<Heard> inbox_;
  std::vector<std::pair<std::uint64_t, json::value>> answers_;
  std::uint64_t next_id_ = 0;
};

}  // namespace testing_clients
