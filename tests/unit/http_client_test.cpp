#include "rozmova/http_client.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rozmova {
namespace {

/// Answers each connection with one prepared text, after it has read a request.
class Peer {
 public:
  explicit Peer(std::string answer) : answer_(std::move(answer)) {
    listening_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listening_, 8);
    socklen_t size = sizeof address;
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/hook";
    thread_ = std::thread([this] { run(); });
  }
  ~Peer() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }
  const std::string& url() const { return url_; }
  std::string heard() { return heard_.get_future().get(); }

 private:
  void run() {
    bool first = true;
    for (int fd = -1; (fd = ::accept(listening_, nullptr, nullptr)) >= 0; first = false) {
      std::string request;
      char bytes[4096];
      // The one body that is sent ends with an exclamation mark, requests without a body with an empty line.
      while (!request.ends_with("!") && !(request.starts_with("GET") && request.ends_with("\r\n\r\n"))) {
        const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
        if (got <= 0) break;
        request.append(bytes, static_cast<std::size_t>(got));
      }
      if (first) heard_.set_value(request);
      static_cast<void>(::send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL));
      ::close(fd);
    }
  }

  std::string answer_, url_;
  int listening_ = -1;
  std::promise<std::string> heard_;
  std::thread thread_;
};

HttpAnswer ask(HttpClient& client, HttpAsk what) {
  std::promise<HttpAnswer> answered;
  client.ask(std::move(what), [&](HttpAnswer answer) { answered.set_value(std::move(answer)); });
  return answered.get_future().get();
}

TEST(HttpClient, SendsMethodHeadersAndBodyAndReadsTheAnswer) {
  Peer peer("HTTP/1.1 202 Accepted\r\nETag: \"k1\"\r\nContent-Length: 2\r\n\r\nok");
  HttpClient client("Rozmova/test");
  const HttpAnswer answer =
      ask(client, {.method = "POST", .url = peer.url(), .headers = {{"X-Sign", "v1=a"}}, .body = "hi!"});
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, "ok");
  EXPECT_EQ(answer.header("etag"), "\"k1\"");
  const std::string heard = peer.heard();
  EXPECT_TRUE(heard.starts_with("POST /hook HTTP/1.1\r\n")) << heard;
  EXPECT_NE(heard.find("X-Sign: v1=a\r\n"), std::string::npos);
  EXPECT_NE(heard.find("User-Agent: Rozmova/test\r\n"), std::string::npos);
  EXPECT_EQ(heard.find("Expect:"), std::string::npos);
  EXPECT_TRUE(heard.ends_with("\r\n\r\nhi!"));
}

TEST(HttpClient, FollowsNoRedirect) {
  Peer peer("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  HttpClient client("Rozmova/test");
  EXPECT_EQ(ask(client, {.url = peer.url()}).status, 302);
}

TEST(HttpClient, RefusesAnAnswerThatIsTooLong) {
  Peer peer("HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n" + std::string(64, 'x'));
  HttpClient client("Rozmova/test");
  const HttpAnswer answer = ask(client, {.url = peer.url(), .answer_bytes_max = 32});
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.failure, "the answer is too long");
}

TEST(HttpClient, TellsWhyThereIsNoAnswer) {
  HttpClient client("Rozmova/test");
  EXPECT_FALSE(ask(client, {.url = "http://127.0.0.1:1/"}).failure.empty());
  EXPECT_FALSE(ask(client, {.url = "file:///etc/passwd"}).failure.empty());
  EXPECT_EQ(ask(client, {.url = "file:///etc/passwd"}).status, 0);
}

TEST(HttpClient, AnswersEverybodyWhenItEnds) {
  Peer peer("");  // closes without a word
  std::promise<HttpAnswer> answered;
  {
    HttpClient client("Rozmova/test", 1);
    for (int i = 0; i < 3; ++i) client.ask({.url = peer.url()}, [](const HttpAnswer&) {});
    client.ask({.url = peer.url()}, [&](HttpAnswer answer) { answered.set_value(std::move(answer)); });
  }
  EXPECT_EQ(answered.get_future().get().status, 0);
}

}  // namespace
}  // namespace rozmova
