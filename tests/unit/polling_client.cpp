#include "tests/unit/polling_client.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace testing_clients {

json::value Answer::json() const { return boost::json::parse(body); }

// ---- Http

Http::~Http() {
  if (fd_ >= 0) ::close(fd_);
}

void Http::connect() {
  const std::lock_guard lock(mutex_);
  if (fd_ >= 0) return;
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    throw std::system_error(errno, std::generic_category(), "connect");
  }
  const timeval limit{patience.count(), 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

void Http::hang_up() {
  const std::lock_guard lock(mutex_);
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

Answer Http::ask(std::string_view method, std::string_view target, std::string_view headers,
                 std::string_view body) {
  connect();
  std::string request;
  request.append(method)
      .append(" ")
      .append(target)
      .append(" HTTP/1.1\r\nHost: localhost\r\n")
      .append(headers);
  if (method != "GET") request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  request.append("\r\n").append(body);
  for (std::size_t sent = 0; sent < request.size();) {
    const ssize_t n = ::send(fd_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) throw std::runtime_error("the connection ended while sending");
    sent += static_cast<std::size_t>(n);
  }
  return read_answer();
}

Answer Http::read_answer() {
  std::string bytes;
  const auto more = [&] {
    char buffer[16'384];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) throw std::runtime_error("the connection ended without an answer");
    bytes.append(buffer, static_cast<std::size_t>(n));
  };
  std::size_t head_end;
  while ((head_end = bytes.find("\r\n\r\n")) == std::string::npos) more();
  Answer answer;
  answer.head = bytes.substr(0, head_end + 2);
  answer.status = std::atoi(answer.head.c_str() + 9);
  std::string lower = answer.head;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t length_at = lower.find("\r\ncontent-length:");
  const std::size_t length = length_at == std::string::npos
                                 ? 0
                                 : static_cast<std::size_t>(std::atoll(lower.c_str() + length_at + 17));
  while (bytes.size() < head_end + 4 + length) more();
  answer.body = bytes.substr(head_end + 4, length);
  if (lower.find("connection: close") != std::string::npos) {
    const std::lock_guard lock(mutex_);
    ::close(fd_);
    fd_ = -1;
  }
  return answer;
}

// ---- Device

Device::Device(std::uint16_t port, const json::value& auth, std::string_view headers)
    : up_(port), down_(port), headers_(headers) {
  const Answer open = down_.ask("GET", "/socket.io/?EIO=4&transport=polling", headers_);
  if (open.status != 200) throw std::runtime_error("handshake: " + std::to_string(open.status));
  sid_ = json::parse(open.body.substr(1)).at("sid").as_string().c_str();
  target_ = "/socket.io/?EIO=4&transport=polling&sid=" + sid_;
  post("40" + (auth.is_null() ? std::string() : json::serialize(auth)));
  listener_ = std::thread([this] { listen(); });
  wait("the answer to CONNECT", [this] { return settled_ || ended_; });
}

Device::~Device() {
  down_.hang_up();
  up_.hang_up();
  if (listener_.joinable()) listener_.join();
}

void Device::post(std::string body) {
  const std::lock_guard lock(post_mutex_);
  up_.ask("POST", target_, headers_ + "Content-Type: text/plain;charset=UTF-8\r\n", body);
}

void Device::listen() {
  try {
    while (true) {
      const Answer answer = down_.ask("GET", target_, headers_);
      if (answer.status != 200) break;
      std::string_view rest = answer.body;
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\x1e'), rest.size());
        packet(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
  } catch (const std::exception&) {
    // Hung up, by them or by us.
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Device::packet(std::string_view text) {
  if (text == "2") return post("3");
  if (text.size() < 2 || text[0] != '4') return;
  const char type = text[1];
  text.remove_prefix(2);
  const std::lock_guard lock(mutex_);
  if (type == '0') {
    connected_ = settled_ = true;
  } else if (type == '4') {
    refusal_ = json::parse(text);
    settled_ = true;
  } else if (type == '1') {
    ended_ = true;
  } else if (type == '2') {
    const auto args = json::parse(text).as_array();
    const auto& name = args.at(0).as_string();
    inbox_.push_back(
        {std::string(name.c_str(), name.size()), args.size() > 1 ? args[1] : json::value(), false});
  } else if (type == '3') {
    const std::size_t at = text.find('[');
    answers_.emplace_back(std::stoull(std::string(text.substr(0, at))),
                          json::parse(text.substr(at)).as_array().at(0));
  }
  changed_.notify_all();
}

template <class Ready>
void Device::wait(const char* what, Ready ready) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, patience, ready)) {
    std::string last;
    for (const Heard& one : inbox_)
      last += "\n  " + one.event + " " + json::serialize(one.data).substr(0, 200);
    throw std::runtime_error(std::string("waited in vain for ") + what + "; heard:" + last);
  }
}

std::uint64_t Device::begins(std::string_view event, const json::value& payload) {
  const std::uint64_t id = next_id_++;
  post("42" + std::to_string(id) + json::serialize(json::array{event, payload}));
  return id;
}

std::vector<std::uint64_t> Device::begins(std::string_view event, const json::value& payload, int times) {
  const std::string args = json::serialize(json::array{event, payload});
  std::vector<std::uint64_t> ids;
  std::string body;
  for (int i = 0; i < times; ++i) {
    ids.push_back(next_id_++);
    if (!body.empty()) body += '\x1e';
    body += "42" + std::to_string(ids.back()) + args;
  }
  post(std::move(body));
  return ids;
}

json::value Device::answer(std::uint64_t id) {
  json::value result;
  wait("an ack", [&] {
    const auto found =
        std::find_if(answers_.begin(), answers_.end(), [id](const auto& one) { return one.first == id; });
    if (found == answers_.end()) return ended_;
    result = found->second;
    return true;
  });
  if (result.is_null()) throw std::runtime_error("the connection ended before the ack");
  return result;
}

json::value Device::asks(std::string_view event, const json::value& payload) {
  return answer(begins(event, payload));
}

void Device::tells(std::string_view event, const json::value& payload) {
  post("42" + json::serialize(json::array{event, payload}));
}

json::value Device::hears(std::string_view event, const Wanted& wanted) {
  json::value result;
  wait(std::string(event).c_str(), [&] {
    for (Heard& one : inbox_) {
      if (one.taken || one.event != event || (wanted && !wanted(one.data))) continue;
      one.taken = true;
      result = one.data;
      return true;
    }
    return false;
  });
  return result;
}

std::size_t Device::heard(std::string_view event, const Wanted& wanted) {
  const auto events = all(event);
  return static_cast<std::size_t>(std::count_if(
      events.begin(), events.end(), [&](const json::value& data) { return !wanted || wanted(data); }));
}

std::vector<json::value> Device::all(std::string_view event) {
  const std::lock_guard lock(mutex_);
  std::vector<json::value> result;
  for (const Heard& one : inbox_) {
    if (one.event == event) result.push_back(one.data);
  }
  return result;
}

void Device::is_sent_away() {
  wait("the end of the connection", [this] { return ended_; });
}

void Device::leaves() {
  post("41");
  down_.hang_up();
}

}  // namespace testing_clients
