// Bodies that the application takes as they arrive.
#include "net_world.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace sioxx::net::test {
namespace {

/// What the application of these tests knows of one streamed request.
struct Story {
  std::string taken;
  std::size_t pieces = 0;
  bool whole = false, gone = false;
  bool greedy = true;  ///< takes the next piece at once
  std::uint64_t bytes_max = 10'000'000;
  std::string answer_at_piece;  ///< answers from within on_piece when this has come
  http::Resume resume;
  http::Reply reply;

  void answer(int status) {
    http::Response response;
    response.status = status;
    response.body = "taken";
    reply.send(std::move(response));
  }
};

class Sink final : public http::BodySink {
 public:
  explicit Sink(Story& story) : story_(story) {}
  ~Sink() override { story_.gone = true; }
  std::uint64_t bytes_max() const override { return story_.bytes_max; }
  bool on_piece(std::string_view bytes) override {
    story_.taken += bytes;
    ++story_.pieces;
    if (!story_.answer_at_piece.empty() && story_.taken.find(story_.answer_at_piece) != std::string::npos)
      story_.answer(400);
    return story_.greedy;
  }
  void on_end() override {
    story_.whole = true;
    story_.answer(201);
  }

 private:
  Story& story_;
};

class Streams : public ::testing::Test {
 protected:
  explicit Streams(Options options = {}) : world_(std::move(options)) {
    world_.on_body = [this](http::Request& head, http::Reply& reply, const http::Resume& resume) {
      if (head.path != "/upload") return std::unique_ptr<http::BodySink>();
      story_.reply = std::move(reply);
      story_.resume = resume;
      if (resume_at_once_) resume();
      return std::unique_ptr<http::BodySink>(std::make_unique<Sink>(story_));
    };
    world_.on_http = [this](http::Request&& request, http::Reply reply) {
      collected_ = request.body;
      http::Response response;
      response.body = "collected";
      reply.send(std::move(response));
    };
  }
  ~Streams() override { story_.reply = {}; }  // the house outlives every reply
  static std::string head(std::size_t size, const std::string& more = "") {
    return "POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n" + more +
           "\r\n";
  }

  Story story_;
  std::string collected_;
  bool resume_at_once_ = false;
  World world_;
};

TEST_F(Streams, ABodyArrivesInPiecesAndTheConnectionGoesOn) {
  Client client(world_);
  const std::string body(1'000'000, 'b');
  client.send(head(body.size()));
  ASSERT_TRUE(world_.until([&] { return story_.resume != nullptr; }));
  EXPECT_TRUE(story_.taken.empty());
  story_.resume();
  client.send(body);
  const Answer answer = client.answer();
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.header("Connection"), "keep-alive");
  EXPECT_EQ(story_.taken, body);
  EXPECT_GT(story_.pieces, 5u);
  EXPECT_TRUE(story_.gone);
  EXPECT_EQ(client.get("/x").body, "collected");
}

TEST_F(Streams, ChunkedBodiesToo) {
  resume_at_once_ = true;
  Client client(world_);
  client.send(
      "POST /upload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  EXPECT_EQ(client.answer().status, 201);
  EXPECT_EQ(story_.taken, "abcdefg");
}

TEST_F(Streams, OtherBodiesAreCollectedAsEver) {
  Client client(world_);
  EXPECT_EQ(client.post("/other", "whole").body, "collected");
  EXPECT_EQ(collected_, "whole");
}

TEST_F(Streams, WhatWaitsIsNotRead) {
  story_.bytes_max = 100'000'000;
  story_.greedy = false;
  Client client(world_);
  client.send(head(50'000'000));
  ASSERT_TRUE(world_.until([&] { return story_.resume != nullptr; }));
  const std::string much(1'000'000, 'm');
  std::size_t sent = 0;
  // Until the kernel takes no more, for some turns in a row.
  for (int idle = 0; idle < 50;) {
    const std::size_t now = client.send_some(much);
    sent += now;
    idle = now == 0 ? idle + 1 : 0;
    world_.step(now == 0 ? 1 : 0);
  }
  EXPECT_LT(sent, 20'000'000u);
  EXPECT_TRUE(story_.taken.empty());
  story_.resume();
  ASSERT_TRUE(world_.until([&] { return story_.pieces == 1; }));
  world_.steps(20);
  EXPECT_EQ(story_.pieces, 1u);  // one resume, one piece
}

TEST_F(Streams, ContinueIsSaidWhenTheApplicationSaysResume) {
  Client client(world_);
  client.send(head(4, "Expect: 100-continue\r\n"));
  ASSERT_TRUE(world_.until([&] { return story_.resume != nullptr; }));
  world_.steps(5);
  client.read_some();
  EXPECT_EQ(client.got, "");
  story_.resume();
  ASSERT_TRUE(client.wait_for_bytes(25));
  EXPECT_EQ(client.got, "HTTP/1.1 100 Continue\r\n\r\n");
  client.got.clear();
  client.send("body");
  EXPECT_EQ(client.answer().status, 201);
}

TEST_F(Streams, ARefusalBeforeTheBodyEndsTheConnectionAndNothingIsServedBehindIt) {
  Client client(world_);
  client.send(head(40, "Expect: 100-continue\r\n"));
  ASSERT_TRUE(world_.until([&] { return story_.resume != nullptr; }));
  story_.answer(403);
  client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  const Answer answer = client.answer();
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(client.got, "");
  EXPECT_TRUE(story_.gone);
  EXPECT_FALSE(story_.whole);
}

TEST_F(Streams, AnAnswerFromWithinAPieceIsTheLastWord) {
  resume_at_once_ = true;
  story_.answer_at_piece = "bad";
  Client client(world_);
  client.send(head(12) + "this is bad!");
  EXPECT_EQ(client.answer().status, 400);
  EXPECT_TRUE(client.ended());
  EXPECT_FALSE(story_.whole);
}

TEST_F(Streams, ASinkThatThrowsCostsThisRequestOnly) {
  class Bad final : public http::BodySink {
   public:
    Bad(http::Reply reply, bool at_end) : reply_(std::move(reply)), at_end_(at_end) {}
    std::uint64_t bytes_max() const override { return 100; }
    bool on_piece(std::string_view) override {
      if (!at_end_) throw std::runtime_error("piece");
      return true;
    }
    void on_end() override { throw std::runtime_error("end"); }

   private:
    http::Reply reply_;
    bool at_end_;
  };
  bool at_end = false, keeps_reply = false;
  world_.on_body = [&](http::Request&, http::Reply& reply, const http::Resume& resume) {
    resume();
    if (keeps_reply) story_.reply = std::move(reply);
    return std::make_unique<Bad>(keeps_reply ? http::Reply() : std::move(reply), at_end);
  };
  for (const auto& [end, keeps] : {std::pair(false, false), std::pair(true, false), std::pair(false, true)}) {
    at_end = end;
    keeps_reply = keeps;
    Client client(world_);
    client.send(head(5) + "bytes");
    EXPECT_EQ(client.answer().status, 500) << end << keeps;
  }
}

TEST_F(Streams, AnnouncedTooLongIs413AtOnceAndCountedTooLongWhenItGetsThere) {
  story_.bytes_max = 10;
  resume_at_once_ = true;
  {
    Client client(world_);
    client.send(head(11));
    EXPECT_EQ(client.answer().status, 413);
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(story_.pieces, 0u);
  }
  Client client(world_);
  client.send(
      "POST /upload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nghijkl\r\n0\r\n\r\n");
  EXPECT_EQ(client.answer().status, 413);
  EXPECT_FALSE(story_.whole);
  EXPECT_TRUE(story_.gone);
}

TEST_F(Streams, AClientThatGoesAwayCutsItsBody) {
  resume_at_once_ = true;
  Client client(world_);
  client.send(head(100) + "half");
  ASSERT_TRUE(world_.until([&] { return story_.taken == "half"; }));
  client.close();
  ASSERT_TRUE(world_.until([&] { return story_.gone; }));
  EXPECT_FALSE(story_.whole);
  EXPECT_TRUE(world_.until([&] { return world_.connected() == 0; }));
  story_.resume();  // nobody is there: nothing happens
  story_.answer(201);
}

TEST_F(Streams, AClientThatHalfClosesBehindItsBodyIsStillServed) {
  story_.greedy = false;
  Client client(world_);
  const std::string body(600'000, 'h');
  client.send(head(body.size()));
  ASSERT_TRUE(world_.until([&] { return story_.resume != nullptr; }));
  std::thread sender([&] {  // the kernel does not take all of it before something is read
    std::string_view rest = body;
    while (!rest.empty()) {
      const std::size_t n = client.send_some(rest);
      rest.remove_prefix(n);
      if (n == 0) std::this_thread::yield();
    }
    client.shutdown_write();
  });
  ASSERT_TRUE(world_.until([&] {
    if (story_.reply) story_.resume();
    return story_.whole;
  }));
  sender.join();
  EXPECT_EQ(client.answer().status, 201);
  EXPECT_EQ(story_.taken.size(), body.size());
}

class SlowStreams : public Streams {
 protected:
  SlowStreams() : Streams(quick()) {}
  static Options quick() {
    Options options;
    options.http_body_timeout_ms = 60;
    return options;
  }
};

TEST_F(SlowStreams, TooLittleInTheTimeIs408) {
  resume_at_once_ = true;
  Client client(world_);
  client.send(head(100) + "a");
  EXPECT_EQ(client.answer().status, 408);
  EXPECT_TRUE(story_.gone);
}

TEST_F(SlowStreams, TheTimeOfTheApplicationDoesNotCount) {
  Client client(world_);
  client.send(head(3) + "abc");
  ASSERT_TRUE(world_.until([&] { return story_.resume != nullptr; }));
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  ASSERT_TRUE(world_.until([&] { return std::chrono::steady_clock::now() > end; }));
  story_.resume();
  EXPECT_EQ(client.answer().status, 201);
}

TEST_F(Streams, SurvivesTheFailureOfEveryOperation) {
  static int left;  // a hook is a plain function
  for (int fail_at = 0; fail_at < 40; ++fail_at) {
    story_ = Story();
    resume_at_once_ = true;
    {
      Client client(world_);
      left = fail_at;
      loop::fault::hook = [](loop::fault::Point) { return left-- == 0 ? ECONNRESET : 0; };
      client.send(head(100'000) + std::string(100'000, 'x'));
      static_cast<void>(client.answer());
      loop::fault::hook = nullptr;
    }
    ASSERT_TRUE(world_.until([&] { return world_.connected() == 0; })) << fail_at;
    EXPECT_TRUE(story_.gone || story_.resume == nullptr);
  }
}

}  // namespace
}  // namespace sioxx::net::test
