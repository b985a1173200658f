#include "rest_setup.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <functional>
#include <future>
#include <stdexcept>

#include "packet.hpp"
#include "seats.hpp"

namespace bench {

namespace {

constexpr std::size_t unanswered_max = 16;
constexpr std::size_t setup_connections = 16;
constexpr int answer_timeout_s = 20;
constexpr std::size_t head_bytes_max = 16 * 1024;

struct Answer {
  int status = 0;
  std::string body;
};

/// One keep-alive connection with pipelined requests. Owned by set_up_over_rest.
class HttpPipeline {
 public:
  explicit HttpPipeline(const Options& options);
  ~HttpPipeline() { ::close(descriptor_); }
  HttpPipeline(const HttpPipeline&) = delete;
  HttpPipeline& operator=(const HttpPipeline&) = delete;

  void send(std::string_view request);
  [[nodiscard]] Answer receive();

 private:
  void read_more();

  int descriptor_;
  std::string input_;
};

HttpPipeline::HttpPipeline(const Options& options)
    : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (descriptor_ < 0) throw std::runtime_error("no socket for the REST setup");
  const timeval limit{answer_timeout_s, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  if (::inet_pton(AF_INET, options.host.c_str(), &address.sin_addr) != 1 ||
      ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const std::string reason = std::strerror(errno);
    ::close(descriptor_);
    throw std::runtime_error(fmt::format("cannot connect to {}:{}: {}", options.host, options.port, reason));
  }
}

void HttpPipeline::send(std::string_view request) {
  while (!request.empty()) {
    const ssize_t n = ::send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw std::runtime_error("the server closed the connection of the REST setup");
    request.remove_prefix(static_cast<std::size_t>(n));
  }
}

void HttpPipeline::read_more() {
  char chunk[16 * 1024];
  ssize_t n = 0;
  do n = ::recv(descriptor_, chunk, sizeof chunk, 0);
  while (n < 0 && errno == EINTR);
  if (n <= 0) throw std::runtime_error("no answer to a request of the REST setup");
  input_.append(chunk, static_cast<std::size_t>(n));
}

Answer HttpPipeline::receive() {
  std::size_t head_end = 0;
  while ((head_end = input_.find("\r\n\r\n")) == std::string::npos) {
    if (input_.size() > head_bytes_max) throw std::runtime_error("an HTTP head of the REST setup has no end");
    read_more();
  }
  std::string head = input_.substr(0, head_end + 2);
  for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  Answer answer;
  if (head.rfind("http/1.1 ", 0) != 0) throw std::runtime_error("the server does not answer in HTTP/1.1");
  answer.status = static_cast<int>(leading_number(std::string_view(head).substr(9), 0));
  if (head.find("\r\ntransfer-encoding:") != std::string::npos) {
    throw std::runtime_error("the REST setup understands Content-Length only, the server sent chunks");
  }
  const std::string length_field = "\r\ncontent-length:";
  const std::size_t length_at = head.find(length_field);
  const std::size_t body_bytes =
      length_at == std::string::npos
          ? 0
          : leading_number(std::string_view(head).substr(length_at + length_field.size()), 0);
  const std::size_t total = head_end + 4 + body_bytes;
  while (input_.size() < total) read_more();
  answer.body = input_.substr(head_end + 4, body_bytes);
  input_.erase(0, total);
  return answer;
}

using RequestOf = std::function<std::string(std::size_t)>;
using Take = std::function<void(std::size_t, const Answer&)>;

/// Sends the requests `from` to `to` with at most unanswered_max on their way; answers come in order.
void pipeline(const Options& options, std::size_t from, std::size_t to, const RequestOf& request_of,
              const Take& take) {
  HttpPipeline http(options);
  std::size_t sent = from;
  for (std::size_t answered = from; answered < to; ++answered) {
    std::string batch;
    for (; sent < to && sent < answered + unanswered_max; ++sent) batch += request_of(sent);
    http.send(batch);
    take(answered, http.receive());
  }
}

/// The same on several connections at once, a thread and a stretch each: a server that commits in groups has something
/// to group. `take` is called from all of them, for different requests.
void pipelines(const Options& options, std::size_t count, const RequestOf& request_of, const Take& take) {
  std::vector<std::future<void>> stretches;
  for (std::size_t i = 0; i < setup_connections; ++i) {
    const std::size_t from = count * i / setup_connections;
    const std::size_t to = count * (i + 1) / setup_connections;
    if (from == to) continue;
    stretches.push_back(std::async(std::launch::async, [&options, &request_of, &take, from, to] {
      pipeline(options, from, to, request_of, take);
    }));
  }
  for (auto& stretch : stretches) stretch.get();
}

}  // namespace

std::vector<std::string> set_up_over_rest(const Options& options) {
  pipelines(
      options, seat_count(options),
      [&](std::size_t i) {
        return fmt::format("GET /v1/me HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
                           options.host, token_of(options, seat_of(options, i)));
      },
      [](std::size_t i, const Answer& answer) {
        if (answer.status == 200) return;
        throw std::runtime_error(fmt::format("GET /v1/me of user {} was answered {}: {}", i, answer.status,
                                             answer.body.substr(0, 200)));
      });

  std::vector<std::string> orders(chat_count(options));
  const std::string admin = admin_token(options);
  pipelines(
      options, orders.size(),
      [&](std::size_t chat) {
        const Seat client = seat_of(options, chat * 2);
        const Seat performer = seat_of(options, chat * 2 + 1);
        const std::string body =
            fmt::format(R"({{"id":"{}","title":"Load {}","clientId":"{}","performerId":"{}"}})",
                        client.order_id, chat, client.user_id, performer.user_id);
        return fmt::format(
            "POST /v1/orders HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n"
            "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
            options.host, admin, body.size(), body);
      },
      [&](std::size_t chat, const Answer& answer) {
        if (answer.status != 200 && answer.status != 201 && answer.status != 409) {
          throw std::runtime_error(fmt::format("POST /v1/orders of chat {} was answered {}: {}", chat,
                                               answer.status, answer.body.substr(0, 200)));
        }
        orders[chat] = seat_of(options, chat * 2).order_id;
        if (answer.status == 409 || answer.body.find(orders[chat]) != std::string::npos) return;
        FieldFinder id(R"("id":)");  // the server gave the order an id of its own
        orders[chat] = std::string(leading_string(id.after(answer.body)));
        if (orders[chat].empty()) throw std::runtime_error("POST /v1/orders answered without an id");
      });
  return orders;
}

}  // namespace bench
